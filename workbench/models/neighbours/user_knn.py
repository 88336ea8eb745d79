"""Users like you."""

from typing import Any

import numpy as np
from scipy import sparse

from workbench.compute import Neighbours
from workbench.compute.engines import engine_on, target_rows
from workbench.compute.weighting import Weighting
from workbench.datasets import Dataset
from workbench.evidence import ByUser
from workbench.models.derived_state import derived, on_device
from workbench.models.neighbours.neighbourhood_model import NeighbourhoodModel
from workbench.models.neighbours.rated_neighbours import RatedNeighbours
from workbench.models.neighbours.similarity_matrix import neighbour_sums, similarity_matrix
from workbench.models.profiles import Pairs, Profiles


class UserKNN(NeighbourhoodModel):
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

    def _learn_neighbours(self, near: Neighbours) -> None:
        super()._learn_neighbours(near)
        self._by_item = self.data.matrix.T.tocsr()

    def _learn_expected_ratings(self, ds: Dataset) -> None:
        super()._learn_expected_ratings(ds)
        self._by_item = self._residuals(ds.matrix).T.tocsr()

    def _implicit_scores(self, profiles: Profiles) -> np.ndarray:
        ratings = on_device(self, "ratings on the device", self.data.matrix)
        return neighbour_sums(self.device, self.similar_users(profiles), ratings)

    def _implicit_terms(self, pairs: Pairs) -> sparse.csr_array:
        similar = self.similar_users(pairs.profiles)
        return similar[pairs.rows].multiply(self._by_item[pairs.items]).tocsr()

    def similar_users(self, profiles: Profiles) -> sparse.csr_array:
        """Similarities to the k nearest users; CSR array of shape (b, users)."""
        if profiles.in_data:
            return self.similarities[profiles.users]
        weighting, users = derived(self, "search targets", self._by_item, self._search_targets)
        queries = weighting.transform_rows(profiles.ratings)
        nearest = engine_on(self.device).nearest_to(
            users, queries, self._options, exclude=profiles.users
        )
        return similarity_matrix(*nearest, columns=len(self.data.user_ids))

    def _search_targets(self) -> tuple[Weighting, Any]:
        """What weights a query, and the users that it is compared with."""
        weighting = self._weighting()
        return weighting, target_rows(weighting.transform_features(self._by_item), self.device)

    def _rated_neighbours(self, pairs: Pairs) -> RatedNeighbours:
        profiles = pairs.profiles
        weighting = derived(self, "weighting", self._by_item, self._weighting)
        return RatedNeighbours(
            rows=pairs.rows,
            columns=pairs.items,
            queries=(
                self._pool[profiles.users]
                if profiles.in_data
                else weighting.transform_rows(profiles.ratings)
            ),
            query_rows=profiles.users,
            lists=self._by_item,
            pool=self._pool,
            options=self._options,
            device=self.device,
        )
