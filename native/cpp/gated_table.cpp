// Gated pairs of 16-bit floats whose gate is looked up: it has 65,536 inputs. SwiGLU's forward took half as long as by formula, whose results
// of single precision need more care until they are rounded correctly (AMD EPYC of the Zen 4 generation).
#include <math.h>

#include "gated.h"

// What a table holds for backward.
struct Gate {
    float value, slope;
};

// Vectors of table[place[i]].
INLINE V look_up(const float* table, const uint16_t* place) {
    V found;
#pragma GCC unroll 16
    for (int lane = 0; lane < LANES; lane++) found[lane] = table[place[lane]];
    return found;
}
INLINE void look_up(const Gate* table, const uint16_t* place, V& values, V& slopes) {
#pragma GCC unroll 16
    for (int lane = 0; lane < LANES; lane++) values[lane] = table[place[lane]].value, slopes[lane] = table[place[lane]].slope;
}

INLINE bool any(M lanes) {
#if LANES == 16
    return _mm512_movepi32_mask((__m512i)lanes) != 0;
#else
    return !_mm256_testz_si256((__m256i)lanes, (__m256i)lanes);
#endif
}

// Whether an error of 1.5 units in the last place of single precision could change how values are rounded to 16 bits, and where they are
// NaN, by lane. Half-way between two bfloat16 the lower 16 bits of a float are 0x8000.
INLINE M undecided(const bfloat16*, V values) { return (M)((((W)values + (0x8000 + 2)) & 0xfffc) == 0) | (values != values); }

// Half-way between two normal float16 the lower 13 bits of a float are 0x1000; what is below the normal ones but 0 is left undecided.
INLINE M undecided(const float16*, V values) {
    W size = (W)values & 0x7fffffff;
    return (M)(((size + (0x1000 + 2)) & 0x1ffc) == 0) | (M)(size - 1 < 0x38800000 - 1) | (values != values);
}

// Decided values as 16 bits: none is half-way, so that no tie need be broken.
INLINE H quickly_rounded(const bfloat16*, V values) { return narrowed(((W)values + 0x8000) >> 16); }
INLINE H quickly_rounded(const float16* kind, V values) { return rounded(kind, values); }

INLINE double one(bfloat16 value) {
    uint32_t bits = (uint32_t)value.bits << 16;
    float wide;
    memcpy(&wide, &bits, 4);
    return wide;
}
INLINE double one(float16 value) { return _mm_cvtss_f32(_mm_cvtph_ps(_mm_cvtsi32_si128(value.bits))); }

// A double as a float that rounds to the same 16 bits: to odd, so that what is between two floats stays between their 16-bit neighbours.
static inline float to_odd(double value) {
    float near = (float)value;
    if ((double)near == value || near - near != 0) return near;
    int32_t bits;
    memcpy(&bits, &near, 4);
    if (fabs((double)near) > fabs(value)) bits -= 1;
    bits |= 1;
    memcpy(&near, &bits, 4);
    return near;
}

// Computes the undecided lanes in double precision and stores all, ties to even. A function of its own, so that the loop around it keeps
// its values in registers.
template <class T>
__attribute__((noinline, cold)) static void put_exactly(const T* a, const T* b, T* y, V values, M again, int64_t count, const double* exact) {
    for (int64_t lane = 0; lane < count; lane++)
        if (again[lane]) values[lane] = to_odd(exact[a[lane].bits] * one(b[lane]));
    put_first(y, values, count, false);
}

// y = gate(a) b, correctly rounded. `gates` holds the gate for each a, NaN where single precision holds too little of it; `exact` in double.
template <class T>
static void table_forward(const T* a, const T* b, T* y, const float* gates, const double* exact, Pair pair) {
    forward_in_steps(a, b, y, pair, [=](const T* a, const T* b, T* y, int64_t count, bool past) __attribute__((always_inline)) {
        uint16_t places[LANES] = {};
        memcpy(places, a, count * sizeof(T));
        V values = look_up(gates, places) * load_first(b, count);
        M again = undecided(y, values);
        if (__builtin_expect(count != LANES || any(again), 0)) put_exactly(a, b, y, values, again, count, exact);
        else if (past) stream((H*)y, quickly_rounded(y, values));
        else *(H_in_memory*)y = quickly_rounded(y, values);
    });
}

// da = g gate'(a) b, db = g gate(a)
template <class T>
static void table_backward(const T* g, const T* a, const T* b, T* da, T* db, const Gate* gates, Pair pair, Pair out) {
    backward_in_steps(g, a, b, da, db, pair, out, [=](const T* g, const T* a, const T* b, T* da, T* db, int64_t count, bool a_past,
                                                      bool b_past) __attribute__((always_inline)) {
        uint16_t places[LANES] = {};
        memcpy(places, a, count * sizeof(T));
        V values, slopes, g_v = load_first(g, count);
        look_up(gates, places, values, slopes);
        put_first(da, g_v * slopes * load_first(b, count), count, a_past);
        put_first(db, g_v * values, count, b_past);
    });
}

#define TABLES(T)                                                                                                                         \
    EXPORT void reluctant_gated_table_forward_##T(const T* a, const T* b, T* y, const float* gates, const double* exact, Pair pair) {     \
        table_forward(a, b, y, gates, exact, pair);                                                                                       \
    }                                                                                                                                     \
    EXPORT void reluctant_gated_table_backward_##T(const T* g, const T* a, const T* b, T* da, T* db, const Gate* gates, Pair pair,        \
                                                   Pair out) {                                                                            \
        table_backward(g, a, b, da, db, gates, pair, out);                                                                                \
    }
TABLES(bfloat16)
TABLES(float16)
