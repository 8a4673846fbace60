// Work in pieces on the pool of threads that torch itself uses.
#pragma once

#include <immintrin.h>
#include <stdint.h>

typedef void (*Piece)(int64_t begin, int64_t end, void* work);
typedef int32_t (*ParallelFor)(int64_t begin, int64_t end, int64_t grain, Piece piece, void* work);

// torch_parallel_for of torch's stable C interface, handed over when the library is loaded: linking against torch would tie this
// library to one version of it. Until then everything runs on the calling thread.
extern ParallelFor parallel_for;

// Elements below which handing out pieces costs more than it saves; torch's own number.
static const int64_t GRAIN = 32768;

// Calls work(begin, end) for pieces that cover 0 to count. What a piece stored past the caches is in order before others hear that it is done.
template <class Work>
static inline void in_pieces(int64_t count, int64_t grain, Work work) {
    auto piece = [](int64_t begin, int64_t end, void* work) {
        (*(Work*)work)(begin, end);
        _mm_sfence();
    };
    if (count <= grain || !parallel_for) piece(0, count, &work);
    else parallel_for(0, count, grain, piece, &work);
}
