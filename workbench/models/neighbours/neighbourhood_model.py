"""What the models of similar users and of similar items share."""

from abc import abstractmethod
from typing import ClassVar, Literal, Self

import numpy as np
import pandas as pd
from scipy import sparse

from workbench.compute import Neighbours
from workbench.compute.neighbours import neighbours_of
from workbench.compute.options import SimilarityOptions
from workbench.compute.search import Search
from workbench.compute.weighting import Weighting
from workbench.datasets import Dataset, extended
from workbench.models.basic.baseline import Baseline
from workbench.models.derived_state import derived
from workbench.models.neighbours.rated_neighbours import RatedNeighbours
from workbench.models.neighbours.similarity_matrix import similarity_matrix
from workbench.models.parameters import model, parameter
from workbench.models.profile_model import FEEDBACK
from workbench.models.profiles import Pairs, Profiles
from workbench.models.recommender import Recommender
from workbench.models.sparse_rows import row_means, with_values
from workbench.validation import one_of

CENTRES = ("none", "mean", "baseline")
OPTIONS = ("metric", "k", "min_overlap", "alpha", "shrink", "weighting")  # of the search


@model
class NeighbourhoodModel(Recommender):
    """Base of both neighbourhood models; rows are what is compared, users or items.

    Implicit feedback is summed over the k most similar rows, found by `fit`. Explicit feedback is
    averaged over the k most similar of the rows that have it, found when a pair asks for them.
    What is expected of a rating is the sum of an offset a profile and a level an item.
    """

    _of: ClassVar[Literal["users", "items"]]

    k: int = 50
    metric: str = "cosine"
    weighting: str = "none"
    shrink: float = 0.0
    alpha: float = 0.5
    min_overlap: int = 1
    feedback: str = parameter("implicit", one_of, FEEDBACK)
    centre: str = parameter("mean", one_of, CENTRES)

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in OPTIONS:
            setattr(self, name, getattr(self._options, name))

    @property
    def by_row(self) -> bool:  # type: ignore[override]
        """Whether neighbours are known beforehand."""
        return self.feedback == "implicit"

    @property
    def similarities(self) -> sparse.csr_array:
        """Similarities to the k nearest of every row; CSR array of shape (rows, rows)."""
        scores, columns = self._scores, len(self._indices)
        return derived(
            self,
            "similarities",
            scores,
            lambda: similarity_matrix(self._indices, scores, columns=columns),
        )

    def _fit(self, ds: Dataset) -> None:
        if self.feedback == "explicit":
            self._learn_expected_ratings(ds)
        else:
            self._learn_neighbours(neighbours_of(self._search(), self.device))

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
        ids = ds.user_ids if self._of == "users" else ds.item_ids
        labels = self._of, self.metric, self.device, ds.hash
        near = Neighbours(ids, ids, self._indices, self._scores, *labels, 0.0, self._search())
        self._learn_neighbours(near.update(new))
        return self

    def _search(self) -> Search:
        return Search(self.data, self._of, None, self._options)

    @property
    def _options(self) -> SimilarityOptions:
        return SimilarityOptions.checked(**{name: getattr(self, name) for name in OPTIONS})

    def _learn_neighbours(self, near: Neighbours) -> None:
        """Learn from neighbours, and the data they were found in."""
        assert near.search is not None
        self._data, self._indices, self._scores = near.search.data, near.indices, near.scores

    def _learn_expected_ratings(self, ds: Dataset) -> None:
        rows = self._compared_rows(ds.matrix)
        self._pool = self._weighting().transform_rows(rows)
        if self.centre == "baseline":
            self._baseline = self._new_baseline().fit(ds)
            self._levels = self._baseline.levels
        elif self.centre == "mean":
            of_users = np.zeros(len(ds.item_ids))
            self._levels = of_users if self._of == "users" else row_means(rows)
        else:  # in a weighted mean the same as no centring, and a prediction where none rated
            self._levels = np.full(len(ds.item_ids), ds.matrix.data.mean())

    def _compared_rows(self, matrix: sparse.csr_array) -> sparse.csr_array:
        """What is compared, from users x items."""
        return matrix if self._of == "users" else matrix.T.tocsr()

    @abstractmethod
    def _implicit_scores(self, profiles: Profiles) -> np.ndarray:
        """Sums over neighbours; shape (b, items)."""

    @abstractmethod
    def _implicit_terms(self, pairs: Pairs) -> sparse.csr_array:
        """Terms of these sums, as `_contributions`."""

    @abstractmethod
    def _rated_neighbours(self, pairs: Pairs) -> RatedNeighbours:
        """Whose ratings predict those of pairs."""

    def _new_baseline(self) -> Baseline:
        return Baseline()

    def _offsets(self, ratings: sparse.csr_array) -> np.ndarray:
        """What profiles add to what is expected; shape (b,)."""
        if self.centre == "baseline":
            return self._baseline.offsets(ratings)
        if self.centre == "mean" and self._of == "users":
            return row_means(ratings)
        return np.zeros(ratings.shape[0])

    def _weighting(self) -> Weighting:
        by_feature = self._compared_rows(self.data.matrix).T.tocsr()
        return Weighting(by_feature, self._options)

    def _residuals(self, ratings: sparse.csr_array) -> sparse.csr_array:
        """Ratings less what is expected of them; one that is as expected stays stored, as 0."""
        offsets = np.repeat(self._offsets(ratings), np.diff(ratings.indptr))
        return with_values(ratings, ratings.data - offsets - self._levels[ratings.indices])

    def _score(self, profiles: Profiles) -> np.ndarray:
        if self.feedback == "implicit":
            return self._implicit_scores(profiles)
        shape = profiles.ratings.shape
        # Pairs of a profile, or of an item, follow each other.
        order: Literal["C", "F"] = "C" if self._of == "users" else "F"
        places = np.unravel_index(np.arange(np.prod(shape)), shape, order)
        scores = self._predict(Pairs(profiles, *places)).reshape(shape, order=order)
        scores[profiles.lengths == 0] = np.nan
        return scores

    def _score_pairs(self, users: np.ndarray, items: np.ndarray) -> np.ndarray:
        if self.feedback == "implicit":
            return super()._score_pairs(users, items)
        known, rows = np.unique(users, return_inverse=True)
        return self._predict(Pairs(self.profiles_of(known), rows, items))

    def _contributions(self, pairs: Pairs) -> sparse.csr_array:
        if self.feedback == "implicit":
            return self._implicit_terms(pairs)
        return self._rated_neighbours(pairs).terms()

    def _predict(self, pairs: Pairs) -> np.ndarray:
        """Ratings of pairs; shape (pairs,)."""
        totals, weights = self._rated_neighbours(pairs).sums()
        means = np.divide(totals, weights, out=totals, where=weights > 0)
        return self._offsets(pairs.profiles.ratings)[pairs.rows] + self._levels[pairs.items] + means
