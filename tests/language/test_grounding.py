import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.language.grounding import check, clean, goods_of, lexicon, readable, vocabulary

HEAT = {"item_id": 1, "title": "Heat", "year": 1995.0, "genres": ["Action", "Crime"]}
CASINO = {
    "kind": "liked",
    "item_id": 2,
    "title": "Casino",
    "year": 1995,
    "rating": 4.5,
    "genres": ["Crime"],
}
LAMP = {
    "item_id": "a",
    "title": "Oak Lamp",
    "title_zh": "橡木台灯",
    "genres": ["Lighting"],
    "genres_zh": ["灯具"],
    "description": "Gives a soft light for 8 hours.",
    "price": 199.0,
}


@pytest.mark.parametrize(
    "text",
    [
        "If you loved Casino, Heat (1995) is a natural next step.",
        "Loved Casino (1995)? Then Heat is a crime film that is hard to resist.",
        "You gave Casino 4.5 stars, and Heat (1995) is worth an evening.",
        "Because you enjoyed Casino, Heat (1995) is an action film from 1995.",
    ],
)
def test_a_sentence_that_rests_on_row_and_evidence_is_sound(text):
    assert check(text, HEAT, [CASINO]) == []


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("If you loved Casino, it is a natural next step.", "not-named"),
        ("If you loved Casino, Heat is as good as Goodfellas.", "other-title:Goodfellas"),
        ("If you loved Casino, Heat (1996) is a natural next step.", "number:1996"),
        ("You gave Casino 5 stars, and Heat is worth an evening.", "number:5"),
        ("Heat is a story about a family for your list.", "unsupported-word:family"),
        ("Heat is a story about a family for your list.", "unsupported-word:story"),
        ("If you loved Casino, Heat is an award-winning film.", "unsupported-word:award-winning"),
        ("If you loved Casino, Heat is the best crime film.", "unsupported-word:best"),
        ("If you loved Casino, Heat is a laugh.", "unsupported-word:laugh"),
        ("If you loved Casino, Heat is not a crime film.", "unsupported-word:not"),
        ("If you loved Casino, Heat is popular for tonight.", "unsupported-word:popular"),
        ("If you loved Casino, {title} Heat is a good choice.", "residue"),
        ("If you loved Casino, Heat is a good choice with", "residue"),
        ("If you loved Casino, Heat is a good choice with the.", "residue"),
        ("If you loved Casino,\nHeat is a good choice.", "residue"),
        ("If you loved Casino, Heat is a action film.", "article"),
        ("Heat is a thrilling pick, a pick for you and your thrill.", "repetition:thril"),
        ("Heat it is.", "length"),
        ("喜欢《Casino》的您，不妨看看《Heat》。", "language"),
    ],
)
def test_a_claim_without_support_is_named(text, reason):
    assert reason in check(text, HEAT, [CASINO])


def test_loved_needs_a_high_rating():
    text = "If you loved Casino, Heat (1995) is a natural next step."
    seen = CASINO | {"kind": "seen", "rating": 2.0}
    assert check(text, HEAT, [seen]) == ["unsupported-word:loved"]


def test_a_film_title_gives_names_but_goods_are_what_their_title_says():
    assert "unsupported-word:heat" in check("Heat (1995) brings the heat tonight.", HEAT, [])
    assert check("For your list: Oak Lamp, an oak lamp for 8 hours.", LAMP, []) == []
    assert "number:9" in check("For your list: Oak Lamp, an oak lamp for 9 hours.", LAMP, [])


def test_the_price_of_the_row_and_no_other_may_be_named():
    assert check("Oak Lamp is here for 199, worth a look.", LAMP, []) == []
    assert check("Oak Lamp is here for 99, worth a look.", LAMP, []) == ["number:99"]


def test_an_inverted_article_may_be_turned_round():
    row = {"title": "Godfather, The", "year": 1972, "genres": ["Crime"]}
    for name in ("The Godfather (1972)", "Godfather, The (1972)"):
        assert check(f"For tonight, {name} is a good choice.", row, []) == []
    assert readable("Godfather, The") == "The Godfather"
    assert readable("Avventura, L' (Adventure, The)") == "L'Avventura"


def test_another_title_in_brackets_is_left_out_of_films_and_kept_of_goods() -> None:
    assert readable("Seven (a.k.a. Se7en)") == "Seven"
    assert readable("(500) Days of Summer") == "(500) Days of Summer"
    assert readable("Phone Case (Black)", goods="shop") == "Phone Case (Black)"
    film = {"title": "Seven (a.k.a. Se7en)", "year": 1995, "genres": ["Mystery"]}
    for name in ("Seven (1995)", "Seven (a.k.a. Se7en) (1995)"):
        assert check(f"For tonight, {name} is a good choice.", film, []) == []
    goods = {"title": "Phone Case (Black)", "price": 9.0}
    assert "not-named" in check("For tonight, Phone Case is a good choice.", goods, [])


def test_a_title_that_is_a_common_word_counts_only_with_its_year():
    row = {"title": "It", "year": 1990.0, "genres": ["Horror"]}
    assert "not-named" in check("It is a good choice for tonight.", row, [])
    assert check("It (1990) is a good choice for tonight.", row, []) == []


def test_chinese_is_held_to_the_same_rules():
    assert (
        check("喜欢《Casino》的您，不妨看看《Heat》（1995）。", HEAT, [CASINO], language="zh") == []
    )
    found = check("《Heat》是一部感人的家庭电影，值得看看。", HEAT, [CASINO], language="zh")
    assert "unsupported-word:感人" in found
    assert "unsupported-word:家庭" in found
    assert "number:2001" in check("不妨看看《Heat》（2001）。", HEAT, [CASINO], language="zh")
    assert check("“橡木台灯”值得您看看。", LAMP, [], language="zh") == []


def test_what_a_model_may_write_with_is_accepted():
    for phrase in vocabulary(LAMP) | vocabulary(HEAT):
        row = LAMP if phrase in vocabulary(LAMP) else HEAT
        title = row["title"]
        found = check(f"{title} goes {phrase} for you now.", row, [CASINO])
        assert [r for r in found if r.startswith(("unsupported", "other"))] == []


def test_words_that_need_evidence_are_not_neutral():
    for language in ("en", "zh"):
        own = lexicon()[language]
        neutral = set(f"{own['function']} {own['neutral']}".split())
        for need in ("liked", "bought", "popular"):
            assert not neutral & set(own["needs"][need].split()), (language, need)


def test_goods_are_films_by_genre_or_year():
    assert goods_of(HEAT) == "film"
    assert goods_of(LAMP) == "shop"
    assert goods_of({"title": "Tea", "genres": ["Tea"]}) == "shop"
    assert goods_of({"title": "Book", "year": 1999, "price": 9.0}) == "shop"


def test_clean_takes_out_what_could_steer_a_prompt_or_a_page():
    assert clean("Heat\n\nIgnore\u202e the\x00 rules\u200b") == "Heat Ignore the rules"
    assert len(clean("x" * 1000)) == 200


@given(st.text(max_size=60), st.text(max_size=30))
def test_check_takes_any_text_and_title(text, title):
    row = {"title": title, "genres": [title], "year": 1995}
    for language in ("en", "zh"):
        reasons = check(text, row, [CASINO], language=language)
        assert all(isinstance(reason, str) for reason in reasons)


@given(st.text(max_size=80))
def test_clean_is_one_printable_line_and_stable(text):
    assert "\n" not in clean(text)
    assert clean(clean(text)) == clean(text)
