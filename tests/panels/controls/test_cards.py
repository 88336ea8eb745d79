import pandas as pd
import pytest

import workbench as wb
from workbench.evidence import ByCount, ByItem, ByUser
from workbench.panels.controls import cards
from workbench.panels.controls.recommendation_card import because, genres_of
from workbench.strings import Strings

HOSTILE = '<img src=x onerror=alert(1)>"&'
SAFE = "&lt;img src=x onerror=alert(1)&gt;&quot;&amp;"


@pytest.mark.parametrize(
    "html",
    [
        cards.card(1, HOSTILE),
        cards.card(1, "t", labels=[HOSTILE]),
        cards.card(1, "t", copy=HOSTILE),
        cards.card(1, "t", why=HOSTILE),
        cards.heading(HOSTILE, HOSTILE),
        cards.tiles({HOSTILE: HOSTILE}),
        cards.error(HOSTILE),
        cards.badge(Strings("en"), device=HOSTILE, data_hash="0", seconds=0),
    ],
)
def test_what_comes_from_data_appears_as_text(html):
    assert "<img" not in html
    assert SAFE in html


def test_a_class_name_is_never_data():
    assert cards.chips(["x"], "new") == '<span class="chip new">x</span>'


def test_evidence_in_words(movies):
    text = Strings("en")
    pairs = [ByItem(1, 2.0), ByItem(260, 1.0)]
    said = because(pairs, movies, {1: 5.0, 260: 4.5}, text)
    assert said == (
        "Because you rated Toy Story (1995) 5.0, Star Wars: Episode IV - A New Hope (1977) 4.5"
    )
    assert because([ByUser(7, 1.0)], movies, {}, text).endswith("highly: 7")
    assert because([ByCount(1, 1234.0)], movies, {}, text) == "Chosen by 1,234 users"
    assert because([], movies, {}, text) == ""


def test_a_dislike_shows_no_rating(movies):
    said = because([ByItem(1, 2.0)], movies, {1: -5.0}, Strings("en"))
    assert said == "Because you rated Toy Story (1995)"


def test_what_was_chosen_has_no_rating():
    log = pd.DataFrame({"user_id": [1, 1, 2], "item_id": [1, 2, 1]})
    ds = wb.read(log)
    assert because([ByItem(1, 1.0)], ds, {1: 1.0}, Strings("en")) == "Because you chose Item 1"


def test_film_genres_have_names_in_chinese(movies):
    assert genres_of(movies, 1, "zh") == ["冒险片", "动画片", "儿童片", "喜剧片", "奇幻片"]
    assert genres_of(movies, 1, "en")[:2] == ["Adventure", "Animation"]


@pytest.mark.parametrize(
    ("score", "shown"),
    [
        *((1234.0, "1,234"), (324.0, "324"), (99.97, "100"), (42.678, "42.7")),
        *((5.0, "5.00"), (0.03512, "0.0351"), (-0.5, "-0.500"), (0.0, "0.00")),
    ],
)
def test_a_score_keeps_the_digits_that_tell_it_from_the_next(score, shown):
    assert cards.number(score) == shown
    assert f"· {shown}<" in cards.card(1, "t", score=score)
