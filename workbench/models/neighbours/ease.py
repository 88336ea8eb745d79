"""A linear item-item model in closed form."""

import numpy as np
from scipy import sparse

from workbench.datasets import Dataset
from workbench.device.arrays import to_device
from workbench.device.memory import bounded
from workbench.errors import DeviceError, OptionError
from workbench.evidence import ByItem
from workbench.models.derived_state import on_device
from workbench.models.parameters import model, parameter
from workbench.models.profiles import Pairs, Profiles
from workbench.models.recommender import Recommender
from workbench.validation import number

BLOCK_BYTES = 2**26  # of the rows of the item-item matrix that are worked on at a time


@model
class EASE(Recommender):
    r"""Recommend what a linear regression on the history predicts, no item predicting itself.

    With X the ratings, users x items,

    .. math::
        B = \arg\min_{B,\, diag(B) = 0} \|X - X B\|_F^2 + \lambda \|B\|_F^2, \qquad
        P = (X^T X + \lambda I)^{-1}, \qquad
        B_{ij} = -\frac{P_{ij}}{P_{jj}} \; (i \ne j), \qquad
        s(u, j) = \sum_{i \in H_u} x_{ui} B_{ij}

    (Steck 2019). X is as the data have it: ones where feedback is implicit, as in the
    paper's experiments, and else ratings or weights of events, which its derivation allows. To
    have ones of ratings, binarise the data first. Scores rank; they are no predicted ratings.

    It is solved by a Cholesky decomposition in float64, at a cost of items cubed, in the memory of
    B itself; on a card that has room for four such matrices, there.

    Parameters
    ----------
    l2 : float
        Above 0: the paper's lambda, on the scale of the sum of squares of an item's ratings.
    memory : float
        GiB that B may take: 4 are enough for 23,000 items.
    device : {"auto", "cpu", "gpu"}

    Raises
    ------
    OptionError
        If an option is not allowed; from `fit`, if B does not fit `memory`, or if `l2` is too
        small for X'X + l2 I to be inverted.
    """

    evidence_type = ByItem

    l2: float = parameter(500.0, number, zero=False)
    memory: float = parameter(4.0, number, zero=False)

    def _fit(self, ds: Dataset) -> None:
        items = len(ds.item_ids)
        needed = 8 * items**2 / 2**30
        if needed > self.memory:
            raise OptionError(
                f"memory={self.memory:g} GiB is too little: EASE holds {items:,} x {items:,} "
                f"weights, {needed:.3g} GiB; raise memory, or leave out rarely chosen items"
            )
        matrix = _gram(ds.matrix)
        matrix.flat[:: items + 1] += self.l2
        inverse = _inverse_on_card(matrix) if self.device.kind == "gpu" else None
        self.item_weights = _inverse(matrix) if inverse is None else inverse
        self.item_weights /= -self.item_weights.diagonal()
        np.fill_diagonal(self.item_weights, 0)

    def _score(self, profiles: Profiles) -> np.ndarray:
        weights = on_device(self, "weights", self.item_weights)
        scores = to_device(self.device, profiles.ratings) @ weights
        scores[profiles.lengths == 0] = np.nan
        return scores

    def _contributions(self, pairs: Pairs) -> sparse.csr_array:
        history, targets = pairs.histories()
        history.data *= self.item_weights[history.indices, targets]
        return history


def _gram(ratings: sparse.csr_array) -> np.ndarray:
    """X'X as a dense float64 array, in blocks, as the sparse product could be the larger one."""
    by_item = ratings.T.tocsr()
    items = by_item.shape[0]
    gram = np.empty((items, items))
    for rows in _blocks(items):
        gram[rows] = (by_item[rows] @ ratings).toarray()
    return gram


def _inverse(matrix: np.ndarray) -> np.ndarray:
    """Inverse of a positive definite C-ordered array, in its own memory."""
    from scipy.linalg import lapack

    # The transpose is in the order of LAPACK, which then works in place on its upper triangle.
    factor, failed = lapack.dpotrf(matrix.T, overwrite_a=True)
    if failed:
        raise OptionError("l2 is too small for these ratings: X'X + l2 I cannot be inverted")
    inverse = lapack.dpotri(factor, overwrite_c=True)[0].T
    for rows in _blocks(len(inverse)):
        block = inverse[rows, rows]
        block += np.tril(block, -1).T
        inverse[rows, rows.stop :] = inverse[rows.stop :, rows].T
    return inverse


def _inverse_on_card(matrix: np.ndarray) -> np.ndarray | None:
    """As `_inverse`; None where the card has too little memory, or there is no inverse."""
    import cupy
    from cupyx import errstate
    from cupyx.linalg import invh

    try:
        with bounded(cupy), errstate(linalg="raise"):
            return invh(cupy.asarray(matrix)).get()
    except (DeviceError, np.linalg.LinAlgError):
        return None


def _blocks(rows: int) -> list[slice]:
    height = max(1, BLOCK_BYTES // (8 * rows))
    return [slice(start, min(start + height, rows)) for start in range(0, rows, height)]
