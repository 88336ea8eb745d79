"""Rating prediction from who rates high and what is rated high."""

import numpy as np
from scipy import sparse

from workbench.datasets import Dataset
from workbench.evidence import ByCount
from workbench.models.basic.popular import count_contributions
from workbench.models.parameters import model, parameter
from workbench.models.profiles import Pairs, Profiles
from workbench.models.recommender import Recommender
from workbench.validation import at_least, number


@model
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

    l2_users: float = parameter(15.0, number)
    l2_items: float = parameter(10.0, number)
    epochs: int = parameter(10, at_least, 1)

    def _fit(self, ds: Dataset) -> None:
        by_user, by_item = ds.matrix, ds.matrix.T.tocsr()
        self._mean = float(by_user.data.mean())
        self._counts = np.diff(by_item.indptr).astype(float)
        users = np.zeros(len(ds.user_ids))
        for _ in range(self.epochs):
            self.item_biases = self._biases(by_item, users, self.l2_items)
            users = self._biases(by_user, self.item_biases, self.l2_users)

    def _biases(self, ratings: sparse.csr_array, others: np.ndarray, l2: float) -> np.ndarray:
        """Biases of the rows, from those of the columns; 0 for a row without ratings."""
        lengths = np.diff(ratings.indptr)
        rows = np.repeat(np.arange(len(lengths)), lengths)
        residuals = ratings.data - self._mean - others[ratings.indices]
        return np.bincount(rows, residuals, len(lengths)) / np.maximum(l2 + lengths, 1e-300)

    def offsets(self, ratings: sparse.csr_array) -> np.ndarray:
        """Biases of the users of rows of a ratings matrix; float64 array of shape (rows,)."""
        return self._biases(ratings, self.item_biases, self.l2_users)

    @property
    def levels(self) -> np.ndarray:
        """The mean and the biases of the items; float64 array of shape (items,)."""
        return self._mean + self.item_biases

    def _score(self, profiles: Profiles) -> np.ndarray:
        return self.offsets(profiles.ratings)[:, None] + self.levels

    def _contributions(self, pairs: Pairs) -> sparse.csr_array:
        return count_contributions(self._counts, pairs.items)
