"""The k best columns of every row, exactly, with ties to the lower column; and midranks."""

from importlib import import_module
from typing import Any

from workbench.compute.topk_keys import unpack
from workbench.device.arrays import on_card

Array = Any


def top_k(scores: Array, k: int) -> tuple[Array, Array]:
    """Return the k highest scores of every row, best first, ties to the lower column.

    Parameters
    ----------
    scores : array of shape (rows, columns)
        Of NumPy, or of CuPy: then all is done on the card. Rounded to float32 before they are
        compared. NaN and -inf are never chosen.
    k : int
        Rows with fewer than k scores are padded.

    Returns
    -------
    columns : int32 array of shape (rows, k)
        -1 where padded. On the card if the scores are: ``.get()`` brings it to the host.
    best : float32 array of shape (rows, k)
        0 where padded.
    """
    twin = kernels(on_card(scores))
    return unpack(twin.select(scores, k), twin.xp)


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


def kernels(card: bool) -> Any:
    """Module of the kernels for a card, or for the processor: their names are the same."""
    return import_module(f"workbench.compute.{'gpu' if card else 'cpu'}.vector_kernels")
