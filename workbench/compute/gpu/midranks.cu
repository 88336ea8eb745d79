// Midranks of some scores among all of their rows: a block of threads each.

extern "C" __global__ void __launch_bounds__(THREADS) midranks(
    const double *__restrict__ scores, const i64 *__restrict__ rows,
    const i64 *__restrict__ columns, double *__restrict__ ranks, u32 width
) {
    __shared__ u32 twice;  // what is lower counts two, what is equal one
    const double *const row = scores + (u64)rows[blockIdx.x] * width;
    const double target = row[columns[blockIdx.x]];
    u32 mine = 0;
    for (u32 column = threadIdx.x; column < width; column += THREADS) {
        const double score = row[column];
        mine += (score < target) + (score <= target);
    }
    if (threadIdx.x == 0) twice = 1;
    __syncthreads();
    atomicAdd(&twice, mine);
    __syncthreads();
    if (threadIdx.x == 0) ranks[blockIdx.x] = twice / 2.0;
}
