// What is the same for the whole library: where its work is spread over threads, how large the caches are, and what it was compiled from.
#include "threads.h"

ParallelFor parallel_for = nullptr;

// Set when the library is loaded.
int64_t cache_bytes = 32 << 20;

extern "C" {
__attribute__((visibility("default"))) void reluctant_use_threads(ParallelFor spread) { parallel_for = spread; }
__attribute__((visibility("default"))) void reluctant_use_cache(int64_t bytes) { cache_bytes = bytes; }
__attribute__((visibility("default"))) const char* reluctant_fingerprint() { return FINGERPRINT; }
}
