// Gradient ascent beside negatives: a warp takes a choice, then the one after all that are taken.
//
// Before this come the definitions that `bpr_on_gpu.source` writes: THREADS, WARP and BLOCKS. Vectors
// are read past the processor's own cache, which does not see what others add.

typedef long long i64;

// Whether the numbers from a place to another, ascending, hold one.
__device__ bool holds(const int *__restrict__ numbers, i64 start, i64 end, int number) {
    while (start < end) {
        const i64 middle = start + (end - start) / 2;
        if (numbers[middle] == number) return true;
        if (numbers[middle] < number)
            start = middle + 1;
        else
            end = middle;
    }
    return false;
}

extern "C" __global__ void __launch_bounds__(THREADS, BLOCKS) bpr_epoch(
    const i64 *__restrict__ order, const int *__restrict__ users, const int *__restrict__ items,
    const int *__restrict__ negatives, const i64 *__restrict__ starts, float *biases, float *p,
    float *q, i64 count, int factors, float rate, float l2
) {
    const int lane = threadIdx.x % WARP;
    const i64 warps = (i64)gridDim.x * (THREADS / WARP);
    const float fade = rate * l2;
    for (i64 turn = ((i64)blockIdx.x * THREADS + threadIdx.x) / WARP; turn < count; turn += warps) {
        const int u = users[order[turn]], i = items[order[turn]], j = negatives[turn];
        if (holds(items, starts[u], starts[u + 1], j)) continue;
        float *const x = p + (i64)u * factors;
        float *const y = q + (i64)i * factors;
        float *const z = q + (i64)j * factors;
        const float first = __ldcg(biases + i), second = __ldcg(biases + j);
        float lead = 0;
        for (int f = lane; f < factors; f += WARP)
            lead += __ldcg(x + f) * (__ldcg(y + f) - __ldcg(z + f));
        for (int gap = WARP / 2; gap > 0; gap /= 2) lead += __shfl_xor_sync(0xFFFFFFFFu, lead, gap);
        const float step = rate / (1 + expf(lead + first - second));
        if (lane == 0) {
            atomicAdd(biases + i, step - fade * first);
            atomicAdd(biases + j, -step - fade * second);
        }
        for (int f = lane; f < factors; f += WARP) {
            const float of_user = __ldcg(x + f), of_item = __ldcg(y + f), of_other = __ldcg(z + f);
            atomicAdd(x + f, step * (of_item - of_other) - fade * of_user);
            atomicAdd(y + f, step * of_user - fade * of_item);
            atomicAdd(z + f, -step * of_user - fade * of_other);
        }
    }
}
