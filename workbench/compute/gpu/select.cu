// The k best scores of every row, a block of threads each.

extern "C" __global__ void __launch_bounds__(THREADS) select(
    const float *__restrict__ scores, i64 *__restrict__ keys, u32 columns, u32 k, u32 first,
    u32 capacity
) {
    extern __shared__ i64 shared[];
    const float *const mine = scores + (u64)blockIdx.x * columns;
    i64 *const best = keys + (u64)blockIdx.x * k;
    List list = {shared + HEADER, (u32 *)shared, capacity, k, 0, EMPTY};
    for (u32 start = 0; start < k; start += THREADS) {  // what was found in other columns
        const u32 i = start + threadIdx.x;
        const i64 key = i < k ? best[i] : EMPTY;
        if (key != EMPTY) list.keys[i] = key;
        list.count += __syncthreads_count(key != EMPTY);
    }
    const u32 before = list.count;
    const i64 kth = before == k ? best[k - 1] : EMPTY;
    list.kth = kth;
    if (threadIdx.x == 0) *list.cursor = before;
    __syncthreads();
    for (u32 start = 0; start < columns; start += THREADS) {
        const u32 column = start + threadIdx.x;
        const float score = column < columns ? mine[column] : NAN;
        list.offer(score >= FLOOR ? key_of(score, first + column) : EMPTY);
    }
    if (list.count == before && list.kth == kth) return;  // nothing better
    list.cut();
    for (u32 i = threadIdx.x; i < list.count; i += THREADS) best[i] = list.keys[i];
}
