// The k nearest of all rows for one row: a block of threads each.
//
// Rows are numbered by popularity, and each feature's entries are in that order, so that the rows
// of a tile, low to high, are a contiguous piece of them. A tile's sums lie in shared memory: the
// block adds up the products of its row's entries with the pieces, scores the tile's rows, and puts
// the keys above the k-th best so far on a list, which is sorted and cut whenever it is full.
//
// Before this come `list.cu` and the definitions that `kernel_source.source` writes: constants, types,
// PARAMETERS, and `add` and `score` of the metric.

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

// Adds, for every `stride`-th group of features from `at` on, what the row has in common with rows
// low to high. The lanes of a warp look for the pieces of a feature each, then take its entries.
__device__ void accumulate(
    Sum *sums, u32 tile, u32 base, u32 low, u32 high, u64 at, u64 end, u32 group, u64 stride,
    const u32 *__restrict__ entries, const double *__restrict__ values,
    const u64 *__restrict__ starts, const u32 *__restrict__ features,
    const QueryValue *__restrict__ query_values, int least
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
            value = (Number)query_values[at + lane] + (CODED ? least : 0);
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
    const i64 self = self_ranks[row];
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
                       (u64)warps * group, entries, values, starts, features, query_values, least);
        } else {
            // Warps share the rows out: each sees all features, in order.
            const u32 width = (tile + warps - 1) / warps;
            const u32 from = min(low + warp * width, high), to = min(from + width, high);
            accumulate(sums, tile, low, from, to, begin, end, WARP, WARP,
                       entries, values, starts, features, query_values, least);
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
                    const float rounded = (float)score(mine, tile, a, right[other], shrink, unit);
                    if (rounded >= FLOOR) key = key_of(rounded, ids[other]);
                }
            }
            list.offer(key);
        }
    }
    list.cut();
    for (u32 i = threadIdx.x; i < k; i += THREADS) {
        const i64 key = i < list.count ? keys[i] : EMPTY;
        const u64 at = (u64)blockIdx.x * k + i;
        indices[at] = key == EMPTY ? -1 : (int)(LAST - (u32)key);
        scores[at] = key == EMPTY ? 0.0f : score_of(key);
    }
}
