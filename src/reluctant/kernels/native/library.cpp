// What is the same for the whole library: where its work is spread over threads, and what it was compiled from.
#include "threads.h"

ParallelFor parallel_for = nullptr;

extern "C" {
__attribute__((visibility("default"))) void reluctant_use_threads(ParallelFor spread) { parallel_for = spread; }
__attribute__((visibility("default"))) const char* reluctant_fingerprint() { return FINGERPRINT; }
}
