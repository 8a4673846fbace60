// Gated pairs: f(a, b), and both gradients in one pass that reads a, b and g once.
#pragma once

#include "threads.h"
#include "vectors.h"

// Two matrices of the same size, each with a row stride of its own: halves of one tensor, or two tensors.
struct Pair {
    int64_t rows, columns, a_stride, b_stride;
};

// How far ahead of its loads a loop over rows asks for elements where tensors are too much for the caches: at least a page, in a later row
// unless rows are long. The processor's own prefetching follows a row, but not to the next. SwiGLU's forward of halves of 1,024 floats took
// 0.35 ns an element in the place of 0.46 at 16.8 million (AMD EPYC of the Zen 4 generation); what is in the caches it slows down.
INLINE int64_t ahead(int64_t stride, int64_t size) {
    const int64_t page = 4096, long_row = 65536;
    int64_t row = stride * size;
    return row > long_row || row <= 0 ? page / size : (page / row + 1) * stride;
}
INLINE void prefetch(const void* from) { _mm_prefetch((const char*)from, _MM_HINT_T0); }

// Calls work(row, begin, end) for pieces of rows; a single row, such as two whole tensors are, is divided itself.
template <class Work>
INLINE void in_pieces_of_rows(Pair pair, Work work) {
    if (pair.rows == 1) {
        in_pieces(pair.columns, GRAIN, [=](int64_t begin, int64_t end) { work((int64_t)0, begin, end); });
        return;
    }
    in_pieces(pair.rows, GRAIN / (pair.columns + 1) + 1, [=](int64_t begin, int64_t end) {
        for (int64_t row = begin; row < end; row++) work(row, (int64_t)0, pair.columns);
    });
}

// The first `count` elements of a vector, of which most calls want all.
template <class T>
INLINE V load_first(const T* from, int64_t count) {
    return count == LANES ? load(from) : load_some(from, count);
}
template <class T>
INLINE void put_first(T* to, V values, int64_t count, bool past) {
    if (count == LANES) put(to, values, past);
    else store_some(to, values, count);
}

// Calls step(a, b, y, count, past) for one vector of elements after the other, along the rows; the last of a row may be short.
template <bool far, class T, class Step>
static void forward_in_steps_of_size(const T* a, const T* b, T* y, Pair pair, Step step) {
    int64_t a_ahead = ahead(pair.a_stride, sizeof(T)), b_ahead = ahead(pair.b_stride, sizeof(T));
    bool past = far && past_caches<T>(3, pair.rows * pair.columns);
    in_pieces_of_rows(pair, [=](int64_t row, int64_t i, int64_t end) {
        const T *a_row = a + row * pair.a_stride, *b_row = b + row * pair.b_stride;
        T* y_row = y + row * pair.columns;
        bool streams = past && aligned(y_row + i);
        for (; i + LANES <= end; i += LANES) {
            if (far) prefetch(a_row + i + a_ahead), prefetch(b_row + i + b_ahead);
            step(a_row + i, b_row + i, y_row + i, (int64_t)LANES, streams);
        }
        if (i < end) step(a_row + i, b_row + i, y_row + i, end - i, false);
    });
}
template <class T, class Step>
static void forward_in_steps(const T* a, const T* b, T* y, Pair pair, Step step) {
    if (too_much<T>(3, pair.rows * pair.columns)) forward_in_steps_of_size<true>(a, b, y, pair, step);
    else forward_in_steps_of_size<false>(a, b, y, pair, step);
}

// Calls step(g, a, b, da, db, count, a_past, b_past) in the same way; da and db have the strides of `out`.
template <bool far, class T, class Step>
static void backward_in_steps_of_size(const T* g, const T* a, const T* b, T* da, T* db, Pair pair, Pair out, Step step) {
    int64_t a_ahead = ahead(pair.a_stride, sizeof(T)), b_ahead = ahead(pair.b_stride, sizeof(T));
    bool past = far && past_caches<T>(5, pair.rows * pair.columns);
    in_pieces_of_rows(pair, [=](int64_t row, int64_t i, int64_t end) {
        const T *g_row = g + row * pair.columns, *a_row = a + row * pair.a_stride, *b_row = b + row * pair.b_stride;
        T *da_row = da + row * out.a_stride, *db_row = db + row * out.b_stride;
        bool a_streams = past && aligned(da_row + i), b_streams = past && aligned(db_row + i);
        for (; i + LANES <= end; i += LANES) {
            if (far) prefetch(a_row + i + a_ahead), prefetch(b_row + i + b_ahead);
            step(g_row + i, a_row + i, b_row + i, da_row + i, db_row + i, (int64_t)LANES, a_streams, b_streams);
        }
        if (i < end) step(g_row + i, a_row + i, b_row + i, da_row + i, db_row + i, end - i, false, false);
    });
}
template <class T, class Step>
static void backward_in_steps(const T* g, const T* a, const T* b, T* da, T* db, Pair pair, Pair out, Step step) {
    if (too_much<T>(5, pair.rows * pair.columns)) backward_in_steps_of_size<true>(g, a, b, da, db, pair, out, step);
    else backward_in_steps_of_size<false>(g, a, b, da, db, pair, out, step);
}

// y = f(a, b)
template <class T, class F>
static void gated_forward(const T* a, const T* b, T* y, Pair pair, F f) {
    forward_in_steps(a, b, y, pair, [=](const T* a, const T* b, T* y, int64_t count, bool past) __attribute__((always_inline)) {
        put_first(y, f(load_first(a, count), load_first(b, count)), count, past);
    });
}

// (da, db) = slopes(g, a, b)
template <class T, class F>
static void gated_backward(const T* g, const T* a, const T* b, T* da, T* db, Pair pair, Pair out, F slopes) {
    backward_in_steps(g, a, b, da, db, pair, out, [=](const T* g, const T* a, const T* b, T* da, T* db, int64_t count, bool a_past,
                                                      bool b_past) __attribute__((always_inline)) {
        V da_v, db_v;
        slopes(load_first(g, count), load_first(a, count), load_first(b, count), da_v, db_v);
        put_first(da, da_v, count, a_past);
        put_first(db, db_v, count, b_past);
    });
}
