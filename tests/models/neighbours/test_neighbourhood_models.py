"""Neighbourhood models: the contract, lists computed by hand, and known answers."""

import numpy as np
import pandas as pd
import pytest
import surprise
from hypothesis import given
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

from tests.models.contract import (
    Contract,
    assert_list,
    assert_takes_in_what_a_fit_on_all_learns,
    assert_typed_in_gives_the_same,
    checkerboard,
    dataset,
    dense_table,
    every_pair,
    pairs,
    sample,
)
from workbench.compute import similar
from workbench.compute.metrics import METRICS
from workbench.datasets import Dataset, synthetic
from workbench.errors import OptionError
from workbench.models import Baseline, ItemKNN, KNNBaseline, Recommender, UserKNN
from workbench.models.neighbours import rated_neighbours
from workbench.models.neighbours.neighbourhood_model import CENTRES
from workbench.models.profiles import Profiles

MODELS = (ItemKNN, UserKNN)

# Items as vectors over (a, b, c): 1 = (4, 2, .), 2 = (2, 4, 2), 3 = (., 4, .), 4 = (., ., 3).
DS = dataset(
    ("a", 1, 4), ("a", 2, 2), ("b", 1, 2), ("b", 2, 4), ("b", 3, 4), ("c", 2, 2), ("c", 4, 3)
)


def cosine(x: list[float], y: list[float]) -> float:
    """As engines give it: rounded to float32."""
    return float(np.float32(np.dot(x, y) / np.sqrt(np.dot(x, x) * np.dot(y, y))))


W12 = cosine([4, 2, 0], [2, 4, 2])
W13 = cosine([4, 2, 0], [0, 4, 0])
W23 = cosine([2, 4, 2], [0, 4, 0])
W24 = cosine([2, 4, 2], [0, 0, 3])
AB = cosine([4, 2, 0, 0], [2, 4, 4, 0])
AC = cosine([4, 2, 0, 0], [0, 2, 0, 3])
BC = cosine([2, 4, 4, 0], [0, 2, 0, 3])


class TestItemKNNImplicit(Contract):
    def make(self) -> Recommender:
        return ItemKNN(k=6)


class TestItemKNNExplicit(Contract):
    def make(self) -> Recommender:
        return ItemKNN(k=6, feedback="explicit")


class TestKNNBaseline(Contract):
    def make(self) -> Recommender:
        return KNNBaseline(k=6)


class TestUserKNNImplicit(Contract):
    def make(self) -> Recommender:
        return UserKNN(k=6)


class TestUserKNNExplicit(Contract):
    def make(self) -> Recommender:
        return UserKNN(k=6, feedback="explicit")


def test_item_based_implicit_by_hand() -> None:
    assert_list(
        ItemKNN().fit(DS).recommend(),
        ("a", 3, 4 * W13 + 2 * W23, 1, [(1, 4 * W13), (2, 2 * W23)]),
        ("a", 4, 2 * W24, 2, [(2, 2 * W24)]),
        ("b", 4, 4 * W24, 1, [(2, 4 * W24)]),
        ("c", 3, 2 * W23, 1, [(2, 2 * W23)]),
        ("c", 1, 2 * W12, 2, [(2, 2 * W12)]),
    )


def test_item_based_explicit_by_hand() -> None:
    """Item means over all raters: 3, 8/3, 4, 3."""
    predicted = 4 + ((4 - 3) * W13 + (2 - 8 / 3) * W23) / (W13 + W23)
    assert_list(
        ItemKNN(feedback="explicit").fit(DS).recommend(),
        ("a", 3, predicted, 1, [(1, W13), (2, (2 - 8 / 3) * W23)]),
        ("a", 4, 3 + (2 - 8 / 3), 2, [(2, (2 - 8 / 3) * W24)]),
        ("b", 4, 3 + (4 - 8 / 3), 1, [(2, (4 - 8 / 3) * W24)]),
        ("c", 3, 4 + (2 - 8 / 3), 1, [(2, (2 - 8 / 3) * W23)]),
        ("c", 1, 3 + (2 - 8 / 3), 2, [(2, (2 - 8 / 3) * W12)]),
    )


def test_item_based_with_baselines_by_hand() -> None:
    """The baselines themselves are computed by hand in `test_biased`."""
    baseline = Baseline(l2_users=1, l2_items=2, epochs=1).fit(DS)
    b = baseline.score(every_pair(DS)).reshape(3, 4)
    left_1, left_2 = 4 - b[0, 0], 2 - b[0, 1]
    predicted = b[0, 2] + (left_1 * W13 + left_2 * W23) / (W13 + W23)
    assert_list(
        KNNBaseline(l2_users=1, l2_items=2, epochs=1).fit(DS).recommend(["a"]),
        ("a", 3, predicted, 1, [(1, left_1 * W13), (2, left_2 * W23)]),
        ("a", 4, b[0, 3] + left_2, 2, [(2, left_2 * W24)]),
    )


def test_user_based_implicit_by_hand() -> None:
    assert_list(
        UserKNN().fit(DS).recommend(),
        ("a", 3, 4 * AB, 1, [("b", 4 * AB)]),
        ("a", 4, 3 * AC, 2, [("c", 3 * AC)]),
        ("b", 4, 3 * BC, 1, [("c", 3 * BC)]),
        ("c", 1, 2 * BC + 4 * AC, 1, [("a", 4 * AC), ("b", 2 * BC)]),
        ("c", 3, 4 * BC, 2, [("b", 4 * BC)]),
    )


def test_user_based_explicit_by_hand() -> None:
    """User means: a 3, b 10/3, c 2.5."""
    predicted = 2.5 + ((4 - 3) * AC + (2 - 10 / 3) * BC) / (AC + BC)
    assert_list(
        UserKNN(feedback="explicit").fit(DS).recommend(),
        ("a", 3, 3 + (4 - 10 / 3), 1, [("b", (4 - 10 / 3) * AB)]),
        ("a", 4, 3 + 0.5, 2, [("c", 0.5 * AC)]),
        ("b", 4, 10 / 3 + 0.5, 1, [("c", 0.5 * BC)]),
        ("c", 3, 2.5 + (4 - 10 / 3), 1, [("b", (4 - 10 / 3) * BC)]),
        ("c", 1, predicted, 2, [("a", AC), ("b", (2 - 10 / 3) * BC)]),
    )


def test_k_counts_the_neighbours_of_the_item_that_is_recommended() -> None:
    """With k=1 item 3 has only item 2 as neighbour, so item 1 says nothing of it."""
    assert_list(ItemKNN(k=1).fit(DS).recommend(["a"], n=1), ("a", 3, 2 * W23, 1, [(2, 2 * W23)]))
    assert_list(UserKNN(k=1).fit(DS).recommend(["a"]), ("a", 3, 4 * AB, 1, [("b", 4 * AB)]))


def test_min_overlap_leaves_out_neighbours_by_chance() -> None:
    """Only items 1 and 2, and users a and b, have two ratings in common."""
    assert ItemKNN(min_overlap=2).fit(DS).recommend(["a", "b"]).empty
    assert_list(
        UserKNN(min_overlap=2).fit(DS).recommend(["a"]), ("a", 3, 4 * AB, 1, [("b", 4 * AB)])
    )


@pytest.mark.parametrize(("model", "of"), [(ItemKNN, "items"), (UserKNN, "users")])
@pytest.mark.parametrize(
    "options",
    [
        *({"metric": metric} for metric in METRICS),
        {"weighting": "tfidf"},
        {"weighting": "bm25", "metric": "centred_cosine"},
        {"metric": "asymmetric_cosine", "alpha": 0.9, "shrink": 3.0},
        {"metric": "jaccard", "shrink": 1.0, "min_overlap": 2},
    ],
)
def test_hyperparameters_are_those_of_similar(model: type, of: str, options: dict) -> None:
    ds = sample()
    near = similar(ds, of=of, k=4, **options)
    fitted = model(k=4, **options).fit(ds).similarities.toarray()
    rows, ranks = np.nonzero(near.indices >= 0)
    expected = np.zeros(fitted.shape)
    expected[rows, near.indices[rows, ranks]] = near.scores[rows, ranks]
    assert np.array_equal(fitted, expected)


@pytest.mark.parametrize("weighting", ["none", "tfidf", "bm25"])
@pytest.mark.parametrize("metric", ["cosine", "centred_cosine", "adjusted_cosine"])
def test_who_comes_from_outside_is_weighted_and_centred_as_those_inside(
    metric: str, weighting: str
) -> None:
    """Typed in, a user's history has that user's neighbours, and first the user as a double."""
    ds = sample()
    model = UserKNN(k=len(ds.user_ids), metric=metric, weighting=weighting).fit(ds)
    for row in range(5):
        history = ds.matrix[[row]]
        similar_users = model.similar_users(Profiles(history, np.array([-1]))).toarray()[0]
        assert similar_users[row] == pytest.approx(1)
        similar_users[row] = 0
        expected = model.similarities[[row]].toarray()[0]
        np.testing.assert_allclose(similar_users, expected, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("model", MODELS)
def test_the_checkerboard_is_completed(model: type) -> None:
    """Each user's one missing field is the diagonal one; nothing links to the other colour."""
    size = 8
    recs = model().fit(checkerboard(size)).recommend()
    assert recs["user_id"].tolist() == recs["item_id"].tolist() == list(range(size))
    predicted = model(feedback="explicit").fit(checkerboard(size)).recommend(evidence=1)
    assert predicted["score"].tolist() == [1.0] * len(predicted)


# User 1's mean is 1.5, item 3's 4.5, and nothing links the two.
ISLANDS = dataset(
    (1, 1, 1), (1, 2, 2), (2, 1, 2), (2, 2, 3), (3, 3, 4), (3, 4, 4), (4, 3, 5), (4, 4, 1)
)  # fmt: skip


@pytest.mark.parametrize(
    ("model", "centre", "expected"),
    [
        (UserKNN, "none", 22 / 8),
        (ItemKNN, "none", 22 / 8),
        (UserKNN, "mean", 1.5),
        (ItemKNN, "mean", 4.5),
        (UserKNN, "baseline", None),
        (ItemKNN, "baseline", None),
    ],
)
def test_a_rating_that_nobody_similar_gave_is_as_expected(
    model: type, centre: str, expected: float | None
) -> None:
    pair = pd.DataFrame({"user_id": [1], "item_id": [3]})
    fitted = model(feedback="explicit", centre=centre).fit(ISLANDS)
    assert fitted.score(pair) == pytest.approx(expected or Baseline().fit(ISLANDS).score(pair))
    assert fitted.explain(1, 3) == []


def test_the_prediction_for_somebody_who_rates_all_alike_is_that_rating_plus_the_crowds() -> None:
    """z rates everything 2; a neighbour above their own mean by 1 at item 3 makes it 3."""
    ds = dataset(("z", 1, 2), ("z", 2, 2), ("y", 1, 3), ("y", 2, 3), ("y", 3, 4.5))
    score = UserKNN(feedback="explicit").fit(ds).recommend(["z"])["score"].tolist()
    assert score == [pytest.approx(2 + (4.5 - 3.5))]


@pytest.mark.parametrize("model", MODELS)
def test_where_all_rate_alike_that_rating_is_predicted(model: type) -> None:
    ds = dataset(*((user, item, 4) for user in range(4) for item in range(4) if user != item))
    recs = model(feedback="explicit").fit(ds).recommend(seen="keep")
    assert recs["score"].tolist() == [4.0] * 16


def test_explicit_predictions_of_a_rating_at_the_mean_keep_its_weight() -> None:
    """c rated item 2 at c's own mean: it adds nothing, and yet divides by its similarity."""
    ds = dataset(("a", 1, 4), ("b", 1, 4), ("b", 2, 5), ("c", 1, 4), ("c", 2, 4))
    near = similar(ds, of="users", ids=["a"], k=2).scores[0].astype(float)
    weights = dict(zip("cb", near, strict=True))
    score = UserKNN(feedback="explicit").fit(ds).recommend(["a"])["score"].tolist()
    assert score == [pytest.approx(4 + 0.5 * weights["b"] / (weights["b"] + weights["c"]))]


def test_items_rated_low_may_come_back() -> None:
    """a rated item 2 below a's mean, so it may return; item 1, above it, may not."""
    recs = ItemKNN().fit(DS).recommend(["a"], seen="disliked")
    assert set(recs["item_id"]) == {2, 3, 4}
    recs = UserKNN().fit(DS).recommend(["a"], seen="disliked")
    assert recs["item_id"].tolist()[0] == 2
    assert set(recs["item_id"]) == {2, 3, 4}


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("metric", ["cosine", "pearson"])
@given(seed=st.integers(0, 50), k=st.integers(1, 12))
def test_all_evidence_sums_to_the_implicit_score(model, metric: str, seed: int, k: int) -> None:
    ds = synthetic(12, 10, 60, seed=seed)
    recs = model(k=k, metric=metric).fit(ds).recommend(n=10, seen="keep", evidence=1000)
    sums = [sum(value for _, value in evidence) for evidence in recs["because"]]
    np.testing.assert_allclose(sums, recs["score"], rtol=1e-6)


@pytest.mark.parametrize(
    "model", [ItemKNN(k=6), ItemKNN(k=6, feedback="explicit"), KNNBaseline(k=6)]
)
def test_a_users_history_typed_in_gives_item_based_the_same_list(model: Recommender) -> None:
    ds = sample()
    assert_typed_in_gives_the_same(model.fit(ds), ds)


def test_a_users_history_typed_in_finds_that_user_first() -> None:
    """Who is not in the data may be just like one who is: user-based, that one leads."""
    because = UserKNN().fit(DS).recommend_for([(1, 4), (2, 2)], seen="keep")["because"]
    assert {evidence[0].user_id for evidence in because[:2]} == {"a", "b"}
    near = UserKNN(k=1).fit(DS).recommend_for([(1, 4), (2, 2)], seen="keep")
    assert pairs(near["because"]) == [[("a", 4.0)], [("a", 2.0)]]


@pytest.mark.parametrize("model", MODELS)
def test_nothing_known_means_nothing_recommended(model: type) -> None:
    assert model().fit(DS).recommend_for([]).empty


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"k": 0}, "k=0 must be a whole number of 1 or more"),
        ({"k": -1}, "k=-1 must be"),
        ({"k": 1.0}, r"k=1\.0 must be"),
        ({"min_overlap": 0}, "min_overlap=0 must be"),
        ({"metric": "euclid"}, "metric='euclid' is not one of 'cosine', 'pearson'"),
        ({"weighting": "idf"}, "weighting='idf' is not one of 'none', 'tfidf', 'bm25'"),
        ({"alpha": 2}, "alpha=2 must lie between 0 and 1"),
        ({"shrink": -1}, "shrink=-1 must be a finite number of 0 or more"),
        ({"metric": "msd", "shrink": 1}, "metric='msd' has no denominator to shrink by"),
        ({"feedback": "explict"}, "did you mean 'explicit'"),
        ({"centre": "means"}, "did you mean 'mean'"),
    ],
)
def test_bad_hyperparameters_are_refused(model: type, options: dict, message: str) -> None:
    with pytest.raises(OptionError, match=message):
        model(**options)


def test_bad_baselines_are_refused() -> None:
    with pytest.raises(OptionError, match="l2_users=-1 must be a finite number of 0 or more"):
        KNNBaseline(l2_users=-1)


@pytest.mark.parametrize("model", MODELS)
def test_k_above_the_number_of_rows_is_fine(model: type) -> None:
    assert_frame_equal(model(k=10_000).fit(DS).recommend(), model(k=4).fit(DS).recommend())


def naive_scores(
    ds: Dataset, of: str, k: int, feedback: str, centre: str = "mean", metric: str = "cosine"
) -> np.ndarray:
    """The formulas of both models in loops; rows are what is compared."""
    turn = (lambda table: table.T) if of == "items" else (lambda table: table)
    table = turn(dense_table(ds))
    near = similar(ds, of=of, k=len(table), metric=metric)
    expected = np.full(table.shape, np.nanmean(table))
    if centre == "mean":
        expected[:] = np.nanmean(table, axis=1)[:, None]
    elif centre == "baseline":
        expected = turn(Baseline().fit(ds).score(every_pair(ds)).reshape(ds.matrix.shape))
    scores = np.full(table.shape, np.nan)
    for x, y in np.ndindex(table.shape):
        known = [
            (float(weight), other)
            for other, weight in zip(near.indices[x], near.scores[x], strict=True)
            if other >= 0
        ]
        if feedback == "implicit":
            terms = [w * table[v, y] for w, v in known[:k] if not np.isnan(table[v, y])]
            scores[x, y] = sum(terms) if terms else np.nan
        else:
            raters = [(w, v) for w, v in known if not np.isnan(table[v, y])][:k]
            total = sum(w * (table[v, y] - expected[v, y]) for w, v in raters)
            scores[x, y] = expected[x, y] + total / (sum(w for w, _ in raters) or 1)
    return turn(scores)


@pytest.mark.parametrize(("model", "of"), [(ItemKNN, "items"), (UserKNN, "users")])
@pytest.mark.parametrize(
    "options",
    [
        {"feedback": "implicit"},
        {"feedback": "explicit", "centre": "none", "metric": "msd"},
        {"feedback": "explicit", "centre": "mean", "metric": "pearson"},
        {"feedback": "explicit", "centre": "baseline", "metric": "asymmetric_cosine"},
    ],
)
@given(seed=st.integers(0, 30), k=st.integers(1, 9))
def test_scores_equal_the_formulas_in_loops(
    model, of: str, options: dict, seed: int, k: int
) -> None:
    """Of explicit feedback, the k of those who rated: k of all left half of the pairs out."""
    ds = synthetic(8, 7, 30, seed=seed)
    fitted = model(k=k, **options).fit(ds)
    expected = naive_scores(ds, of, k, **options)
    np.testing.assert_allclose(fitted.score(every_pair(ds)), expected.ravel(), rtol=1e-9)
    np.testing.assert_allclose(fitted.scores(ds.user_ids), expected, rtol=1e-9)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("centre", CENTRES)
def test_a_block_at_a_time_gives_the_same(
    model: type, centre: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ds = sample()
    fitted = model(k=3, feedback="explicit", centre=centre).fit(ds)
    some = every_pair(ds).sample(frac=0.3, random_state=1)
    whole, recs = fitted.score(some), fitted.recommend()
    monkeypatch.setattr(rated_neighbours, "BATCH_BYTES", 1000)
    assert np.array_equal(fitted.score(some), whole)
    assert_frame_equal(fitted.recommend(), recs)


@pytest.mark.parametrize(("model", "of"), [(ItemKNN, "items"), (UserKNN, "users")])
def test_evidence_of_a_rating_is_the_terms_of_its_mean(model: type, of: str) -> None:
    ds = sample()
    fitted = model(k=4, feedback="explicit", centre="none", metric="msd").fit(ds)
    recs = fitted.recommend(seen="keep", n=18, evidence=100)
    near = similar(ds, of=of, k=len(ds.user_ids), metric="msd").frame()
    weight = near.set_index(near.columns[:2].tolist())["score"]
    mean = ds.matrix.data.mean()
    for row in recs.itertuples():
        query = row.item_id if of == "items" else row.user_id
        total = sum(weight[query, source] for source, _ in row.because)
        terms = sum(value for _, value in row.because)
        assert terms == pytest.approx((row.score - mean) * total, abs=1e-5)
    assert recs["because"].str.len().max() == 4


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [("none", "KNNBasic"), ("mean", "KNNWithMeans"), ("baseline", "KNNBaseline")],
)
@pytest.mark.parametrize("metric", ["msd", "pearson"])
@pytest.mark.parametrize("model", MODELS)
def test_predictions_equal_those_of_surprise(
    model: type, metric: str, ours: str, theirs: str
) -> None:
    ds = synthetic(60, 40, 900, seed=3)
    everything = surprise.Dataset.load_from_df(
        ds.interactions[["user_id", "item_id", "rating"]], surprise.Reader(rating_scale=(-9, 9))
    ).build_full_trainset()
    options = {"name": metric, "user_based": model is UserKNN}
    peer = getattr(surprise, theirs)(k=10, sim_options=options, verbose=False).fit(everything)
    unseen = every_pair(ds)[np.isnan(dense_table(ds)).ravel()]
    expected = [peer.predict(user, item).est for user, item in unseen.to_numpy()]
    found = model(k=10, metric=metric, feedback="explicit", centre=ours).fit(ds).score(unseen)
    np.testing.assert_allclose(found, expected, atol=1e-6)


@pytest.mark.parametrize(
    "model",
    [
        ItemKNN(k=4),
        ItemKNN(k=4, metric="pearson"),
        UserKNN(k=4, weighting="bm25"),
        UserKNN(k=4, feedback="explicit"),
        KNNBaseline(k=4),
    ],
    ids=repr,
)
def test_new_interactions_are_taken_in_exactly(model: Recommender) -> None:
    assert_takes_in_what_a_fit_on_all_learns(model)
