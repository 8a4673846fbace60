// Activations of 16-bit floats by table: an input of 16 bits has 65,536 values, so one look-up gives the correctly rounded result of any
// function, at the price of a load.
#include "threads.h"
#include "vectors.h"

// y[i] = values[x[i]]
static void look_up(const uint16_t* x, uint16_t* y, const uint16_t* values, int64_t count) {
    int64_t i = 0;
    for (; i + 4 <= count; i += 4) {
        uint64_t four;
        memcpy(&four, x + i, 8);
        y[i] = values[(uint16_t)four];
        y[i + 1] = values[(uint16_t)(four >> 16)];
        y[i + 2] = values[(uint16_t)(four >> 32)];
        y[i + 3] = values[four >> 48];
    }
    for (; i < count; i++) y[i] = values[x[i]];
}

EXPORT void reluctant_table_forward(const uint16_t* x, uint16_t* y, const uint16_t* values, int64_t count) {
    in_pieces(count, GRAIN, [=](int64_t begin, int64_t end) { look_up(x + begin, y + begin, values, end - begin); });
}

// dx[i] = g[i] · slopes[x[i]], rounded once
template <class T>
static void look_up_slopes(const T* g, const T* x, T* dx, const float* slopes, int64_t count) {
    const uint16_t* index = (const uint16_t*)x;
    int64_t i = 0;
    float found[LANES];
    for (; i + LANES <= count; i += LANES) {
#pragma GCC unroll 16
        for (int lane = 0; lane < LANES; lane++) found[lane] = slopes[index[i + lane]];
        store(dx + i, load(g + i) * load(found));
    }
    if (i == count) return;
    memset(found, 0, sizeof found);
    for (int lane = 0; i + lane < count; lane++) found[lane] = slopes[index[i + lane]];
    store_some(dx + i, load_some(g + i, count - i) * load(found), count - i);
}

#define TABLE_BACKWARD(T)                                                                                                   \
    EXPORT void reluctant_table_backward_##T(const T* g, const T* x, T* dx, const float* slopes, int64_t count) {           \
        in_pieces(count, GRAIN, [=](int64_t begin, int64_t end) { look_up_slopes(g + begin, x + begin, dx + begin, slopes, end - begin); }); \
    }
TABLE_BACKWARD(bfloat16)
TABLE_BACKWARD(float16)
