"""Whole evaluations beside those of trec_eval, by way of ir-measures, and of scikit-learn."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ir_measures import AP, RR, P, R, Success, nDCG, pytrec_eval
from sklearn import metrics as sk

import workbench as wb
from tests.evaluation.tasks import parts, told_at_random
from workbench.columns import Columns as C
from workbench.datasets import Dataset
from workbench.evaluation import Evaluation

TIGHT = {"rtol": 0, "atol": 1e-6}
LIKED = 3.5
SEEDS = st.integers(0, 10_000)


def evaluated(seed: int, *metrics: str, **options) -> tuple[pd.Series, Evaluation]:
    """Scores of unseen (user, item) pairs, of ten values so that many tie, and what we say."""
    train, test = parts(seed % 7)
    model = told_at_random(train, seed).fit(train)
    found = wb.evaluate(model, train, test, metrics=metrics, relevant=LIKED, **options)
    every = pd.MultiIndex.from_product([train.user_ids, train.item_ids])
    return pd.Series(model.told.ravel(), every).drop(pairs(train)), found


def pairs(ds: Dataset) -> pd.MultiIndex:
    return pd.MultiIndex.from_frame(ds.interactions[[C.USER, C.ITEM]])


def trec_eval(measures: list, scores: pd.Series, test: Dataset, *, graded: bool) -> pd.DataFrame:
    """A row a user with something relevant, a column a measure."""
    liked = test.interactions[test.interactions[C.RATING] >= LIKED]
    gains = (2 * liked[C.RATING]).astype(int) if graded else 1
    qrels = pd.DataFrame({"user": liked[C.USER], "item": liked[C.ITEM], "relevance": gains})
    run = scores.dropna().rename_axis(["user", "item"]).rename("score").reset_index()
    measured = pytrec_eval.iter_calc(measures, _named(qrels), _named(run))
    table = pd.DataFrame(measured).astype({"query_id": int, "measure": str})
    return table.pivot_table(index="query_id", columns="measure", values="value")


def _named(table: pd.DataFrame) -> pd.DataFrame:
    """Of tied items trec_eval takes the greater name first, and we the lower id."""
    names = {"query_id": table["user"].astype(str), "doc_id": (9999 - table["item"]).astype(str)}
    return table.drop(columns=["user", "item"]).assign(**names)


@settings(max_examples=15)
@given(seed=SEEDS, k=st.integers(1, 12), gain=st.sampled_from(["binary", "rating"]))
def test_lists_are_measured_as_by_trec_eval(seed: int, k: int, gain: str) -> None:
    same = {"precision": P, "recall": R, "ndcg": nDCG, "hit_rate": Success}
    names = [f"{name}@{k}" for name in (*same, "map")]
    scores, found = evaluated(seed, *names, gain=gain)
    measures = [measure @ k for measure in (*same.values(), AP)]
    task = found.predictions.task
    theirs = trec_eval(measures, scores, task.test, graded=gain == "rating")
    ours = found.per_user.loc[theirs.index]
    for name, measure in same.items():
        np.testing.assert_allclose(ours[f"{name}@{k}"], theirs[str(measure @ k)], **TIGHT)
    # trec_eval divides by all that is relevant, so that no short list can reach 1.
    relevant = pd.Series(task.relevant_counts, task.users)[theirs.index]
    cut = ours[f"map@{k}"] * np.minimum(relevant, k) / relevant
    np.testing.assert_allclose(cut, theirs[str(AP @ k)], **TIGHT)


@settings(max_examples=15)
@given(seed=SEEDS, k=st.integers(1, 12))
def test_reciprocal_ranks_are_those_of_trec_eval(seed: int, k: int) -> None:
    """It knows no cut, so it is given lists that are."""
    scores, found = evaluated(seed, f"mrr@{k}")
    ranked = scores.reset_index(name="score").sort_values(
        [C.USER, "score"], ascending=[True, False]
    )
    lists = ranked.groupby(C.USER).head(k).set_index([C.USER, C.ITEM])["score"]
    theirs = trec_eval([RR], lists, found.predictions.task.test, graded=False)["RR"]
    np.testing.assert_allclose(found.per_user.loc[theirs.index, f"mrr@{k}"], theirs, **TIGHT)


@settings(max_examples=10)
@given(seed=SEEDS)
def test_auc_is_that_of_scikit_learn_user_by_user(seed: int) -> None:
    scores, found = evaluated(seed, "auc")
    task = found.predictions.task
    liked = task.test.interactions[task.test.interactions[C.RATING] >= LIKED]
    unseen = pd.MultiIndex.from_product([task.users, task.items], names=[C.USER, C.ITEM])
    unseen = unseen.difference(pairs(task.train))
    truth = pd.Series(unseen.isin(pd.MultiIndex.from_frame(liked[[C.USER, C.ITEM]])), unseen)
    low = scores.reindex(unseen).fillna(-1)
    expected = [
        sk.roc_auc_score(mine, low[mine.index])
        for _, mine in truth.groupby(C.USER)
        if 0 < mine.sum() < len(mine)
    ]
    np.testing.assert_allclose(found.per_user["auc"].dropna(), expected, **TIGHT)


@settings(max_examples=10)
@given(seed=SEEDS)
def test_predictions_are_measured_as_by_scikit_learn(seed: int) -> None:
    names = ["rmse", "mae", "accuracy", "f1", "log_loss"]
    _, found = evaluated(seed, *names)
    test = found.predictions.task.test.interactions
    guess = found.predictions.predicted
    known = np.isfinite(guess)
    rating, guess = test[C.RATING].to_numpy()[known], guess[known]
    click, guessed = rating >= LIKED, guess >= 0.5
    expected = [
        sk.root_mean_squared_error(rating, guess),
        sk.mean_absolute_error(rating, guess),
        sk.accuracy_score(click, guessed),
        sk.f1_score(click, guessed),
        sk.log_loss(click, guess),
    ]
    assert found.frame()["value"].tolist() == pytest.approx(expected, abs=1e-6)
