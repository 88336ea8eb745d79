"""Score a block of rows against all rows and keep the k best: for engines that work on arrays."""

from typing import Any

import numpy as np

from workbench.compute.request import Request
from workbench.compute.topk import pack

Array = Any


def keys_of_block(
    sums: dict[str, Array],
    a: Array,
    b: Array,
    own: Array,
    request: Request,
    *,
    unit: float = 1.0,
    xp: Any = np,
) -> Array:
    """Keys of every pair of a block of rows with all rows.

    Parameters
    ----------
    sums : dict of str to array of shape (rows, n), float64
        What the metric needs, and "n" where overlaps count.
    a, b : arrays of shape (rows,) and (n,)
        The metric's statistics of the block's rows and of all rows.
    own : int array of shape (rows,)
        Which of all rows each row of the block is; -1 for none.
    request : Request
    unit : float
        What a product of two values is worth, see `workbench.compute.metrics.Metric`.
    xp : module
        NumPy or CuPy.

    Returns
    -------
    int64 array of shape (rows, n)
        EMPTY where the two are no neighbours.
    """
    given = (sums.get(name, 0.0) for name in ("n", "x", "xx", "y", "yy", "xy"))
    shrink = request.shrink / unit
    with np.errstate(invalid="ignore", divide="ignore"):
        scores = request.definition.epilogue(
            xp.sqrt, xp.where, *given, a[:, None], b[None, :], shrink, unit
        ).astype(xp.float32)
    if request.counted:
        scores[sums["n"] < request.min_overlap] = xp.nan
    if not request.signed:
        scores[~(scores > 0)] = xp.nan
    known = xp.nonzero(own >= 0)[0]
    scores[known, own[known]] = xp.nan
    return pack(scores, xp)
