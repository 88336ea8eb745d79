from collections import Counter

from workbench.language.copy.candidate_choice import Choice, fit

from .stand_ins import Reply

NONE = {}


def test_texts_are_dealt_evenly_over_patterns_and_in_the_same_order_for_a_seed():
    def deal(seed):
        choice = Choice(seed)
        return [choice.deal({f"{p}{i}": p for p in "abc"}, i) for i in range(9)]

    assert Counter(text[0] for text in deal(1)) == {"a": 3, "b": 3, "c": 3}
    assert deal(1) == deal(1)


def test_a_clause_with_another_name_comes_once_all_others_have():
    choice = Choice(0)
    filled = {f"{p} {name}, go on.": p for name in ("Heat", "Casino") for p in ("By", "After")}
    dealt = [choice.deal(filled, "me", ["Heat", "Casino"]) for _ in range(4)]
    assert {filled[text] for text in dealt[:2]} == {"By", "After"}
    assert sorted(dealt) == sorted(filled)


def test_a_first_clause_is_held_for_a_list_and_no_other():
    choice = Choice(0)
    only = {"After it, this.": "p"}
    assert choice.deal(only, "me", repeat=False) == "After it, this."
    assert choice.deal(only, "me", repeat=False) == ""
    assert choice.deal(only, "me") == "After it, this."
    assert choice.deal(only, "you", repeat=False) == "After it, this."
    choice.free("After it, that.", "me", ())
    assert choice.deal(only, "me", repeat=False) == "After it, this."


def test_only_what_is_sound_is_dealt_and_words_to_use_come_first():
    filled = {"A plain line.": "p", "A cosy line.": "q", "A cosy trap.": "r"}
    choice = Choice(0, use=["cosy"])
    assert choice.deal(filled, 1, sound=lambda t: "trap" not in t) == "A cosy line."
    assert choice.deal(filled, 2, sound=lambda t: False) == ""


def test_what_other_lines_have_said_counts_against_a_candidate():
    choice = Choice(0)
    said = Reply(" a good choice for tonight.", -1.0, 0, 0)
    fresh = Reply(" an easy pick this weekend.", -1.5, 0, 0)
    assert choice.best([said, fresh], NONE) == said
    assert choice.best([said, fresh], NONE) == fresh
    assert choice.best([], NONE) is None


def test_fit_is_the_share_of_the_taste_that_is_spoken_of():
    taste = {"war": 0.5, "crime": 0.25}
    assert fit("a warm crime film", taste) == 0.25
    assert fit("a war and crime film", taste) == 0.75
    assert fit("一部犯罪片", {"犯罪片": 1.0}) == 1.0
