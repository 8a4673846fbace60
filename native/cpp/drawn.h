// Activations that draw a number for each element: drawn anew in backward from the same seed, so that none need be kept.
#pragma once

#include "philox.h"
#include "threads.h"

// out[i] = f(a[i], u) with u from [0, 1)
template <class T, class F>
static void drawn_map(const T* a, T* out, uint64_t seed, int64_t count, F f) {
    in_pieces((count + STREAM_BLOCK - 1) / STREAM_BLOCK, GRAIN / STREAM_BLOCK, [=](int64_t begin, int64_t end) {
        draw(seed, begin, end, count, [=](int64_t at, int64_t some, V u) {
            if (some == LANES) store(out + at, f(load(a + at), u));
            else store_some(out + at, f(load_some(a + at, some), u), some);
        });
    });
}

// out[i] = f(a[i], b[i], u)
template <class T, class F>
static void drawn_map(const T* a, const T* b, T* out, uint64_t seed, int64_t count, F f) {
    in_pieces((count + STREAM_BLOCK - 1) / STREAM_BLOCK, GRAIN / STREAM_BLOCK, [=](int64_t begin, int64_t end) {
        draw(seed, begin, end, count, [=](int64_t at, int64_t some, V u) {
            if (some == LANES) store(out + at, f(load(a + at), load(b + at), u));
            else store_some(out + at, f(load_some(a + at, some), load_some(b + at, some), u), some);
        });
    });
}

// The numbers themselves.
static void drawn_numbers(float* out, uint64_t seed, int64_t count) {
    draw(seed, 0, (count + STREAM_BLOCK - 1) / STREAM_BLOCK, count, [=](int64_t at, int64_t some, V u) { store_some(out + at, u, some); });
}
