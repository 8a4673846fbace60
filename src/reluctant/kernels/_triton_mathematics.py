"""Elementary functions in Triton, on blocks of float32: what `native/mathematics.h` is for the processor, with the same polynomials.

Importing this needs triton. Its own exponential, division and root are quick approximations, which a last bit is lost to; memory
limits these kernels, not arithmetic, so they can afford better ones.
"""

from __future__ import annotations

import triton
import triton.language as tl


@triton.jit
def with_sign_of(x, value):
    """|value| with the sign of x: of an odd or increasing function through 0, so that -0 gives -0."""
    sign = x.to(tl.int32, bitcast=True) & -2147483648
    return ((value.to(tl.int32, bitcast=True) & 2147483647) | sign).to(tl.float32, bitcast=True)


@triton.jit
def v_minimum(a, b):
    """The smaller; NaN where one is NaN."""
    return tl.where((b < a) | (b != b), b, a)


@triton.jit
def v_maximum(a, b):
    """The larger; NaN where one is NaN."""
    return tl.where((b > a) | (b != b), b, a)


@triton.jit
def at_most(bound, x):
    """The smaller of bound and x. NaN in x comes through: a comparison with it is false."""
    return tl.where(x > bound, bound, x)


@triton.jit
def at_least(bound, x):
    """The larger of bound and x; NaN as above."""
    return tl.where(x < bound, bound, x)


@triton.jit
def v_reciprocal(x):
    """1 / x, rounded once."""
    return tl.div_rn(tl.full(x.shape, 1.0, tl.float32), x)


@triton.jit
def normal_power_of_two(k):
    """2^k for whole k from -126 to 127."""
    return ((k.to(tl.int32) + 127) << 23).to(tl.float32, bitcast=True)


@triton.jit
def times_power_of_two(x, k):
    """The product x · 2^k for whole k from -252 to 254, denormal results included."""
    half = tl.floor(k * 0.5)
    return x * normal_power_of_two(half) * normal_power_of_two(k - half)


@triton.jit
def power_of_two(k):
    """2^k for whole k from -149 to 127, and ∞ from there on."""
    half = tl.floor(k * 0.5)
    return normal_power_of_two(half) * normal_power_of_two(k - half)


@triton.jit
def parts_by_ln2(x):
    """The whole number k nearest to x / ln 2 and the rest x - k ln 2; x only as far as its exponential is neither 0 nor ∞.

    The first part of ln 2 has so few bits that its product with k is exact.
    """
    bounded = at_least(-104.0, at_most(89.0, x))
    k = (bounded * 1.4426950216293335 + 12582912.0) - 12582912.0
    return k, (bounded - k * 0.693145751953125) - k * 1.428606765330187e-06


@triton.jit
def exponential_rest(r):
    """e^r - 1 - r for |r| <= ln(2)/2."""
    q = r * 0.0013814544072374701 + 0.00836874544620514
    q = q * r + 0.04166838899254799
    q = q * r + 0.1666652113199234
    q = q * r + 0.4999999403953552
    return q * (r * r)


@triton.jit
def v_exp(x):
    """e^x. What is lost in 1 + r is added to the small rest."""
    k, r = parts_by_ln2(x)
    total = 1.0 + r
    return times_power_of_two(total + (exponential_rest(r) + (r - (total - 1.0))), k)


@triton.jit
def v_exp_of_minus_size(x):
    """e^-|x|."""
    return v_exp(-tl.abs(x))


@triton.jit
def expm1_rest(r):
    """e^r - 1 - r for |r| <= ln(2)/2, a degree higher."""
    q = r * 0.00019845904898829758 + 0.0013940668432042003
    q = q * r + 0.008333389647305012
    q = q * r + 0.04166635870933533
    q = q * r + 0.1666666567325592
    q = q * r + 0.5
    return q * (r * r)


@triton.jit
def v_expm1(x):
    """e^x - 1 with its full relative precision."""
    k, r = parts_by_ln2(x)
    scale = power_of_two(k)
    return with_sign_of(x, scale * (expm1_rest(r) + r) + (scale - 1.0))


@triton.jit
def v_times_expm1(c, x):
    """The product c (e^x - 1), rounded about as often as e^x - 1 alone: what the product with the large part loses joins the small part."""
    k, r = parts_by_ln2(x)
    factor = c * power_of_two(k)
    below = power_of_two(k) - 1.0
    large = c * below
    lost = tl.fma(tl.full(x.shape, 0.0, tl.float32) + c, below, -large)
    result = large + (factor * r + (factor * expm1_rest(r) + lost))
    return tl.where(c < 0, -with_sign_of(x, result), with_sign_of(x, result))


@triton.jit
def v_log1p(z):
    """ln(1 + z) with its full relative precision, for -1 < z < 2^126."""
    u = z + 1.0
    exponent = (u.to(tl.int32, bitcast=True) - 0x3F3504F3) >> 23
    scale = ((127 - exponent) << 23).to(tl.float32, bitcast=True)
    f = z * scale + (scale - 1.0)
    k = exponent.to(tl.float32)
    q = f * 0.0762183740735054 + -0.1290448009967804
    q = q * f + 0.13242985308170319
    q = q * f + -0.14181818068027496
    q = q * f + 0.16609081625938416
    q = q * f + -0.2000197470188141
    q = q * f + 0.25001582503318787
    q = q * f + -0.33333325386047363
    q = q * f + 0.49999988079071045
    return k * 0.693145751953125 + (f - (f * f * q - k * 1.428606765330187e-06))


@triton.jit
def v_softplus(x):
    """ln(1 + e^x) with its full relative precision on both sides: max(x, 0) + ln(1 + e^-|x|)."""
    return tl.where(x > 0, x, 0.0) + v_log1p(v_exp_of_minus_size(x))


@triton.jit
def v_tanh(x):
    """Hyperbolic tangent: below 1 an odd polynomial, above it 1 - 2 / (e^2x + 1), whose error is small there."""
    size = tl.abs(x)
    s = x * x
    q = s * 0.00011635245027719066 + -0.0008216758724302053
    q = q * s + 0.0030487095937132835
    q = q * s + -0.008571412414312363
    q = q * s + 0.021774442866444588
    q = q * s + -0.0539507232606411
    q = q * s + 0.13333174586296082
    q = q * s + -0.333333283662796
    near = (s * q) * size + size
    far = 1.0 - 2.0 * v_reciprocal(v_exp(at_most(30.0, size + size)) + 1.0)
    return with_sign_of(x, tl.where(size < 1.0, near, far))


@triton.jit
def v_bell(t):
    """e^(-t²/2) for |t| <= 15, with the part of t² that one float does not hold."""
    half = t * -0.5
    exponent = half * t
    bell = v_exp(exponent)
    return tl.fma(bell, tl.fma(half, t, -exponent), bell)


@triton.jit
def v_normal_density(x):
    """Density of N(0, 1)."""
    return v_bell(at_most(15.0, tl.abs(x))) * 0.3989422917366028


@triton.jit
def v_normal_share(x):
    """Share of N(0, 1) below x, with its full relative precision on both sides."""
    t = at_most(15.0, tl.abs(x))
    s = v_reciprocal(t * 0.3 + 1.0)
    q = s * 0.03840744122862816 + -0.169307678937912
    q = q * s + 0.22895218431949615
    q = q * s + -0.07684008777141571
    q = q * s + 0.14276553690433502
    q = q * s + 0.09458576887845993
    q = q * s + 0.12194528430700302
    q = q * s + 0.11948420107364655
    q = q * s + 7.372513664449798e-06
    below = v_bell(t) * q
    return tl.where(x > 0, 1.0 - below, below)
