"""From scores to the probability of a click or a like."""

from dataclasses import field
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import expit

from workbench.columns import Columns
from workbench.datasets import Dataset, split
from workbench.device.arrays import to_host
from workbench.errors import DataError, OptionError
from workbench.models.parameters import model, parameter
from workbench.models.profiles import Pairs, Profiles
from workbench.models.recommender import Recommender
from workbench.models.rerank.candidate_selection import CandidateSelection
from workbench.validation import at_least, one_of, open_share

METHODS = ("isotonic", "sigmoid")


@model
class Calibrated(Recommender):
    r"""Another model's lists, with the probability of a like or a click as their scores.

    The model is fitted on a part of the data and scores the pairs that are held out; what share of
    them was liked, by score, is what a score comes to mean, by isotonic regression (Zadrozny and
    Elkan 2002) or by a logistic curve (Platt 1999). Then the model is fitted on all the data.

    Where ratings say who did not like it (`like` is given), the probability is that of a like,
    given that the user meets the item: held-out pairs are the cases. Where every interaction is a
    click (`like` is None), pairs that are not in the data are drawn at random as the others, each
    counting for as many as there are for each that was drawn: that restores the share of clicks
    that the drawing changed (King and Zeng 2001, weighting; Elkan 2001). A probability is then
    that of a pair that is not in the data to be among the next interactions, as many as were held
    out. Counts and sums grow with the data, so scores are compared, before and after the second
    fit, by their distance from their mean over the drawn pairs, in standard deviations.

    A pair without a score has no probability either, and those that have one are calibrated among
    themselves. Lists keep the model's order; isotonic probabilities in them may be equal.

    Parameters
    ----------
    model : Recommender
        It is fitted by `fit`.
    like : float, optional
        The rating from which a pair is liked; by default, every interaction is a click.
    method : {"isotonic", "sigmoid"}
        "sigmoid" needs fewer data, and is right only where the curve is.
    negatives : int
        Pairs drawn for each that was held out, where `like` is None.
    holdout : float
        Share of the interactions to hold out.
    seed : int
        Of the split and of the pairs that are drawn.

    Raises
    ------
    OptionError
        If an option is not allowed.
    DataError
        From `fit`, if all held-out pairs that have a score are liked, or none.

    Examples
    --------
    >>> import workbench as wb
    >>> model = wb.Calibrated(wb.Baseline(), like=4.0).fit(wb.load("shop"))
    >>> bool(model.recommend()["score"].between(0, 1).all())
    True
    """

    model: Recommender = field(kw_only=False)
    like: float | None = None
    method: str = parameter("isotonic", one_of, METHODS)
    negatives: int = parameter(10, at_least, 1)
    holdout: float = parameter(0.2, open_share)
    seed: int = parameter(0, at_least, 0)
    device: Any = field(default="auto", init=False)

    def __post_init__(self) -> None:
        self.device = self.model.device.kind
        super().__post_init__()
        if self.like is not None and not np.isfinite(self.like):
            raise OptionError(f"like={self.like!r} must be a finite rating")

    @property
    def evidence_type(self) -> type:  # type: ignore[override]
        """That of the model."""
        return self.model.evidence_type

    @property
    def item_ids(self) -> pd.Index:
        """Ids of the items that the model knows."""
        return self.model.item_ids

    def _fit(self, ds: Dataset) -> None:
        part, rest = split(ds, holdout=self.holdout, seed=self.seed)
        self.model.fit(part)
        positives = rest.table
        positives = positives[positives[Columns.ITEM].isin(self.model.item_ids)]
        count = len(positives)
        if self.like is None:
            drawn, weight = self._draw_negatives(ds, self.negatives * count)
        else:
            drawn, weight = positives[:0], 0.0
        pairs = pd.concat([table[[Columns.USER, Columns.ITEM]] for table in (positives, drawn)])
        liked = np.zeros(len(pairs), dtype=bool)
        liked[:count] = self.like is None or positives[Columns.RATING] >= self.like
        scores = self.model.score(pairs)
        known = np.isfinite(scores)
        if len(np.unique(liked[known])) < 2:
            raise DataError(
                f"{ds.name}: of {known.sum():,} held-out pairs with a score {liked[known].sum():,} "
                f"are liked (like={self.like!r}); a probability needs some of both"
            )
        weights = np.where(np.arange(len(pairs)) < count, 1.0, weight)
        self._scale = _scale(scores[count:])
        learn = _isotonic if self.method == "isotonic" else _sigmoid
        self._curve = learn(self._standardized(scores)[known], liked[known], weights[known])
        self.model.fit(ds)
        self._scale = _scale(self.model.score(drawn))

    def _draw_negatives(self, ds: Dataset, count: int) -> tuple[pd.DataFrame, float]:
        """Pairs drawn of those that are not in the data, and for how many each stands."""
        users, items = ds.user_ids, self.model.item_ids
        table = ds.table
        columns = items.get_indexer(table[Columns.ITEM])
        known = (users.get_indexer(table[Columns.USER]) * len(items) + columns)[columns >= 0]
        every = len(users) * len(items)
        pairs = np.unique(np.random.default_rng(self.seed).integers(every, size=count))
        pairs = pairs[~np.isin(pairs, known)]
        user, item = np.divmod(pairs, len(items))
        drawn = pd.DataFrame({Columns.USER: users[user], Columns.ITEM: items[item]})
        return drawn, (every - len(known)) / max(1, len(pairs))

    def _standardized(self, scores: np.ndarray) -> np.ndarray:
        # Lists hold float32: a score is the same probability there.
        scores = np.asarray(scores, dtype=np.float32).astype(np.float64)
        return (scores - self._scale[0]) / self._scale[1]

    def _probabilities(self, scores: np.ndarray) -> np.ndarray:
        """Probabilities of scores; NaN of NaN."""
        x, (first, second) = self._standardized(scores), self._curve
        if self.method == "sigmoid":
            return expit(first * x + second)
        return np.where(np.isnan(x), np.nan, np.interp(x, first, second))

    def _score(self, profiles: Profiles) -> np.ndarray:
        return self._probabilities(to_host(self.model.score_profiles(profiles)))

    def _score_pairs(self, users: np.ndarray, items: np.ndarray) -> np.ndarray:
        return self._probabilities(self.model.score_pairs(users, items))

    def recommend_profiles(
        self, profiles: Profiles, selection: CandidateSelection, seen: str, evidence: int
    ) -> pd.DataFrame:
        """The model's lists, with probabilities as their scores."""
        recs = self.model.recommend_profiles(profiles, selection, seen, evidence)
        return recs.assign(**{Columns.SCORE: self._probabilities(recs[Columns.SCORE].to_numpy())})

    def evidence_of(self, pairs: Pairs, n: int) -> list[list[tuple[Any, float]]]:
        """The model's evidence."""
        return self.model.evidence_of(pairs, n)


def _scale(scores: np.ndarray) -> tuple[float, float]:
    """Mean and standard deviation of the scores there are; 0 and 1 where they do not vary."""
    scores = scores[np.isfinite(scores)]
    if not len(scores) or scores.min() == scores.max():
        return 0.0, 1.0
    return float(scores.mean()), float(scores.std())


def _isotonic(
    x: np.ndarray, liked: np.ndarray, weights: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Scores and their probabilities, between which one interpolates."""
    from sklearn.isotonic import IsotonicRegression

    fitted = IsotonicRegression(out_of_bounds="clip").fit(x, liked, sample_weight=weights)
    return fitted.X_thresholds_, fitted.y_thresholds_


def _sigmoid(x: np.ndarray, liked: np.ndarray, weights: np.ndarray) -> tuple[float, float]:
    """Slope and intercept of the log-odds."""
    from sklearn.linear_model import LogisticRegression

    fitted = LogisticRegression(C=1e6).fit(x[:, None], liked, sample_weight=weights)
    return float(fitted.coef_[0, 0]), float(fitted.intercept_[0])
