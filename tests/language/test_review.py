import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.errors import DataError, OptionError, UnknownIdError
from workbench.language import Copywriter, Review
from workbench.language.preset import preset
from workbench.language.voice import Voice

from .stand_ins import Scripted
from .test_preset import domain, recommended

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


def test_nothing_is_approved_of_nothing(films):
    assert Review(films).approved.empty


def test_a_user_without_a_name_has_none(films, monkeypatch):
    def nameless():
        raise KeyError("getpwuid(): uid not found: 1000")

    monkeypatch.setattr("workbench.language.review.getuser", nameless)
    assert Review(films).editor == ""


def test_what_a_domain_requires_stands_behind_a_text_and_is_missed():
    ds = domain("finance")
    review = Review(ds, preset="finance")
    written = Copywriter(Scripted()).write(recommended("bo").head(1), ds, preset="finance")
    (line,) = review.add(written)
    assert review.approve(line) == "approved"
    warning = preset("finance").required["en"]
    text = review.lines.loc[line, "text"].removesuffix(warning)
    assert review.edit(line, text.strip()) == ("required",)


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
