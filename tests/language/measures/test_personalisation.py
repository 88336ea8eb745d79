"""Evidence swapped between users: who follows it, who lags behind, who never looked."""

import pandas as pd
import pytest

from tests.language.measures.copies import FILMS, ITEMS, RATINGS
from workbench.datasets import Dataset
from workbench.errors import DataError
from workbench.language import Copywriter, personalisation
from workbench.language.copy.item_evidence import EvidenceReader

RECS = pd.DataFrame(
    {
        "user_id": [7, 7, 8, 8],
        "item_id": [1, 4, 1, 2],
        "because": [[(2, 0.9)], [(3, 0.8)], [(5, 0.7)], [(6, 0.6)]],
    }
)


class Fixed:
    """Writes each line by a rule of its item's title and the first title of its evidence."""

    def __init__(self, rule) -> None:
        self.rule = rule

    def write(self, recs: pd.DataFrame, ds, *, language="en", seed=0) -> pd.DataFrame:
        names = EvidenceReader(ds)
        evidence = [names.evidence(*one) for one in recs[list(RECS)].to_numpy()]
        titles = [names.row(item)["title"] for item in recs["item_id"]]
        named = [own[0]["title"] if own else "nothing" for own in evidence]
        texts = [self.rule(*pair) for pair in zip(titles, named, strict=True)]
        return recs.assign(text=texts, evidence=evidence)


def test_introductions_follow_the_list_that_they_stand_over() -> None:
    """By the hand-written Chinese sentences, which name what the reader liked."""
    found = personalisation(Copywriter(), RECS, FILMS, kind="intro", language="zh")
    assert found.lines["items"].tolist() == [[1, 4], [1, 2]]
    assert found.frame().set_index("metric")["value"].to_dict() == {
        "changed": 1,
        "follows": 1,
        "lags": 0,
    }


class Stubborn(Fixed):
    """Goes on with what it wrote first."""

    def write(self, recs, ds, **options):
        self.texts = getattr(self, "texts", None) or super().write(recs, ds)["text"].tolist()
        return super().write(recs, ds).assign(text=self.texts)


@pytest.mark.parametrize(
    ("writer", "values"),
    [
        (Fixed(lambda title, own: f"{title} after {own}."), [1, 1, 0]),
        (Fixed(lambda title, own: f"{title} is for you."), [0, 0, 0]),
        (Stubborn(lambda title, own: f"{title} after {own}."), [0, 0, 1]),
    ],
    ids=["follows", "never looked", "lags"],
)
def test_by_hand(writer: Fixed, values: list) -> None:
    found = personalisation(writer, RECS, FILMS).frame()
    assert found["metric"].tolist() == ["changed", "follows", "lags"]
    assert found["value"].tolist() == values
    assert found["users"].tolist() == [2, 2, 2]


def test_real_patterns_follow_the_evidence() -> None:
    """Chinese is hand-written: no model is needed to see the whole path."""
    found = personalisation(Copywriter(), RECS, FILMS, language="zh", seed=3)
    assert found.frame()["value"].tolist() == [1, 1, 0]
    assert found.lines["user_id"].tolist() == [8, 8, 7, 7]
    assert "《Casino》" in found.lines["before"].iloc[0]
    assert "《Toy Story》" in found.lines["text"].iloc[0]


def test_title_within_a_title_is_not_the_old_one() -> None:
    """Toy Story 2 is new evidence; that it begins like the old one, Toy Story, is no fault."""
    recs = RECS.assign(because=[[(5, 0.9)], [(5, 0.9)], [(6, 0.9)], [(6, 0.9)]])
    found = personalisation(Fixed(lambda title, own: f"{title} after {own}."), recs, FILMS)
    assert found.per_line["lags"].tolist() == [0, 0, 0, 0]


def test_the_same_evidence_says_nothing() -> None:
    recs = RECS.assign(because=[[(2, 0.9)], [(3, 0.8)], [(2, 0.9)], [(3, 0.8)]])
    users = RATINGS.assign(user_id=[7, 7, 8, 8, 9, 9], item_id=[2, 3] * 3, rating=5.0)
    found = personalisation(Copywriter(), recs, Dataset(users, ITEMS), language="zh").frame()
    assert found["users"].tolist() == [0, 0, 0]


def test_lines_that_cannot_be_swapped_are_left_out() -> None:
    """The item is the other's evidence; the other's list is shorter; the other has no evidence."""
    recs = pd.DataFrame(
        {
            "user_id": [7, 7, 7, 8, 8],
            "item_id": [5, 1, 1, 1, 2],
            "because": [[(2, 0.9)], [(3, 0.8)], [(2, 0.9)], [(5, 0.7)], []],
        }
    )
    writer = Fixed(lambda title, own: f"{title} after {own}.")
    assert personalisation(writer, recs, FILMS).lines["item_id"].tolist() == [1, 2]
    with pytest.raises(DataError, match="no line can be swapped"):
        personalisation(writer, recs.iloc[[0, 4]], FILMS)


@pytest.mark.parametrize(
    ("recs", "message"),
    [(RECS.iloc[:2], "one user"), (RECS.drop(columns="because"), "because")],
)
def test_what_is_wrong_is_told(recs: pd.DataFrame, message: str) -> None:
    with pytest.raises(DataError, match=message):
        personalisation(Copywriter(), recs, FILMS)
