// The best keys of a block of threads: for kernels that choose the k best of many.
//
// Before this come the definitions of CONSTANTS in `kernel_source`, of types, and of SIGNED.

// As workbench.compute.topk_keys.pack.
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

// The best keys so far, and what may be among them. `count` and `kth` are the same in all threads.
struct List {
    i64 *keys;
    u32 *cursor;  // shared: where the next key goes
    u32 capacity, k, count;
    i64 kth;

    // Every thread calls it, with a key or EMPTY.
    __device__ void offer(i64 key) {
        const bool better = key > kth;
        if (better) keys[atomicAdd(cursor, 1u)] = key;
        count += __syncthreads_count(better);
        if (count > capacity - THREADS) cut();  // another round might not fit
    }

    // Sorts, the greatest first, by Batcher's bitonic network, and keeps k.
    __device__ void cut() {
        u32 size = 2;
        while (size < count) size *= 2;
        for (u32 i = count + threadIdx.x; i < size; i += THREADS) keys[i] = EMPTY;
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
        if (count >= k) {
            count = k;
            kth = keys[k - 1];
        }
        if (threadIdx.x == 0) *cursor = count;
        __syncthreads();
    }
};

