"""Measures of copy, by hand and beside the definitions written out."""

from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nltk.util import ngrams

import workbench as wb
from tests.language.measures.copies import FILMS, ITEMS, RATINGS, liked, lines
from workbench.datasets import Dataset
from workbench.errors import DataError, OptionError, UnknownIdError
from workbench.language import COPY_METRICS, CopyEvaluation
from workbench.language.copy.brief.domain import domain_named
from workbench.language.grounding.title_masking import ITEM, OTHER
from workbench.language.measures.copy_lines import Lines, mask

POPULAR = {"kind": "popular", "count": 9}
COPY = lines(
    (7, 1, "If you loved Casino, Heat (1995) is a crime pick.", [liked(2)]),
    (7, 4, "If you loved The Godfather, Amelie is a funny choice.", [liked(3)]),
    (8, 1, "Heat is a crime film worth a look.", [POPULAR]),
    (8, 2, "A comedy for tonight.", [liked(3)]),
).assign(source=["model", "model", "pattern", "pattern"])
# Features: Crime, Comedy, Crime, Comedy; of the last, the film is none. Words with titles as one:
# 9 + 9 + 8 + 4, 17 of them different; pairs of words 8 + 8 + 7 + 3, 17 different.
BY_HAND = {
    "item_named": 3 / 4,
    "evidence_named": 2 / 3,
    "by_model": 1 / 2,
    "fmr": 3 / 4,
    "fcr": 2 / 6,
    "div": 2 / (4 * 3) * 2,
    "usr": 1,
    "distinct_1": 17 / 30,
    "distinct_2": 17 / 26,
    "repeated_clause": 1 / 4,
    "repeated_ending": 0,
    "length": (10 + 10 + 8 + 4) / 4,
}


def value(copy: pd.DataFrame, metric: str, ds: Dataset = FILMS, **options: object) -> float:
    return wb.evaluate_copy(copy, ds, metrics=metric, **options).frame()["value"].item()


@pytest.fixture(scope="module")
def found() -> CopyEvaluation:
    return wb.evaluate_copy(COPY, FILMS)


def test_every_measure_is_as_by_hand(found: CopyEvaluation) -> None:
    values = found.frame().set_index("metric")["value"]
    assert values[list(BY_HAND)].to_dict() == pytest.approx(BY_HAND)
    assert set(values.index) == {
        name for name, m in COPY_METRICS.items() if m.needs != "references"
    }


def test_per_line_has_no_value_where_a_line_has_no_part(found: CopyEvaluation) -> None:
    per_line = found.per_line
    assert per_line["evidence_named"].tolist()[:2] == [1, 1]
    assert np.isnan(per_line["evidence_named"].iloc[2])
    assert per_line["fmr"].tolist() == [1, 1, 1, 0]
    assert "usr" not in per_line


def test_interval_is_over_users_not_lines() -> None:
    """Two users, one always and one never named: a mean of 0, 0.5 or 1, however many lines."""
    copy = lines(*[(user, 1, text, []) for user, text in ((7, "Heat."), (8, "Look.")) * 50])
    row = wb.evaluate_copy(copy, FILMS, metrics="item_named").frame().iloc[0]
    assert (row.value, row.low, row.high, row.users) == (0.5, 0, 1, 2)


def test_by_group_measures_each_alone(found: CopyEvaluation) -> None:
    table = found.by(COPY["source"]).set_index(["group", "metric"])["value"]
    assert table["model", "fcr"] == table["pattern", "fcr"] == 2 / 6
    assert table["model", "length"] == 10
    assert table["pattern", "item_named"] == 0.5


def test_unsupported_claims_are_counted_apart_from_faults_of_form() -> None:
    copy = lines(
        (7, 1, "Heat (1995) is a worthwhile pick for the evening.", []),
        (7, 1, "Heat won 3 prizes, and Al Pacino shines in it.", []),
        (7, 1, "A pick worth your evening.", []),
    )
    per_line = wb.evaluate_copy(copy, FILMS, metrics=["unsupported", "sound"]).per_line
    assert per_line["sound"].tolist() == [1, 0, 0]
    assert per_line["unsupported"].tolist()[::2] == [0, 0]
    assert per_line["unsupported"].iloc[1] >= 4  # 3, prizes, Al, Pacino at the least


def test_checker_takes_its_options() -> None:
    """An e-mail has several sentences, and more words than a line may have."""
    copy = lines((7, 1, "Heat is worth a look. " * 12, []))
    strict = wb.evaluate_copy(copy, FILMS, metrics="sound")
    wide = wb.evaluate_copy(copy, FILMS, metrics="sound", checks={"length": (5, 120)})
    assert "length:60" in strict.lines["reasons"].iloc[0]
    assert not any(reason.startswith("length") for reason in wide.lines["reasons"].iloc[0])


def on_lists(kind: str, *rows: tuple) -> pd.DataFrame:
    """Rows of user, items, text and evidence."""
    columns = ["user_id", "items", "text", "evidence"]
    return pd.DataFrame(rows, columns=columns).assign(kind=kind)


INTRO = "Picked with your high rating of Casino in mind: 2 picks."


def test_an_introduction_names_no_item_and_a_welcome_the_first() -> None:
    """Of an introduction, what needs an item has no part; a welcome is measured as a line is."""
    given = [{"kind": "list", "count": 2}]
    intro = on_lists("intro", (7, [1, 4], INTRO, [liked(2), *given]))
    row = wb.evaluate_copy(intro, FILMS).per_line.iloc[0]
    assert row[["item_named", "fmr"]].isna().all()
    assert row[["evidence_named", "sound", "length"]].tolist() == [1, 1, 11]
    text = "Welcome! Heat (1995) is a good place to start."
    welcome = on_lists("welcome", (7, [1, 4], text, []), (8, [4, 1], text, []))
    found = wb.evaluate_copy(welcome, FILMS)
    assert found.per_line["item_named"].tolist() == [1, 0]
    assert found.per_line["sound"].tolist() == [1, 0]
    both = pd.concat([COPY, intro, welcome], ignore_index=True)
    assert value(both, "item_named") == (3 + 1) / (4 + 2)


def test_what_the_writer_delivers_of_each_kind_is_sound() -> None:
    """Each by the rules of its kind: an e-mail has paragraphs, a title no full stop."""
    because = [[(2, 0.9)], [(3, 0.8)], [(5, 0.7)]]
    recs = pd.DataFrame({"user_id": [7, 7, 8], "item_id": [1, 4, 2], "because": because})
    for kind in ("line", "push", "email", "title", "why", "intro", "welcome"):
        copy = wb.Copywriter().write(recs, FILMS, kind=kind, language="zh")
        found = wb.evaluate_copy(copy, FILMS, metrics=["sound", "unsupported"], language="zh")
        assert found.frame()["value"].tolist() == [1, 0], (kind, found.lines["reasons"].tolist())


def test_a_false_subject_counts_against_an_e_mail_as_it_does_in_review() -> None:
    """Subjects were not looked at by the measures, so that they and the review could disagree."""
    recs = pd.DataFrame({"user_id": [7], "item_id": [1], "because": [[(2, 0.9)]]})
    copy = wb.Copywriter().write(recs, FILMS, kind="email", language="zh")
    for subject, claims in ((copy["subject"].item(), 0), ("《Heat》已获奖", 1)):
        mail = copy.assign(subject=subject)
        found = wb.evaluate_copy(mail, FILMS, metrics=["sound", "unsupported"], language="zh")
        assert found.frame()["value"].tolist() == [1 - claims, claims], found.lines[
            "reasons"
        ].item()
        review = wb.Review(FILMS, language="zh")
        review.add(mail)
        assert list(review.lines["reasons"].item()) == found.lines["reasons"].item()


def test_a_preset_says_what_must_follow_and_what_must_not_be_said() -> None:
    required = domain_named("finance").required["en"]
    said = ["Heat is worth a look.", "Heat is worth a look, guaranteed."]
    warned = f"{said[0]} {required}"
    copy = lines(*[(7, 1, text, []) for text in (*said, warned)]).assign(kind="line")
    plain = wb.evaluate_copy(copy, FILMS, metrics="sound").per_line["sound"]
    assert plain.tolist() == [1, 0, 0]
    finance = wb.evaluate_copy(copy, FILMS, metrics="sound", preset="finance")
    assert finance.per_line["sound"].tolist() == [0, 0, 1]


def test_reasons_of_the_checker_come_along(found: CopyEvaluation) -> None:
    assert any("not-named" in reason for reason in found.lines["reasons"].iloc[3])


@pytest.mark.parametrize(
    ("text", "item", "evidence", "masked"),
    [
        ("Heat (1995) follows Casino.", 1, [2], f"{ITEM} follows {OTHER}."),
        ("Heater follows Casinos.", 1, [2], "Heater follows Casinos."),
        ("Toy Story 2 follows Toy Story.", 6, [5], f"{ITEM} follows {OTHER}."),
        ("看过《The Godfather》再看Heat吧", 1, [3], f"看过《{OTHER}》再看{ITEM}吧"),
        ("heat it up, Casino", 1, [2], f"heat it up, {OTHER}"),
        (f"{ITEM} and {OTHER}", 1, [2], "\ufffd and \ufffd"),  # not by the marks themselves
    ],
)
def test_titles_are_found_whole(text: str, item: int, evidence: list, masked: str) -> None:
    row = ITEMS.set_index("item_id").loc[item].to_dict()
    assert mask(text, row, [liked(own) for own in evidence]) == masked


def test_the_same_wording_about_other_films_is_no_variety() -> None:
    pattern = "If you loved {}, {} is worth a look."
    copy = lines(
        (7, 1, pattern.format("Casino", "Heat"), [liked(2)]),
        (8, 4, pattern.format("The Godfather", "Amelie"), [liked(3)]),
    )
    assert value(copy, "usr") == 0.5
    assert value(copy, "distinct_1") == 9 / 18
    assert value(copy, "repeated_clause") == 0  # of another user's list
    assert value(copy, "repeated_ending") == 0.5


def test_chinese_is_measured_in_its_own_words() -> None:
    copy = lines(
        (7, 1, "《Heat》是一部犯罪片，值得一看。", [liked(2)]),
        (7, 4, "喜欢《Casino》，不妨看看《Amelie》。", [liked(2)]),
    )
    found = wb.evaluate_copy(copy, FILMS, language="zh")
    values = found.frame().set_index("metric")["value"]
    assert values["item_named"] == 1
    assert values["evidence_named"] == 0.5
    assert values["fmr"] == 0.5
    assert values["length"] == (18 + 24) / 2


def test_features_come_in_the_language_of_the_lines_and_from_any_column() -> None:
    items = ITEMS.assign(genres_zh=[["警匪"], *[["其他"]] * 5], brand=["Lumo", *["Kanto"] * 5])
    ds = Dataset(FILMS.interactions, items, name="films")
    assert value(lines((7, 1, "《Heat》是警匪佳作。", [])), "fmr", ds, language="zh") == 1
    branded = lines((7, 1, "Heat by Lumo.", []), (7, 2, "Casino by Lumo.", []))
    assert value(branded, "fmr", ds, features="brand") == 0.5
    assert value(branded, "fcr", ds, features="brand") == 0.5


def test_catalogue_without_genres_has_no_measure_of_features() -> None:
    ds = Dataset(RATINGS, ITEMS.drop(columns="genres"))
    copy = lines((7, 1, "Heat is worth a look.", []))
    assert not {"fmr", "fcr", "div"} & set(wb.evaluate_copy(copy, ds).frame()["metric"])
    with pytest.raises(OptionError, match="'fmr' needs features"):
        wb.evaluate_copy(copy, ds, metrics="fmr")


WORDS = ["crime", "comedy", "drama", "Heat", "look", "a", "pick"]
TEXT = st.lists(st.sampled_from(WORDS), min_size=1, max_size=6).map(" ".join)


@given(st.lists(TEXT, min_size=1, max_size=8))
@settings(max_examples=40, deadline=None)
def test_variety_is_as_the_definitions_written_out(texts: list[str]) -> None:
    copy = lines(*[(user % 3, 1, text, []) for user, text in enumerate(texts)])
    found = wb.evaluate_copy(
        copy, FILMS, metrics=["fmr", "fcr", "div", "usr", "distinct_1", "distinct_2"], resamples=1
    )
    values = found.frame().set_index("metric")["value"]
    features = [{word for word in text.split() if word in WORDS[:3]} for text in texts]
    n = len(texts)
    shared = sum(len(a & b) for a, b in combinations(features, 2))
    assert values["fmr"] == pytest.approx(sum("crime" in own for own in features) / n)
    assert values["fcr"] == len(set().union(*features)) / 6
    assert values["usr"] == len(set(texts)) / n
    np.testing.assert_allclose(values["div"], shared * 2 / (n * (n - 1)) if n > 1 else np.nan)
    for size in (1, 2):
        runs = [run for text in texts for run in ngrams(text.split(), size)]
        ratio = len(set(runs)) / len(runs) if runs else np.nan
        np.testing.assert_allclose(values[f"distinct_{size}"], ratio)


SOME = st.text(max_size=80).filter(str.strip)


@given(st.lists(SOME, min_size=1, max_size=4), st.sampled_from(["en", "zh"]))
@settings(max_examples=25, deadline=None)
def test_no_text_breaks_a_measure(texts: list[str], language: str) -> None:
    copy = lines(*[(None, 1, text, [liked(2)]) for text in texts])
    values = wb.evaluate_copy(
        copy, FILMS, references=texts[::-1], language=language, resamples=1
    ).frame()
    shares = values[~values["metric"].isin(["unsupported", "length", "bleu"])]["value"].dropna()
    assert shares.between(0, 1).all()


def test_ids_and_order_of_the_frame_do_not_matter() -> None:
    shuffled = COPY.sample(frac=1, random_state=0)
    for metric in BY_HAND:
        assert value(shuffled, metric) == pytest.approx(BY_HAND[metric]), metric
    read = Lines(shuffled, FILMS)
    assert read.owned.sum(axis=1).tolist() == [2, 2, 2, 2]


@pytest.mark.parametrize(
    ("copy", "options", "message"),
    [
        (COPY.drop(columns="evidence"), {}, "lack the columns \\['evidence'\\]"),
        (COPY.drop(columns="item_id"), {}, "lack the columns \\['item_id'\\]"),
        (on_lists("intro", (7, "[1]", INTRO, [])), {}, "'items', row 0: '\\[1\\]' is no list"),
        (COPY.iloc[:0], {}, "no lines"),
        (COPY.assign(text=["a", "b", None, "c"]), {}, "column 'text', row 2: nan is no str"),
        (COPY.assign(text=["a", "b", " ", "c"]), {}, "row 2: ' ' is no str"),
        (COPY.assign(evidence="[]"), {}, "column 'evidence', row 0: '\\[\\]' is no list"),
        (COPY, {"references": ["one"]}, "1 references for 4 lines"),
    ],
)
def test_what_is_wrong_with_lines_is_told(copy: pd.DataFrame, options: dict, message: str) -> None:
    with pytest.raises(DataError, match=message):
        wb.evaluate_copy(copy, FILMS, **options)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"metrics": "blue", "references": COPY.text}, "did you mean 'bleu'"),
        ({"metrics": ["length", "bleu"]}, "'bleu' needs references"),
        ({"metrics": "by_model"}, "'by_model' needs source"),
        ({"language": "fr"}, "language='fr'"),
        ({"features": "genre"}, "did you mean 'genres'"),
        ({"resamples": 0}, "resamples=0"),
    ],
)
def test_what_is_wrong_with_an_option_is_told(options: dict, message: str) -> None:
    with pytest.raises(OptionError, match=message):
        wb.evaluate_copy(COPY.drop(columns="source"), FILMS, **options)


def test_line_about_an_item_that_is_not_there() -> None:
    with pytest.raises(UnknownIdError, match="item 99"):
        wb.evaluate_copy(COPY.assign(item_id=99), FILMS)
