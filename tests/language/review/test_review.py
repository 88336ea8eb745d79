import csv
import json

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet

from tests.language.copy.brief.test_domain import domain, recommended
from tests.language.stand_ins import Scripted
from workbench.errors import DataError, OptionError, UnknownIdError
from workbench.language import Copywriter, Review
from workbench.language.copy.brief.domain import domain_named
from workbench.language.copy.brief.settings import DOMAINS
from workbench.language.copy.brief.voice import Voice

LISTS = ("intro", "welcome")
SINGLE = ("line", "push", "email", "title", "why")

SOUND = "If you loved Casino, Heat (1995) is a natural next step."
UNSOUND = "If you loved Casino, Heat (1995) has a story."


@pytest.fixture
def lines():
    casino = {"kind": "liked", "item_id": 2, "title": "Casino", "year": 1995, "genres": ["Crime"]}
    return pd.DataFrame(
        {
            "user_id": [7, 7],
            "item_id": [1, 4],
            "rank": [1, 2],
            "text": [SOUND, "Amelie (2001) is a romantic choice for a quiet evening."],
            "source": ["model", "pattern"],
            "evidence": [[casino], []],
            "model": ["tiny", "patterns"],
            "seed": 0,
        }
    )


@pytest.fixture
def review(films, lines):
    review = Review(films, editor="Ann")
    assert review.add(lines) == [0, 1]
    return review


def test_what_passes_is_approved_and_keeps_where_it_comes_from(review, films):
    assert review.approve(0) == "approved"
    line = review.approved.loc[0]
    assert line[["text", "draft", "source", "model", "seed"]].tolist() == [
        *(SOUND, SOUND, "model", "tiny", 0)
    ]
    assert line[["status", "editor", "note", "data_hash"]].tolist() == [
        *("approved", "Ann", "", films.hash)
    ]
    assert line["title"] == "Heat (1995)"
    assert line["decided"].tzinfo is not None
    assert not line["edited"]


def test_the_check_reads_an_edit_and_what_it_refuses_takes_a_reason(review):
    reasons = review.edit(0, UNSOUND)
    assert reasons == ("unsupported-word:story",)
    for reason in ("", "  "):
        with pytest.raises(OptionError, match=r"line 0 does not pass the check .*story.* reason"):
            review.approve(0, reason=reason)
    assert review.approved.empty
    assert review.approve(0, reason="every film has") == "flagged"
    line = review.approved.loc[0]
    assert (line["text"], line["draft"], line["edited"]) == (UNSOUND, SOUND, True)
    assert line["reasons"] == list(reasons)
    assert line["note"] == "every film has"


def test_a_rejection_takes_a_reason_and_can_be_taken_back(review):
    with pytest.raises(OptionError, match="without a reason"):
        review.reject(1, " ")
    review.reject(1, "dull")
    assert review.lines["status"].tolist() == ["open", "rejected"]
    review.reopen(1)
    assert review.lines["status"].tolist() == ["open", "open"]
    assert review.lines["note"].tolist() == ["", ""]


def test_an_edit_after_approval_has_to_be_approved_again(review):
    review.approve(0)
    review.edit(0, UNSOUND)
    assert review.lines["status"][0] == "open"


def test_what_a_person_touched_is_not_written_over(review, lines):
    review.approve(0)
    other = lines.assign(text=["Heat (1995) is a fine choice.", "Amelie (2001) is a fine choice."])
    assert review.add(other) == [0, 1]
    assert review.lines["text"].tolist() == [SOUND, other["text"][1]]
    stranger = lines.assign(user_id=8)
    assert review.add(stranger) == [2, 3]
    assert len(review) == 4


def test_a_variant_takes_the_place_of_a_line_about_the_same_item(review, lines):
    variant = lines.loc[0].copy()
    variant["text"], variant["seed"] = "After Casino, Heat (1995) is a natural choice.", 5
    review.replace(0, variant)
    assert review.lines.loc[0, ["text", "seed", "edited"]].tolist() == [variant["text"], 5, False]
    with pytest.raises(DataError, match="line 1"):
        review.replace(1, variant)


def test_a_voice_holds_for_lines_that_are_open(review):
    review.approve(1)
    with pytest.warns(DeprecationWarning, match="now apply_voice"):
        review.hold(Voice(max_chars=20))
    assert review.lines["reasons"].tolist() == [[f"voice-length:{len(SOUND)}"], []]
    assert review.edit(1, "Amelie (2001) is a fine choice for you.") == ("voice-length:39",)


def test_claims_say_which_words_rest_on_what(review):
    found = [(SOUND[c.start : c.end], c.field) for c in review.claims(0)]
    assert found == [
        ("loved", "evidence.kind"),
        ("Casino", "evidence.title"),
        ("Heat (1995)", "title"),
    ]


def test_what_the_copywriter_refused_says_why_until_a_person_writes_it(films, lines):
    review = Review(films, editor="Ann")
    refused = lines.head(1).assign(text="", source="refused", reason="too risky for the user")
    review.add(refused)
    assert review.lines["reasons"].tolist() == [["refused:too risky for the user"]]
    assert review.edit(0, SOUND) == ()


@pytest.mark.parametrize("line", [-1, 2])
def test_a_line_that_is_not_there_is_named(review, line):
    with pytest.raises(UnknownIdError, match=f"no line {line}; lines run from 0 to 1"):
        review.approve(line)


def test_a_frame_that_is_no_copy_is_refused(films):
    with pytest.raises(DataError, match="evidence"):
        Review(films).add(pd.DataFrame({"user_id": [7], "item_id": [1], "text": ["x"]}))


def test_it_says_how_far_it_is(review, films):
    review.reject(0, "dull")
    rest = len(review) - 1
    assert repr(review) == f"Review('films': {rest} open, 1 rejected)"
    assert repr(Review(films)) == "Review('films': no lines)"


def test_nothing_is_approved_of_nothing(films):
    assert Review(films).approved.empty


def test_a_user_without_a_name_has_none(films, monkeypatch):
    def nameless():
        raise KeyError("getpwuid(): uid not found: 1000")

    monkeypatch.setattr("workbench.language.review.review.getuser", nameless)
    assert Review(films).editor == ""


def test_what_a_domain_requires_stands_behind_a_text_and_is_missed():
    ds = domain("finance")
    review = Review(ds, preset="finance")
    written = Copywriter(Scripted()).write(recommended("bo").head(1), ds, preset="finance")
    (line,) = review.add(written)
    assert review.approve(line) == "approved"
    warning = domain_named("finance").required["en"]
    assert all(c.end < review.lines["text"][line].index(warning) for c in review.claims(line))
    text = review.lines.loc[line, "text"].removesuffix(warning)
    assert review.edit(line, text.strip()) == ("required",)


def written(ds, name, kind, *, user="cy", language="en"):
    """Three items, of which one suits a user of low risk."""
    recs = recommended(user).loc[[0, 1, 2]].assign(rank=[1, 2, 3])
    return Copywriter(Scripted()).write(recs, ds, kind=kind, preset=name, language=language)


@pytest.mark.parametrize("kind", [*SINGLE, *LISTS])
@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("name", DOMAINS)
def test_what_the_copywriter_delivers_of_any_kind_and_domain_passes(name, language, kind):
    ds = domain(name)
    review = Review(ds, preset=name, language=language)
    lines = review.add(written(ds, name, kind, language=language))
    assert len(lines) == (1 if kind in LISTS else 3)
    assert [review.approve(line) for line in lines] == ["approved"] * len(lines)
    assert set(review.lines["preset"]) == {name}
    assert review.claims(0)


def test_a_subject_is_edited_under_the_check_beside_its_text(films, recs):
    review = Review(films, editor="Ann")
    review.add(Copywriter(Scripted()).write(recs.head(1), films, kind="email"))
    before = review.lines.loc[0]
    assert review.edit(0, subject="Heat, an award") == ("subject-award:award",)
    assert review.edit(0, subject="") == ("subject-length:0",)
    assert review.edit(0, subject="Casino, and then Heat") == ()
    (found,) = (c for c in review.claims(0, of="subject") if c.field == "title")
    assert found[:2] == (17, 21)
    line = review.lines.loc[0]
    assert line[["subject", "draft_subject"]].tolist() == ["Casino, and then Heat", before.subject]
    assert line["text"] == before["text"]
    assert line["edited"]
    review.reopen(0)
    assert review.lines["subject"][0] == "Casino, and then Heat"


def test_a_line_without_a_subject_has_none_to_change(review):
    with pytest.raises(OptionError, match="line 0 has no subject"):
        review.edit(0, subject="Heat")
    with pytest.raises(OptionError, match="of='subject' is not one of 'text'"):
        review.claims(0, of="subject")


def test_texts_of_a_list_are_kept_by_user_and_kind():
    ds = domain("film")
    review = Review(ds, preset="film")
    intro, welcome = (written(ds, "film", kind) for kind in LISTS)
    assert (review.add(intro), review.add(welcome), review.add(intro)) == ([0], [1], [0])
    assert review.lines["title"].tolist() == ["", "Harbour A (1999)"]
    assert review.lines["items"].tolist() == [[0, 1, 2]] * 2
    assert review.edit(0, "Your list is ready: 4 picks.") == ("number:4",)
    with pytest.raises(DataError, match="'cy', None, 'intro'"):
        review.replace(0, welcome.iloc[0])


def test_strangers_and_lists_that_lack_a_column_are_told_apart(films, recs):
    writer, review = Copywriter(Scripted()), Review(films)
    stranger = writer.write(recs.tail(1), films, kind="welcome")
    assert review.add(stranger) == review.add(stranger) == [0]
    with pytest.raises(DataError, match=r"lack the columns \['items'\]"):
        review.add(stranger.drop(columns="items"))
    email = writer.write(recs.head(1), films, kind="email").drop(columns="subject")
    with pytest.raises(DataError, match=r"lack the columns \['subject'\]"):
        review.add(email)


def test_a_domain_holds_for_lines_that_are_added_after_it_was_set():
    ds = domain("finance")
    review = Review(ds)
    review.add(written(ds, "finance", "line", user="bo").head(1))
    review.preset = "finance"
    review.add(written(ds, "finance", "push", user="bo").head(1))
    assert review.lines["preset"].tolist() == ["shop", "finance"]
    assert review.lines["reasons"][1] == []
    assert "required" not in review.edit(0, "Harbour A is worth a closer look.")
    assert "required" in review.edit(1, "Harbour A is worth a closer look.")


def test_what_does_not_suit_a_user_is_barred_whoever_writes_it():
    ds = domain("finance")
    review = Review(ds, preset="finance")
    review.add(written(ds, "finance", "line", user="ada"))
    barred = "unsuitable:risk medium, above the user's own"
    assert review.lines["reasons"].tolist()[:2] == [[], [f"refused:{barred}"]]
    with pytest.raises(OptionError, match="line 1 has no text to approve"):
        review.approve(1, reason="we may")
    assert review.edit(1, "Harbour B is worth a closer look. Your capital is at risk.") == (barred,)
    with pytest.raises(OptionError, match="unsuitable"):
        review.approve(1)
    assert review.approve(1, reason="compliance agreed") == "flagged"


def rows(path):
    if path.suffix == ".parquet":
        return parquet.read_table(path).to_pylist()
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file) if path.suffix == ".csv" else map(json.loads, file))


@pytest.mark.parametrize(
    ("suffix", "item", "ids", "none"),
    [
        (".csv", "0", "[0, 1, 2]", ""),
        (".jsonl", 0, [0, 1, 2], None),
        (".parquet", 0, "[0, 1, 2]", None),
    ],
)
def test_lines_of_all_kinds_leave_in_one_file(suffix, item, ids, none, tmp_path):
    ds = domain("film")
    review = Review(ds, preset="film")
    for kind in ("line", "email", "intro"):
        review.approve(review.add(written(ds, "film", kind))[0])
    line, email, intro = rows(review.export(tmp_path / f"copy{suffix}"))
    assert [each["kind"] for each in (line, email, intro)] == ["line", "email", "intro"]
    assert [each["item_id"] for each in (line, email, intro)] == [item, item, none]
    assert (line["subject"], intro["subject"]) == (none, none)
    assert email["subject"] == email["draft_subject"] == review.lines["subject"][3]
    assert (line["items"], intro["items"]) == (none, ids)


def test_what_a_copywriter_writes_is_reviewed_in_chinese(goods, recs):
    recs = recs.head(1).assign(user_id="u", item_id="a", because=[[("b", 1.0)]])
    review = Review(goods, language="zh")
    review.add(Copywriter(device="cpu").write(recs, goods, language="zh"))
    assert review.approve(0) == "approved"
    assert review.approved["language"].tolist() == ["zh"]


@given(text=st.text(max_size=60))
def test_any_text_can_be_typed_and_is_kept_as_it_is(text):
    items = pd.DataFrame({"item_id": [1], "title": ["Heat"], "year": [1995]})
    from workbench.datasets import Dataset

    ds = Dataset(pd.DataFrame({"user_id": [1], "item_id": [1], "rating": [4.0]}), items)
    row = {"user_id": 1, "item_id": 1, "text": SOUND, "source": "model", "evidence": []}
    review = Review(ds, editor="")
    review.add(pd.DataFrame([row]))
    reasons = review.edit(0, text)
    assert review.lines["text"].tolist() == [text]
    assert all(0 <= c.start < c.end <= len(text) for c in review.claims(0))
    if text.strip():
        assert review.approve(0, reason="because") == ("flagged" if reasons else "approved")
