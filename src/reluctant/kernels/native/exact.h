// The same formulas for one element in double precision: for the few results of 16 bits that single precision cannot decide.
#pragma once

#include <math.h>

#include "vectors.h"

static inline double s_abs(double x) { return fabs(x); }
static inline double s_sqrt(double x) { return sqrt(x); }
static inline double s_reciprocal(double x) { return 1 / x; }
static inline double s_exp(double x) { return exp(x); }
static inline double s_exp_of_minus_size(double x) { return exp(-fabs(x)); }
static inline double s_expm1(double x) { return expm1(x); }
static inline double s_times_expm1(double c, double x) { return c * expm1(x); }
static inline double s_log1p(double x) { return log1p(x); }
static inline double s_softplus(double x) { return (x > 0 ? x : 0) + log1p(exp(-fabs(x))); }
static inline double s_tanh(double x) { return tanh(x); }
static inline double s_normal_share(double x) { return 0.5 * erfc(-x * 0x1.6a09e667f3bcdp-1); }
static inline double s_normal_density(double x) { return exp(-0.5 * x * x) * 0x1.9884533d43651p-2; }
static inline double s_minimum(double a, double b) { return b < a || b != b ? b : a; }
static inline double s_maximum(double a, double b) { return b > a || b != b ? b : a; }
static inline double s_where(bool condition, double a, double b) { return condition ? a : b; }

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

// Whether a relative error of 2^-21 could change how values are rounded to 16 bits, by lane.
INLINE M undecided(const bfloat16*, V values) {
    // A float lies between two bfloat16 at the place that its lower 16 bits say; half-way is 0x8000.
    return (M)((((W)values - (0x8000 - 16)) & 0xffff) <= 32);
}
INLINE M undecided(const float16* kind, V values) {
    return (M)(widened(rounded(kind, values * (1.0f - 0x1p-21f))) != widened(rounded(kind, values * (1.0f + 0x1p-21f))));
}

// Whether single precision held too little of g(a) for the product with b: it was denormal or 0, and b is large enough to bring it back.
INLINE M lost(const bfloat16*, V b, V values) {
    const M size = M{} + 0x7fffffff;
    return as_floats(as_bits(values) & size) < as_floats(as_bits(b) & size) * 0x1p-120f;
}
// No float16 is that large.
INLINE M lost(const float16*, V, V) { return M{}; }

INLINE bool any(M lanes) {
#if LANES == 16
    return _mm512_movepi32_mask((__m512i)lanes) != 0;
#else
    return !_mm256_testz_si256((__m256i)lanes, (__m256i)lanes);
#endif
}

// Stores `values` as 16-bit floats correctly rounded. They are within 2^-21 of the exact results but for what is `lost`; where that error
// could change the rounding, `exact` computes the element again.
template <class T, class F>
INLINE void store_exactly(T* to, V values, M lost, int64_t count, bool past, F exact) {
    M again = undecided(to, values) | lost;
    if (__builtin_expect(any(again), 0))
        for (int64_t lane = 0; lane < count; lane++)
            if (again[lane]) values[lane] = to_odd(exact(lane));
    if (count == LANES) put(to, values, past);
    else store_some(to, values, count);
}
template <class T>
static inline double one(const T* from) {
    return load_some(from, 1)[0];
}
