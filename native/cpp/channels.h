// Activations with a learned value for each channel: forward, and backward with the sum that is the value's gradient.
#pragma once

#include "threads.h"
#include "vectors.h"

// A tensor as batches × channels × inner, contiguous in this order. One weight for all: one channel.
struct Shape {
    int64_t batches, channels, inner;
};

template <class T, class F>
static void channels_forward(const T* x, T* y, const float* weight, Shape shape, F f) {
    bool past = past_caches<T>(2, shape.batches * shape.channels * shape.inner);
    if (shape.inner > 1 || shape.channels == 1) {
        int64_t rows = shape.batches * shape.channels, inner = shape.inner;
        if (shape.channels == 1) inner *= shape.batches, rows = 1;
        in_pieces(rows * inner, GRAIN, [=](int64_t begin, int64_t end) {
            while (begin < end) {
                int64_t row = begin / inner, stop = (row + 1) * inner < end ? (row + 1) * inner : end;
                V w = splat(weight[row % shape.channels]);
                map(x + begin, y + begin, stop - begin, past, [=](V v) { return f(v, w); });
                begin = stop;
            }
        });
        return;
    }
    int64_t channels = shape.channels;
    in_pieces(shape.batches, GRAIN / channels + 1, [=](int64_t begin, int64_t end) {
        for (int64_t row = begin; row < end; row++) {
            const T* from = x + row * channels;
            T* to = y + row * channels;
            int64_t c = 0;
            bool streams = past && aligned(to);
            for (; c + LANES <= channels; c += LANES) put(to + c, f(load(from + c), load(weight + c)), streams);
            if (c < channels) store_some(to + c, f(load_some(from + c, channels - c), load_some(weight + c, channels - c)), channels - c);
        }
    });
}

INLINE double sum_of(V values) {
    double sum = 0;
    for (int lane = 0; lane < LANES; lane++) sum += values[lane];
    return sum;
}

// Elements whose products are summed in single precision before the sum goes on in double: few enough that no more than the last bits
// are lost, and a fixed number, so that the result does not depend on the count of threads.
static const int64_t RUN = 2048;

// dx = g · slope(x, w), and the sum of g · weight_slope(x).
template <class T, class S, class D>
INLINE double channel_backward(const T* g, const T* x, T* dx, float weight, int64_t count, bool past, S slope, D weight_slope) {
    V w = splat(weight);
    bool streams = past && aligned(dx);
    double total = 0;
    for (int64_t run = 0; run < count; run += RUN) {
        int64_t end = run + RUN < count ? run + RUN : count, i = run;
        V sums[2] = {V{}, V{}};
        for (; i + 2 * LANES <= end; i += 2 * LANES) {
#pragma GCC unroll 2
            for (int k = 0; k < 2; k++) {
                V x_k = load(x + i + k * LANES), g_k = load(g + i + k * LANES);
                sums[k] += weight_slope(g_k, x_k);
                put(dx + i + k * LANES, slope(g_k, x_k, w), streams);
            }
        }
        for (; i < end; i += LANES) {
            int64_t some = end - i < LANES ? end - i : LANES;
            V x_i = load_some(x + i, some), g_i = load_some(g + i, some);
            sums[0] += weight_slope(g_i, x_i);
            store_some(dx + i, slope(g_i, x_i, w), some);
        }
        total += sum_of(sums[0] + sums[1]);
    }
    return total;
}

// Rows of a matrix whose weights' gradients one piece sums up; `partial` holds channels sums for each piece.
static const int64_t ROWS = 64;

// Columns whose sums are held at once: with their weights they fill half of the first cache. Rows are read along, as they lie in memory: down
// the columns, a vector at a time, backward took 0.99 ns an element, with 1,024 columns (AMD EPYC of the Zen 4 generation).
static const int64_t COLUMNS = 2048;

template <class T, class S, class D>
INLINE void rows_backward(const T* g, const T* x, T* dx, const float* weight, double* partial, int64_t rows, int64_t channels, bool past,
                          S slope, D weight_slope) {
    float sums[COLUMNS];
    for (int64_t first = 0; first < channels; first += COLUMNS) {
        int64_t columns = channels - first < COLUMNS ? channels - first : COLUMNS;
        memset(sums, 0, columns * sizeof(float));
        for (int64_t row = 0; row < rows; row++) {
            int64_t at = row * channels + first, c = 0;
            bool streams = past && aligned(dx + at);
            for (; c + LANES <= columns; c += LANES) {
                V x_c = load(x + at + c), g_c = load(g + at + c);
                store(sums + c, load(sums + c) + weight_slope(g_c, x_c));
                put(dx + at + c, slope(g_c, x_c, load(weight + first + c)), streams);
            }
            if (c == columns) continue;
            int64_t some = columns - c;
            V x_c = load_some(x + at + c, some), g_c = load_some(g + at + c, some);
            store_some(sums + c, load_some(sums + c, some) + weight_slope(g_c, x_c), some);
            store_some(dx + at + c, slope(g_c, x_c, load_some(weight + first + c, some)), some);
        }
        for (int64_t c = 0; c < columns; c++) partial[first + c] = sums[c];
    }
}

// Numbers that `channels_backward` needs in `partial`.
static inline int64_t partials(Shape shape) {
    if (shape.channels == 1) return (shape.batches * shape.inner + GRAIN - 1) / GRAIN;
    if (shape.inner > 1) return shape.batches * shape.channels;
    return (shape.batches + ROWS - 1) / ROWS * shape.channels;
}

template <class T, class S, class D>
static void channels_backward(const T* g, const T* x, const float* weight, T* dx, float* dweight, double* partial, Shape shape, S slope,
                              D weight_slope) {
    int64_t channels = shape.channels, inner = shape.inner, count;
    bool past = past_caches<T>(3, shape.batches * channels * inner);
    if (channels == 1) {
        int64_t all = shape.batches * inner;
        count = partials(shape);
        in_pieces(count, 1, [=](int64_t begin, int64_t end) {
            for (int64_t piece = begin; piece < end; piece++) {
                int64_t at = piece * GRAIN, some = all - at < GRAIN ? all - at : GRAIN;
                partial[piece] = channel_backward(g + at, x + at, dx + at, weight[0], some, past, slope, weight_slope);
            }
        });
    } else if (inner > 1) {
        count = shape.batches;
        in_pieces(count * channels, GRAIN / inner + 1, [=](int64_t begin, int64_t end) {
            for (int64_t row = begin; row < end; row++) {
                int64_t at = row * inner;
                partial[row] = channel_backward(g + at, x + at, dx + at, weight[row % channels], inner, past, slope, weight_slope);
            }
        });
    } else {
        count = (shape.batches + ROWS - 1) / ROWS;
        in_pieces(count, GRAIN / (ROWS * channels) + 1, [=](int64_t begin, int64_t end) {
            for (int64_t piece = begin; piece < end; piece++) {
                int64_t row = piece * ROWS, rows = shape.batches - row < ROWS ? shape.batches - row : ROWS, at = row * channels;
                rows_backward(g + at, x + at, dx + at, weight, partial + piece * channels, rows, channels, past, slope,
                              weight_slope);
            }
        });
    }
    for (int64_t c = 0; c < channels; c++) {
        double sum = 0;
        for (int64_t piece = 0; piece < count; piece++) sum += partial[piece * channels + c];
        dweight[c] = (float)sum;
    }
}
