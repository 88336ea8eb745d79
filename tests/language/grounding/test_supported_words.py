"""Words that a text may use only together."""

from workbench.language.grounding.supported_words import attached_words


def test_the_words_of_a_name_are_attached_to_those_that_follow() -> None:
    assert attached_words([("title", "Slate Grey, Knife Block")]) == {
        "slate": {"grey"},
        "knife": {"block"},
    }


def test_words_of_a_sentence_stand_alone_though_it_begins_with_a_capital() -> None:
    assert attached_words([("description", "Slate finish")]) == {}


def test_a_word_that_stands_alone_elsewhere_is_attached_nowhere() -> None:
    assert attached_words([("title", "Knife Block"), ("description", "A sharp knife")]) == {}
