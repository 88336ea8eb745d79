"""Several models as one."""

from collections.abc import Mapping
from dataclasses import field
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from workbench.compute import resolve
from workbench.datasets import Dataset, split
from workbench.device.arrays import to_host
from workbench.errors import DataError, OptionError
from workbench.evidence import ByCount, ByItem, ByUser
from workbench.models.content.content_based import ContentBased
from workbench.models.derived_state import derived
from workbench.models.ensembles import lambdamart
from workbench.models.neighbours.item_knn import ItemKNN
from workbench.models.parameters import model, parameter
from workbench.models.profiles import Pairs, Profiles
from workbench.models.recommender import Recommender
from workbench.models.sparse_rows import binarized
from workbench.validation import at_least, number, one_of, open_share

WAYS = ("weighted", "switching", "ranker")
LEARNERS = 10_000  # users that a ranker learns from, at most


@model
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

    evidence_type: ClassVar[Any] = ByItem | ByUser | ByCount

    members: Any = field(default=None, kw_only=False)
    how: str = parameter("weighted", one_of, WAYS)
    weights: Any = None
    least: int = parameter(5, at_least, 1)
    candidates: int = parameter(100, at_least, 1)
    holdout: float = parameter(0.2, open_share)
    seed: int = parameter(0, at_least, 0)

    def __post_init__(self) -> None:
        chosen = self.device
        super().__post_init__()
        if self.how == "ranker":
            lambdamart.library()
        if self.members is None:
            self.members = {"cf": ItemKNN(device=chosen), "content": ContentBased()}
        self.members = _checked(self.members, self.how)
        self.weights = _weights(self.weights, self.members)
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
            known, heldout = split(ds, by="user", holdout=self.holdout, seed=self.seed)
            self._fit_members(known)
            self._trees = self._learn_trees(known, heldout)
        self._fit_members(ds)

    def _fit_members(self, ds: Dataset) -> None:
        for member in self.members.values():
            member.fit(ds)
        # Looked up once, as that takes longer than to score one user.
        self._columns = {
            name: self.item_ids.get_indexer(member.item_ids)
            for name, member in self.members.items()
        }
        self._interacted = self.item_ids.isin(ds.item_ids)
        if self.how == "ranker":
            self._item_features = lambdamart.item_features(ds, self.item_ids)

    def _learn_trees(self, known: Dataset, heldout: Dataset) -> str:
        """Trees that rank what members fitted on `known` propose, so that `heldout` comes first."""
        order = np.random.default_rng(self.seed).permutation(len(heldout.user_ids))
        users = np.sort(order[:LEARNERS])
        batches = [self._examples(known, heldout, part) for part in self._batches(users)]
        features, hits, lengths = map(np.concatenate, zip(*batches, strict=True))
        if not hits.any():
            raise DataError(
                f"{heldout.name}: the members propose none of these, so there is nothing to learn "
                "from; raise candidates, change holdout, or use another how"
            )
        return lambdamart.learn(features, hits, lengths, seed=self.seed)

    def _examples(
        self, known: Dataset, heldout: Dataset, users: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        profiles, later = (
            Profiles(ds.matrix[rows], rows).aligned(ds.item_ids, self.item_ids)
            for ds, rows in (
                (known, known.user_ids.get_indexer(heldout.user_ids[users])),
                (heldout, users),
            )
        )
        parts = self._member_scores(profiles)
        rows, items = np.nonzero(lambdamart.proposed(parts, _seen(profiles), self.candidates))
        lengths = np.bincount(rows, minlength=len(users))
        pairs = Pairs(profiles, rows, items)
        return self._features(parts, pairs), _seen(later)[rows, items], lengths

    def _features(self, parts: np.ndarray, pairs: Pairs) -> np.ndarray:
        """What the ranker knows of pairs, the members' scores first."""
        lengths = pairs.profiles.lengths[pairs.rows, None]
        scores = parts[:, pairs.rows, pairs.items].T
        columns = [scores, lengths, self._item_features[pairs.items]]
        return np.concatenate(columns, axis=1, dtype=np.float32)

    def _ranker_output(self, parts: np.ndarray, pairs: Pairs, **output: bool) -> np.ndarray:
        features = self._features(parts, pairs)
        booster = derived(self, "booster", self._trees, lambda: lambdamart.booster(self._trees))
        return booster.predict(features, num_threads=lambdamart.threads(features), **output)

    def _member_scores(self, profiles: Profiles) -> np.ndarray:
        """Scaled scores of every member; NaN where it has none; shape (members, b, items)."""
        parts = np.full((len(self.members), *profiles.ratings.shape), np.nan)
        for part, (name, member) in zip(parts, self.members.items(), strict=True):
            scores = member.score_profiles(profiles.aligned(self.item_ids, member.item_ids))
            part[:, self._columns[name]] = min_max_scaled(to_host(scores))
        return parts

    def _summands(self, parts: np.ndarray, profiles: Profiles) -> np.ndarray:
        """What every member adds to the score, where there is no ranker; shape as `parts`."""
        if self.how == "weighted":
            return parts * np.array([self.weights[name] for name in self.members])[:, None, None]
        long = profiles.lengths >= self.least
        first = long[:, None] & self._interacted
        return np.where(np.stack([first, ~first]), parts, np.nan)

    def _score(self, profiles: Profiles) -> np.ndarray:
        parts = self._member_scores(profiles)
        if self.how != "ranker":
            summands = self._summands(parts, profiles)
            return np.where(np.isnan(summands).all(axis=0), np.nan, np.nansum(summands, axis=0))
        seen = _seen(profiles)
        rows, items = np.nonzero(lambdamart.proposed(parts, seen, self.candidates) | seen)
        scores = np.full(seen.shape, np.nan)
        if len(rows):
            scores[rows, items] = self._ranker_output(parts, Pairs(profiles, rows, items))
        return scores

    def _member_shares(self, pairs: Pairs) -> np.ndarray:
        """What every member adds to the scores of pairs, -inf where nothing; (members, pairs)."""
        parts, places = self._member_scores(pairs.profiles), (pairs.rows, pairs.items)
        if self.how != "ranker":
            shares = self._summands(parts, pairs.profiles)[:, *places]
        else:
            shares = self._ranker_output(parts, pairs, pred_contrib=True).T[: len(parts)]
        return np.where(np.isnan(parts[:, *places]) | np.isnan(shares), -np.inf, shares)

    def evidence_of(self, pairs: Pairs, n: int) -> list[list[tuple[Any, float]]]:
        """Evidence of the member that adds most to each pair's score."""
        evidence: list[list[tuple[Any, float]]] = [[] for _ in pairs.items]
        if not n or not len(pairs):
            return evidence
        leaders = self._member_shares(pairs).argmax(axis=0)
        for number_, member in enumerate(self.members.values()):
            profiles = pairs.profiles.aligned(self.item_ids, member.item_ids)
            columns = member.item_ids.get_indexer(self.item_ids[pairs.items])
            led = np.flatnonzero((leaders == number_) & (columns >= 0))
            of_member = member.evidence_of(Pairs(profiles, pairs.rows[led], columns[led]), n)
            for place, because in zip(led, of_member, strict=True):
                evidence[place] = because
        return evidence


def min_max_scaled(scores: np.ndarray) -> np.ndarray:
    """Scores as 0 for the least to 1 for the greatest of a row; 1 where all are equal."""
    least = np.fmin.reduce(scores, axis=1)[:, None]
    span = np.fmax.reduce(scores, axis=1)[:, None] - least
    equal = np.where(np.isnan(scores), np.nan, 1.0)
    return np.divide(scores - least, span, out=equal, where=span > 0)


def _seen(profiles: Profiles) -> np.ndarray:
    return binarized(profiles.ratings).toarray() > 0


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


def _weights(chosen: Mapping[str, float] | None, members: Mapping[str, Any]) -> dict[str, float]:
    weights = dict.fromkeys(members, 1.0) if chosen is None else chosen
    if set(weights) != set(members):
        raise OptionError(f"weights={chosen!r} must name every member: {', '.join(members)}")
    return {name: number(f"weights[{name!r}]", weights[name]) for name in members}
