"""People like you: by hand, and where attributes decide taste."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from tests.models.contract import Contract, dataset
from workbench.datasets import Dataset
from workbench.errors import DataError, OptionError
from workbench.models import Demographic, Popular, Recommender


class TestDemographic(Contract):
    """These data have no attributes: everybody is a stranger."""

    def make(self) -> Recommender:
        return Demographic()


USERS = pd.DataFrame(
    {
        "user_id": ["a", "b", "c", "silent"],
        "age": ["old", "old", "young", "young"],
        "city": ["Rome", None, "Oslo", "Oslo"],
    }
)
DS = replace(
    dataset(("a", 1, 5), ("a", 2, 1), ("b", 2, 1), ("b", 3, 5), ("c", 2, 1), ("c", 1, 2)),
    users=USERS,
)


def scores(recs: pd.DataFrame) -> dict:
    return dict(zip(recs["item_id"], recs["score"], strict=True))


def test_by_hand() -> None:
    """Old users made 4 of 6 choices: of item 1 one of two, of item 2 two of three."""
    model = Demographic(attributes=["age"], m=3).fit(DS)
    old = scores(model.recommend(["b"], seen="keep"))
    lift = {1: (1 + 2) / (5 * 4 / 6), 2: (2 + 2) / (6 * 4 / 6), 3: (1 + 2) / (4 * 4 / 6)}
    assert old == pytest.approx({item: n * lift[item] for item, n in {1: 2, 2: 3, 3: 1}.items()})


def test_attributes_multiply_and_an_unknown_one_says_nothing() -> None:
    model = Demographic(m=3).fit(DS)
    by_age = Demographic(attributes=["age"], m=3).fit(DS)
    both = scores(model.recommend_for([], attributes={"age": "old", "city": "Rome"}))
    age = scores(by_age.recommend_for([], attributes={"age": "old"}))
    # Of the choices of those whose city is known, half were made in Rome.
    city = {1: (1 + 1.5) / (5 * 0.5), 2: (1 + 1.5) / (5 * 0.5), 3: 1.5 / (3 * 0.5)}
    assert both == pytest.approx({item: age[item] * city[item] for item in age})
    assert scores(model.recommend(["b"], seen="keep")) == pytest.approx(age)
    assert scores(model.recommend_for([], attributes={"age": "older"})) == {1: 2, 2: 3, 3: 1}


def test_a_stranger_gets_the_popular_list() -> None:
    found = Demographic().fit(DS).recommend_for([])
    pd.testing.assert_frame_equal(found, Popular().fit(DS).recommend_for([]))


def test_newcomers_leave_the_model_as_it_was() -> None:
    model = Demographic().fit(DS)
    before = model.recommend()
    model.recommend_for([(1, 5.0)], attributes={"age": "young"})
    pd.testing.assert_frame_equal(model.recommend(), before)


def test_a_column_of_names_is_no_attribute() -> None:
    people = pd.DataFrame({"user_id": range(60), "name": [f"n{i}" for i in range(60)], "sex": "f"})
    ds = replace(dataset(*((user, user % 7, 1) for user in range(60))), users=people)
    with pytest.raises(OptionError, match=r"'name' is not one of those fitted: \['sex'\]"):
        Demographic().fit(ds).recommend_for([], attributes={"name": "n1"})


def test_an_attribute_that_is_not_there_is_refused() -> None:
    with pytest.raises(DataError, match=r"users have no column 'sex'; they have \['age', 'city'\]"):
        Demographic(attributes=["sex"]).fit(DS)
    with pytest.raises(DataError, match=r"users have no column 'sex'; they have \[\]"):
        Demographic(attributes=["sex"]).fit(replace(DS, users=None))


def test_it_beats_popularity_where_groups_differ_in_taste() -> None:
    """Two groups choose mostly from their own half of the items; newcomers are held out."""
    rng = np.random.default_rng(3)
    group = np.arange(300) % 2
    chosen = np.where(rng.random((300, 20)) < 0.8, 0, 20) + rng.integers(20, size=(300, 20))
    items = (chosen + 20 * group[:, None]) % 40
    table = pd.DataFrame({"user_id": np.repeat(np.arange(300), 20), "item_id": items.ravel()})
    table = table.drop_duplicates(ignore_index=True).assign(rating=1.0)
    people = pd.DataFrame({"user_id": np.arange(300), "group": np.array(["x", "y"])[group]})
    known = Dataset(table[table["user_id"] < 200], table[["item_id"]].drop_duplicates(), people)
    model, popular = Demographic().fit(known), Popular().fit(known)
    later = table[table["user_id"] >= 200].groupby("user_id")["item_id"].agg(set)

    def hits(recs: dict) -> float:
        return float(np.mean([recs[group[user]].isin(own).mean() for user, own in later.items()]))

    mine = {
        code: model.recommend_for([], attributes={"group": name})["item_id"]
        for code, name in enumerate("xy")
    }
    everybody = dict.fromkeys((0, 1), popular.recommend_for([])["item_id"])
    assert hits(mine) > hits(everybody) + 0.1
