// What is the same for the whole library: where its work is spread over threads, how large the caches are, and by which conventions it is called.
#include "threads.h"

ParallelFor parallel_for = nullptr;

// Set when the library is loaded.
int64_t cache_bytes = 32 << 20;

extern "C" {
__attribute__((visibility("default"))) void reluctant_use_threads(ParallelFor spread) { parallel_for = spread; }
__attribute__((visibility("default"))) void reluctant_use_cache(int64_t bytes) { cache_bytes = bytes; }
// Counts up whenever names or arguments of functions change their meaning: INTERFACE in reluctant/kernels/_library.py is the same number.
__attribute__((visibility("default"))) int32_t reluctant_interface() { return 1; }
}
