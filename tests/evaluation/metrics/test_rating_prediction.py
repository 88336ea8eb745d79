"""Predicted ratings and clicks: by hand and by scikit-learn."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk

from tests.evaluation.tasks import answered, by_hand, dataset, parts, task_of
from workbench.errors import DataError, OptionError
from workbench.evaluation.metrics import rating_prediction
from workbench.evaluation.predictions import Predictions

CLICKS = (
    rating_prediction.accuracy,
    rating_prediction.f1,
    rating_prediction.log_loss,
    rating_prediction.ece,
)


def predicting(*values: float, **options) -> Predictions:
    """Predictions of a3:5, a4:2, a6:4, b1:4, c5:3."""
    return answered(by_hand(**options), predicted=np.array(values))


def test_errors_by_hand() -> None:
    """Errors of 0, 2, no score, -1 and 0: pairs count alike, whoever's they are."""
    predictions = predicting(5, 4, np.nan, 3, 3)
    assert rating_prediction.rmse(predictions).value() == pytest.approx(np.sqrt(5 / 4))
    assert rating_prediction.mae(predictions).value() == pytest.approx(3 / 4)
    each = rating_prediction.rmse(predictions)
    assert each.finish(each.numerator, each.denominator).tolist() == pytest.approx(
        [np.sqrt(2), 1, 0]
    )


def test_clicks_by_hand() -> None:
    """From 4 on is a click: y = 1, 0, 1, 1, 0. Guessed: 1, 1, 0, 1, 0."""
    predictions = predicting(0.9, 0.6, 0.2, 0.5, 0.1, relevant=4.0)
    assert rating_prediction.accuracy(predictions).value() == pytest.approx(3 / 5)
    assert rating_prediction.f1(predictions).value() == pytest.approx(4 / 6)
    loss = -np.log([0.9, 0.4, 0.2, 0.5, 0.9]).mean()
    assert rating_prediction.log_loss(predictions).value() == pytest.approx(loss)
    assert rating_prediction.ece(predictions).value() == pytest.approx(
        (0.1 + 0.6 + 0.8 + 0.5 + 0.1) / 5
    )


def test_errors_of_opposite_sign_in_a_bin_cancel() -> None:
    """Half of what is said to be even is clicked: calibrated."""
    task = task_of(dataset("a1:1 b2:1 b3:1"), dataset("a2:1 a3:0"))
    predictions = answered(task, predicted=np.array([0.5, 0.5]))
    assert rating_prediction.ece(predictions).value() == 0


def test_a_certainty_that_is_wrong_costs_a_finite_amount() -> None:
    task = task_of(dataset("a1:1 b2:1 b3:1"), dataset("a2:1 a3:0"))
    predictions = answered(task, predicted=np.array([0.0, 0.0]))
    assert rating_prediction.log_loss(predictions).value() == pytest.approx(36.0437 / 2, rel=1e-5)


@settings(max_examples=25)
@given(seed=st.integers(0, 99), missing=st.sampled_from([0.0, 0.3]))
def test_equal_scikit_learn(seed: int, missing: float) -> None:
    rng = np.random.default_rng(seed)
    task = task_of(*parts(seed % 5), relevant=3.5)
    chance = rng.integers(0, 21, task.test_ratings.nnz) / 20
    chance[rng.random(len(chance)) < missing] = np.nan
    predictions = answered(task, predicted=chance)
    known = np.isfinite(chance)
    truth, guess, y = (
        task.test_ratings.data[known],
        chance[known],
        task.test_ratings.data[known] >= 3.5,
    )
    mean_squared = sk.mean_squared_error(truth, guess)
    assert rating_prediction.rmse(predictions).value() == pytest.approx(
        np.sqrt(mean_squared), abs=1e-9
    )
    absolute = sk.mean_absolute_error(truth, guess)
    assert rating_prediction.mae(predictions).value() == pytest.approx(absolute, abs=1e-9)
    assert rating_prediction.accuracy(predictions).value() == pytest.approx(
        sk.accuracy_score(y, guess >= 0.5)
    )
    assert rating_prediction.f1(predictions).value() == pytest.approx(sk.f1_score(y, guess >= 0.5))
    assert rating_prediction.log_loss(predictions).value() == pytest.approx(
        sk.log_loss(y, guess), abs=1e-9
    )
    gap = 0.0
    for low in range(10):
        here = (guess * 10 >= low) & ((guess * 10 < low + 1) | (low == 9))
        if here.any():
            gap += here.mean() * abs(y[here].mean() - guess[here].mean())
    assert rating_prediction.ece(predictions).value() == pytest.approx(gap, abs=1e-9)


@pytest.mark.parametrize("metric", CLICKS)
def test_clicks_need_probabilities_and_both_answers(metric) -> None:
    with pytest.raises(OptionError, match=r"scores that are probabilities.* run from 0\.1 to 4"):
        metric(predicting(0.1, 4, 1, 1, 1, relevant=4.0))
    with pytest.raises(DataError, match="every 'rating' means a click"):
        metric(predicting(1, 1, 1, 1, 1))
