"""Factors learnt from what was chosen before what."""

from functools import partial
from typing import Any

import numpy as np
from scipy import sparse

from workbench.compute import Team
from workbench.datasets import Dataset
from workbench.device.arrays import to_device
from workbench.evidence import ByItem
from workbench.models.derived_state import on_device
from workbench.models.factorization import bpr_on_gpu, sgd_kernels
from workbench.models.factorization.factor_products import (
    all_products,
    pair_products,
    require_finite,
)
from workbench.models.parameters import model, parameter
from workbench.models.profiles import Pairs, Profiles
from workbench.models.recommender import Recommender
from workbench.models.sparse_rows import with_values
from workbench.validation import at_least, number

SPREAD = 0.1  # standard deviation of the factors to start with
CHUNKS = 16  # of rows a core, so that all are busy to the end
NEGATIVES = 2**16  # items that those who come later are compared with, in turn


@model
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
    evidence. They are so for users in the data too, whose own score is the one that was tables:
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

    factors: int = parameter(64, at_least, 1)
    l2: float = parameter(0.02, number)
    learning_rate: float = parameter(0.02, number, zero=False)
    epochs: int = parameter(100, at_least, 1)
    seed: int = parameter(0, at_least, 0)

    def _fit(self, ds: Dataset) -> None:
        chosen, rng = chosen_items(ds.matrix), np.random.default_rng(self.seed)
        # In single precision, which the memory gives in half the time.
        sides = (rng.normal(0, SPREAD, (n, self.factors)).astype(np.float32) for n in chosen.shape)
        tables: Any = np.zeros(len(ds.item_ids), np.float32), *sides
        if self.device.kind == "gpu":
            options = self.epochs, self.learning_rate, self.l2, self.seed
            tables = bpr_on_gpu.trained(chosen, tables, *options)
        else:
            self._train(chosen, tables, rng)
        require_finite(tables, self.learning_rate, "data")
        self.item_biases, self.user_factors, self.item_factors = (
            part.astype(np.float64) for part in tables
        )
        self._negatives = rng.integers(len(ds.item_ids), size=NEGATIVES)

    def _train(
        self, chosen: sparse.csr_array, tables: tuple[np.ndarray, ...], rng: np.random.Generator
    ) -> None:
        """Take the steps of all epochs one after the other; what is learnt changes in place."""
        users, items = (axis.astype(np.int32) for axis in chosen.tocoo().coords)
        entries, count = (chosen.indptr.astype(np.int64), items), chosen.shape[1]
        for _ in range(self.epochs):
            order = rng.permutation(len(users))
            negatives = rng.integers(count, size=len(users), dtype=np.int32)
            steps = users[order], items[order], negatives
            sgd_kernels.bpr_epoch(*steps, *entries, self.learning_rate, self.l2, *tables)

    def _score(self, profiles: Profiles) -> Any:
        if profiles.in_data:
            factors = self.user_factors[profiles.users]
        else:
            factors = self._fold_in(profiles.ratings)
        biases = on_device(self, "biases", self.item_biases)
        items = on_device(self, "items", self.item_factors)
        return biases + all_products(to_device(self.device, factors), items)

    def _score_pairs(self, users: np.ndarray, items: np.ndarray) -> np.ndarray:
        products = pair_products(self.user_factors, users, self.item_factors, items)
        return self.item_biases[items] + products

    def _fold_in(self, ratings: sparse.csr_array) -> np.ndarray:
        """Factors of users from outside; shape (b, factors)."""
        chosen, terms = self._terms(ratings)
        entries = np.ones(chosen.nnz), np.arange(chosen.nnz), chosen.indptr
        return sparse.csr_array(entries, shape=(chosen.shape[0], chosen.nnz)) @ terms

    def _terms(self, ratings: sparse.csr_array) -> tuple[sparse.csr_array, np.ndarray]:
        """What was chosen, and what each entry adds to the user: of shape (entries, factors)."""
        chosen = chosen_items(ratings)
        terms = np.zeros((chosen.nnz, self.factors))
        known = chosen.indptr.astype(np.int64), chosen.indices.astype(np.int64), self._negatives
        options = self.learning_rate, self.l2, self.epochs
        fold_in = partial(
            sgd_kernels.bpr_fold_in, *known, *options, self.item_biases, self.item_factors, terms
        )
        with Team() as team:
            team.each(fold_in, np.array_split(np.arange(chosen.shape[0]), CHUNKS * team.size))
        return chosen, terms

    def _contributions(self, pairs: Pairs) -> sparse.csr_array:
        chosen, terms = self._terms(pairs.profiles.ratings)
        places = with_values(chosen, np.arange(chosen.nnz))[pairs.rows]
        targets = np.repeat(pairs.items, np.diff(places.indptr))
        return with_values(places, pair_products(terms, places.data, self.item_factors, targets))


def chosen_items(ratings: sparse.csr_array) -> sparse.csr_array:
    """Ones at what was rated above 0, as a CSR array with its columns in order."""
    chosen = ratings.copy()
    chosen.data = (chosen.data > 0).astype(float)
    chosen.eliminate_zeros()
    chosen.sort_indices()
    return chosen
