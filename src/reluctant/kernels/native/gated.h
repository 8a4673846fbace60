// Gated pairs: f(a, b), and both gradients in one pass that reads a, b and g once.
#pragma once

#include "exact.h"
#include "threads.h"

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

// y = f(a, b); `exact` is f of two doubles, or 0 where f itself makes no error that 16 bits could show.
template <bool far, class T, class F, class E>
static void gated_forward_of_size(const T* a, const T* b, T* y, Pair pair, F f, E exact) {
    int64_t a_ahead = ahead(pair.a_stride, sizeof(T)), b_ahead = ahead(pair.b_stride, sizeof(T));
    bool past = far && past_caches<T>(3, pair.rows * pair.columns);
    in_pieces_of_rows(pair, [=](int64_t row, int64_t i, int64_t end) {
        const T *a_row = a + row * pair.a_stride, *b_row = b + row * pair.b_stride;
        T* y_row = y + row * pair.columns;
        bool streams = past && aligned(y_row + i);
        for (; i < end; i += LANES) {
            if (far) prefetch(a_row + i + a_ahead), prefetch(b_row + i + b_ahead);
            int64_t some = end - i < LANES ? end - i : LANES;
            const T *a_i = a_row + i, *b_i = b_row + i;
            V a_v = some == LANES ? load(a_i) : load_some(a_i, some), b_v = some == LANES ? load(b_i) : load_some(b_i, some);
            V values = f(a_v, b_v);
            if constexpr (sizeof(T) == 4 || __is_same(E, int)) {
                if (some == LANES) put(y_row + i, values, streams);
                else store_some(y_row + i, values, some);
            } else {
                auto again = [=](int64_t lane) { return exact(one(a_i + lane), one(b_i + lane)); };
                store_exactly(y_row + i, values, lost(y_row, b_v, values), some, streams, again);
            }
        }
    });
}
template <class T, class F, class E>
static void gated_forward(const T* a, const T* b, T* y, Pair pair, F f, E exact) {
    if (too_much<T>(3, pair.rows * pair.columns)) gated_forward_of_size<true>(a, b, y, pair, f, exact);
    else gated_forward_of_size<false>(a, b, y, pair, f, exact);
}

// (da, db) = slopes(g, a, b); da and db have the strides of `out`.
template <bool far, class T, class F>
static void gated_backward_of_size(const T* g, const T* a, const T* b, T* da, T* db, Pair pair, Pair out, F slopes) {
    int64_t a_ahead = ahead(pair.a_stride, sizeof(T)), b_ahead = ahead(pair.b_stride, sizeof(T));
    bool past = far && past_caches<T>(5, pair.rows * pair.columns);
    in_pieces_of_rows(pair, [=](int64_t row, int64_t i, int64_t end) {
        const T *g_row = g + row * pair.columns, *a_row = a + row * pair.a_stride, *b_row = b + row * pair.b_stride;
        T *da_row = da + row * out.a_stride, *db_row = db + row * out.b_stride;
        bool a_streams = past && aligned(da_row + i), b_streams = past && aligned(db_row + i);
        V da_i, db_i;
        for (; i + LANES <= end; i += LANES) {
            if (far) prefetch(a_row + i + a_ahead), prefetch(b_row + i + b_ahead);
            slopes(load(g_row + i), load(a_row + i), load(b_row + i), da_i, db_i);
            put(da_row + i, da_i, a_streams);
            put(db_row + i, db_i, b_streams);
        }
        int64_t some = end - i;
        if (some == 0) return;
        slopes(load_some(g_row + i, some), load_some(a_row + i, some), load_some(b_row + i, some), da_i, db_i);
        store_some(da_row + i, da_i, some);
        store_some(db_row + i, db_i, some);
    });
}
template <class T, class F>
static void gated_backward(const T* g, const T* a, const T* b, T* da, T* db, Pair pair, Pair out, F slopes) {
    if (too_much<T>(5, pair.rows * pair.columns)) gated_backward_of_size<true>(g, a, b, da, db, pair, out, slopes);
    else gated_backward_of_size<false>(g, a, b, da, db, pair, out, slopes);
}
