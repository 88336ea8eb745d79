"""Several models as one."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse

from workbench.compute import resolve
from workbench.datasets import Dataset, split
from workbench.device.arrays import to_host
from workbench.errors import DataError, OptionError
from workbench.evidence import ByCount, ByItem, ByUser
from workbench.models.content.content_based import ContentBased
from workbench.models.derived_state import derived
from workbench.models.ensembles import lambdamart
from workbench.models.neighbours.knn import ItemKNN
from workbench.models.recommender import Recommender, aligned, present
from workbench.validation import at_least, number, one_of

WAYS = ("weighted", "switching", "ranker")
LEARNERS = 10_000  # users that a ranker learns from, at most


class Hybrid(Recommender):
    r"""Recommend by several models at once, its members, each making up for what others lack.

    Scores of members are made comparable a profile, by where they lie between the least and the
    greatest that a member gives it:

    .. math::
        \tilde s_m(u, i) = \frac{s_m(u, i) - \min_j s_m(u, j)}{\max_j s_m(u, j) - \min_j s_m(u, j)}

    and combined in one of three ways (the terms are those of Burke 2002):

    - "weighted": :math:`s(u, i) = \sum_m w_m \tilde s_m(u, i)` over the members that have a score
      (CombSUM of Fox and Shaw 1994, with weights).
    - "switching": there are two members. The first has the say on items that have interactions,
      for whoever has at least ``least`` of them; the second for all others and on new items.
    - "ranker", Burke's feature augmentation: each member proposes its ``candidates`` best items
      that are not in the history, and LambdaMART (Burges 2010; LightGBM) puts them in order, by
      the members' :math:`\tilde s_m`, the length of the history, and all numbers known of the
      item (popularity, mean rating, age, price, …; see `workbench.datasets.features`). It learns
      from a share ``holdout`` of every user's interactions, at most 10,000 users', and from what
      was proposed beside them when the members had not seen these. The members are then fitted
      anew, on everything. Items that no member proposes have no score, and new ones hardly reach
      a list, for what it learns from has next to none of them: the other ways are for those.

    Every item of the catalogue can be recommended, as far as any member scores it. Evidence is
    that of the member who adds most to the score, in its own units; with a ranker, the one whose
    score has the largest part in the trees' sum (TreeSHAP; Lundberg et al. 2020).

    Parameters
    ----------
    members : dict of str to Recommender
        They are fitted with the hybrid. By default ``{"cf": ItemKNN(), "content":
        ContentBased()}``.
    how : {"weighted", "switching", "ranker"}
    weights : dict of str to float, optional
        Of every member, for "weighted"; by default all 1.
    least : int
        For "switching".
    candidates : int
        For "ranker": items that a member proposes.
    holdout : float
        For "ranker": between 0 and 1.
    seed : int
        For "ranker": of the hold-out and the trees.
    device : {"auto", "cpu", "gpu"}
        Of the default members; others have devices of their own. `device` then says "gpu" if any
        of them runs there.

    Raises
    ------
    OptionError
        If an option is not allowed.
    MissingExtraError
        If "ranker" is asked for and LightGBM is not installed.
    DataError
        From `fit`, if a ranker has nothing to hold out or to learn from.
    """

    evidence_type: Any = ByItem | ByUser | ByCount

    def __init__(
        self,
        members: Mapping[str, Recommender] | None = None,
        *,
        how: str = "weighted",
        weights: Mapping[str, float] | None = None,
        least: int = 5,
        candidates: int = 100,
        holdout: float = 0.2,
        seed: int = 0,
        device: str = "auto",
    ) -> None:
        super().__init__(device=device)
        self.how = one_of("how", how, WAYS)
        if self.how == "ranker":
            lambdamart.library()
        if members is None:
            members = {"cf": ItemKNN(device=device), "content": ContentBased()}
        self.members = _checked(members, self.how)
        self.weights = _weights(weights, self.members)
        self.least = at_least("least", least, 1)
        self.candidates = at_least("candidates", candidates, 1)
        self.holdout = holdout
        self.seed = at_least("seed", seed, 0)
        devices = {member.device.kind: member.device for member in self.members.values()}
        self.device = devices.get("gpu", resolve("cpu"))

    @property
    def by_row(self) -> bool:  # type: ignore[override]
        """Whether all members' scores are."""
        return all(member.by_row for member in self.members.values())

    @property
    def item_ids(self) -> pd.Index:
        """Ids of all items of the catalogue, ascending."""
        return self.data.catalogue

    def _fit(self, ds: Dataset) -> None:
        if self.how == "ranker":
            inner, held = split(ds, by="user", holdout=self.holdout, seed=self.seed)
            self._fit_members(inner)
            self._trees = self._learnt(inner, held)
        self._fit_members(ds)

    def _fit_members(self, ds: Dataset) -> None:
        for member in self.members.values():
            member.fit(ds)
        # Looked up once, as that takes longer than to score one user.
        self._columns = {
            name: self.item_ids.get_indexer(member.item_ids)
            for name, member in self.members.items()
        }
        self._chosen = self.item_ids.isin(ds.item_ids)
        if self.how == "ranker":
            self._item_features = lambdamart.item_features(ds, self.item_ids)

    def _learnt(self, inner: Dataset, held: Dataset) -> str:
        """Trees that rank what members fitted on `inner` propose, so that `held` comes first."""
        order = np.random.default_rng(self.seed).permutation(len(held.user_ids))
        users = np.sort(order[:LEARNERS])
        batches = [self._examples(inner, held, part) for part in self._batches(users)]
        features, hits, lengths = map(np.concatenate, zip(*batches, strict=True))
        if not hits.any():
            raise DataError(
                f"{held.name}: the members propose none of these, so there is nothing to learn "
                "from; raise candidates, change holdout, or use another how"
            )
        return lambdamart.learn(features, hits, lengths, seed=self.seed)

    def _examples(
        self, inner: Dataset, held: Dataset, users: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        own = inner.user_ids.get_indexer(held.user_ids[users])
        profiles = aligned(inner.matrix[own], inner.item_ids, self.item_ids)
        parts = self._parts(profiles, own)
        rows, items = np.nonzero(lambdamart.proposed(parts, _seen(profiles), self.candidates))
        hits = _seen(aligned(held.matrix[users], held.item_ids, self.item_ids))[rows, items]
        lengths = np.bincount(rows, minlength=len(users))
        return self._features(parts, profiles, rows, items), hits, lengths

    def _features(
        self, parts: np.ndarray, profiles: sparse.csr_array, rows: np.ndarray, items: np.ndarray
    ) -> np.ndarray:
        """What the ranker knows of (profile row, item) pairs, the members' scores first."""
        lengths = np.diff(profiles.indptr)[rows, None]
        columns = [parts[:, rows, items].T, lengths, self._item_features[items]]
        return np.concatenate(columns, axis=1, dtype=np.float32)

    def _predicted(
        self,
        parts: np.ndarray,
        profiles: sparse.csr_array,
        rows: np.ndarray,
        items: np.ndarray,
        **what: bool,
    ) -> np.ndarray:
        features = self._features(parts, profiles, rows, items)
        booster = derived(self, "booster", self._trees, lambda: lambdamart.grown(self._trees))
        return booster.predict(features, num_threads=lambdamart.threads(features), **what)

    def _parts(self, profiles: sparse.csr_array, own: np.ndarray) -> np.ndarray:
        """Scaled scores of every member; NaN where it has none; shape (members, b, items)."""
        parts = np.full((len(self.members), *profiles.shape), np.nan)
        for part, (name, member) in zip(parts, self.members.items(), strict=True):
            known = aligned(profiles, self.item_ids, member.item_ids)
            part[:, self._columns[name]] = _scaled(to_host(member._score(known, own)))
        return parts

    def _added(self, parts: np.ndarray, profiles: sparse.csr_array) -> np.ndarray:
        """What every member adds to the score, where there is no ranker; shape as `parts`."""
        if self.how == "weighted":
            return parts * np.array([self.weights[name] for name in self.members])[:, None, None]
        long = np.diff(profiles.indptr) >= self.least
        first = long[:, None] & self._chosen
        return np.where(np.stack([first, ~first]), parts, np.nan)

    def _score(self, profiles: sparse.csr_array, own: np.ndarray) -> np.ndarray:
        parts = self._parts(profiles, own)
        if self.how != "ranker":
            added = self._added(parts, profiles)
            return np.where(np.isnan(added).all(axis=0), np.nan, np.nansum(added, axis=0))
        seen = _seen(profiles)
        rows, items = np.nonzero(lambdamart.proposed(parts, seen, self.candidates) | seen)
        scores = np.full(profiles.shape, np.nan)
        if len(rows):
            scores[rows, items] = self._predicted(parts, profiles, rows, items)
        return scores

    def _shares(
        self, profiles: sparse.csr_array, own: np.ndarray, rows: np.ndarray, items: np.ndarray
    ) -> np.ndarray:
        """What every member adds to the scores of pairs, -inf where nothing; (members, pairs)."""
        parts = self._parts(profiles, own)
        if self.how != "ranker":
            shares = self._added(parts, profiles)[:, rows, items]
        else:
            terms = self._predicted(parts, profiles, rows, items, pred_contrib=True)
            shares = terms.T[: len(parts)]
        return np.where(np.isnan(parts[:, rows, items]) | np.isnan(shares), -np.inf, shares)

    def _because(
        self,
        profiles: sparse.csr_array,
        own: np.ndarray,
        rows: np.ndarray,
        items: np.ndarray,
        n: int,
    ) -> list[list[tuple[Any, float]]]:
        found: list[list[tuple[Any, float]]] = [[] for _ in items]
        if not n or not len(items):
            return found
        leaders = self._shares(profiles, own, rows, items).argmax(axis=0)
        for number_, member in enumerate(self.members.values()):
            known = aligned(profiles, self.item_ids, member.item_ids)
            columns = member.item_ids.get_indexer(self.item_ids[items])
            led = np.flatnonzero((leaders == number_) & (columns >= 0))
            evidence = member._because(known, own, rows[led], columns[led], n)
            for place, pairs in zip(led, evidence, strict=True):
                found[place] = pairs
        return found


def _scaled(scores: np.ndarray) -> np.ndarray:
    """Scores as 0 for the least to 1 for the greatest of a row; 1 where all are equal."""
    least = np.fmin.reduce(scores, axis=1)[:, None]
    span = np.fmax.reduce(scores, axis=1)[:, None] - least
    equal = np.where(np.isnan(scores), np.nan, 1.0)
    return np.divide(scores - least, span, out=equal, where=span > 0)


def _seen(profiles: sparse.csr_array) -> np.ndarray:
    return present(profiles).toarray() > 0


def _checked(members: Mapping[str, Recommender], how: str) -> dict[str, Recommender]:
    if not members or not all(isinstance(model, Recommender) for model in members.values()):
        raise OptionError(
            f"members={members!r} must be models by name, such as {{'cf': ItemKNN()}}"
        )
    if how == "switching" and len(members) != 2:
        raise OptionError(
            f"how='switching' takes two members, for long histories and for short; "
            f"these are {len(members)}: {', '.join(members)}"
        )
    return dict(members)


def _weights(given: Mapping[str, float] | None, members: Mapping[str, Any]) -> dict[str, float]:
    weights = dict.fromkeys(members, 1.0) if given is None else given
    if set(weights) != set(members):
        raise OptionError(f"weights={given!r} must name every member: {', '.join(members)}")
    return {name: number(f"weights[{name!r}]", weights[name]) for name in members}
