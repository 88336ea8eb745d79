"""Rating prediction: who rates high, what is rated high, and what is left."""

import numpy as np
import pandas as pd
from scipy import sparse

from workbench.datasets import Dataset
from workbench.errors import OptionError
from workbench.evidence import ByCount, ByItem
from workbench.models.basic.popular import by_count
from workbench.models.factorization.als import dots, products
from workbench.models.recommender import Recommender
from workbench.validation import at_least, number

SPREAD = 0.1  # standard deviation of the factors to start with


class Baseline(Recommender):
    r"""Predict a rating from how the user rates and how the item is rated.

    With :math:`\mu` the mean rating,

    .. math::
        \hat r_{ui} = \mu + b_u + b_i, \qquad
        b_i = \frac{\sum_{u} (r_{ui} - \mu - b_u)}{\lambda_i + n_i}, \qquad
        b_u = \frac{\sum_{i} (r_{ui} - \mu - b_i)}{\lambda_u + n_u}

    where sums are over the :math:`n_i, n_u` ratings of i and u: the minimum of
    :math:`\sum (r_{ui} - \hat r_{ui})^2 + \lambda_u \sum_u b_u^2 + \lambda_i \sum_i b_i^2`
    (Koren 2010, section 2.1), found by taking turns, items first (as Surprise's ``als``).

    Everybody's list is in the order of :math:`b_i`, so the evidence is what that rests on: how
    many users rated the item, not the user's history. Somebody of whom nothing is known has
    :math:`b_u = 0`.

    Parameters
    ----------
    l2_users, l2_items : float
        0 or more: ratings of the mean that every user and item is taken to have beside its own.
    epochs : int
    device : {"auto", "cpu"}

    Raises
    ------
    OptionError
        If an option is not allowed.
    """

    evidence_type = ByCount
    on_gpu = False

    def __init__(
        self,
        *,
        l2_users: float = 15.0,
        l2_items: float = 10.0,
        epochs: int = 10,
        device: str = "auto",
    ) -> None:
        super().__init__(device=device)
        self.l2_users = number("l2_users", l2_users)
        self.l2_items = number("l2_items", l2_items)
        self.epochs = at_least("epochs", epochs, 1)

    def _fit(self, ds: Dataset) -> None:
        by_user, by_item = ds.matrix, ds.matrix.T.tocsr()
        self._mean = by_user.data.mean()
        self._counts = np.diff(by_item.indptr).astype(float)
        users = np.zeros(len(ds.user_ids))
        for _ in range(self.epochs):
            self._items = self._biases(by_item, users, self.l2_items)
            users = self._biases(by_user, self._items, self.l2_users)

    def _biases(self, ratings: sparse.csr_array, others: np.ndarray, l2: float) -> np.ndarray:
        """Biases of the rows, from those of the columns; 0 for a row without ratings."""
        lengths = np.diff(ratings.indptr)
        rows = np.repeat(np.arange(len(lengths)), lengths)
        left = ratings.data - self._mean - others[ratings.indices]
        return np.bincount(rows, left, len(lengths)) / np.maximum(l2 + lengths, 1e-300)

    def offsets(self, profiles: sparse.csr_array) -> np.ndarray:
        """Biases of the users of rows of a ratings matrix; float64 array of shape (rows,)."""
        return self._biases(profiles, self._items, self.l2_users)

    @property
    def levels(self) -> np.ndarray:
        """The mean and the biases of the items; float64 array of shape (items,)."""
        return self._mean + self._items

    def _score(self, profiles: sparse.csr_array, own: np.ndarray) -> np.ndarray:
        return self.offsets(profiles)[:, None] + self.levels

    def _contributions(
        self, profiles: sparse.csr_array, own: np.ndarray, rows: np.ndarray, items: np.ndarray
    ) -> tuple[sparse.csr_array, pd.Index]:
        return by_count(self._counts, items), self.data.item_ids


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
    for users in the data too, whose own score is the one that was learnt: near their sum, but not
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

    def __init__(
        self,
        *,
        factors: int = 100,
        l2: float = 0.02,
        learning_rate: float = 0.005,
        epochs: int = 20,
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
        from workbench.models import kernels

        ratings, rng = ds.matrix.tocoo(), np.random.default_rng(self.seed)
        rows, columns = (axis.astype(np.int64) for axis in ratings.coords)
        self._mean = float(ratings.data.mean())
        self._users, self._items = (rng.normal(0, SPREAD, (n, self.factors)) for n in ratings.shape)
        self._user_biases, self._item_biases = (np.zeros(n) for n in ratings.shape)
        learnt = self._user_biases, self._item_biases, self._users, self._items
        for _ in range(self.epochs):
            order = rng.permutation(ratings.nnz)
            known = rows, columns, ratings.data, self._mean
            kernels.descend(order, *known, self.learning_rate, self.l2, *learnt)
        if not all(np.isfinite(part).all() for part in learnt):
            raise OptionError(
                f"learning_rate={self.learning_rate:g} is too high for these ratings: numbers ran "
                "away; lower it"
            )

    def _score(self, profiles: sparse.csr_array, own: np.ndarray) -> np.ndarray:
        if (own >= 0).all():
            biases, users = self._user_biases[own], self._users[own]
        else:
            terms = self._terms(profiles)
            biases, users = np.asarray(terms.sum(axis=1)).ravel(), terms @ self._items
        known = self._mean + biases[:, None] + self._item_biases
        return known + products(users, self._items)

    def _score_pairs(self, users: np.ndarray, items: np.ndarray) -> np.ndarray:
        biases = self._mean + self._user_biases[users] + self._item_biases[items]
        return biases + dots(self._users, users, self._items, items)

    def _terms(self, profiles: sparse.csr_array) -> sparse.csr_array:
        """Weights a of the history, of shape (b, items)."""
        from workbench.models import kernels

        indptr, indices = profiles.indptr.astype(np.int64), profiles.indices.astype(np.int64)
        left = profiles.data - self._mean - self._item_biases[indices]
        found = np.zeros(profiles.nnz)
        options = self.learning_rate, self.l2, self.epochs
        kernels.fold_in(indptr, indices, left, *options, self._items, found)
        return sparse.csr_array((found, profiles.indices, profiles.indptr), profiles.shape)

    def _contributions(
        self, profiles: sparse.csr_array, own: np.ndarray, rows: np.ndarray, items: np.ndarray
    ) -> tuple[sparse.csr_array, pd.Index]:
        from workbench.models import kernels

        terms = self._terms(profiles)[rows]
        indptr, indices = terms.indptr.astype(np.int64), terms.indices.astype(np.int64)
        alike = np.empty(terms.nnz)
        kernels.products(items.astype(np.int64), indptr, indices, self._items, alike)
        terms.data *= 1 + alike
        return terms, self.data.item_ids
