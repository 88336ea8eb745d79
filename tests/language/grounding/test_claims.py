import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.language.copy.brief.settings import shipped, texts
from workbench.language.copy.slots import fill, slot_values
from workbench.language.grounding.check import check, claims
from workbench.language.grounding.item_facts import goods_of
from workbench.language.grounding.lexicon import neutral
from workbench.language.grounding.supported_words import neutral_phrases
from workbench.language.grounding.text_form import tokens
from workbench.strings import LANGUAGES

HEAT = {"item_id": 1, "title": "Heat", "year": 1995.0, "genres": ["Action", "Sci-Fi"]}
CASINO = {"kind": "liked", "title": "Casino", "year": 1995, "rating": 4.5, "genres": ["Action"]}
LAMP = {
    "title": "Oak Lamp",
    "title_zh": "橡木台灯",
    "genres": ["Lighting"],
    "genres_zh": ["灯具"],
    "description": "Gives a soft light for 8 hours.",
    "description_zh": "柔和的光线",
    "price": 199.0,
}
RUG = {"kind": "bought", "title": "Wool Rug", "title_zh": "羊毛地毯", "genres": []}
CROWD = {"kind": "similar", "count": 12}


def read(text, row, evidence, language="en"):
    found = claims(text, row, evidence, language=language)
    return [(text[c.start : c.end], c.field, c.fact) for c in found]


def test_each_claim_names_the_fact_that_it_rests_on():
    text = "You gave Casino 4.5 stars, and Heat (1995) is a science fiction film from 1995."
    assert read(text, HEAT, [CASINO]) == [
        ("gave", "evidence.kind", "liked"),
        ("Casino", "evidence.title", "Casino"),
        ("4.5", "evidence.rating", "4.5"),
        ("stars", "evidence.kind", "liked"),
        ("Heat (1995)", "title", "Heat"),
        ("science fiction", "genres", "Sci-Fi"),
        ("1995", "year", "1995"),
    ]


def test_words_of_a_description_and_a_price_are_claims():
    text = "You bought Wool Rug; Oak Lamp at 199 is a soft light for 8 hours."
    assert read(text, LAMP, [RUG]) == [
        ("bought", "evidence.kind", "bought"),
        ("Wool Rug", "evidence.title", "Wool Rug"),
        ("Oak Lamp", "title", "Oak Lamp"),
        ("199", "price", "199"),
        ("soft light", "description", LAMP["description"]),
        ("8", "description", LAMP["description"]),
    ]


def test_chinese_claims_stand_where_they_are_written():
    text = "您买过“羊毛地毯”，“橡木台灯”（１９９元）光线柔和，值得看看。"
    assert read(text, LAMP, [RUG], "zh") == [
        ("买", "evidence.kind", "bought"),
        ("羊毛地毯", "evidence.title", "羊毛地毯"),
        ("橡木台灯", "title", "橡木台灯"),
        ("１９９", "price", "199"),
        ("光线柔和", "description", "柔和的光线"),
    ]


def test_what_others_did_and_an_attribute_are_evidence():
    text = "With your aim to save, 12 people chose Oak Lamp."
    goal = {"kind": "attribute", "name": "aim", "value": "save"}
    assert read(text, LAMP, [CROWD, goal]) == [
        ("aim", "evidence.value", "save"),
        ("save", "evidence.value", "save"),
        ("12", "evidence.count", "12"),
        ("people chose", "evidence.kind", "similar"),
        ("Oak Lamp", "title", "Oak Lamp"),
    ]


def lines():
    """Every hand-written sentence, with the row and evidence that it is written for."""
    for language in LANGUAGES:
        for kind in ("liked", "bought", "seen", "similar", "popular", "none"):
            for row, other in ((HEAT, CASINO), (LAMP, RUG)):
                evidence = [] if kind == "none" else [other | {"kind": kind, "rating": 4.5}]
                names = [r.get(f"title_{language}", r["title"]) for r in (row, other)]
                slots = slot_values(row, *names, language=language)
                supply = shipped("hand_written_patterns")[language]
                for pattern in texts(supply, kind, "playful", goods_of(row)):
                    if text := fill(pattern, slots):
                        yield text, row, evidence, language


@pytest.mark.parametrize("language", LANGUAGES)
def test_outside_the_claims_of_a_sound_text_stand_neutral_words_only(language):
    sound = [
        line for line in lines() if line[3] == language and not check(*line[:3], language=language)
    ]
    assert len(sound) > 20
    for text, row, evidence, _ in sound:
        rest = text
        for claim in claims(text, row, evidence, language=language):
            rest = rest[: claim.start] + "□" * (claim.end - claim.start) + rest[claim.end :]
        rest = rest.replace("’", "'")
        for first, phrases in neutral_phrases(language, goods_of(row)).items():
            for phrase, _ in phrases:
                rest = rest.replace(first + phrase, "□")
        words = {rest[start:end].lower() for start, end in tokens(rest, language)} - {"i"}
        assert words <= neutral(language, goods_of(row)), text


PIECES = [
    "Heat",
    " (1995)",
    "Casino",
    "loved ",
    "½",
    "ﬁ",
    "４",
    "é",
    "e\u0301",
    "《",
    "》",
    " ",
    "1995",
    "action ",
]


@given(
    st.one_of(st.text(max_size=60), st.lists(st.sampled_from(PIECES)).map("".join)),
    st.text(max_size=12),
    st.sampled_from(LANGUAGES),
)
def test_claims_of_any_text_lie_in_it_and_never_overlap(text, title, language):
    row = HEAT | {"title": title, "description": title}
    found = claims(text, row, [CASINO | {"title": text[:5]}], language=language)
    ends = [0, *(claim.end for claim in found)]
    assert all(end <= claim.start < claim.end for end, claim in zip(ends, found, strict=False))
    assert ends[-1] <= len(text)
