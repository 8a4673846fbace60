// Elementary functions on vectors of floats.
//
// Coefficients are minimax fits in 50 digits (benchmarks/coefficients.py prints them). Each function says over what it was fitted; the
// errors that whole activations reach are measured by benchmarks/every_activation.py.
#pragma once

#include "vectors.h"

INLINE V v_abs(V x) { return as_floats(as_bits(x) & 0x7fffffff); }

// |value| with the sign of x: of an odd or increasing function through 0, so that -0 gives -0.
INLINE V with_sign_of(V x, V value) { return as_floats((as_bits(value) & 0x7fffffff) | (as_bits(x) & (int32_t)0x80000000)); }

// The processor's own minimum and maximum: they give the second where either is NaN, so that NaN in x comes through. As a comparison and a
// choice, which is what compilers make of `bound < x ? bound : x`, it is two instructions.
#if LANES == 16
INLINE V at_most(float bound, V x) { return (V)_mm512_min_ps((__m512)splat(bound), (__m512)x); }
INLINE V at_least(float bound, V x) { return (V)_mm512_max_ps((__m512)splat(bound), (__m512)x); }
#else
INLINE V at_most(float bound, V x) { return (V)_mm256_min_ps((__m256)splat(bound), (__m256)x); }
INLINE V at_least(float bound, V x) { return (V)_mm256_max_ps((__m256)splat(bound), (__m256)x); }
#endif

INLINE V v_minimum(V a, V b) { return (b < a) | (b != b) ? b : a; }
INLINE V v_maximum(V a, V b) { return (b > a) | (b != b) ? b : a; }

#if LANES == 16
INLINE V v_sqrt(V x) { return (V)_mm512_sqrt_ps((__m512)x); }
// a · b + c rounded once. The compiler contracts plain expressions as well; this is for where the single rounding is the point.
INLINE V v_fma(V a, V b, V c) { return (V)_mm512_fmadd_ps((__m512)a, (__m512)b, (__m512)c); }
#else
INLINE V v_sqrt(V x) { return (V)_mm256_sqrt_ps((__m256)x); }
INLINE V v_fma(V a, V b, V c) { return (V)_mm256_fmadd_ps((__m256)a, (__m256)b, (__m256)c); }
#endif

// 1 / x for |x| from 2^-100 to 2^100, rounded to 0.57 units in the last place: an estimate of 14 bits and one step of Newton's method
// take less than half of a division's time.
INLINE V v_reciprocal(V x) {
#if LANES == 16
    V estimate = (V)_mm512_rcp14_ps((__m512)x);
    return v_fma(v_fma(-x, estimate, splat(1.0f)), estimate, estimate);
#elif defined(__AVX512VL__)
    V estimate = (V)_mm256_rcp14_ps((__m256)x);
    return v_fma(v_fma(-x, estimate, splat(1.0f)), estimate, estimate);
#else
    return 1.0f / x;
#endif
}

// x · 2^k for whole k from -252 to 254, denormal results included.
INLINE V times_power_of_two(V x, V k) {
#if LANES == 16
    return (V)_mm512_scalef_ps((__m512)x, (__m512)k);
#elif defined(__AVX512VL__)
    return (V)_mm256_scalef_ps((__m256)x, (__m256)k);
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

// x = k ln 2 + r and e^r = 1 + r + rest. `rest` fits (e^r - 1 - r) / r² and is far smaller than r, so that it may be rounded.
INLINE void exponential_parts(V x, V& k, V& r, V& rest) {
    split_by_ln2(x, k, r);
    V q = splat(0x1.6a23d6p-10f);
    q = q * r + splat(0x1.123a2p-7f);
    q = q * r + splat(0x1.5558f2p-5f);
    q = q * r + splat(0x1.555492p-3f);
    q = q * r + splat(0x1.fffffcp-2f);
    rest = q * (r * r);
}

// e^x. What is lost in 1 + r is added to the small rest: a fifth of a unit in the last place for two operations.
INLINE V v_exp(V x) {
    V k, r, rest;
    exponential_parts(at_least(-104.0f, at_most(89.0f, x)), k, r, rest);
    V sum = 1.0f + r;
    return times_power_of_two(sum + (rest + (r - (sum - 1.0f))), k);
}

// e^-|x|: with one bound to keep instead of two.
INLINE V v_exp_of_minus_size(V x) {
    V k, r, rest;
    exponential_parts(at_least(-104.0f, -v_abs(x)), k, r, rest);
    V sum = 1.0f + r;
    return times_power_of_two(sum + (rest + (r - (sum - 1.0f))), k);
}

// e^x - 1 = scale (r + rest) + scale - 1; infinite from 88.37 on, where the scale is, a little before e^x. q fits (e^r - 1 - r) / r².
INLINE void expm1_parts(V x, V& r, V& rest, V& scale) {
    V k;
    split_by_ln2(at_least(-104.0f, at_most(89.0f, x)), k, r);
    V q = splat(0x1.a032e4p-13f);
    q = q * r + splat(0x1.6d723ep-10f);
    q = q * r + splat(0x1.11118ap-7f);
    q = q * r + splat(0x1.5554bp-5f);
    q = q * r + splat(0x1.555554p-3f);
    q = q * r + splat(0x1p-1f);
    rest = q * (r * r);
    scale = times_power_of_two(splat(1.0f), k);
}
// With its full relative precision. A finite factor of r, which may be negative: infinities of either sign have no sum.
INLINE V v_expm1(V x) {
    V r, rest, scale;
    expm1_parts(x, r, rest, scale);
    return with_sign_of(x, at_most(0x1p127f, scale) * (rest + r) + (scale - 1.0f));
}

// c (e^x - 1), infinite from 88.37 on, rounded about as often as e^x - 1 alone: what the product with the large part loses joins the small part.
INLINE V v_times_expm1(V c, V x) {
    V r, rest, scale;
    expm1_parts(x, r, rest, scale);
    V factor = c * scale, below = scale - 1.0f, large = c * below, lost = v_fma(c, below, -large);
    V result = large + (factor * r + (factor * rest + lost));
    result = scale > 0x1p127f ? factor : result;  // infinite, where the parts above would be infinities of either sign
    return as_floats(as_bits(result) ^ ((as_bits(result) ^ as_bits(c) ^ as_bits(x)) & (int32_t)0x80000000));
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

// ln(1 + e^x) with its full relative precision on both sides: max(x, 0) + ln(1 + u), u = e^-|x|. q fits (u - ln(1 + u)) / u² over 0 to 1.
// u comes last into the sum, so that all before it is small. What u loses by rounding is the largest error otherwise: it is carried along,
// times its slope 1 / (1 + u) and its power of two, which min(u, 0.4) is near enough.
INLINE V v_softplus(V x) {
    V k, r, rest;
    exponential_parts(at_least(-104.0f, -v_abs(x)), k, r, rest);
    V sum = 1.0f + r, low = rest + (r - (sum - 1.0f)), mantissa = sum + low;
    V u = times_power_of_two(mantissa, k), lost = (sum - mantissa) + low;
    V q = splat(0x1.af49cep-9f);
    q = q * u + splat(-0x1.4917cep-6f);
    q = q * u + splat(0x1.d6b08cp-5f);
    q = q * u + splat(-0x1.b4ae08p-4f);
    q = q * u + splat(0x1.3a435ep-3f);
    q = q * u + splat(-0x1.934b54p-3f);
    q = q * u + splat(0x1.ff23e6p-3f);
    q = q * u + splat(-0x1.554ddp-2f);
    q = q * u + splat(0x1.ffffd2p-2f);
    return u + ((at_least(0.0f, x) + lost * at_most(0.4f, u)) - u * u * q);
}

// Hyperbolic tangent. Below 1 an odd polynomial (q fits (tanh(x)/x - 1) / x²), above it 1 - 2 / (e^2x + 1), whose error is small there;
// the 1 joins the power of two, so that the divisor is rounded once.
INLINE V v_tanh(V x) {
    V size = v_abs(x);
    V s = x * x;
    V q = splat(0x1.e8047ep-14f);
    q = q * s + splat(-0x1.aecb78p-11f);
    q = q * s + splat(0x1.8f99b8p-9f);
    q = q * s + splat(-0x1.18de38p-7f);
    q = q * s + splat(0x1.64c0a2p-6f);
    q = q * s + splat(-0x1.b9f6dep-5f);
    q = q * s + splat(0x1.11103cp-3f);
    q = q * s + splat(-0x1.555552p-2f);
    V near = (s * q) * size + size;
    V k, r, rest;
    exponential_parts(at_most(30.0f, size + size), k, r, rest);
    V scale = times_power_of_two(splat(1.0f), k);
    V far = 1.0f - 2.0f * v_reciprocal(scale * (r + rest) + (scale + 1.0f));
    return with_sign_of(x, size < 1.0f ? near : far);
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
    V s = v_reciprocal(t * 0.3f + 1.0f);
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
