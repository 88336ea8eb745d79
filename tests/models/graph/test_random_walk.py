"""Random walks: the contract, a table by hand, and dense matrices."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.models.contract import (
    Contract,
    assert_evidence_sums_to,
    assert_list,
    assert_typed_in_gives_the_same,
    checkerboard,
    dataset,
    every_pair,
    sample,
)
from workbench.datasets import Dataset, synthetic
from workbench.errors import DataError, OptionError
from workbench.models import P3alpha, Recommender, RP3beta

# From items to users: 1 = (1/2, 1/2, .), 2 = (1/3, 1/3, 1/3), 3 = (., 1, .), 4 = (., ., 1);
# from users to items: a = (4/6, 2/6, ., .), b = (1/5, 2/5, 2/5, .), c = (., 2/5, ., 3/5).
DS = dataset(
    ("a", 1, 4), ("a", 2, 2), ("b", 1, 2), ("b", 2, 4), ("b", 3, 4), ("c", 2, 2), ("c", 4, 3)
)
W13, W21, W23, W24 = 1 / 5, (4 / 6 + 1 / 5) / 3, 2 / 15, 3 / 15


def weights(ds: Dataset, alpha: float, beta: float) -> np.ndarray:
    """The formula in dense matrices, every item's weight of itself included."""
    ratings = ds.matrix.toarray()
    rated = ratings > 0
    to_users = (rated / rated.sum(axis=0)).T
    to_items = ratings / ratings.sum(axis=1, keepdims=True)
    powers = (np.where(p > 0, p**alpha, 0) for p in (to_users, to_items))
    return np.linalg.multi_dot(list(powers)) / rated.sum(axis=0) ** beta


class TestP3alpha(Contract):
    def make(self) -> Recommender:
        return P3alpha(k=6)


class TestRP3beta(Contract):
    def make(self) -> Recommender:
        return RP3beta(k=6, alpha=0.8, beta=0.4)


def test_by_hand() -> None:
    assert_list(
        P3alpha().fit(DS).recommend(),
        ("a", 3, 4 * W13 + 2 * W23, 1, [(1, 4 * W13), (2, 2 * W23)]),
        ("a", 4, 2 * W24, 2, [(2, 2 * W24)]),
        ("b", 4, 4 * W24, 1, [(2, 4 * W24)]),
        ("c", 1, 2 * W21, 1, [(2, 2 * W21)]),
        ("c", 3, 2 * W23, 2, [(2, 2 * W23)]),
        rel=1e-6,
    )


def test_popularity_comes_off_by_hand() -> None:
    """Item 1 was rated by 2 users: for c it falls behind item 3, which was rated by 1."""
    assert_list(
        RP3beta(beta=2).fit(DS).recommend(["c"]),
        ("c", 3, 2 * W23, 1, [(2, 2 * W23)]),
        ("c", 1, 2 * W21 / 4, 2, [(2, 2 * W21 / 4)]),
        rel=1e-6,
    )


@given(
    seed=st.integers(0, 50),
    alpha=st.sampled_from([0.0, 0.5, 1.0, 1.7]),
    beta=st.sampled_from([0.0, 0.6, 1.0]),
    normalize=st.booleans(),
)
def test_scores_are_those_of_dense_matrices(
    seed: int, alpha: float, beta: float, normalize: bool
) -> None:
    ds = synthetic(10, 8, 35, seed=seed)
    dense = weights(ds, alpha, beta)
    np.fill_diagonal(dense, 0)
    if normalize:
        dense /= np.maximum(dense.sum(axis=1, keepdims=True), 1e-300)
    expected = (ds.matrix.toarray() @ dense).ravel()
    model = RP3beta(alpha=alpha, beta=beta, normalize=normalize).fit(ds)
    found = model.score(every_pair(ds))
    np.testing.assert_allclose(np.nan_to_num(found), expected, rtol=1e-6)
    assert np.array_equal(np.isnan(found), expected == 0)
    if beta == 0:
        walk = P3alpha(alpha=alpha, normalize=normalize).fit(ds)
        assert np.array_equal(walk.score(every_pair(ds)), found, equal_nan=True)


@pytest.mark.parametrize("k", [1, 3])
def test_every_item_leads_to_its_k_best(k: int) -> None:
    ds = sample()
    dense = weights(ds, 1.0, 0.6)
    np.fill_diagonal(dense, 0)
    kept = RP3beta(k=k).fit(ds).item_weights.toarray()
    assert ((kept > 0).sum(axis=1) <= k).all()
    np.testing.assert_allclose(kept[kept > 0], dense[kept > 0], rtol=1e-6)
    np.testing.assert_allclose(
        np.sort(kept)[:, -k:], np.sort(dense)[:, -k:], rtol=1e-6, err_msg="not the best"
    )


def test_a_walk_ends_somewhere() -> None:
    """Weights are probabilities, of which only that of coming back to the item is left out."""
    ds = sample()
    links = P3alpha(k=18).fit(ds).item_weights
    back = weights(ds, 1.0, 0.0).diagonal()
    np.testing.assert_allclose(links.sum(axis=1) + back, 1, rtol=1e-6)
    kept = P3alpha(k=3, normalize=True).fit(ds).item_weights
    np.testing.assert_allclose(kept.sum(axis=1), 1, rtol=1e-12)


@pytest.mark.parametrize("model", [P3alpha, RP3beta])
def test_the_checkerboard_is_completed(model: type) -> None:
    recs = model().fit(checkerboard(8)).recommend()
    assert recs["user_id"].tolist() == recs["item_id"].tolist() == list(range(8))


def test_all_evidence_sums_to_the_score() -> None:
    recs = RP3beta(k=6).fit(sample()).recommend(n=18, seen="keep", evidence=100)
    assert_evidence_sums_to(recs, recs["score"])


def test_a_users_history_typed_in_gives_the_same_list() -> None:
    assert_typed_in_gives_the_same(RP3beta(k=6).fit(sample()), sample())


def test_nothing_known_means_nothing_recommended() -> None:
    assert P3alpha().fit(DS).recommend_for([]).empty


def test_a_rating_of_zero_is_no_step() -> None:
    """Also of a user who rated nothing else: no probability is 0 / 0."""
    rows = [("a", 1, 4), ("a", 2, 2), ("b", 1, 2), ("b", 3, 4)]
    without = P3alpha().fit(dataset(*rows)).item_weights.toarray()
    found = P3alpha().fit(dataset(*rows, ("b", 2, 0), ("c", 3, 0))).item_weights.toarray()
    assert np.array_equal(found, without)


def test_negative_ratings_are_refused() -> None:
    with pytest.raises(DataError, match="column 'rating' holds -1; RP3beta makes probabilities"):
        RP3beta().fit(dataset(("a", 1, -1), ("a", 2, 3), ("b", 1, 2)))


def test_a_dislike_that_is_typed_in_counts_against() -> None:
    recs = P3alpha().fit(DS).recommend_for([(1, 4), (2, -2)], n=2)
    scores = dict(zip(recs["item_id"], recs["score"], strict=True))
    assert scores == pytest.approx({3: 4 * W13 - 2 * W23, 4: -2 * W24}, rel=1e-6)


@pytest.mark.parametrize("model", [P3alpha, RP3beta])
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"k": 0}, "k=0 must be a whole number of 1 or more"),
        ({"alpha": -1}, "alpha=-1 must be a finite number of 0 or more"),
        ({"alpha": np.inf}, "alpha=inf must be a finite number"),
    ],
)
def test_bad_hyperparameters_are_refused(model: type, options: dict, message: str) -> None:
    with pytest.raises(OptionError, match=message):
        model(**options)


def test_a_bad_beta_is_refused() -> None:
    with pytest.raises(OptionError, match="beta=nan must be a finite number of 0 or more"):
        RP3beta(beta=np.nan)
