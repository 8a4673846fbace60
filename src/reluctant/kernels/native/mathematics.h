// Elementary functions on vectors of floats.
//
// Coefficients are minimax fits in 50 digits (benchmarks/coefficients.py prints them). Each function says over what it was fitted; the
// error that a whole activation reaches is measured by `reluctant bench --accuracy`.
#pragma once

#include "vectors.h"

INLINE V v_abs(V x) { return as_floats(as_bits(x) & 0x7fffffff); }

// NaN in x comes through: a comparison with it is false.
INLINE V at_most(float bound, V x) { return splat(bound) < x ? splat(bound) : x; }
INLINE V at_least(float bound, V x) { return splat(bound) > x ? splat(bound) : x; }

INLINE V v_minimum(V a, V b) { return (b < a) | (b != b) ? b : a; }
INLINE V v_maximum(V a, V b) { return (b > a) | (b != b) ? b : a; }

#if defined(__AVX512F__)
INLINE V v_sqrt(V x) { return (V)_mm512_sqrt_ps((__m512)x); }
// a · b + c rounded once. The compiler contracts plain expressions as well; this is for where the single rounding is the point.
INLINE V v_fma(V a, V b, V c) { return (V)_mm512_fmadd_ps((__m512)a, (__m512)b, (__m512)c); }
#else
INLINE V v_sqrt(V x) { return (V)_mm256_sqrt_ps((__m256)x); }
INLINE V v_fma(V a, V b, V c) { return (V)_mm256_fmadd_ps((__m256)a, (__m256)b, (__m256)c); }
#endif

// x · 2^k for whole k from -252 to 254, denormal results included.
INLINE V times_power_of_two(V x, V k) {
#if defined(__AVX512F__)
    return (V)_mm512_scalef_ps((__m512)x, (__m512)k);
#else
    M whole = __builtin_convertvector(k, M);
    M half = whole >> 1;
    return x * as_floats((half + 127) << 23) * as_floats((whole - half + 127) << 23);
#endif
}

// x = k ln 2 + r with |r| <= ln(2)/2, for |x| < 2^15.
INLINE void split_by_ln2(V x, V& k, V& r) {
    const V shift = splat(0x1.8p23f);
    k = (x * splat(0x1.715476p+0f) + shift) - shift;
    r = x - k * splat(0x1.62e4p-1f);
    r = r - k * splat(0x1.7f7d1cp-20f);
}

// e^x. q fits (e^r - 1 - r) / r².
INLINE V v_exp(V x) {
    V k, r;
    split_by_ln2(at_least(-104.0f, at_most(89.0f, x)), k, r);
    V q = splat(0x1.6a23d6p-10f);
    q = q * r + splat(0x1.123a2p-7f);
    q = q * r + splat(0x1.5558f2p-5f);
    q = q * r + splat(0x1.555492p-3f);
    q = q * r + splat(0x1.fffffcp-2f);
    return times_power_of_two((q * (r * r) + r) + 1.0f, k);
}

// e^x - 1 with its full relative precision. q fits (e^r - 1 - r) / r²; half of 2^k, so that k = 128 does not overflow on the way.
INLINE V v_expm1(V x) {
    V k, r;
    split_by_ln2(at_least(-104.0f, at_most(89.0f, x)), k, r);
    V q = splat(0x1.6bec04p-10f);
    q = q * r + splat(0x1.1227bp-7f);
    q = q * r + splat(0x1.555674p-5f);
    q = q * r + splat(0x1.5554bp-3f);
    q = q * r + splat(0x1.fffffep-2f);
    V p = q * (r * r) + r;
    V half = times_power_of_two(splat(0.5f), k);
    V result = half * p + (half - 0.5f);
    return result + result;
}

// ln(1 + z) with its full relative precision, for -1 < z < 2^126. q fits (f - ln(1 + f)) / f² over sqrt(½) - 1 to sqrt(2) - 1.
INLINE V v_log1p(V z) {
    V u = z + 1.0f;
    M exponent = (as_bits(u) - 0x3f3504f3) >> 23;
    V scale = as_floats((127 - exponent) << 23);
    V f = z * scale + (scale - 1.0f);
    V k = __builtin_convertvector(exponent, V);
    V q = splat(0x1.3830c2p-4f);
    q = q * f + splat(-0x1.0848a4p-3f);
    q = q * f + splat(0x1.0f3762p-3f);
    q = q * f + splat(-0x1.227192p-3f);
    q = q * f + splat(0x1.54276cp-3f);
    q = q * f + splat(-0x1.99a3f4p-3f);
    q = q * f + splat(0x1.000426p-2f);
    q = q * f + splat(-0x1.55555p-2f);
    q = q * f + splat(0x1.fffff8p-2f);
    return k * splat(0x1.62e4p-1f) + (f - (f * f * q - k * splat(0x1.7f7d1cp-20f)));
}

// Hyperbolic tangent. Below 1 an odd polynomial (q fits (tanh(x)/x - 1) / x²), above it 1 - 2 / (e^2x + 1), whose error is small there.
INLINE V v_tanh(V x) {
    V size = v_abs(x);
    V s = x * x;
    V q = splat(-0x1.77dd4ep-12f);
    q = q * s + splat(0x1.2da506p-9f);
    q = q * s + splat(-0x1.0460cap-7f);
    q = q * s + splat(0x1.60094p-6f);
    q = q * s + splat(-0x1.b96224p-5f);
    q = q * s + splat(0x1.110be2p-3f);
    q = q * s + splat(-0x1.55553cp-2f);
    V near = x * s * q + x;
    V far = 1.0f - 2.0f / (v_exp(size + size) + 1.0f);
    far = as_floats(as_bits(far) | (as_bits(x) & (int32_t)0x80000000));
    return size < 1.0f ? near : far;
}

// e^(-t²/2) for |t| <= 15, with the part of t² that one float does not hold.
INLINE V v_bell(V t) {
    V half = splat(-0.5f) * t;
    V exponent = half * t;
    V lost = v_fma(half, t, -exponent);
    V bell = v_exp(exponent);
    return v_fma(bell, lost, bell);
}

// Density of N(0, 1).
INLINE V v_normal_density(V x) { return v_bell(at_most(15.0f, v_abs(x))) * splat(0x1.988454p-2f); }

// Share of N(0, 1) below x, with its full relative precision on both sides. q fits Φ(-t) e^(t²/2) in 1 / (1 + 0.3 t).
INLINE V v_normal_share(V x) {
    V t = at_most(15.0f, v_abs(x));
    V s = 1.0f / (t * 0.3f + 1.0f);
    V q = splat(0x1.3aa23ep-5f);
    q = q * s + splat(-0x1.5abdfcp-3f);
    q = q * s + splat(0x1.d4e4e2p-3f);
    q = q * s + splat(-0x1.3abcacp-4f);
    q = q * s + splat(0x1.246242p-3f);
    q = q * s + splat(0x1.836c5ep-4f);
    q = q * s + splat(0x1.f37ce6p-4f);
    q = q * s + splat(0x1.e96844p-4f);
    q = q * s + splat(0x1.eec2d2p-18f);
    V below = v_bell(t) * q;
    return x > 0.0f ? 1.0f - below : below;
}
