// Gated pairs: f(a, b), and both gradients in one pass that reads a, b and g once.
#pragma once

#include "exact.h"
#include "threads.h"

// Two matrices of the same size, each with a row stride of its own: halves of one tensor, or two tensors.
struct Pair {
    int64_t rows, columns, a_stride, b_stride;
};

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
template <class T, class F, class E>
static void gated_forward(const T* a, const T* b, T* y, Pair pair, F f, E exact) {
    in_pieces_of_rows(pair, [=](int64_t row, int64_t i, int64_t end) {
        const T *a_row = a + row * pair.a_stride, *b_row = b + row * pair.b_stride;
        T* y_row = y + row * pair.columns;
        for (; i < end; i += LANES) {
            int64_t some = end - i < LANES ? end - i : LANES;
            const T *a_i = a_row + i, *b_i = b_row + i;
            V a_v = some == LANES ? load(a_i) : load_some(a_i, some), b_v = some == LANES ? load(b_i) : load_some(b_i, some);
            V values = f(a_v, b_v);
            if constexpr (sizeof(T) == 4 || __is_same(E, int)) {
                if (some == LANES) store(y_row + i, values);
                else store_some(y_row + i, values, some);
            } else {
                auto again = [=](int64_t lane) { return exact(one(a_i + lane), one(b_i + lane)); };
                store_exactly(y_row + i, values, lost(y_row, b_v, values), some, again);
            }
        }
    });
}

// (da, db) = slopes(g, a, b); da and db have the strides of `out`.
template <class T, class F>
static void gated_backward(const T* g, const T* a, const T* b, T* da, T* db, Pair pair, Pair out, F slopes) {
    in_pieces_of_rows(pair, [=](int64_t row, int64_t i, int64_t end) {
        const T *g_row = g + row * pair.columns, *a_row = a + row * pair.a_stride, *b_row = b + row * pair.b_stride;
        T *da_row = da + row * out.a_stride, *db_row = db + row * out.b_stride;
        V da_i, db_i;
        for (; i + LANES <= end; i += LANES) {
            slopes(load(g_row + i), load(a_row + i), load(b_row + i), da_i, db_i);
            store(da_row + i, da_i);
            store(db_row + i, db_i);
        }
        int64_t some = end - i;
        if (some == 0) return;
        slopes(load_some(g_row + i, some), load_some(a_row + i, some), load_some(b_row + i, some), da_i, db_i);
        store_some(da_row + i, da_i, some);
        store_some(db_row + i, db_i, some);
    });
}
