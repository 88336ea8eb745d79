"""Ranks of some scores among many, from which the area under the ROC curve follows."""

from typing import Any

from workbench.compute.topk import kernels
from workbench.device.arrays import on_card

Array = Any


def midranks(scores: Array, rows: Array, columns: Array) -> Array:
    """Return the rank of some scores among all of their rows, the mean of those that tie.

    Counted, not sorted: a row is read once for each that is asked for, which is quicker as long as
    they are few.

    Parameters
    ----------
    scores : float64 array of shape (r, c)
        Of NumPy, or of CuPy: then all is done on the card. NaN has no rank, and takes none.
    rows, columns : int64 arrays of shape (n,)
        Places of the scores that are asked for, where the scores are.

    Returns
    -------
    float64 array of shape (n,)
        1 for the lowest. On the card if the scores are.
    """
    return kernels(on_card(scores)).midranks(scores, rows, columns)
