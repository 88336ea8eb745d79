"""Factors learnt from what was chosen before what."""

from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse

from workbench.compute import Team
from workbench.datasets import Dataset
from workbench.device.arrays import to_device
from workbench.errors import OptionError
from workbench.evidence import ByItem
from workbench.models.derived_state import on_device
from workbench.models.factorization import bpr_on_gpu
from workbench.models.factorization.als import dots, products
from workbench.models.recommender import Recommender
from workbench.validation import at_least, number

SPREAD = 0.1  # standard deviation of the factors to start with
CHUNKS = 16  # of rows a core, so that all are busy to the end
DRAWN = 2**16  # items that those who come later are compared with, in turn


class BPR(Recommender):
    r"""Recommend items whose factors fit the user's, learnt so that what was chosen comes first.

    .. math::
        s(u, i) = b_i + p_u^T q_i, \qquad
        \max \sum_{(u, i, j)} \ln \sigma(s(u, i) - s(u, j)) -
            \frac{\lambda}{2} \Big(\|b\|^2 + \sum_u \|p_u\|^2 + \sum_i \|q_i\|^2\Big)

    over items i that u chose, those rated above 0, and j that u did not (Rendle et al. 2009, with a
    bias an item), by gradient ascent: in an epoch each choice once, in a new random order, beside
    an item j drawn evenly; where u chose that as well, there is no step. With
    :math:`g = 1 - \sigma(s(u, i) - s(u, j))`,

    .. math::
        b_i \mathrel{+}= \gamma (g - \lambda b_i), \quad
        p_u \mathrel{+}= \gamma (g (q_i - q_j) - \lambda p_u), \quad
        q_i \mathrel{+}= \gamma (g p_u - \lambda q_i), \quad
        b_j, q_j \text{ likewise with } -g

    It learns in single precision: on one core, so that a seed gives the same model to the bit; on a
    card thousands of choices at a time, whose steps may miss one another's (Hogwild; Niu et al.
    2011), so that a model is as good but never quite the same again.

    A history that is typed in takes as many epochs of the same steps from 0, with the items held
    still and beside items drawn once for all. That makes the user a sum over the history,
    :math:`p_u = \sum_j v_{uj}`, and the terms :math:`v_{uj}^T q_i` of :math:`s(u, i) - b_i` are the
    evidence. They are so for users in the data too, whose own score is the one that was learnt:
    near their sum, but not it.

    Parameters
    ----------
    factors : int
    l2 : float
        0 or more: lambda.
    learning_rate : float
        Above 0: gamma.
    epochs : int
    seed : int
        Of the start, of the order and of what is drawn.
    device : {"auto", "cpu", "gpu"}

    Raises
    ------
    OptionError
        If an option is not allowed; from `fit`, if `learning_rate` is so high that numbers run
        away.
    """

    evidence_type = ByItem

    def __init__(
        self,
        *,
        factors: int = 64,
        l2: float = 0.02,
        learning_rate: float = 0.02,
        epochs: int = 100,
        seed: int = 0,
        device: str = "auto",
    ) -> None:
        super().__init__(device=device)
        self.factors = at_least("factors", factors, 1)
        self.l2 = number("l2", l2)
        self.learning_rate = number("learning_rate", learning_rate, zero=False)
        self.epochs = at_least("epochs", epochs, 1)
        self.seed = at_least("seed", seed, 0)

    def _fit(self, ds: Dataset) -> None:
        chosen, rng = _chosen(ds.matrix), np.random.default_rng(self.seed)
        # In single precision, which the memory gives in half the time.
        sides = (rng.normal(0, SPREAD, (n, self.factors)).astype(np.float32) for n in chosen.shape)
        learnt: Any = np.zeros(len(ds.item_ids), np.float32), *sides
        if self.device.kind == "gpu":
            options = self.epochs, self.learning_rate, self.l2, self.seed
            learnt = bpr_on_gpu.ascended(chosen, learnt, *options)
        else:
            self._ascend(chosen, learnt, rng)
        if not all(np.isfinite(part).all() for part in learnt):
            raise OptionError(
                f"learning_rate={self.learning_rate:g} is too high for these data: numbers ran "
                "away; lower it"
            )
        self._biases, self._users, self._items = (part.astype(np.float64) for part in learnt)
        self._drawn = rng.integers(len(ds.item_ids), size=DRAWN)

    def _ascend(
        self, chosen: sparse.csr_array, learnt: tuple[np.ndarray, ...], rng: np.random.Generator
    ) -> None:
        """Take the steps of all epochs one after the other; what is learnt changes in place."""
        from workbench.models import kernels

        users, items = (axis.astype(np.int32) for axis in chosen.tocoo().coords)
        entries, count = (chosen.indptr.astype(np.int64), items), chosen.shape[1]
        for _ in range(self.epochs):
            order = rng.permutation(len(users))
            others = rng.integers(count, size=len(users), dtype=np.int32)
            steps = users[order], items[order], others
            kernels.prefer(*steps, *entries, self.learning_rate, self.l2, *learnt)

    def _score(self, profiles: sparse.csr_array, own: np.ndarray) -> Any:
        users = self._users[own] if (own >= 0).all() else self._folded(profiles)
        biases, items = (
            on_device(self, "biases", self._biases),
            on_device(self, "items", self._items),
        )
        return biases + products(to_device(self.device, users), items)

    def _score_pairs(self, users: np.ndarray, items: np.ndarray) -> np.ndarray:
        return self._biases[items] + dots(self._users, users, self._items, items)

    def _folded(self, profiles: sparse.csr_array) -> np.ndarray:
        """Factors of users from outside; shape (b, factors)."""
        chosen, terms = self._terms(profiles)
        entries = np.ones(chosen.nnz), np.arange(chosen.nnz), chosen.indptr
        return sparse.csr_array(entries, shape=(len(chosen.indptr) - 1, chosen.nnz)) @ terms

    def _terms(self, profiles: sparse.csr_array) -> tuple[sparse.csr_array, np.ndarray]:
        """What was chosen, and what each entry adds to the user: of shape (entries, factors)."""
        from workbench.models import kernels

        chosen = _chosen(profiles)
        terms = np.zeros((chosen.nnz, self.factors))
        known = chosen.indptr.astype(np.int64), chosen.indices.astype(np.int64), self._drawn
        options = self.learning_rate, self.l2, self.epochs
        given = *known, *options, self._biases, self._items, terms
        with Team() as team:
            parts = np.array_split(np.arange(chosen.shape[0]), CHUNKS * team.size)
            team.each(partial(kernels.prefer_held, *given), parts)
        return chosen, terms

    def _contributions(
        self, profiles: sparse.csr_array, own: np.ndarray, rows: np.ndarray, items: np.ndarray
    ) -> tuple[sparse.csr_array, pd.Index]:
        chosen, terms = self._terms(profiles)
        places = np.arange(chosen.nnz)
        found = sparse.csr_array((places, chosen.indices, chosen.indptr), chosen.shape)[rows]
        targets = np.repeat(items, np.diff(found.indptr))
        values = dots(terms, found.data, self._items, targets)
        split = sparse.csr_array((values, found.indices, found.indptr), found.shape)
        return split, self.data.item_ids


def _chosen(ratings: sparse.csr_array) -> sparse.csr_array:
    """What was rated above 0, as a CSR array with its columns in order."""
    kept = ratings.copy()
    kept.data = (kept.data > 0).astype(float)
    kept.eliminate_zeros()
    kept.sort_indices()
    return kept
