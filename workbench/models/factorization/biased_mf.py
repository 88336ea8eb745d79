"""Rating prediction from biases and factors."""

import numpy as np
from scipy import sparse

from workbench.datasets import Dataset
from workbench.evidence import ByItem
from workbench.models.factorization import sgd_kernels
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


@model
class BiasedMF(Recommender):
    r"""Predict a rating from biases and factors.

    .. math::
        \hat r_{ui} = \mu + b_u + b_i + p_u^T q_i

    with :math:`\mu` the mean rating (Koren, Bell and Volinsky 2009), by gradient descent:
    for one rating after the other, in a new random order an epoch, with
    :math:`e = r_{ui} - \hat r_{ui}`,

    .. math::
        b_u \mathrel{+}= \gamma (e - \lambda b_u), \quad
        b_i \mathrel{+}= \gamma (e - \lambda b_i), \quad
        p_u \mathrel{+}= \gamma (e q_i - \lambda p_u), \quad
        q_i \mathrel{+}= \gamma (e p_u - \lambda q_i)

    with the defaults of Surprise's ``SVD``, and factors drawn from N(0, 0.1) to start with.

    A history that is typed in takes as many epochs of the same steps, by item and from 0, with
    the items held still. That makes the user a sum over the history,
    :math:`b_u = \sum_j a_{uj}, p_u = \sum_j a_{uj} q_j`, and the terms
    :math:`a_{uj} (1 + q_j^T q_i)` of :math:`\hat r_{ui} - \mu - b_i` are the evidence. They are so
    for users in the data too, whose own score is the one that was tables: near their sum, but not
    it, as items moved while it was learnt.

    Parameters
    ----------
    factors : int
    l2 : float
        0 or more: lambda.
    learning_rate : float
        Above 0: gamma.
    epochs : int
    seed : int
        Of the start and of the order; the same seed gives the same model to the bit.
    device : {"auto", "cpu"}

    Raises
    ------
    OptionError
        If an option is not allowed; from `fit`, if `learning_rate` is so high that numbers run
        away.
    """

    evidence_type = ByItem
    on_gpu = False

    factors: int = parameter(100, at_least, 1)
    l2: float = parameter(0.02, number)
    learning_rate: float = parameter(0.005, number, zero=False)
    epochs: int = parameter(20, at_least, 1)
    seed: int = parameter(0, at_least, 0)

    def _fit(self, ds: Dataset) -> None:
        ratings, rng = ds.matrix, np.random.default_rng(self.seed)
        self._mean = float(ratings.data.mean())
        self.user_factors, self.item_factors = (
            rng.normal(0, SPREAD, (n, self.factors)) for n in ratings.shape
        )
        self.user_biases, self.item_biases = map(np.zeros, ratings.shape)
        users, items = (axis.astype(np.int64) for axis in ratings.tocoo().coords)
        tables = self.user_biases, self.item_biases, self.user_factors, self.item_factors
        for _ in range(self.epochs):
            order = rng.permutation(ratings.nnz)
            known = users, items, ratings.data, self._mean
            sgd_kernels.sgd_epoch(order, *known, self.learning_rate, self.l2, *tables)
        require_finite(tables, self.learning_rate, "ratings")

    def _score(self, profiles: Profiles) -> np.ndarray:
        if profiles.in_data:
            biases = self.user_biases[profiles.users]
            factors = self.user_factors[profiles.users]
        else:
            weights = self._fold_in(profiles.ratings)
            biases = np.asarray(weights.sum(axis=1)).ravel()
            factors = weights @ self.item_factors
        known = self._mean + biases[:, None] + self.item_biases
        return known + all_products(factors, self.item_factors)

    def _score_pairs(self, users: np.ndarray, items: np.ndarray) -> np.ndarray:
        biases = self._mean + self.user_biases[users] + self.item_biases[items]
        return biases + pair_products(self.user_factors, users, self.item_factors, items)

    def _fold_in(self, ratings: sparse.csr_array) -> sparse.csr_array:
        """Weights a of histories, of shape (b, items)."""
        indptr, indices = ratings.indptr.astype(np.int64), ratings.indices.astype(np.int64)
        residuals = ratings.data - self._mean - self.item_biases[indices]
        weights = np.zeros(ratings.nnz)
        options = self.learning_rate, self.l2, self.epochs
        sgd_kernels.sgd_fold_in(indptr, indices, residuals, *options, self.item_factors, weights)
        return with_values(ratings, weights)

    def _contributions(self, pairs: Pairs) -> sparse.csr_array:
        terms = self._fold_in(pairs.profiles.ratings)[pairs.rows]
        targets = np.repeat(pairs.items, np.diff(terms.indptr))
        terms.data *= 1 + pair_products(
            self.item_factors, targets, self.item_factors, terms.indices
        )
        return terms
