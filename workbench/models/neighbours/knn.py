"""Neighbourhood models: users like you, and items like those you chose."""

from abc import abstractmethod
from typing import Any, Literal, Self

import numpy as np
import pandas as pd
from scipy import sparse

from workbench.compute import Neighbours
from workbench.compute.engines import engine_on, target_rows
from workbench.compute.neighbours import neighbours_of
from workbench.compute.options import SimilarityOptions
from workbench.compute.search import Search
from workbench.compute.weighting import Weighting
from workbench.datasets import Dataset, extended
from workbench.evidence import ByItem, ByUser
from workbench.models.derived_state import derived, on_device
from workbench.models.factorization.biased_mf import Baseline
from workbench.models.neighbours.rated_neighbours import Raters
from workbench.models.products import linked
from workbench.models.recommender import FEEDBACK, Recommender, row_means
from workbench.validation import one_of

CENTRES = ("none", "mean", "baseline")


class _KNN(Recommender):
    """What both neighbourhood models share; rows are what is compared, users or items.

    Implicit feedback is summed over the k most similar rows, found by `fit`. Explicit feedback is
    averaged over the k most similar of the rows that have it, found when a pair asks for them.
    What is expected of a rating is the sum of an offset a profile and a level an item.
    """

    _of: str
    _order: Literal["C", "F"]  # of pairs: those of a profile, or of an item, follow each other

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
        centre: str = "mean",
        device: str = "auto",
    ) -> None:
        super().__init__(device=device)
        self._options = options = SimilarityOptions.checked(
            metric=metric, k=k, min_overlap=min_overlap, alpha=alpha, shrink=shrink,
            weighting=weighting,
        )  # fmt: skip
        self.k, self.metric, self.min_overlap = options.k, options.metric, options.min_overlap
        self.alpha, self.shrink = options.alpha, options.shrink
        self.weighting = options.weighting
        self.feedback = one_of("feedback", feedback, FEEDBACK)
        self.centre = one_of("centre", centre, CENTRES)

    @property
    def by_row(self) -> bool:  # type: ignore[override]
        """Whether neighbours are known beforehand."""
        return self.feedback == "implicit"

    def _fit(self, ds: Dataset) -> None:
        if self.feedback == "explicit":
            self._expect(ds)
        else:
            search = Search(ds, self._of, None, self._options)
            self._take(neighbours_of(search, self.device))

    def partial_fit(self, new: pd.DataFrame) -> Self:
        """Take in new interactions: the same model as one fitted on all, at a part of the cost.

        Only neighbours that they change are searched anew: see `workbench.Neighbours.update`. Of
        explicit feedback none are kept, and means and baselines are made anew.

        Parameters
        ----------
        new : DataFrame
            ``user_id``, ``item_id``, ``rating``; a pair that is known is rated anew, users and
            items may be new.

        Raises
        ------
        DataError
            If a column is missing or holds what it must not.
        """
        ds = self.data
        if self.feedback == "explicit":
            return self.fit(extended(ds, new))
        self._take(self._near.update(new))
        return self

    def _take(self, near: Neighbours) -> None:
        """Learn from neighbours, and the data they were found in."""
        assert near.search is not None
        self._near, self._data = near, near.search.data
        self._similar = as_matrix(near.indices, near.scores, columns=len(near.pool))

    def _expect(self, ds: Dataset) -> None:
        """Learn what is expected of a rating."""
        rows = self._rows(ds.matrix)
        self._pool = self._preparation().transform_rows(rows)
        if self.centre == "baseline":
            self._baseline = self._new_baseline().fit(ds)
            self._levels = self._baseline.levels
        elif self.centre == "mean":
            self._levels = self._mean_levels(rows)
        else:  # in a weighted mean the same as no centring, and a prediction where none rated
            self._levels = np.full(len(ds.item_ids), ds.matrix.data.mean())

    @abstractmethod
    def _rows(self, matrix: sparse.csr_array) -> sparse.csr_array:
        """What is compared, from users x items."""

    @abstractmethod
    def _mean_levels(self, rows: sparse.csr_array) -> np.ndarray:
        """What the item adds to the mean that is expected; shape (items,)."""

    @abstractmethod
    def _sums(self, profiles: sparse.csr_array, own: np.ndarray) -> np.ndarray:
        """Scores of implicit feedback; shape (b, items)."""

    @abstractmethod
    def _raters(
        self, profiles: sparse.csr_array, own: np.ndarray, rows: np.ndarray, items: np.ndarray
    ) -> Raters:
        """Whose ratings predict those of pairs of a profile and an item."""

    def _new_baseline(self) -> Baseline:
        return Baseline()

    def _offsets(self, profiles: sparse.csr_array) -> np.ndarray:
        """What the profile adds to what is expected; shape (b,)."""
        if self.centre == "baseline":
            return self._baseline.offsets(profiles)
        return np.zeros(profiles.shape[0])

    def _preparation(self) -> Weighting:
        by_feature = self._rows(self.data.matrix).T.tocsr()
        return Weighting(by_feature, self._options)

    def _residuals(self, ratings: sparse.csr_array) -> sparse.csr_array:
        """Ratings less what is expected of them; one that is as expected stays stored, as 0."""
        offsets = np.repeat(self._offsets(ratings), np.diff(ratings.indptr))
        left = ratings.data - offsets - self._levels[ratings.indices]
        return sparse.csr_array((left, ratings.indices, ratings.indptr), ratings.shape)

    def _score(self, profiles: sparse.csr_array, own: np.ndarray) -> np.ndarray:
        if self.feedback == "implicit":
            return self._sums(profiles, own)
        pairs = np.unravel_index(np.arange(np.prod(profiles.shape)), profiles.shape, self._order)
        scores = self._predict(profiles, own, *pairs).reshape(profiles.shape, order=self._order)
        scores[np.diff(profiles.indptr) == 0] = np.nan
        return scores

    def _score_pairs(self, users: np.ndarray, items: np.ndarray) -> np.ndarray:
        if self.feedback == "implicit":
            return super()._score_pairs(users, items)
        own, rows = np.unique(users, return_inverse=True)
        return self._predict(self.data.matrix[own], own, rows, items)

    def _predict(
        self, profiles: sparse.csr_array, own: np.ndarray, rows: np.ndarray, items: np.ndarray
    ) -> np.ndarray:
        """Ratings of pairs of a profile and an item; shape (pairs,)."""
        totals, weights = self._raters(profiles, own, rows, items).sums()
        means = np.divide(totals, weights, out=totals, where=weights > 0)
        return self._offsets(profiles)[rows] + self._levels[items] + means


class ItemKNN(_KNN):
    r"""Recommend items similar to those in the user's history.

    With :math:`H_u` the history of u, :math:`N_k(i)` the k most similar of all items, and
    :math:`N_k(i; u)` the k most similar of those in :math:`H_u`,

    .. math::
        s(u, i) = \sum_{j \in N_k(i) \cap H_u} w_{ij} r_{uj} \qquad
        \hat r_{ui} = b_{ui} +
            \frac{\sum_{j \in N_k(i; u)} w_{ij} (r_{uj} - b_{uj})}{\sum_{j \in N_k(i; u)} w_{ij}}

    for implicit (Deshpande and Karypis 2004) and explicit feedback (Koren 2010; Desrosiers and
    Karypis 2011), where b is what is expected of a rating. Where no item of the history is similar,
    the rating predicted is just that.

    No similarities of explicit feedback are kept: those of the items that are asked for to the
    histories are computed, in blocks of 64 MiB; a list asks for all items.

    Parameters
    ----------
    k : int
        Neighbours a row, or a pair.
    metric, weighting, shrink, alpha, min_overlap
        See `workbench.similar`.
    feedback : {"implicit", "explicit"}
        "implicit" ranks by the sum of similarity x rating, not divided by the sum of
        similarities; "explicit" predicts the rating.
    centre : {"none", "mean", "baseline"}
        For explicit feedback, what is expected of a rating: the mean of all, the item's mean, or
        `workbench.Baseline`. They are KNNBasic, KNNWithMeans and KNNBaseline of Surprise.
    device : {"auto", "cpu", "gpu"}

    Raises
    ------
    OptionError
        If an option is not allowed.
    """

    evidence_type = ByItem
    _of = "items"
    _order = "F"

    def _rows(self, matrix: sparse.csr_array) -> sparse.csr_array:
        return matrix.T.tocsr()

    def _mean_levels(self, rows: sparse.csr_array) -> np.ndarray:
        return row_means(rows)

    def _sums(self, profiles: sparse.csr_array, own: np.ndarray) -> np.ndarray:
        # A transpose that is not kept would be made anew by every product.
        links = derived(self, "links", self._similar, self._similar.T.tocsr)
        return linked(self.device, profiles, on_device(self, "links on the device", links))

    def _raters(
        self, profiles: sparse.csr_array, own: np.ndarray, rows: np.ndarray, items: np.ndarray
    ) -> Raters:
        return Raters(
            rows=items,
            columns=rows,
            queries=self._pool,
            own=np.arange(profiles.shape[1]),
            lists=self._residuals(profiles),
            pool=self._pool,
            options=self._options,
            device=self.device,
        )

    def _contributions(
        self, profiles: sparse.csr_array, own: np.ndarray, rows: np.ndarray, items: np.ndarray
    ) -> tuple[sparse.csr_array, pd.Index]:
        if self.feedback == "explicit":
            return self._raters(profiles, own, rows, items).terms(), self.data.item_ids
        return self._similar[items].multiply(profiles[rows]).tocsr(), self.data.item_ids


class KNNBaseline(ItemKNN):
    """Predict a rating from those of similar items, each compared with its baseline.

    That is `ItemKNN` of explicit feedback with the centre "baseline" (Koren 2010): it takes off
    who rates high as well as what is rated high. `UserKNN` with that centre is its user-based form.

    Parameters
    ----------
    k : int
        Neighbours a pair.
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
            centre="baseline",
            device=device,
        )
        baseline = Baseline(l2_users=l2_users, l2_items=l2_items, epochs=epochs)
        self.l2_users, self.l2_items = baseline.l2_users, baseline.l2_items
        self.epochs = baseline.epochs

    def _new_baseline(self) -> Baseline:
        return Baseline(l2_users=self.l2_users, l2_items=self.l2_items, epochs=self.epochs)


class UserKNN(_KNN):
    r"""Recommend what similar users chose.

    With :math:`N_k(u)` the k most similar of all users, and :math:`N_k(u; i)` the k most similar of
    those who rated i,

    .. math::
        s(u, i) = \sum_{v \in N_k(u)} w_{uv} r_{vi} \qquad
        \hat r_{ui} = b_{ui} +
            \frac{\sum_{v \in N_k(u; i)} w_{uv} (r_{vi} - b_{vi})}{\sum_{v \in N_k(u; i)} w_{uv}}

    for implicit and explicit feedback (Herlocker et al. 1999), where b is what is expected of a
    rating. Where nobody similar rated the item, the rating predicted is just that.

    No similarities of explicit feedback are kept: those of the users who are asked for are
    computed, in blocks of 64 MiB.

    Parameters
    ----------
    k : int
        Neighbours a row, or a pair.
    metric, weighting, shrink, alpha, min_overlap
        See `workbench.similar`.
    feedback : {"implicit", "explicit"}
        "implicit" ranks by the sum of similarity x rating, not divided by the sum of
        similarities; "explicit" predicts the rating.
    centre : {"none", "mean", "baseline"}
        For explicit feedback, what is expected of a rating: the mean of all, the user's mean, or
        `workbench.Baseline`. They are KNNBasic, KNNWithMeans and KNNBaseline of Surprise.
    device : {"auto", "cpu", "gpu"}

    Raises
    ------
    OptionError
        If an option is not allowed.
    """

    evidence_type = ByUser
    _of = "users"
    _order = "C"

    def _take(self, near: Neighbours) -> None:
        super()._take(near)
        self._by_item = self.data.matrix.T.tocsr()

    def _expect(self, ds: Dataset) -> None:
        super()._expect(ds)
        self._by_item = self._residuals(ds.matrix).T.tocsr()

    def _rows(self, matrix: sparse.csr_array) -> sparse.csr_array:
        return matrix

    def _mean_levels(self, rows: sparse.csr_array) -> np.ndarray:
        return np.zeros(rows.shape[1])

    def _offsets(self, profiles: sparse.csr_array) -> np.ndarray:
        return row_means(profiles) if self.centre == "mean" else super()._offsets(profiles)

    def _sums(self, profiles: sparse.csr_array, own: np.ndarray) -> np.ndarray:
        ratings = on_device(self, "ratings on the device", self.data.matrix)
        return linked(self.device, self._similar_users(profiles, own), ratings)

    def _similar_users(self, profiles: sparse.csr_array, own: np.ndarray) -> sparse.csr_array:
        if (own >= 0).all():
            return self._similar[own]
        prepare, users = derived(self, "targets", self._by_item, self._targets)
        queries = prepare.transform_rows(profiles)
        found = engine_on(self.device).nearest_to(users, queries, self._options, exclude=own)
        return as_matrix(*found, columns=len(self.data.user_ids))

    def _targets(self) -> tuple[Weighting, Any]:
        """What prepares a query, and the users that it is compared with."""
        prepare = self._preparation()
        return prepare, target_rows(prepare.transform_features(self._by_item), self.device)

    def _raters(
        self, profiles: sparse.csr_array, own: np.ndarray, rows: np.ndarray, items: np.ndarray
    ) -> Raters:
        prepare = derived(self, "preparation", self._by_item, self._preparation)
        known = (own >= 0).all()
        return Raters(
            rows=rows,
            columns=items,
            queries=self._pool[own] if known else prepare.transform_rows(profiles),
            own=own,
            lists=self._by_item,
            pool=self._pool,
            options=self._options,
            device=self.device,
        )

    def _contributions(
        self, profiles: sparse.csr_array, own: np.ndarray, rows: np.ndarray, items: np.ndarray
    ) -> tuple[sparse.csr_array, pd.Index]:
        if self.feedback == "explicit":
            return self._raters(profiles, own, rows, items).terms(), self.data.user_ids
        similar = self._similar_users(profiles, own)
        return similar[rows].multiply(self._by_item[items]).tocsr(), self.data.user_ids


def as_matrix(indices: np.ndarray, scores: np.ndarray, *, columns: int) -> sparse.csr_array:
    """Neighbours as a CSR array of shape (rows, columns), float64, k entries a row at most."""
    order = np.argsort(indices, axis=1)
    indices, scores = (np.take_along_axis(part, order, axis=1) for part in (indices, scores))
    known = indices >= 0
    starts = np.concatenate([[0], np.cumsum(known.sum(axis=1))])
    entries = scores[known].astype(np.float64), indices[known], starts
    return sparse.csr_array(entries, shape=(len(indices), columns))
