r"""How well scores predict the ratings or clicks of the test set.

Throughout, the sums run over the N test pairs that the model scores, :math:`\hat r` is the score
and r the rating. For clicks, :math:`y = 1` where the rating is relevant (at least ``relevant``;
by default above 0), and the score is the probability of that.
"""

import numpy as np

from workbench.columns import Columns
from workbench.errors import DataError, OptionError
from workbench.evaluation.metrics.registry import HIGHER, LOWER, metric
from workbench.evaluation.predictions import RATINGS, Predictions
from workbench.evaluation.sparse_entries import row_numbers
from workbench.evaluation.statistics.bootstrap import UserSums, ratio

BINS = 10


@metric(RATINGS, LOWER)
def rmse(predictions: Predictions) -> UserSums:
    r"""Root of the mean squared error: :math:`\sqrt{\frac{1}{N} \sum (\hat r - r)^2}`."""
    errors, rows = _errors(predictions)
    return UserSums(_sums(predictions, rows, errors**2), _sums(predictions, rows), _root)


@metric(RATINGS, LOWER)
def mae(predictions: Predictions) -> UserSums:
    r"""Mean absolute error: :math:`\frac{1}{N} \sum |\hat r - r|`."""
    errors, rows = _errors(predictions)
    return UserSums(_sums(predictions, rows, np.abs(errors)), _sums(predictions, rows))


@metric(RATINGS, HIGHER)
def accuracy(predictions: Predictions) -> UserSums:
    r"""Share of clicks guessed right: :math:`\frac{1}{N} \sum [y = [\hat r \ge 0.5]]`."""
    chance, clicked, rows = _clicks(predictions)
    right = (chance >= 0.5) == clicked
    return UserSums(_sums(predictions, rows, right), _sums(predictions, rows))


@metric(RATINGS, HIGHER)
def f1(predictions: Predictions) -> UserSums:
    r"""Harmonic mean of precision and recall of the clicks guessed, those of 0.5 and more.

    .. math::
        \frac{2 \, TP}{2 \, TP + FP + FN}
    """
    chance, clicked, rows = _clicks(predictions)
    guessed = chance >= 0.5
    both = 2 * _sums(predictions, rows, guessed & clicked)
    return UserSums(both, both + _sums(predictions, rows, guessed != clicked))


@metric(RATINGS, LOWER)
def log_loss(predictions: Predictions) -> UserSums:
    r"""Mean negative log-likelihood: :math:`-\frac{1}{N} \sum \ln (\hat r^y (1-\hat r)^{1-y})`."""
    chance, clicked, rows = _clicks(predictions)
    # A certainty that is wrong costs 36 nats, not infinitely many.
    tiny = np.finfo(np.float64).eps
    likely = np.clip(np.where(clicked, chance, 1 - chance), tiny, 1 - tiny)
    return UserSums(_sums(predictions, rows, -np.log(likely)), _sums(predictions, rows))


@metric(RATINGS, LOWER)
def ece(predictions: Predictions) -> UserSums:
    r"""Expected calibration error over ten equal bins of the score (Naeini et al. 2015).

    .. math::
        \sum_{b=1}^{10} \frac{N_b}{N} |\bar y_b - \bar{\hat r}_b|
    """
    chance, clicked, rows = _clicks(predictions)
    bins = np.minimum((chance * BINS).astype(np.int64), BINS - 1)
    shape = len(predictions.task.users), BINS
    gaps = np.bincount(rows * BINS + bins, weights=clicked - chance, minlength=shape[0] * BINS)
    return UserSums(gaps.reshape(shape), _sums(predictions, rows), _absolute)


def _root(sums: np.ndarray, totals: np.ndarray) -> np.ndarray:
    return np.sqrt(ratio(sums, totals))


def _absolute(sums: np.ndarray, totals: np.ndarray) -> np.ndarray:
    return ratio(np.abs(sums).sum(axis=-1), totals)


def _sums(
    predictions: Predictions, rows: np.ndarray, values: np.ndarray | None = None
) -> np.ndarray:
    """Sum of values of pairs (by default their number) a user; shape (u,)."""
    return np.bincount(rows, weights=values, minlength=len(predictions.task.users)).astype(
        np.float64
    )


def _errors(predictions: Predictions) -> tuple[np.ndarray, np.ndarray]:
    scored = np.isfinite(predictions.predicted)
    test_ratings = predictions.task.test_ratings
    return (predictions.predicted - test_ratings.data)[scored], row_numbers(test_ratings)[scored]


def _clicks(predictions: Predictions) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Probability, whether clicked, and user of the pairs that are scored."""
    scored = np.isfinite(predictions.predicted)
    chance = predictions.predicted[scored]
    if len(chance) and not 0 <= chance.min() <= chance.max() <= 1:
        raise OptionError(
            f"accuracy, f1, log_loss and ece need scores that are probabilities; this model's "
            f"run from {chance.min():.3g} to {chance.max():.3g}"
        )
    task = predictions.task
    ratings = task.test_ratings.data
    clicked = ratings > 0 if task.threshold is None else ratings >= task.threshold
    if clicked.all() or not clicked.any():
        raise DataError(
            f"{task.test.name}: every {Columns.RATING!r} means {'a' if clicked.any() else 'no'} "
            f"click, so that there is nothing to tell apart; keep rows of both kinds, such as "
            f"ratings of 0, or say with relevant=… which rating is one"
        )
    return chance, clicked[scored], row_numbers(task.test_ratings)[scored]
