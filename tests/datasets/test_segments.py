import numpy as np
import pandas as pd
import pytest

from workbench.datasets import Dataset
from workbench.datasets.segments import segment
from workbench.errors import OptionError, UnknownIdError


@pytest.fixture
def ds():
    interactions = pd.DataFrame(
        {"user_id": ["a", "a", "b", "c"], "item_id": [1, 2, 1, 2], "rating": [1.0, 1, 1, 1]}
    )
    users = pd.DataFrame(
        {
            "user_id": ["c", "b", "z"],
            "city": ["Wuhan", "Lyon", "Lyon"],
            "age": [31, np.nan, 20],
            "member": [True, False, True],
        }
    )
    return Dataset(interactions, pd.DataFrame({"item_id": [1, 2], "title": ["x", "y"]}), users)


@pytest.mark.parametrize(
    ("query", "users"),
    [
        ("", ["a", "b", "c"]),
        ("  ", ["a", "b", "c"]),
        ("city == 'Lyon'", ["b"]),  # z has no interactions
        ("city != 'Lyon' and age > 30", ["c"]),
        ("city in ['Lyon', 'Wuhan']", ["b", "c"]),
        ("not (age > 30) and activity >= 1", ["a", "b"]),
        ("activity == 2", ["a"]),
        ("(activity == 2) | (age > 30)", ["a", "c"]),
        ("user_id == 'b'", ["b"]),
        ("25 < age <= 31", ["c"]),
    ],
)
def test_users_whom_a_condition_holds_for(ds, query, users):
    assert segment(ds, query).tolist() == users


def test_activity_is_known_where_nothing_else_is(ds):
    nobody = Dataset(ds.interactions, ds.items)
    assert segment(nobody, "activity >= 2").tolist() == ["a"]
    with pytest.raises(OptionError, match=r"no column 'city'.* Their columns: user_id, activity$"):
        segment(nobody, "city == 'Lyon'")


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("town == 'Lyon'", "no column 'town'. Their columns: user_id, activity, city, age, member"),
        ("citty == 'Lyon'", "no column 'citty'; did you mean 'city'"),
        ("city = 'Lyon'", "cannot be read"),
        ("city ==", "cannot be read"),
        ("city", "is no condition"),
        ("3", "is no condition"),
        ("age > 'x'", "cannot be evaluated"),
        ("city.str.len() > 3", "it holds a Call"),
        ("__import__('os').system('true')", "it holds a Call"),
        ("city.__class__ == 1", "it holds a Attribute"),
        ("@pd.io", "cannot be read"),
        ("age[0] > 1", "it holds a Subscript"),
        ("age ** 99 > 1", "it holds a Pow"),
    ],
)
def test_what_is_no_condition_is_refused(ds, query, words):
    with pytest.raises(OptionError) as caught:
        segment(ds, query)
    assert words in str(caught.value)


def test_a_segment_of_nobody_is_an_error(ds):
    with pytest.raises(UnknownIdError, match="holds for none of 3 users"):
        segment(ds, "age > 99")
