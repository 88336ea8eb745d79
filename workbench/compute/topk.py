"""The k best columns of every row, exactly, with ties to the lower column."""

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


def kernels(card: bool) -> Any:
    """Module of the kernels for a card, or for the processor: their names are the same."""
    return import_module(f"workbench.compute.{'gpu' if card else 'cpu'}.topk_kernels")
