from itertools import product

import pytest

from tests.language.stand_ins import Scripted
from workbench.errors import OptionError
from workbench.language import Copywriter
from workbench.language.copy import proofreading
from workbench.language.copy.brief.brief import CopyBrief
from workbench.language.copy.brief.domain import domain_named
from workbench.language.copy.brief.settings import DOMAINS, FORMATS
from workbench.language.copy.brief.text_format import format_named
from workbench.language.copy.brief.voice import TONES, Voice
from workbench.language.copy.item_evidence import list_evidence
from workbench.language.copy.selection import first_clause
from workbench.language.copy.slots import fill, slot_values

ROWS = {
    "film": {"title": "Heat", "year": 1995.0, "genres": ["Action", "Crime"]},
    "shop": {"title": "Oak Lamp", "title_zh": "橡木台灯", "genres": ["Home"], "price": 59.0},
    "feed": {"title": "Trail at Dawn", "title_zh": "清晨的山路", "topics": ["hiking"]},
    "finance": {"title": "Harbour Fund", "title_zh": "海港基金", "risk": "low"},
    "health": {"title": "Linen Pillow", "title_zh": "亚麻枕", "needs": ["better sleep"]},
    "education": {"title": "First Code", "title_zh": "编程第一课", "goals": ["Python"]},
}
ROWS["shop"] |= {"genres_zh": ["家居"]}
USERS = {
    "film": {"favourite_genres": "Crime"},
    "shop": {"interests": "Home"},
    "feed": {"interests": "hiking"},
    "finance": {"risk_preference": "medium"},
    "health": {"needs": ["better sleep"]},
    "education": {"learning_goal": "Python"},
}
OWN = {"item_id": 2, "title": "Casino", "title_zh": "赌城", "rating": 5.0}
HISTORY = ("liked", "bought", "seen", "similar", "popular", "none")


def situations(name):
    """Every kind of evidence that a preset's texts can rest on."""
    yield "attribute", domain_named(name).evidence(USERS[name], ROWS[name])
    if name != "finance":
        genres = ROWS[name].get("genres", [])[:1]
        yield from (
            (own, [] if own == "none" else [OWN | {"kind": own, "count": 3, "genres": genres}])
            for own in HISTORY
            if (name, own) != ("film", "bought")
        )


def values(name, language, evidence):
    row = ROWS[name]
    quoted = {"en": "{}", "zh": "《{}》" if name == "film" else "“{}”"}[language]
    title = quoted.format(row.get("title_zh", row["title"]) if language == "zh" else row["title"])
    key = "title_zh" if language == "zh" else "title"
    shown = [e[key] for e in evidence if "value" in e]
    because = quoted.format(OWN[key]) if any("item_id" in e for e in evidence) else ""
    genre = slot_values(row, title, because, language=language)
    more = {"shared": genre["genre"], "value": shown[0] if shown else "", "picks": "3 picks"}
    return genre | more | ({"picks": "3 个选择"} if language == "zh" else {})


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("name", DOMAINS)
def test_every_hand_written_text_of_every_kind_is_sound(name, language):
    seen = set()
    for own, (situation, evidence), tone in product(FORMATS, situations(name), TONES):
        brief = CopyBrief(format_named(own), domain_named(name), language, Voice(tone=tone))
        row, given = ROWS[name], values(name, language, evidence)
        if not brief.format.named:
            row, given = {"title": ""}, given | {"title": ""}
            evidence = list_evidence([evidence] * 3)
        names = [v for k, v in given.items() if k in ("title", "because", "value") and v]
        line = next(filter(None, (fill(p, given) for p in brief.core.sentences(situation))))
        supply = brief.sentences("none" if own == "email" else situation)
        texts = [text for p in supply if (text := fill(p, given | {"line": line}))]
        assert texts, (own, situation)
        for text in {*texts} - seen:
            seen.add(text)
            assert proofreading.faults(text, row, evidence, brief, names=names) == [], text
        if own == "email":
            for text in filter(None, (fill(p, given) for p in brief.subjects(situation))):
                faults = proofreading.faults(
                    text, row, evidence, brief, names=names, part="subject"
                )
                assert faults == [], text


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("own", [k for k in FORMATS if format_named(k).per == "item"])
def test_a_list_gets_a_sound_text_of_each_kind_for_each_item(films, recs, own, language):
    copy = Copywriter(Scripted()).write(recs, films, kind=own, language=language)
    assert set(copy.source) == {"pattern"}
    assert copy.text.is_unique
    least, most = format_named(own).length[language]
    assert copy.text.str.len().between(least, most).all()
    title = "《Heat》（1995）" if language == "zh" else "Heat (1995)"
    assert title in copy.text[0]


def test_an_email_has_a_subject_and_a_body_around_its_line(films, recs):
    mail = Copywriter(Scripted()).write(recs, films, kind="email").iloc[0]
    assert 0 < len(mail.subject) <= 60
    paragraphs = mail.text.split("\n\n")
    assert len(paragraphs) >= 3
    assert "Heat (1995)" in paragraphs[1]


def test_a_video_title_has_no_full_stop(films, recs):
    copy = Copywriter(Scripted()).write(recs, films, kind="title")
    assert not copy.text.str.endswith(".").any()


@pytest.mark.parametrize("own", ["intro", "welcome"])
def test_texts_of_a_list_are_a_row_a_user(films, recs, own):
    copy = Copywriter(Scripted()).write(recs, films, kind=own)
    assert copy.user_id.isna().tolist() == [False, True]
    assert copy["items"].tolist() == [[1, 4, 1], [4]]
    assert copy.text[0].startswith("Welcome!") == (own == "welcome")


def test_an_introduction_counts_and_says_of_all_only_what_holds_for_all(films, recs):
    """One item was chosen by similar users, one by many: neither may be said of the list."""
    copy = Copywriter(Scripted()).write(recs.head(3), films, kind="intro")
    assert [e["kind"] for e in copy.evidence[0]] == ["liked", "seen", "list"]
    assert "3 picks" in copy.text[0]
    assert "Casino" in copy.text[0]
    alone = Copywriter(Scripted()).write(recs.tail(1), films, kind="intro")
    assert "1 pick." in alone.text[0]


def test_no_two_lines_of_a_list_share_a_first_clause(films, recs):
    same = recs.head(1).loc[[0] * 2].assign(item_id=[1, 4])
    for language in ("en", "zh"):
        for seed in range(5):
            copy = Copywriter(Scripted()).write(same, films, language=language, seed=seed)
            clauses = [first_clause(text, ["Casino", "《Casino》"]) for text in copy.text]
            assert len(set(clauses)) == 2


def test_unknown_kind_names_the_good_ones(films, recs):
    with pytest.raises(OptionError, match=r"kind='pushh'.*did you mean 'push'"):
        Copywriter().write(recs, films, kind="pushh")
