"""Neighbourhood models: users like you, and items like those you chose."""

from abc import abstractmethod
from typing import Self

import numpy as np
import pandas as pd
from scipy import sparse

from workbench.compute import Neighbours, nearest
from workbench.compute.similarity import Search, checked, searched
from workbench.compute.weighting import WEIGHTINGS
from workbench.datasets import Dataset
from workbench.models.base import FEEDBACK, ByItem, ByUser, Recommender, present, row_means
from workbench.models.biased import Baseline
from workbench.options import one_of


class _KNN(Recommender):
    """What both neighbourhood models share."""

    _of: str

    def __init__(
        self,
        *,
        k: int = 50,
        metric: str = "cosine",
        weighting: str = "none",
        shrink: float = 0.0,
        alpha: float = 0.5,
        min_overlap: int = 1,
        feedback: str = "implicit",
        device: str = "auto",
    ) -> None:
        super().__init__(device=device)
        self._request = request = checked(metric, k, min_overlap, alpha, shrink)
        self.k, self.metric, self.min_overlap = request.k, request.metric, request.min_overlap
        self.alpha, self.shrink = request.alpha, request.shrink
        self.weighting = one_of("weighting", weighting, WEIGHTINGS)
        self.feedback = one_of("feedback", feedback, FEEDBACK)

    def _fit(self, ds: Dataset) -> None:
        search = Search(ds, self._of, None, self._request, self.weighting)
        self._take(searched(search, self.device))

    def partial_fit(self, new: pd.DataFrame) -> Self:
        """Take in new interactions: the same model as one fitted on all, at a part of the cost.

        Only neighbours that they change are searched anew: see `workbench.Neighbours.update`.

        Parameters
        ----------
        new : DataFrame
            ``user_id``, ``item_id``, ``rating``; a pair that is known is rated anew, users and
            items may be new.

        Returns
        -------
        Recommender
            The model itself; its data are those it had and the new.

        Raises
        ------
        DataError
            If a column is missing or holds what it must not.
        """
        self.data  # noqa: B018 - says so if there is none
        self._take(self._near.update(new))
        return self

    def _take(self, near: Neighbours) -> None:
        """Learn from neighbours, and the data they were found in."""
        assert near.search is not None
        self._near, self._data = near, near.search.data
        self._similar = as_matrix(near.indices, near.scores, columns=len(near.pool))
        self._learn(self._data)

    @abstractmethod
    def _learn(self, ds: Dataset) -> None:
        """Learn what the neighbours do not say."""

    @abstractmethod
    def _predict(
        self, profiles: sparse.csr_array, own: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Numerator, sum of similarities, and mean to add back; all broadcast to (b, items)."""

    def _score(self, profiles: sparse.csr_array, own: np.ndarray) -> np.ndarray:
        total, weight, mean = self._predict(profiles, own)
        if self.feedback == "implicit":
            return np.where(weight > 0, total, np.nan)
        return mean + total / np.where(weight > 0, weight, np.nan)

    def _centred(self, matrix: sparse.csr_array, means: np.ndarray) -> sparse.csr_array:
        """Ratings, less their means (one a stored entry) where feedback is explicit."""
        if self.feedback == "implicit":
            return matrix
        # A rating equal to the mean stays stored as 0: it still says that the entry is there.
        return sparse.csr_array((matrix.data - means, matrix.indices, matrix.indptr), matrix.shape)


class ItemKNN(_KNN):
    r"""Recommend items similar to those in the user's history.

    With :math:`N_k(i)` the k most similar items of i and :math:`H_u` the history of u,

    .. math::
        s(u, i) = \sum_{j \in N_k(i) \cap H_u} w_{ij} r_{uj} \qquad
        \hat r_{ui} = \bar r_i + \frac{\sum_j w_{ij} (r_{uj} - \bar r_j)}{\sum_j w_{ij}}

    for implicit (Deshpande and Karypis 2004, section 4) and explicit feedback (Desrosiers and
    Karypis 2011, section 4.2, item-based). Item means are over all raters.

    Parameters
    ----------
    k : int
        Neighbours a row.
    metric, weighting, shrink, alpha, min_overlap
        See `workbench.similar`.
    feedback : {"implicit", "explicit"}
        "implicit" ranks by the sum of similarity x rating, not divided by the sum of
        similarities; "explicit" predicts the rating as a mean-centred weighted mean.
    device : {"auto", "cpu", "gpu"}
    """

    evidence_type = ByItem
    _of = "items"

    def _learn(self, ds: Dataset) -> None:
        self._means = row_means(ds.matrix.T.tocsr())

    def _expected(self, profiles: sparse.csr_array) -> np.ndarray:
        """What rating is expected of every item, similar ones aside; broadcasts to (b, items)."""
        return self._means

    def _history(self, profiles: sparse.csr_array) -> sparse.csr_array:
        expected = np.broadcast_to(self._expected(profiles), profiles.shape)
        rows = np.repeat(np.arange(profiles.shape[0]), np.diff(profiles.indptr))
        return self._centred(profiles, expected[rows, profiles.indices])

    def _predict(
        self, profiles: sparse.csr_array, own: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        total = (self._history(profiles) @ self._similar.T).toarray()
        weight = (present(profiles) @ self._similar.T).toarray()
        return total, weight, self._expected(profiles)

    def _contributions(
        self, profiles: sparse.csr_array, own: np.ndarray, rows: np.ndarray, items: np.ndarray
    ) -> tuple[sparse.csr_array, pd.Index]:
        history = self._history(profiles)
        return self._similar[items].multiply(history[rows]).tocsr(), self.data.item_ids


class KNNBaseline(ItemKNN):
    r"""Predict a rating from those of similar items, each compared with its baseline.

    With :math:`b_{ui} = \mu + b_u + b_i` as in `workbench.Baseline`, and else as in `ItemKNN`,

    .. math::
        \hat r_{ui} = b_{ui} +
            \frac{\sum_{j \in N_k(i) \cap H_u} w_{ij} (r_{uj} - b_{uj})}
            {\sum_{j \in N_k(i) \cap H_u} w_{ij}}

    (Koren 2010, section 2.2, where the k are chosen among the items that u rated). It takes off
    who rates high as well as what is rated high.

    Parameters
    ----------
    k : int
        Neighbours a row.
    metric, weighting, shrink, alpha, min_overlap
        See `workbench.similar`.
    l2_users, l2_items, epochs
        See `workbench.Baseline`.
    device : {"auto", "cpu", "gpu"}
        For the similarities.

    Raises
    ------
    OptionError
        If an option is not allowed.
    """

    def __init__(
        self,
        *,
        k: int = 50,
        metric: str = "cosine",
        weighting: str = "none",
        shrink: float = 0.0,
        alpha: float = 0.5,
        min_overlap: int = 1,
        l2_users: float = 15.0,
        l2_items: float = 10.0,
        epochs: int = 10,
        device: str = "auto",
    ) -> None:
        super().__init__(
            k=k,
            metric=metric,
            weighting=weighting,
            shrink=shrink,
            alpha=alpha,
            min_overlap=min_overlap,
            feedback="explicit",
            device=device,
        )
        self._baseline = Baseline(l2_users=l2_users, l2_items=l2_items, epochs=epochs)
        self.l2_users, self.l2_items = self._baseline.l2_users, self._baseline.l2_items
        self.epochs = self._baseline.epochs

    def _learn(self, ds: Dataset) -> None:
        self._baseline.fit(ds)

    def _expected(self, profiles: sparse.csr_array) -> np.ndarray:
        return self._baseline.predict(profiles)


class UserKNN(_KNN):
    r"""Recommend what similar users chose.

    With :math:`N_k(u)` the k most similar users of u, of whom those count who rated i,

    .. math::
        s(u, i) = \sum_{v \in N_k(u)} w_{uv} r_{vi} \qquad
        \hat r_{ui} = \bar r_u + \frac{\sum_v w_{uv} (r_{vi} - \bar r_v)}{\sum_v w_{uv}}

    for implicit and explicit feedback (Herlocker et al. 1999, section 5.4).

    Parameters
    ----------
    k : int
        Neighbours a row.
    metric, weighting, shrink, alpha, min_overlap
        See `workbench.similar`.
    feedback : {"implicit", "explicit"}
        "implicit" ranks by the sum of similarity x rating, not divided by the sum of
        similarities; "explicit" predicts the rating as a mean-centred weighted mean.
    device : {"auto", "cpu", "gpu"}
    """

    evidence_type = ByUser
    _of = "users"

    def _learn(self, ds: Dataset) -> None:
        matrix = ds.matrix
        means = np.repeat(row_means(matrix), np.diff(matrix.indptr))
        self._ratings = self._centred(matrix, means)
        self._raters = self._ratings.T.tocsr()
        self._rated = present(matrix)

    def _predict(
        self, profiles: sparse.csr_array, own: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        similar = self._similar_users(profiles, own)
        weight = (similar @ self._rated).toarray()
        return (similar @ self._ratings).toarray(), weight, row_means(profiles)[:, None]

    def _similar_users(self, profiles: sparse.csr_array, own: np.ndarray) -> sparse.csr_array:
        if (own >= 0).all():
            return self._similar[own]
        found = nearest(
            self.data.matrix,
            queries=profiles,
            own=own,
            metric=self.metric,
            k=self.k,
            weighting=self.weighting,
            shrink=self.shrink,
            alpha=self.alpha,
            min_overlap=self.min_overlap,
            device=self.device,
        )
        return as_matrix(*found, columns=len(self.data.user_ids))

    def _contributions(
        self, profiles: sparse.csr_array, own: np.ndarray, rows: np.ndarray, items: np.ndarray
    ) -> tuple[sparse.csr_array, pd.Index]:
        similar = self._similar_users(profiles, own)
        return similar[rows].multiply(self._raters[items]).tocsr(), self.data.user_ids


def as_matrix(indices: np.ndarray, scores: np.ndarray, *, columns: int) -> sparse.csr_array:
    """Neighbours as a CSR array of shape (rows, columns), float64, k entries a row at most."""
    rows, ranks = np.nonzero(indices >= 0)
    entries = (scores[rows, ranks].astype(np.float64), (rows, indices[rows, ranks]))
    return sparse.coo_array(entries, shape=(len(indices), columns)).tocsr()
