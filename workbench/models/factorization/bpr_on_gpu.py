"""Gradient ascent by pairs on a card, which takes many choices at a time.

The steps are those of `workbench.models.kernels.prefer`. None waits for another: it may read
vectors that others are about to change, and what all add is added up (Hogwild; Niu et al. 2011).
As sums of single precision depend on their order, no two runs give the same bits.
"""

from pathlib import Path

import numpy as np
from scipy import sparse

from workbench.device.memory import bounded

THREADS, WARP = 256, 32
BLOCKS = 4  # a processor
APART = 64  # turns of each warp in an epoch, at least: were all taken at once, steps would add up


def ascended(
    chosen: sparse.csr_array,
    learnt: tuple[np.ndarray, ...],
    epochs: int,
    learning_rate: float,
    l2: float,
    seed: int,
) -> tuple[np.ndarray, ...]:
    """What is learnt on a card, from where `learnt` is.

    Parameters
    ----------
    chosen : CSR array of shape (users, items)
        Its columns in order.
    learnt : float32 arrays
        Biases of the items, factors of the users and of the items.
    epochs, learning_rate, l2, seed
        See `workbench.BPR`.

    Returns
    -------
    float32 arrays
        As `learnt`.

    Raises
    ------
    DeviceError
        If the card has too little memory.
    """
    import cupy

    kernel = cupy.RawKernel(source(), "prefer", options=("--std=c++14",))
    draw = cupy.random.RandomState(seed)
    count, (n, width) = int(chosen.nnz), learnt[2].shape
    blocks = _blocks(count, int(cupy.cuda.Device().attributes["MultiProcessorCount"]))
    options = np.int64(count), np.int32(width), np.float32(learning_rate), np.float32(l2)
    with bounded(cupy):
        users, items = (cupy.asarray(axis.astype(np.int32)) for axis in chosen.tocoo().coords)
        starts, there = cupy.asarray(chosen.indptr.astype(np.int64)), [*map(cupy.asarray, learnt)]
        for _ in range(epochs):
            order = draw.permutation(count).astype(np.int64)
            others = draw.randint(0, n, size=count, dtype=np.int32)
            kernel((blocks,), (THREADS,), (order, users, items, others, starts, *there, *options))
        return tuple(part.get() for part in there)


def _blocks(count: int, processors: int) -> int:
    warps = THREADS // WARP
    return max(1, min(BLOCKS * processors, count // (APART * warps)))


def source() -> str:
    """CUDA C of the kernel `prefer`."""
    constants = {"THREADS": THREADS, "WARP": WARP, "BLOCKS": BLOCKS}
    head = "".join(f"#define {name} {value}\n" for name, value in constants.items())
    return head + Path(__file__).with_name("prefer.cu").read_text("utf-8")
