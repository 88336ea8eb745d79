"""Items like those you chose."""

import numpy as np
from scipy import sparse

from workbench.evidence import ByItem
from workbench.models.derived_state import derived, on_device
from workbench.models.neighbours.neighbourhood_model import NeighbourhoodModel
from workbench.models.neighbours.rated_neighbours import RatedNeighbours
from workbench.models.neighbours.similarity_matrix import neighbour_sums
from workbench.models.profiles import Pairs, Profiles


class ItemKNN(NeighbourhoodModel):
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

    def _implicit_scores(self, profiles: Profiles) -> np.ndarray:
        # A transpose that is not kept would be made anew by every product.
        similarities = self.similarities
        by_source = derived(self, "by source", similarities, similarities.T.tocsr)
        matrix = on_device(self, "by source on the device", by_source)
        return neighbour_sums(self.device, profiles.ratings, matrix)

    def _implicit_terms(self, pairs: Pairs) -> sparse.csr_array:
        return self.similarities[pairs.items].multiply(pairs.profiles.ratings[pairs.rows]).tocsr()

    def _rated_neighbours(self, pairs: Pairs) -> RatedNeighbours:
        return RatedNeighbours(
            rows=pairs.items,
            columns=pairs.rows,
            queries=self._pool,
            query_rows=np.arange(self._pool.shape[0]),
            lists=self._residuals(pairs.profiles.ratings),
            pool=self._pool,
            options=self._options,
            device=self.device,
        )
