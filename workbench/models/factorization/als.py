"""Matrix factorisation by alternating least squares."""

import itertools
from collections.abc import Callable
from typing import Any, NamedTuple, Self

import numpy as np
import pandas as pd
from scipy import sparse

from workbench.compute import Device, Team
from workbench.datasets import Dataset, extended
from workbench.device.arrays import library_of, to_device, to_host
from workbench.evidence import ByItem
from workbench.models.derived_state import on_device
from workbench.models.factorization import conjugate_gradients
from workbench.models.recommender import FEEDBACK, Recommender, row_means
from workbench.validation import at_least, number, one_of

CHUNKS = 16  # of rows a core, so that all are busy to the end


class Equations(NamedTuple):
    """Normal equations of rows, but for the factors; see `workbench.models.kernels.solve`."""

    indptr: np.ndarray
    indices: np.ndarray
    weights: np.ndarray
    targets: np.ndarray
    ridge: np.ndarray

    def narrow(self) -> "Equations":
        """The same in single precision."""
        single = {name: getattr(self, name).astype(np.float32) for name in self._fields[2:]}
        return self._replace(**single)

    def to_device(self, device: Device, columns: int) -> tuple[Any, Any, Any]:
        """Weights and targets as CSR arrays, and ridge, on a device."""
        shape = len(self.ridge), columns
        weights, targets = (
            sparse.csr_array((values, self.indices, self.indptr), shape=shape)
            for values in (self.weights, self.targets)
        )
        return to_device(device, weights), to_device(device, targets), to_device(device, self.ridge)


class ALS(Recommender):
    r"""Recommend items whose factors fit the user's.

    Users x and items y have vectors of f numbers, and the score is :math:`s(u, i) = x_u^T y_i`.
    Each half of an epoch brings one side's vectors nearer to their best, the other's being held, so
    that the loss never rises: by a few steps of conjugate gradients from where they are, in single
    precision (Takács, Pilászy and Tikk 2011), or all the way. With :math:`H_u` the history of u,
    all its ratings r:

    .. math::
        \text{implicit:} \quad & \sum_{u, i} c_{ui} (p_{ui} - x_u^T y_i)^2 +
            \lambda \Big(\sum_u \|x_u\|^2 + \sum_i \|y_i\|^2\Big), \qquad
            c_{ui} = 1 + \alpha |r_{ui}|, \quad p_{ui} = [r_{ui} > 0] \\
        \text{explicit:} \quad & \sum_{(u, i)} (r_{ui} - x_u^T y_i)^2 +
            \lambda \Big(\sum_u n_u \|x_u\|^2 + \sum_i n_i \|y_i\|^2\Big)

    for implicit feedback over all pairs (Hu, Koren and Volinsky 2008; a negative rating is
    a confident "no"), for explicit over those that were rated, :math:`n_u, n_i` times each (Zhou
    et al. 2008: ALS-WR; as there, items start with their mean rating as first factor).
    Users are solved for last and exactly, so that a history that is typed in has the score of a
    user with that history.

    A score is a sum over the history, and evidence is its terms (Hu, Koren and Volinsky 2008):

    .. math::
        s(u, i) = \sum_{j \in H_u} y_i^T W^u y_j \, t_{uj}, \qquad
        W^u = \Big(G + \sum_{j \in H_u} w_{uj} y_j y_j^T + \lambda_u I\Big)^{-1}

    with :math:`G = Y^T Y, w = \alpha |r|, t = c p, \lambda_u = \lambda` for implicit and
    :math:`G = 0, w = 1, t = r, \lambda_u = n_u \lambda` for explicit feedback.

    Parameters
    ----------
    factors : int
        Numbers a vector.
    l2 : float
        Above 0: lambda. Implicit feedback asks for much more of it than explicit: MovieLens 100K
        for some 20.
    alpha : float
        0 or more: what a rating of 1 adds to the confidence. For implicit feedback only.
    epochs : int
    cg_steps : int or None
        Conjugate gradient steps a vector and half of an epoch; None solves exactly, which takes
        some five times longer and ranks no better.
    feedback : {"implicit", "explicit"}
        "explicit" predicts ratings.
    seed : int
        Of the item vectors to start with; the same seed gives the same model.
    device : {"auto", "cpu", "gpu"}
        On a card conjugate gradient steps are taken there; what is solved exactly is on the CPU.

    Raises
    ------
    OptionError
        If an option is not allowed.
    """

    evidence_type = ByItem

    def __init__(
        self,
        *,
        factors: int = 64,
        l2: float = 0.1,
        alpha: float = 1.0,
        epochs: int = 15,
        cg_steps: int | None = 3,
        feedback: str = "implicit",
        seed: int = 0,
        device: str = "auto",
    ) -> None:
        super().__init__(device=device)
        self.factors = at_least("factors", factors, 1)
        self.l2 = number("l2", l2, zero=False)
        self.alpha = number("alpha", alpha)
        self.epochs = at_least("epochs", epochs, 1)
        self.cg_steps = None if cg_steps is None else at_least("cg_steps", cg_steps, 1)
        self.feedback = one_of("feedback", feedback, FEEDBACK)
        self.seed = at_least("seed", seed, 0)

    def _fit(self, ds: Dataset) -> None:
        by_item = ds.matrix.T.tocsr()
        users, items = self._equations(ds.matrix), self._equations(by_item)
        start = np.random.default_rng(self.seed).normal(0, 0.01, (len(ds.item_ids), self.factors))
        if self.feedback == "explicit":
            start[:, 0] = row_means(by_item)
        self._items = self._alternated(users, items, start)
        self._gram = self._shared(self._items)
        self._users = _solved(users, self._items, self._gram)

    def _alternated(self, users: Equations, items: Equations, start: np.ndarray) -> np.ndarray:
        """Vectors of the items after all epochs."""
        if self.cg_steps is None:
            for _ in range(self.epochs):
                held = _solved(users, start, self._shared(start))
                start = _solved(items, held, self._shared(held))
            return start
        users, items = users.narrow(), items.narrow()
        of_users = np.zeros((len(users.ridge), self.factors), np.float32)
        of_items = start.astype(np.float32)
        if self.device.kind == "gpu":
            return self._alternated_on_card(users, items, of_users, of_items, self.cg_steps)
        for _ in range(self.epochs):
            _approach(users, of_items, self._shared(of_items), self.cg_steps, of_users)
            _approach(items, of_users, self._shared(of_users), self.cg_steps, of_items)
        return of_items.astype(np.float64)

    def _alternated_on_card(
        self,
        users: Equations,
        items: Equations,
        of_users: np.ndarray,
        of_items: np.ndarray,
        steps: int,
    ) -> np.ndarray:
        """Vectors of the items after all epochs, as on the CPU but for their last digits."""
        by_user = users.to_device(self.device, len(of_items))
        by_item = items.to_device(self.device, len(of_users))
        x, y = to_device(self.device, of_users), to_device(self.device, of_items)
        for _ in range(self.epochs):
            conjugate_gradients.approach(*by_user, y, self._shared(y), steps, x)
            conjugate_gradients.approach(*by_item, x, self._shared(x), steps, y)
        return to_host(y).astype(np.float64)

    def partial_fit(self, new: pd.DataFrame) -> Self:
        """Take in new interactions without a refit; only items that are new get vectors.

        An approximation: the vectors of known items are held. Users are solved for exactly, then
        the new items from them, then users once more. A refit lets the known items move too.

        Parameters
        ----------
        new : DataFrame
            ``user_id``, ``item_id``, ``rating``; a pair that is known is rated anew, users and
            items may be new.
        """
        before, ds = self.data.item_ids, extended(self.data, new)
        items = np.zeros((len(ds.item_ids), self.factors))
        items[ds.item_ids.get_indexer(before)] = self._items
        users = _solved(self._equations(ds.matrix), items, self._gram)
        fresh = ~ds.item_ids.isin(before)
        by_item = self._equations(ds.matrix.T.tocsr()[fresh])
        items[fresh] = _solved(by_item, users, self._shared(users))
        self._data, self._items, self._gram = ds, items, self._shared(items)
        self._users = _solved(self._equations(ds.matrix), items, self._gram)
        return self

    def _equations(self, ratings: sparse.csr_array) -> Equations:
        values, lengths = ratings.data, np.diff(ratings.indptr)
        if self.feedback == "implicit":
            weights = self.alpha * np.abs(values)
            targets = (1 + weights) * (values > 0)
            ridge = np.full(len(lengths), self.l2)
        else:
            weights, targets, ridge = np.ones(len(values)), values, self.l2 * lengths
        # One type of index, so that the kernels are compiled once.
        indptr, indices = ratings.indptr.astype(np.int64), ratings.indices.astype(np.int64)
        return Equations(indptr, indices, weights, targets, ridge)

    def _shared(self, factors: np.ndarray) -> np.ndarray:
        """What the pairs without a rating add to every row's matrix: G."""
        if self.feedback == "implicit":
            return factors.T @ factors
        return library_of(factors).zeros((self.factors, self.factors), factors.dtype)

    def _score(self, profiles: sparse.csr_array, own: np.ndarray) -> np.ndarray:
        users = to_device(self.device, self._vectors(profiles, own))
        return products(users, on_device(self, "items", self._items))

    def _score_pairs(self, users: np.ndarray, items: np.ndarray) -> np.ndarray:
        return dots(self._users, users, self._items, items)

    def _vectors(self, profiles: sparse.csr_array, own: np.ndarray) -> np.ndarray:
        """Factors of profiles; NaN where nothing is known."""
        if (own >= 0).all():
            return self._users[own]
        users = _solved(self._equations(profiles), self._items, self._gram)
        users[np.diff(profiles.indptr) == 0] = np.nan
        return users

    def _contributions(
        self, profiles: sparse.csr_array, own: np.ndarray, rows: np.ndarray, items: np.ndarray
    ) -> tuple[sparse.csr_array, pd.Index]:
        from workbench.models import kernels

        history = profiles[rows]
        terms = np.empty(history.nnz)
        equations = self._equations(history)
        kernels.shares(rows, items.astype(np.int64), *equations, self._items, self._gram, terms)
        found = sparse.csr_array((terms, history.indices, history.indptr), history.shape)
        return found, self.data.item_ids


def _solved(equations: Equations, factors: np.ndarray, gram: np.ndarray) -> np.ndarray:
    """Vectors of all rows, from those of the other side; 0 for a row without ratings."""
    from workbench.models import kernels

    found = np.zeros((len(equations.ridge), factors.shape[1]))
    _each(equations, found, lambda part: kernels.solve(*part, *equations, factors, gram, found))
    return found


def _approach(
    equations: Equations, factors: np.ndarray, gram: np.ndarray, steps: int, vectors: np.ndarray
) -> None:
    """Bring the vectors of all rows nearer to those that `_solved` would give."""
    from workbench.models import kernels

    _each(
        equations,
        vectors,
        lambda part: kernels.approach(*part, *equations, factors, gram, steps, vectors),
    )


def _each(equations: Equations, vectors: np.ndarray, function: Callable[[Any], Any]) -> None:
    """Call the function with the first and last row of parts of equal work."""
    work = equations.indptr + vectors.shape[1] * np.arange(len(equations.indptr))
    with Team() as team:
        edges = np.searchsorted(work, np.linspace(0, work[-1], CHUNKS * team.size + 1))
        team.each(function, itertools.pairwise(edges))


def products(left: Any, right: Any) -> Any:
    """Products of every row of one array with every row of another, NumPy's or CuPy's."""
    # BLAS takes some times longer over one row and a wide matrix than over a tall one and it.
    return (right @ left.T).T if len(left) == 1 else left @ right.T


def dots(left: np.ndarray, rows: np.ndarray, right: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Products of the rows of two float64 arrays, pair by pair; float64, of shape (pairs,)."""
    from workbench.models import kernels

    found = np.empty(len(rows))
    kernels.dots(rows.astype(np.int64), others.astype(np.int64), left, right, found)
    return found
