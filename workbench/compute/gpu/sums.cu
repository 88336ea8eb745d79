// Products of rows with others, each added up in the order of the entries: a thread each.
//
// A warp brings a square of the others' entries into shared memory, a row after the other, and
// reads it back by columns.

extern "C" __global__ void __launch_bounds__(THREADS) sums(
    const double *__restrict__ x, const i64 *__restrict__ rows, const i64 *__restrict__ columns,
    double *__restrict__ totals, u64 count, u32 width, u32 others, u32 stride
) {
    __shared__ double tiles[THREADS / WARP][WARP][WARP + 1];  // one more: no two in a bank
    const u32 warp = threadIdx.x / WARP, lane = threadIdx.x % WARP;
    const u64 task = (u64)blockIdx.x * (THREADS / WARP) + warp;
    const u32 pieces = (others + WARP - 1) / WARP;
    const u64 row = task / pieces;
    if (row >= count) return;
    const u32 place = (u32)(task % pieces) * WARP + lane;
    const i64 other = columns[row * stride + min(place, others - 1)];
    const double *const left = x + (u64)rows[row] * width;
    double (*const tile)[WARP + 1] = tiles[warp];
    double total = 0;
    for (u32 start = 0; start < width; start += WARP) {
        const u32 here = min(WARP, width - start);
        for (u32 turn = 0; turn < WARP; ++turn) {
            const u64 theirs = (u64)__shfl_sync(0xFFFFFFFFu, other, turn) * width + start;
            if (lane < here) tile[turn][lane] = x[theirs + lane];
        }
        __syncwarp();
        for (u32 i = 0; i < here; ++i) total += left[start + i] * tile[lane][i];
        __syncwarp();
    }
    if (place < others) totals[row * others + place] = total;
}
