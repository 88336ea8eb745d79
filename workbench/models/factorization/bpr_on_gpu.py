"""Gradient ascent by pairs on a card, which takes many choices at a time.

The steps are those of `sgd_kernels.bpr_epoch`. None waits for another: it may read vectors that
others are about to change, and what all add is added up (Hogwild; Niu et al. 2011).
As sums of single precision depend on their order, no two runs give the same bits.
"""

from pathlib import Path

import numpy as np
from scipy import sparse

from workbench.device.memory import bounded

THREADS, WARP = 256, 32
BLOCKS = 4  # a processor
TURNS = 64  # turns of each warp in an epoch, at least: were all taken at once, steps would add up


def trained(
    chosen: sparse.csr_array,
    tables: tuple[np.ndarray, ...],
    epochs: int,
    learning_rate: float,
    l2: float,
    seed: int,
) -> tuple[np.ndarray, ...]:
    """What a card learns from where `tables` is: biases of the items, factors of users and items.

    `chosen`, of shape (users, items), has its columns in order; for the options see
    `workbench.BPR`. A card with too little memory is a `DeviceError`.
    """
    import cupy

    kernel = cupy.RawKernel(source(), "bpr_epoch", options=("--std=c++14",))
    draw = cupy.random.RandomState(seed)
    count, (n, width) = int(chosen.nnz), tables[2].shape
    blocks = block_count(count, int(cupy.cuda.Device().attributes["MultiProcessorCount"]))
    options = np.int64(count), np.int32(width), np.float32(learning_rate), np.float32(l2)
    with bounded(cupy):
        users, items = (cupy.asarray(axis.astype(np.int32)) for axis in chosen.tocoo().coords)
        starts, state = cupy.asarray(chosen.indptr.astype(np.int64)), [*map(cupy.asarray, tables)]
        for _ in range(epochs):
            order = draw.permutation(count).astype(np.int64)
            negatives = draw.randint(0, n, size=count, dtype=np.int32)
            kernel(
                (blocks,), (THREADS,), (order, users, items, negatives, starts, *state, *options)
            )
        return tuple(part.get() for part in state)


def block_count(count: int, processors: int) -> int:
    """Blocks of threads for so many choices: no more than that few miss one another's steps."""
    warps = THREADS // WARP
    return max(1, min(BLOCKS * processors, count // (TURNS * warps)))


def source() -> str:
    """CUDA C of the kernel `bpr_epoch`."""
    constants = {"THREADS": THREADS, "WARP": WARP, "BLOCKS": BLOCKS}
    head = "".join(f"#define {name} {value}\n" for name, value in constants.items())
    return head + Path(__file__).with_name("bpr_step.cu").read_text("utf-8")
