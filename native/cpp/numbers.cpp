// The random numbers that the kernels draw, for second derivatives and for tests.
#include "drawn.h"

EXPORT void reluctant_numbers(float* out, uint64_t seed, int64_t count) { drawn_numbers(out, seed, count); }
