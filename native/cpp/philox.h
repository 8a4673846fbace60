// Philox4x32-10, the counter-based generator of random numbers that torch uses on GPUs: number i of a stream follows from the seed and
// i alone, so a backward pass can draw again what the forward pass drew.
// Salmon, Moraes, Dror, Shaw: Parallel Random Numbers: As Easy as 1, 2, 3, SC 2011, section 3.3.
#pragma once

#include "vectors.h"

// Numbers that one key makes together: 16 counters of 4 words. A part of the stream's definition, not of the processor's width.
static const int64_t STREAM_BLOCK = 64;

INLINE void multiply_wide(W a, uint32_t b, W& high, W& low) {
#if LANES == 16
    __m512i factor = _mm512_set1_epi32(b), x = (__m512i)a;
    __m512i even = _mm512_mul_epu32(x, factor), odd = _mm512_mul_epu32(_mm512_srli_epi64(x, 32), factor);
    high = (W)_mm512_mask_blend_epi32(0xaaaa, _mm512_srli_epi64(even, 32), odd);
#else
    __m256i factor = _mm256_set1_epi32(b), x = (__m256i)a;
    __m256i even = _mm256_mul_epu32(x, factor), odd = _mm256_mul_epu32(_mm256_srli_epi64(x, 32), factor);
    high = (W)_mm256_blend_epi32(_mm256_srli_epi64(even, 32), odd, 0xaa);
#endif
    low = a * b;
}

// Four words for each of LANES counters in a row.
INLINE void philox(uint64_t seed, uint64_t counter, W words[4]) {
    uint32_t key0 = (uint32_t)seed, key1 = (uint32_t)(seed >> 32);
    W c0, c1;
    // Only blocks that begin at a multiple of 16 are drawn, so the lower half of the counter never carries within a vector.
    for (int lane = 0; lane < LANES; lane++) c0[lane] = lane;
    c0 += (uint32_t)counter;
    c1 = W{} + (uint32_t)(counter >> 32);
    W c2 = W{}, c3 = W{};
    for (int round = 0; round < 10; round++) {
        W high0, low0, high1, low1;
        multiply_wide(c0, 0xD2511F53, high0, low0);
        multiply_wide(c2, 0xCD9E8D57, high1, low1);
        c0 = high1 ^ c1 ^ key0;
        c1 = low1;
        c2 = high0 ^ c3 ^ key1;
        c3 = low0;
        key0 += 0x9E3779B9;
        key1 += 0xBB67AE85;
    }
    words[0] = c0;
    words[1] = c1;
    words[2] = c2;
    words[3] = c3;
}

// Numbers from [0, 1) in steps of 2^-24.
INLINE V uniform(W words) { return __builtin_convertvector((M)(words >> 8), V) * 0x1p-24f; }

// Calls work(offset, count, u) for the elements of blocks begin to end, LANES uniform numbers at a time; the last may be fewer.
template <class Work>
INLINE void draw(uint64_t seed, int64_t begin, int64_t end, int64_t elements, Work work) {
    for (int64_t block = begin; block < end; block++) {
        int64_t first = block * STREAM_BLOCK;
        for (int part = 0; part < 16 / LANES; part++) {
            W words[4];
            philox(seed, (uint64_t)block * 16 + part * LANES, words);
            for (int word = 0; word < 4; word++) {
                int64_t offset = first + word * 16 + part * LANES;
                if (offset < elements) work(offset, elements - offset < LANES ? elements - offset : LANES, uniform(words[word]));
            }
        }
    }
}
