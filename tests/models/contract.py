"""What every recommender must do, as one base class of tests.

A model's test class derives from `Contract` and says in `make` how the model is built.
"""

from abc import ABC, abstractmethod
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from workbench.columns import Columns as C
from workbench.datasets import Dataset, extended, synthetic
from workbench.errors import UnknownIdError, WorkbenchError
from workbench.models import Attribute, Recommender, load_model, profile_model

COLUMNS = ["user_id", "item_id", "score", "rank", "because"]


def dated(table: pd.DataFrame) -> pd.DataFrame:
    """Each row happened a minute after the one before."""
    return table.assign(
        **{C.TIMESTAMP: pd.Timestamp("2020-01-01") + pd.to_timedelta(np.arange(len(table)), "min")}
    )


def dataset(*rows: tuple) -> Dataset:
    """Interactions in the order of ids, in time as they are given, with a title an item."""
    table = pd.DataFrame(rows, columns=[C.USER, C.ITEM, C.RATING]).astype({C.RATING: float})
    table = dated(table).sort_values([C.USER, C.ITEM], ignore_index=True)
    titles = table[[C.ITEM]].drop_duplicates().sort_values(C.ITEM, ignore_index=True)
    return Dataset(table, titles.assign(title="T"))


def checkerboard(size: int) -> Dataset:
    """User u has item i where u + i is even, save the diagonal: the one item each must get."""
    return dataset(
        *(
            (user, item, 1)
            for user in range(size)
            for item in range(size)
            if (user + item) % 2 == 0 and user != item
        )
    )


def pairs(because: pd.Series) -> list[list[tuple]]:
    return [[tuple(pair) for pair in evidence] for evidence in because]


def assert_list(found: pd.DataFrame, *rows: tuple, rel: float = 1e-9) -> None:
    """The list is these rows of (user_id, item_id, score, rank, because)."""
    expected = pd.DataFrame(rows, columns=COLUMNS)
    assert_frame_equal(found.drop(columns="because"), expected.drop(columns="because"), rtol=1e-6)
    for given_evidence, evidence in zip(pairs(found["because"]), expected["because"], strict=True):
        assert [source for source, _ in given_evidence] == [source for source, _ in evidence]
        values = [value for _, value in evidence]
        assert [value for _, value in given_evidence] == pytest.approx(values, rel=rel, abs=1e-12)


def assert_evidence_sums_to(recs: pd.DataFrame, expected: object) -> None:
    sums = [sum(value for _, value in evidence) for evidence in recs["because"]]
    np.testing.assert_allclose(sums, expected, rtol=1e-6, atol=1e-6)


def assert_typed_in_gives_the_same(model: Recommender, ds: Dataset) -> None:
    """A history typed in has the list of the user whose history it is."""
    for user in ds.user_ids[:6]:
        rows = ds.history(user)[[C.ITEM, C.RATING]].itertuples(index=False, name=None)
        typed = model.recommend_for(rows).drop(columns=C.USER)
        assert_frame_equal(typed, model.recommend([user]).drop(columns=C.USER))


def dense_table(ds: Dataset) -> np.ndarray:
    """Ratings with NaN where there is none."""
    table = np.full(ds.matrix.shape, np.nan)
    table[ds.matrix.tocoo().coords] = ds.matrix.data
    return table


def every_pair(ds: Dataset) -> pd.DataFrame:
    return pd.MultiIndex.from_product([ds.user_ids, ds.item_ids]).to_frame(index=False)


NEW = pd.DataFrame(
    {C.USER: [1, 2, 77, 77], C.ITEM: [3, 88, 3, 1], C.RATING: [0.5, 4.0, 5.0, 2.0]}
)  # a pair that is known or not, a new item, a new user


def assert_takes_in_what_a_fit_on_all_learns(model: Recommender) -> None:
    found, ds = model.fit(sample()).partial_fit(NEW), extended(sample(), NEW)
    assert found is model
    assert found.data.hash == ds.hash
    again = type(model)(**model.parameters).fit(ds)
    assert_frame_equal(found.recommend(), again.recommend(), check_exact=True)
    with pytest.raises(WorkbenchError, match="not fitted"):
        type(model)().partial_fit(NEW)


@cache
def sample() -> Dataset:
    ds = synthetic(25, 18, 160, seed=5)
    return replace(ds, interactions=dated(ds.interactions))


@cache
def fitted(tests: "type[Contract]") -> Recommender:
    """The model of a class of tests, fitted on the sample once a session: no test changes it."""
    return tests().make().fit(sample())


class Contract(ABC):
    """Tests that hold for every model; what the base class alone decides: `test_recommender`."""

    @abstractmethod
    def make(self) -> Recommender: ...

    @pytest.fixture
    def ds(self) -> Dataset:
        return sample()

    @pytest.fixture
    def model(self) -> Recommender:
        return fitted(type(self))

    def test_fit_returns_the_model_and_keeps_the_data(self, ds: Dataset) -> None:
        model = self.make()
        assert model.fit(ds) is model
        assert model.data is ds

    def test_a_model_that_is_not_fitted_says_so(self) -> None:
        model = self.make()
        one = pd.DataFrame({C.USER: [1], C.ITEM: [1]})
        for call in (
            lambda: model.recommend([1]),
            lambda: model.recommend_for([]),
            lambda: model.score(one),
            lambda: model.explain(1, 1),
        ):
            with pytest.raises(WorkbenchError, match=r"is not fitted; call fit\(ds\) first"):
                call()

    def test_lists_have_the_columns_the_order_and_the_ranks(self, model: Recommender) -> None:
        recs = model.recommend([3, 1, 2], n=4)
        assert recs.columns.tolist() == COLUMNS
        assert recs[C.USER].drop_duplicates().tolist() == [3, 1, 2]
        assert recs[C.SCORE].dtype == np.float64
        assert np.isfinite(recs[C.SCORE]).all()
        for _, mine in recs.groupby(C.USER):
            assert mine[C.RANK].tolist() == list(range(1, len(mine) + 1))
            order = list(zip(-mine[C.SCORE], mine[C.ITEM], strict=True))
            assert order == sorted(order)
            assert mine[C.ITEM].is_unique

    def test_all_users_come_by_default(self, ds: Dataset, model: Recommender) -> None:
        assert set(model.recommend(n=18, seen="keep")[C.USER]) == set(ds.user_ids)

    def test_users_in_batches_equal_one_by_one(
        self, ds: Dataset, model: Recommender, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """From the second batch on, the rows of a list were given to the users of the first.

        Row numbers counted from the start of the batch, and the data that were tried fitted one.
        """
        users = ds.user_ids[:9].tolist()
        alone = [model.recommend([user], n=5) for user in users]
        expected = pd.concat(alone, ignore_index=True)
        for users_a_batch, users_a_block in ((1, 7), (4, 1), (1000, 3)):
            monkeypatch.setattr(profile_model, "BATCH_BYTES", users_a_batch * 8 * len(ds.item_ids))
            monkeypatch.setattr(profile_model, "BLOCK_BYTES", users_a_block * 8 * len(ds.item_ids))
            assert_frame_equal(model.recommend(users, n=5), expected)
        monkeypatch.setattr(profile_model, "BATCH_BYTES", 1)
        backwards = model.recommend(users[::-1], n=5)
        assert backwards[C.USER].drop_duplicates().isin(users).all()
        last = backwards[backwards[C.USER] == users[1]].reset_index(drop=True)
        assert_frame_equal(last, alone[1])

    def test_what_was_seen_comes_back_only_when_asked(
        self, ds: Dataset, model: Recommender
    ) -> None:
        def chosen(user: object, seen: str) -> set:
            return set(model.recommend([user], n=18, seen=seen)[C.ITEM])

        for user in ds.user_ids[:4]:
            history = ds.history(user).set_index(C.ITEM)[C.RATING]
            disliked = set(history.index[history < history.mean()])
            keep = chosen(user, "keep")
            assert chosen(user, "exclude") == keep - set(history.index)
            assert chosen(user, "disliked") == keep - (set(history.index) - disliked)

    def test_an_item_rated_zero_was_seen(self) -> None:
        """SciPy's nonzero() leaves out stored zeros: items rated 0 were recommended again."""
        ds = dataset(("a", 1, 0), ("a", 2, 4), ("b", 1, 3), ("b", 2, 5), ("b", 3, 4), ("a", 4, 5))
        recs = self.make().fit(ds).recommend(["a"])
        assert not set(recs[C.ITEM]) & {1, 2, 4}

    def test_only_candidates_that_pass_the_filters_are_listed(self, model: Recommender) -> None:
        everything = model.recommend([3, 1], n=100, seen="keep", evidence=2)
        kept = everything[everything[C.ITEM].isin([2, 4, 6, 8])]
        for options in (
            {"candidates": [8, 6, 4, 2]},
            {"candidates": {1: [2, 4, 6, 8], 3: [2, 4, 6, 8]}},
            {"filters": Attribute(C.TITLE, any_of=[f"Item {item}" for item in (2, 4, 6, 8)])},
        ):
            recs = model.recommend([3, 1], n=100, seen="keep", evidence=2, **options)
            listed = recs.drop(columns=C.RANK)
            assert_frame_equal(listed, kept.drop(columns=C.RANK).reset_index(drop=True))
            assert recs.attrs["account"]

    def test_unknown_ids_are_refused(self, model: Recommender) -> None:
        with pytest.raises(UnknownIdError, match="user 99 has no interactions in these data"):
            model.recommend([1, 99])
        with pytest.raises(UnknownIdError, match="user '1' has no interactions"):
            model.recommend("1")
        with pytest.raises(UnknownIdError, match="item 99 has no interactions"):
            model.recommend_for([(99, 5.0)])
        with pytest.raises(UnknownIdError, match="item 99"):
            model.score(pd.DataFrame({C.USER: [1], C.ITEM: [99]}))
        with pytest.raises(UnknownIdError, match="user 99"):
            model.explain(99, 1)

    def test_scores_are_those_of_the_list(
        self, ds: Dataset, model: Recommender, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        recs = model.recommend([5, 2, 9], n=18, seen="keep").sample(frac=1, random_state=0)
        for size in (1, profile_model.BATCH_BYTES):
            monkeypatch.setattr(profile_model, "BATCH_BYTES", size)
            monkeypatch.setattr(profile_model, "BLOCK_BYTES", size)
            scores = model.score(recs[[C.USER, C.ITEM]])
            assert scores.dtype == np.float64
            np.testing.assert_allclose(scores, recs[C.SCORE], rtol=1e-6)

    def test_scores_of_users_are_those_of_their_pairs(
        self, ds: Dataset, model: Recommender
    ) -> None:
        users, items = ds.user_ids[[2, 0]], model.item_ids
        found = model.scores(users)
        every = {C.USER: np.repeat(users, len(items)), C.ITEM: np.tile(items, 2)}
        assert found.shape == (2, len(items))
        np.testing.assert_allclose(found.ravel(), model.score(pd.DataFrame(every)), rtol=1e-6)
        with pytest.raises(UnknownIdError):
            model.scores([-1])

    def test_what_has_no_score_is_not_listed(self, ds: Dataset, model: Recommender) -> None:
        listed = set(model.recommend([1], n=18, seen="keep")[C.ITEM])
        scores = model.score(pd.DataFrame({C.USER: 1, C.ITEM: ds.item_ids}))
        assert set(ds.item_ids[np.isfinite(scores)]) == listed

    def test_evidence_is_strongest_first_and_as_long_as_asked(self, model: Recommender) -> None:
        full = pairs(model.recommend([1, 2], n=5, evidence=50)[C.BECAUSE])
        for evidence in full:
            order = [(-value, source) for source, value in evidence]
            assert order == sorted(order)
        for length in (0, 1, 2):
            short = pairs(model.recommend([1, 2], n=5, evidence=length)[C.BECAUSE])
            assert short == [evidence[:length] for evidence in full]

    def test_explain_gives_the_evidence_of_the_list(self, model: Recommender) -> None:
        recs = model.recommend([1, 2], n=5, evidence=4)
        for row in recs.itertuples():
            assert model.explain(row.user_id, row.item_id, n=4) == row.because

    def test_evidence_says_what_kind_it_is(self, model: Recommender) -> None:
        evidence = model.recommend([1], n=1)[C.BECAUSE][0][0]
        assert isinstance(evidence, model.evidence_type)
        assert evidence._fields[0] in (C.USER, C.ITEM)

    def test_a_new_user_gets_a_list_with_no_id(self, model: Recommender) -> None:
        recs = model.recommend_for([(1, 5.0), (2, 1.0)], n=3)
        assert recs.columns.tolist() == COLUMNS
        assert recs[C.USER].isna().all()
        assert recs[C.RANK].tolist() == list(range(1, len(recs) + 1))
        assert not recs[C.ITEM].isin([1, 2]).any()

    def test_of_two_ratings_of_an_item_the_last_counts(self, model: Recommender) -> None:
        once = model.recommend_for([(2, 4.0), (1, 5.0)])
        assert_frame_equal(model.recommend_for([(1, 1.0), (2, 4.0), (1, 5.0)]), once)

    def test_an_empty_history_is_a_door_that_opens(self, model: Recommender) -> None:
        assert model.recommend_for([]).columns.tolist() == COLUMNS

    def test_ids_of_text_come_back_as_they_went_in(self) -> None:
        rows = [(1, 10, 5), (1, 20, 3), (2, 10, 4), (2, 20, 2), (2, 30, 5), (3, 30, 4), (3, 10, 1)]
        ds = dataset(*((str(user), str(item), rating) for user, item, rating in rows))
        recs = self.make().fit(ds).recommend(seen="keep")
        assert {type(user) for user in recs[C.USER]} == {str}
        assert {type(item) for item in recs[C.ITEM].tolist()} == {str}
        assert {type(source) for evidence in recs[C.BECAUSE] for source, _ in evidence} == {str}
        assert recs[C.USER].isin(ds.user_ids).all()

    def test_saved_and_loaded_it_recommends_the_same_to_the_bit(
        self, ds: Dataset, model: Recommender, tmp_path: Path
    ) -> None:
        loaded = load_model(model.save(tmp_path / "it.model"))
        assert type(loaded) is type(model)
        assert loaded.data.hash == ds.hash
        history = [(3, 4.0), (1, 5.0), (2, 1.0)]
        for before, after in (
            (model.recommend(n=4), loaded.recommend(n=4)),
            (model.recommend_for(history), loaded.recommend_for(history)),
        ):
            assert_frame_equal(after, before, check_exact=True)
            assert pairs(after[C.BECAUSE]) == pairs(before[C.BECAUSE])

    def test_its_parameters_make_it_again(self, ds: Dataset, model: Recommender) -> None:
        expected = model.recommend(n=4)
        again = type(model)(**model.parameters)
        assert_frame_equal(again.fit(ds).recommend(n=4), expected)
