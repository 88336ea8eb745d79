"""Random walks over the graph of users and items: three steps from a user to items."""

import numpy as np
import pandas as pd
from scipy import sparse

from workbench.compute import nearest
from workbench.datasets import Dataset
from workbench.errors import DataError
from workbench.models.derived_state import on_device
from workbench.models.neighbours.knn import as_matrix
from workbench.models.products import linked
from workbench.models.recommender import Recommender, present
from workbench.validation import at_least, number


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

    def __init__(
        self,
        *,
        k: int = 100,
        alpha: float = 1.0,
        normalize: bool = False,
        device: str = "auto",
    ) -> None:
        super().__init__(device=device)
        self.k = at_least("k", k, 1)
        self.alpha = number("alpha", alpha)
        self.normalize = bool(normalize)

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
        to_users = _steps(present(by_item), self.alpha)
        from_users = _steps(ratings, self.alpha).T.tocsr()
        from_users.data /= np.repeat(popularity.astype(float) ** self.beta, popularity)
        found = nearest(
            from_users,
            queries=to_users,
            exclude=np.arange(len(popularity)),
            metric="dot",
            k=self.k,
            device=self.device,
        )
        links = as_matrix(*found, columns=len(popularity))
        self._links = _steps(links, 1.0) if self.normalize else links
        self._by_target = self._links.T.tocsr()

    def _score(self, profiles: sparse.csr_array, own: np.ndarray) -> np.ndarray:
        return linked(self.device, profiles, on_device(self, "links on the device", self._links))

    def _contributions(
        self, profiles: sparse.csr_array, own: np.ndarray, rows: np.ndarray, items: np.ndarray
    ) -> tuple[sparse.csr_array, pd.Index]:
        return self._by_target[items].multiply(profiles[rows]).tocsr(), self.data.item_ids


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

    def __init__(
        self,
        *,
        k: int = 100,
        alpha: float = 1.0,
        beta: float = 0.6,
        normalize: bool = False,
        device: str = "auto",
    ) -> None:
        super().__init__(k=k, alpha=alpha, normalize=normalize, device=device)
        self.beta = number("beta", beta)


def _steps(edges: sparse.csr_array, alpha: float) -> sparse.csr_array:
    """Each row's entries over their sum, to the power of alpha."""
    totals = np.asarray(edges.sum(axis=1)).ravel()
    values = (edges.data / np.repeat(totals, np.diff(edges.indptr))) ** alpha
    return sparse.csr_array((values, edges.indices, edges.indptr), edges.shape)
