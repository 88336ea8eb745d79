"""Matrix factorisation by alternating least squares."""

from collections.abc import Callable
from typing import Any, Self

import numpy as np
import pandas as pd
from scipy import sparse

from workbench.datasets import Dataset, extended
from workbench.device.arrays import library_of, to_device, to_host
from workbench.evidence import ByItem
from workbench.models.derived_state import on_device
from workbench.models.factorization import als_kernels, conjugate_gradients
from workbench.models.factorization.factor_products import all_products, pair_products
from workbench.models.factorization.normal_equations import (
    NormalEquations,
    compiled_steps,
    solutions,
)
from workbench.models.parameters import model, parameter
from workbench.models.profile_model import FEEDBACK
from workbench.models.profiles import Pairs, Profiles
from workbench.models.recommender import Recommender
from workbench.models.sparse_rows import row_means, with_values
from workbench.validation import at_least, number, one_of


@model
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

    factors: int = parameter(64, at_least, 1)
    l2: float = parameter(0.1, number, zero=False)
    alpha: float = parameter(1.0, number)
    epochs: int = parameter(15, at_least, 1)
    cg_steps: int | None = parameter(3, at_least, 1, optional=True)
    feedback: str = parameter("implicit", one_of, FEEDBACK)
    seed: int = parameter(0, at_least, 0)

    def _fit(self, ds: Dataset) -> None:
        by_item = ds.matrix.T.tocsr()
        users, items = self.equations(ds.matrix), self.equations(by_item)
        start = np.random.default_rng(self.seed).normal(0, 0.01, (len(ds.item_ids), self.factors))
        if self.feedback == "explicit":
            start[:, 0] = row_means(by_item)
        alternate = self._alternate_exactly if self.cg_steps is None else self._alternate
        self.item_factors = alternate(users, items, start)
        self._gram = self.gram(self.item_factors)
        self.user_factors = solutions(users, self.item_factors, self._gram)

    def _alternate_exactly(
        self, users: NormalEquations, items: NormalEquations, of_items: np.ndarray
    ) -> np.ndarray:
        """Factors of the items after all epochs, all equations solved."""
        for _ in range(self.epochs):
            of_users = solutions(users, of_items, self.gram(of_items))
            of_items = solutions(items, of_users, self.gram(of_users))
        return of_items

    def _alternate(
        self, users: NormalEquations, items: NormalEquations, start: np.ndarray
    ) -> np.ndarray:
        """Factors of the items after all epochs of conjugate gradient steps."""
        of_users = np.zeros((len(users.ridge), self.factors), np.float32)
        of_items = start.astype(np.float32)
        sides: Any = users.narrow(), items.narrow()
        take_steps: Callable[..., None] = compiled_steps
        if self.device.kind == "gpu":
            counts = len(of_items), len(of_users)
            sides = [s.matrices(self.device, n) for s, n in zip(sides, counts, strict=True)]
            of_users, of_items = (to_device(self.device, part) for part in (of_users, of_items))
            take_steps = conjugate_gradients.array_steps
        for _ in range(self.epochs):
            take_steps(sides[0], of_items, self.gram(of_items), self.cg_steps, of_users)
            take_steps(sides[1], of_users, self.gram(of_users), self.cg_steps, of_items)
        return to_host(of_items).astype(np.float64)

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
        items[ds.item_ids.get_indexer(before)] = self.item_factors
        users = solutions(self.equations(ds.matrix), items, self._gram)
        fresh = ~ds.item_ids.isin(before)
        by_item = self.equations(ds.matrix.T.tocsr()[fresh])
        items[fresh] = solutions(by_item, users, self.gram(users))
        self._data, self.item_factors, self._gram = ds, items, self.gram(items)
        self.user_factors = solutions(self.equations(ds.matrix), items, self._gram)
        return self

    def equations(self, ratings: sparse.csr_array) -> NormalEquations:
        """Normal equations of the rows of a ratings matrix, of users or of items."""
        values, lengths = ratings.data, np.diff(ratings.indptr)
        if self.feedback == "implicit":
            weights = self.alpha * np.abs(values)
            targets = (1 + weights) * (values > 0)
            ridge = np.full(len(lengths), self.l2)
        else:
            weights, targets, ridge = np.ones(len(values)), values, self.l2 * lengths
        # One type of index, so that the kernels are compiled once.
        indptr, indices = ratings.indptr.astype(np.int64), ratings.indices.astype(np.int64)
        return NormalEquations(indptr, indices, weights, targets, ridge)

    def gram(self, factors: Any) -> Any:
        """What the pairs without a rating add to every row's matrix: G, of shape (f, f)."""
        if self.feedback == "implicit":
            return factors.T @ factors
        return library_of(factors).zeros((self.factors, self.factors), factors.dtype)

    def _score(self, profiles: Profiles) -> np.ndarray:
        if profiles.in_data:
            factors = self.user_factors[profiles.users]
        else:
            equations = self.equations(profiles.ratings)
            factors = solutions(equations, self.item_factors, self._gram)
            factors[profiles.lengths == 0] = np.nan  # nothing is known
        items = on_device(self, "items", self.item_factors)
        return all_products(to_device(self.device, factors), items)

    def _score_pairs(self, users: np.ndarray, items: np.ndarray) -> np.ndarray:
        return pair_products(self.user_factors, users, self.item_factors, items)

    def _contributions(self, pairs: Pairs) -> sparse.csr_array:
        history = pairs.profiles.ratings[pairs.rows]
        terms = np.empty(history.nnz)
        targets = pairs.rows, pairs.items.astype(np.int64)
        equations = self.equations(history)
        als_kernels.score_shares(*targets, *equations, self.item_factors, self._gram, terms)
        return with_values(history, terms)
