import numpy as np
import pandas as pd

from workbench.language.copy.pools.sentence_assignment import choose

SUPPLY = ["A, one.", "A, two.", "B.", "C, three.", "D: {title}."]


def chosen(lists, items=None, *, supply=SUPPLY, fits=None, situations=None, seed=0):
    lists = pd.Series(lists, dtype=object)
    items = pd.Series(range(len(lists)) if items is None else items, dtype=object)
    fits = np.ones((1, len(supply)), bool) if fits is None else np.array(fits)
    codes = np.zeros(len(lists), int) if situations is None else np.array(situations)
    return choose(lists, items, supply, fits, codes, seed).tolist()


def test_first_clauses_are_spent_before_one_comes_again_and_sentences_before_those():
    for seed in range(20):
        own = chosen(["u"] * 6, seed=seed)
        clauses = [SUPPLY[number][0] for number in own]
        assert sorted(clauses[:4]) == ["A", "B", "C", "D"]
        assert sorted(own[:5]) == [0, 1, 2, 3, 4]


def test_only_what_fits_is_chosen_and_nothing_where_nothing_does():
    fits = [[False, False, True, False, False], [False] * 5]
    assert chosen(["u", "u", "u"], fits=fits, situations=[0, 1, 0]) == [2, -1, 2]
    assert chosen(["u"], supply=[], fits=np.ones((1, 0), bool)) == [-1]
    assert chosen([]) == []


def test_a_line_that_few_sentences_fit_chooses_before_others_spend_these():
    fits = [[True] * 5, [False, False, True, False, False]]
    for seed in range(20):
        own = chosen(["u", "u"], fits=fits, situations=[0, 1], seed=seed)
        assert own[1] == 2
        assert own[0] != 2


def test_other_lists_do_not_matter_and_neither_does_a_large_number_of_them():
    lists = [f"u{n % 2500}" for n in range(7500)]
    everybody = np.array(chosen(lists, list(range(7500))))
    mine = np.flatnonzero(np.array(lists) == "u2100")
    assert everybody[mine].tolist() == chosen(["u2100"] * 3, mine.tolist())


def test_choices_are_even_and_follow_the_seed():
    lists = [f"u{n}" for n in range(2000)]
    counts = np.bincount(chosen(lists), minlength=5)
    # 400 each are expected; five standard deviations are 90.
    assert (abs(counts - 400) < 90).all()
    assert chosen(lists) == chosen(lists)
    assert chosen(lists) != chosen(lists, seed=1)


def test_a_new_sentence_takes_lines_and_moves_no_other():
    lists = [f"u{n}" for n in range(500)]
    before, after = chosen(lists), chosen(lists, supply=[*SUPPLY, "E."])
    assert all(new in (old, 5) for old, new in zip(before, after, strict=True))
    assert 5 in after


def test_the_choice_is_the_same_on_every_machine():
    assert chosen(["u", "u", "v", "v"], ["a", "b", "a", "b"], seed=7) == [3, 4, 1, 2]


def test_an_id_is_the_same_beside_a_missing_one():
    assert chosen([7, 7], ["a", "b"]) == chosen([7.0, 7.0, None], ["a", "b", "c"])[:2]
