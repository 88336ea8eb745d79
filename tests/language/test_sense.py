import pytest

from workbench.language.grounding.check import check, claims

HEAT = {"title": "Heat", "year": 1995, "genres": ["Action", "Crime"]}
CASINO = {"kind": "liked", "item_id": 2, "title": "Casino", "rating": 4.5, "genres": ["Crime"]}
TEA = {
    "title": "Linden Night Tea, Slate Grey",
    "brand": "Oak & Loom",
    "description": "A linden tea by Oak & Loom without caffeine. 20 bags.",
    "price": 8.5,
}


def reasons(text, row, evidence):
    return [str(reason) for reason in check(text, row, evidence)]


@pytest.mark.parametrize(
    ("sound", "unsound", "reason"),
    [
        (
            "If you like action, Heat is a good choice.",
            "Since you like action, Heat is a good choice.",
            "user-claim:action",
        ),
        (
            "You loved Casino, a crime film, so Heat is next.",
            "You loved Casino, an action film, so Heat is next.",
            "unsupported-word:action",
        ),
        (
            "You loved Casino, and Heat is another crime film.",
            "You loved Casino, and Heat is another action film.",
            "unsupported-word:action",
        ),
        (
            "Heat is a crime film for a quiet evening.",
            "Heat is a quiet crime film for your evening.",
            "unsupported-word:quiet",
        ),
        (
            "Heat brings a little action to your evening.",
            "Heat has little action for your evening.",
            "unsupported-word:little",
        ),
        (
            "Heat was made for a free evening.",
            "Heat was made in a free evening.",
            "unsupported-word:made in",
        ),
        (
            "You enjoyed Casino, so try Heat for tonight.",
            "You enjoyed Casino, so try Casino before Heat tonight.",
            "other-title:Casino",
        ),
        (
            "You gave Casino 4.5 stars, so Heat is next.",
            "You gave Casino your time, so take 4.5 hours for Heat.",
            "number:4.5",
        ),
    ],
)
def test_words_that_may_be_said_state_something_together(sound, unsound, reason):
    assert reasons(sound, HEAT, [CASINO]) == []
    assert reason in reasons(unsound, HEAT, [CASINO])


def test_what_is_carried_by_evidence_is_carried_in_phrases_too():
    text = "People with your taste chose Heat, so it is worth a look."
    for kind, found in (("similar", []), ("popular", ["unsupported-word:People with your"])):
        assert reasons(text, HEAT, [{"kind": kind, "count": 9}]) == found
    seen = CASINO | {"kind": "seen", "rating": 2.0}
    text = "Casino stayed with you, and Heat is a good choice."
    assert reasons(text, HEAT, [CASINO]) == []
    assert reasons(text, HEAT, [seen]) == ["user-claim:stayed with you"]


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ("an oak tea for your evening", "unsupported-word:oak"),
        ("a slate tea for your evening", "unsupported-word:slate"),
        ("a tea with caffeine in it", "unsupported-word:caffeine"),
        ("a tea for 20 evenings", "number:20"),
        ("a hand-made tea for your evening", "unsupported-word:hand-made"),
    ],
)
def test_a_word_of_the_row_counts_with_what_it_belongs_to(said, reason):
    text = "For tonight: “Linden Night Tea, Slate Grey”, "
    assert reason in reasons(f"{text}{said}.", TEA, [])
    for sound in ("in slate grey", "a tea without caffeine", "20 bags by Oak & Loom"):
        assert reasons(f"{text}{sound}.", TEA, []) == []


def test_a_brand_rests_on_its_field():
    text = "Tea by Oak & Loom for you: “Linden Night Tea, Slate Grey”."
    assert ("Oak & Loom", "brand") in [
        (text[c.start : c.end], c.field) for c in claims(text, TEA, [])
    ]


SPRAY = {
    "title": "Linden Spray, Sage",
    "price": 9.0,
    "description": "Spray by Ann. Scents a small room.",
}


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ("scents a small room", []),
        ("makes a good choice, as it is a small room", ["unsupported-word:small room"]),
        ("is a good choice, a small room", ["unsupported-word:small room"]),
        ("is a good choice, just a small room", ["unsupported-word:small room"]),
        ("is a good choice, since it is scents a small room", ["residue:is scents"]),
    ],
)
def test_goods_are_not_what_they_are_for(said, found):
    assert reasons(f"For tonight, “Linden Spray, Sage” {said}.", SPRAY, []) == found


def test_goods_are_not_the_occasion_that_they_are_for():
    row = SPRAY | {"description": "For the morning run."}
    said = "For tonight, “Linden Spray, Sage” is a good choice"
    assert reasons(f"{said} for the morning run.", row, []) == []
    assert reasons(f"{said}, an evening run for you.", row, []) == ["unsupported-word:evening run"]


def test_what_opens_a_description_is_what_the_goods_are():
    row = SPRAY | {"description": "A small treat after dinner."}
    assert (
        reasons("For tonight, “Linden Spray, Sage” is a small treat after dinner.", row, []) == []
    )
