"""Random walks over the graph of users and items: three steps from a user to items."""

import numpy as np
from scipy import sparse

from workbench.compute import nearest
from workbench.datasets import Dataset
from workbench.errors import DataError
from workbench.models.derived_state import on_device
from workbench.models.neighbours.similarity_matrix import neighbour_sums, similarity_matrix
from workbench.models.parameters import model, parameter
from workbench.models.profiles import Pairs, Profiles
from workbench.models.recommender import Recommender
from workbench.models.sparse_rows import binarized, with_values
from workbench.validation import at_least, number


@model
class P3alpha(Recommender):
    r"""Recommend where a random walk of three steps ends: user, item, other user, other item.

    With :math:`r_{ui}` the rating, :math:`n_j` the number of users of j, and :math:`H_u` the
    history of u,

    .. math::
        w_{ji} = \sum_v P_{jv}^\alpha P_{vi}^\alpha, \qquad
        P_{jv} = \frac{1}{n_j}, \qquad P_{vi} = \frac{r_{vi}}{\sum_{i'} r_{vi'}}, \qquad
        s(u, i) = \sum_{j \in H_u} r_{uj} w_{ji}

    where only the k largest :math:`w_{ji}`, :math:`i \ne j`, of every item j are kept (Cooper et
    al. 2014, in the item-item form of Ferrari Dacrema et al. 2021 and their published code, which
    leaves the user's own step as the rating). The product is searched for its largest, not
    made: see `workbench.compute.nearest`. Weights are rounded to float32.

    Parameters
    ----------
    k : int
        Items that an item leads to.
    alpha : float
        0 or more. Power of the probabilities: above 1 the probable steps gain.
    normalize : bool
        Whether the weights that are kept of an item j sum to 1, as all of them do for alpha 1.
    device : {"auto", "cpu", "gpu"}

    Raises
    ------
    OptionError
        If an option is not allowed.
    DataError
        From `fit`, if a rating is negative: there are no such probabilities. A rating of 0 is no
        step at all.
    """

    beta = 0.0

    k: int = parameter(100, at_least, 1)
    alpha: float = parameter(1.0, number)
    normalize: bool = False

    def _fit(self, ds: Dataset) -> None:
        ratings = ds.matrix.copy()
        if (ratings.data < 0).any():
            raise DataError(
                f"column 'rating' holds {ratings.data.min():g}; {type(self).__name__} makes "
                "probabilities of ratings, which must be 0 or more"
            )
        ratings.eliminate_zeros()
        by_item = ratings.T.tocsr()
        popularity = np.diff(by_item.indptr)
        to_users = _step_probabilities(binarized(by_item), self.alpha)
        from_users = _step_probabilities(ratings, self.alpha).T.tocsr()
        from_users.data /= np.repeat(popularity.astype(float) ** self.beta, popularity)
        best = nearest(
            from_users,
            queries=to_users,
            exclude=np.arange(len(popularity)),
            metric="dot",
            k=self.k,
            device=self.device,
        )
        links = similarity_matrix(*best, columns=len(popularity))
        self.item_weights = _step_probabilities(links, 1.0) if self.normalize else links
        self._by_target = self.item_weights.T.tocsr()

    def _score(self, profiles: Profiles) -> np.ndarray:
        matrix = on_device(self, "links on the device", self.item_weights)
        return neighbour_sums(self.device, profiles.ratings, matrix)

    def _contributions(self, pairs: Pairs) -> sparse.csr_array:
        return self._by_target[pairs.items].multiply(pairs.profiles.ratings[pairs.rows]).tocsr()


@model
class RP3beta(P3alpha):
    r"""`P3alpha` with the weight of popular items taken down.

    .. math::
        w_{ji} = \frac{1}{n_i^\beta} \sum_v P_{jv}^\alpha P_{vi}^\alpha

    with :math:`n_i` the number of users of i, and all else as there (Paudel et al. 2017, as Ferrari
    Dacrema et al. 2021 define it).

    Parameters
    ----------
    k : int
        Items that an item leads to.
    alpha, beta : float
        0 or more. Powers of the probabilities, and of the popularity that divides them.
    normalize : bool
        Whether the weights that are kept of an item j sum to 1.
    device : {"auto", "cpu", "gpu"}

    Raises
    ------
    OptionError
        If an option is not allowed.
    DataError
        From `fit`, if a rating is negative.
    """

    beta: float = parameter(0.6, number)


def _step_probabilities(edges: sparse.csr_array, alpha: float) -> sparse.csr_array:
    """Each row's entries over their sum, to the power of alpha."""
    totals = np.asarray(edges.sum(axis=1)).ravel()
    values = (edges.data / np.repeat(totals, np.diff(edges.indptr))) ** alpha
    return with_values(edges, values)
