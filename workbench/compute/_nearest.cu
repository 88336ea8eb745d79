// The k nearest of all rows for one row: a block of threads each.
//
// Rows are numbered by popularity, and each feature's entries are in that order, so that the rows
// of a tile, low to high, are a contiguous piece of them. A tile's sums lie in shared memory: the
// block adds up the products of its row's entries with the pieces, scores the tile's rows, and puts
// the keys above the k-th best so far on a list, which is sorted and cut whenever it is full.
//
// Before this come the definitions that `_cuda.source` writes: constants, types, PARAMETERS, and
// `add` and `score` of the metric.

#define ALL 0xFFFFFFFFu

// The first place from begin to end whose entry is of row or of one after it.
__device__ u64 place_of(const u32 *entries, u64 begin, u64 end, u32 row) {
    while (begin < end) {
        const u64 middle = begin + (end - begin) / 2;
        if (entries[middle] >> SHIFT < row)
            begin = middle + 1;
        else
            end = middle;
    }
    return begin;
}

// As workbench.compute.topk.pack.
__device__ i64 key_of(float score, u32 id) {
    const int bits = __float_as_int(score + 0.0f);  // which turns -0 into 0
    const u32 ordered = bits ^ ((bits >> 31) & 0x7FFFFFFF);
    return (i64)((u64)ordered << 32 | (u64)(LAST - id));
}

__device__ float score_of(i64 key) {
    const int bits = (int)(key >> 32);
    return __int_as_float(bits ^ ((bits >> 31) & 0x7FFFFFFF));
}

// Where scores count from: all that are numbers, or those above 0.
#define FLOOR (SIGNED ? -3.4028234663852886e38f : 1.401298464324817e-45f)

// The best keys so far, and what may be among them. `held` and `kth` are the same in all threads.
struct List {
    i64 *keys;
    u32 *cursor;  // shared: where the next key goes
    u32 capacity, k, held;
    i64 kth;

    // Every thread calls it, with a key or EMPTY.
    __device__ void offer(i64 key) {
        const bool better = key > kth;
        if (better) keys[atomicAdd(cursor, 1u)] = key;
        held += __syncthreads_count(better);
        if (held > capacity - THREADS) cut();  // another round might not fit
    }

    // Sorts, the greatest first, by Batcher's bitonic network, and keeps k.
    __device__ void cut() {
        u32 size = 2;
        while (size < held) size *= 2;
        for (u32 i = held + threadIdx.x; i < size; i += THREADS) keys[i] = EMPTY;
        __syncthreads();
        for (u32 span = 2; span <= size; span *= 2)
            for (u32 gap = span / 2; gap > 0; gap /= 2) {
                for (u32 i = threadIdx.x; i < size / 2; i += THREADS) {
                    const u32 left = 2 * i - (i & (gap - 1)), right = left + gap;
                    const i64 first = keys[left], second = keys[right];
                    if ((first < second) == !(left & span)) {
                        keys[left] = second;
                        keys[right] = first;
                    }
                }
                __syncthreads();
            }
        if (held >= k) {
            held = k;
            kth = keys[k - 1];
        }
        if (threadIdx.x == 0) *cursor = held;
        __syncthreads();
    }
};

// Adds, for every `stride`-th group of features from `at` on, what the row has in common with rows
// low to high. The lanes of a warp look for the pieces of a feature each, then take its entries.
__device__ void accumulate(
    Sum *sums, u32 tile, u32 base, u32 low, u32 high, u64 at, u64 end, u32 group, u64 stride,
    const u32 *__restrict__ entries, const double *__restrict__ values,
    const u64 *__restrict__ starts, const u32 *__restrict__ features,
    const Own *__restrict__ own_values, int least
) {
    const u32 lane = threadIdx.x % WARP;
    for (; at < end; at += stride) {
        const u32 count = end - at < group ? (u32)(end - at) : group;
        u64 piece = 0, piece_end = 0;
        Number value = 0;
        if (lane < count) {
            const u32 feature = features[at + lane];
            piece = place_of(entries, starts[feature], starts[feature + 1], low);
            piece_end = place_of(entries, piece, starts[feature + 1], high);
            value = (Number)own_values[at + lane] + (CODED ? least : 0);
        }
        for (u32 turn = 0; turn < count; ++turn) {
            const u64 last = __shfl_sync(ALL, piece_end, turn);
            const Number x = __shfl_sync(ALL, value, turn);
            for (u64 e = __shfl_sync(ALL, piece, turn) + lane; e < last; e += WARP) {
                const u32 entry = entries[e];
                const Number y = CODED ? (Number)((int)(entry & MASK) + least) : (Number)values[e];
                add(sums + ((entry >> SHIFT) - base), tile, x, y);
            }
            if (!CODED) __syncwarp();  // a row's products are added in the order of features
        }
    }
}

extern "C" __global__ void __launch_bounds__(THREADS, 1) nearest(PARAMETERS) {
    extern __shared__ i64 shared[];
    const u64 row = first + blockIdx.x;
    const u64 begin = begins[row], end = ends[row];
    const i64 self = own[row];
    const double a = left[row];
    const Bound factor = query_bound[row];
    const u32 warp = threadIdx.x / WARP, warps = THREADS / WARP;
    i64 *const keys = spilled ? scratch + (u64)blockIdx.x * capacity : shared + HEADER;
    Sum *const sums = (Sum *)(shared + HEADER + (spilled ? 0 : capacity));
    List list = {keys, (u32 *)shared, capacity, k, 0, EMPTY};
    if (threadIdx.x == 0) *list.cursor = 0;

    for (u32 low = 0; low < n; low += tile) {
        const u32 high = n - low < tile ? n : low + tile;
        for (u32 i = threadIdx.x; i < COUNT * tile; i += THREADS) sums[i] = 0;
        __syncthreads();
        if (CODED) {
            // Whole numbers: the order does not matter. Warps share the features out.
            const u64 each = (end - begin + warps - 1) / warps;
            const u32 group = each < WARP ? (u32)each : WARP;
            accumulate(sums, tile, low, low, high, begin + warp * group, end, group,
                       (u64)warps * group, entries, values, starts, features, own_values, least);
        } else {
            // Warps share the rows out: each sees all features, in order.
            const u32 width = (tile + warps - 1) / warps;
            const u32 from = min(low + warp * width, high), to = min(from + width, high);
            accumulate(sums, tile, low, from, to, begin, end, WARP, WARP,
                       entries, values, starts, features, own_values, least);
        }
        __syncthreads();
        for (u32 start = low; start < high; start += THREADS) {
            const u32 other = start + threadIdx.x;
            i64 key = EMPTY;
            if (other < high && (i64)other != self) {
                const Sum *const mine = sums + (other - low);
                bool may = SIGNED || mine[0] != 0;
                if (BOUNDED && may) {
                    const Bound most = (Bound)mine[(COUNT - 1) * tile] * bound[other];
                    const float limit = list.kth == EMPTY ? FLOOR : score_of(list.kth);
                    may = (float)(most * factor) >= limit;
                }
                if (may && (COUNT == 1 || (double)mine[0] >= min_overlap)) {
                    const float found = (float)score(mine, tile, a, right[other], shrink, unit);
                    if (found >= FLOOR) key = key_of(found, ids[other]);
                }
            }
            list.offer(key);
        }
    }
    list.cut();
    for (u32 i = threadIdx.x; i < k; i += THREADS) {
        const i64 key = i < list.held ? keys[i] : EMPTY;
        const u64 at = (u64)blockIdx.x * k + i;
        indices[at] = key == EMPTY ? -1 : (int)(LAST - (u32)key);
        scores[at] = key == EMPTY ? 0.0f : score_of(key);
    }
}
