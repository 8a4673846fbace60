// Vectors of floats as wide as the processor's registers, and the loops that run over tensors with them.
//
// GCC's and Clang's vector extensions instead of plain loops: whether a plain loop becomes vector code is the compiler's guess, and
// a wrong guess costs a factor of ten (it did for the loops that sum up slopes' gradients).
#pragma once

#include <stdint.h>
#include <string.h>

#include "threads.h"

#include <immintrin.h>

// Floats in a vector: a file that computes much defines it as 16 where there are registers for that; see print_kernels.py for the reason.
#ifndef LANES
#define LANES 8
#endif

#define INLINE static inline __attribute__((always_inline))
#define EXPORT extern "C" __attribute__((visibility("default")))

typedef float V __attribute__((vector_size(4 * LANES)));
typedef int32_t M __attribute__((vector_size(4 * LANES)));
typedef uint32_t W __attribute__((vector_size(4 * LANES)));
typedef uint16_t H __attribute__((vector_size(2 * LANES)));
typedef float V_in_memory __attribute__((vector_size(4 * LANES), aligned(4), may_alias));
typedef uint16_t H_in_memory __attribute__((vector_size(2 * LANES), aligned(2), may_alias));

// Passing vectors by value between inlined functions never reaches the calling convention that this warns of.
#pragma GCC diagnostic ignored "-Wpsabi"

INLINE V splat(float value) { return V{} + value; }
INLINE V where(M condition, V a, V b) { return condition ? a : b; }
INLINE V as_floats(M bits) { return (V)bits; }
INLINE M as_bits(V values) { return (M)values; }

// bfloat16: the upper half of a float. Rounds to nearest, ties to even; NaN stays NaN.
struct bfloat16 {
    uint16_t bits;
};

// IEEE 754 binary16.
struct float16 {
    uint16_t bits;
};

INLINE V load(const float* from) { return *(const V_in_memory*)from; }
INLINE void store(float* to, V values) { *(V_in_memory*)to = values; }

// Between 32 and 16 bits: by name, because compilers make a dozen instructions of a general conversion of vectors.
#if LANES == 16
INLINE W widened(H halves) { return (W)_mm512_cvtepu16_epi32((__m256i)halves); }
INLINE H narrowed(W words) { return (H)_mm512_cvtepi32_epi16((__m512i)words); }
#elif defined(__AVX512VL__)
INLINE W widened(H halves) { return (W)_mm256_cvtepu16_epi32((__m128i)halves); }
INLINE H narrowed(W words) { return (H)_mm256_cvtepi32_epi16((__m256i)words); }
#else
INLINE W widened(H halves) { return (W)_mm256_cvtepu16_epi32((__m128i)halves); }
INLINE H narrowed(W words) {
    __m256i packed = _mm256_packus_epi32((__m256i)words, (__m256i)words);
    return (H)_mm256_castsi256_si128(_mm256_permute4x64_epi64(packed, 0x08));
}
#endif

INLINE V load(const bfloat16* from) { return (V)(widened(*(const H_in_memory*)from) << 16); }
INLINE H rounded(const bfloat16*, V values) {
    W bits = (W)values;
    W up = bits + 0x7fff + ((bits >> 16) & 1);
    W kept = (values != values) ? bits | 0x400000 : up;
    return narrowed(kept >> 16);
}

#if LANES == 16
INLINE V load(const float16* from) { return (V)_mm512_cvtph_ps((__m256i)*(const H_in_memory*)from); }
INLINE H rounded(const float16*, V values) { return (H)_mm512_cvtps_ph((__m512)values, _MM_FROUND_TO_NEAREST_INT); }
#else
INLINE V load(const float16* from) { return (V)_mm256_cvtph_ps((__m128i)*(const H_in_memory*)from); }
INLINE H rounded(const float16*, V values) { return (H)_mm256_cvtps_ph((__m256)values, _MM_FROUND_TO_NEAREST_INT); }
#endif

template <class T>
INLINE void store(T* to, V values) {
    *(H_in_memory*)to = rounded(to, values);
}

// Bytes of the processor's last cache.
extern int64_t cache_bytes;

// Whether so many tensors are too much for the caches.
template <class T>
INLINE bool too_much(int64_t tensors, int64_t count) {
    return tensors * count * (int64_t)sizeof(T) > cache_bytes;
}

// Whether results go past the caches to memory: stored the usual way each line is first read from there. At 16.8 million elements ReLU's
// forward took 0.27 ns in the place of 0.37, its backward 0.40 in the place of 0.53, SiLU's backward 0.47 in the place of 0.66. Not the
// forward of what computes much, which is no faster for it (tanh's 0.51 in the place of 0.49), nor forward of 16 bits, whose stores are too
// small (ReLU's slower by a sixth). Measured on an AMD EPYC of the Zen 4 generation.
template <class T>
INLINE bool past_caches(int64_t tensors, int64_t count) {
    return (tensors > 2 || (LANES == 8 && sizeof(T) == 4)) && too_much<T>(tensors, count);
}

// A store past the caches, to a place that is aligned to the vector there.
#if LANES == 16
INLINE void stream(float* to, V values) { _mm512_stream_ps(to, (__m512)values); }
INLINE void stream(H* to, H values) { _mm256_stream_si256((__m256i*)to, (__m256i)values); }
#else
INLINE void stream(float* to, V values) { _mm256_stream_ps(to, (__m256)values); }
INLINE void stream(H* to, H values) { _mm_stream_si128((__m128i*)to, (__m128i)values); }
#endif
template <class T>
INLINE void stream(T* to, V values) {
    stream((H*)to, rounded(to, values));
}

template <class T>
INLINE bool aligned(const T* to) {
    return (uintptr_t)to % (LANES * sizeof(T)) == 0;
}
template <class T>
INLINE void put(T* to, V values, bool past) {
    if (past) stream(to, values);
    else store(to, values);
}

// A vector of which only the first `count` elements are in memory; the others are 0.
template <class T>
INLINE V load_some(const T* from, int64_t count) {
    T whole[LANES];
    memset(whole, 0, sizeof whole);
    memcpy(whole, from, count * sizeof(T));
    return load(whole);
}
template <class T>
INLINE void store_some(T* to, V values, int64_t count) {
    T whole[LANES];
    store(whole, values);
    memcpy(to, whole, count * sizeof(T));
}

// Elements of `to` before the first whose place is aligned to a vector.
template <class T>
INLINE int64_t unaligned(const T* to, int64_t count) {
    int64_t before = -((uintptr_t)to / sizeof(T)) & (LANES - 1);
    return before < count ? before : count;
}

// out[i] = f(a[i])
template <class T, class F>
INLINE void map(const T* a, T* out, int64_t count, bool past, F f) {
    int64_t i = past ? unaligned(out, count) : 0;
    if (i) store_some(out, f(load_some(a, i)), i);
    for (; i + LANES <= count; i += LANES) put(out + i, f(load(a + i)), past);
    if (i < count) store_some(out + i, f(load_some(a + i, count - i)), count - i);
}

// out[i] = f(a[i], b[i])
template <class T, class F>
INLINE void map(const T* a, const T* b, T* out, int64_t count, bool past, F f) {
    int64_t i = past ? unaligned(out, count) : 0;
    if (i) store_some(out, f(load_some(a, i), load_some(b, i)), i);
    for (; i + LANES <= count; i += LANES) put(out + i, f(load(a + i), load(b + i)), past);
    if (i < count) store_some(out + i, f(load_some(a + i, count - i), load_some(b + i, count - i)), count - i);
}

// The same in pieces on several threads.
template <class T, class F>
INLINE void map_in_pieces(const T* a, T* out, int64_t count, F f) {
    bool past = past_caches<T>(2, count);
    in_pieces(count, GRAIN, [=](int64_t begin, int64_t end) { map(a + begin, out + begin, end - begin, past, f); });
}
template <class T, class F>
INLINE void map_in_pieces(const T* a, const T* b, T* out, int64_t count, F f) {
    bool past = past_caches<T>(3, count);
    in_pieces(count, GRAIN, [=](int64_t begin, int64_t end) { map(a + begin, b + begin, out + begin, end - begin, past, f); });
}

// Whether f holds for one element.
template <class F>
INLINE int32_t any_of(const float* a, int64_t count, F f) {
    M found = M{};
    int64_t i = 0;
    for (; i + LANES <= count; i += LANES) found |= f(load(a + i));
    if (i < count) found |= f(load_some(a + i, count - i));
    for (int lane = 0; lane < LANES; lane++)
        if (found[lane]) return 1;
    return 0;
}
