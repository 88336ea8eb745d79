import numpy as np
import pandas as pd

from workbench.language.copy.brief.brief import CopyBrief
from workbench.language.copy.draft_building import item_draft
from workbench.language.copy.item_evidence import EvidenceReader
from workbench.language.copy.selection import Selection, choose, first_clause

SUPPLY = ["A, one.", "A, two.", "B.", "C, three.", "D: {title}."]


def chosen(lists, items=None, *, supply=SUPPLY, fits=None, situations=None, seed=0):
    lists = pd.Series(lists, dtype=object)
    items = pd.Series(range(len(lists)) if items is None else items, dtype=object)
    costs = np.zeros((1, len(supply))) if fits is None else np.where(fits, 0, np.inf)
    codes = np.zeros(len(lists), int) if situations is None else np.array(situations)
    return choose(lists, items, supply, costs, codes, seed).tolist()


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


def test_what_costs_more_comes_last_and_what_a_list_had_before_counts():
    lists, items = pd.Series(["u"] * 5, dtype=object), pd.Series(range(5), dtype=object)
    costs = np.array([[0.0, 0.0, 10.0, 0.0, 0.0]])
    for seed in range(20):
        uses = {"u": {"D: {title}.": 3}}
        order = choose(lists, items, SUPPLY, costs, np.zeros(5, int), seed, uses).tolist()
        assert 2 not in order
        assert 4 not in order[:3]


class Lines:
    """Sentences that may stand anywhere unless they hold a trap."""

    def __init__(self, *patterns):
        self.patterns = patterns

    def ranks(self, draft):
        return {pattern: rank for rank, pattern in enumerate(self.patterns)}

    def take(self, draft, pattern, text, slots):
        if "trap" in text:
            return False
        draft.sentence = text
        return True


def drafts(films, *items):
    reader, brief = EvidenceReader(films), CopyBrief.of()
    rows = [reader.row(item) for item in items]
    return [item_draft(brief.about(row), 7, row, [], reader) for row in rows]


def assigned(selection, lines, supply, **options):
    selection.assign(lines, supply, **options)
    return [draft.sentence for draft in lines]


def test_only_what_is_sound_is_taken_and_the_strongest_evidence_first(films):
    supply = Lines("A trap, {title}.", "By chance, {title}.", "Or else, {title}.")
    texts = assigned(Selection(0), drafts(films, 1, 4), supply)
    assert [text.split(",")[0] for text in texts] == ["By chance", "Or else"]
    assert assigned(Selection(0), drafts(films, 1), Lines("A trap: {title}.")) == [""]


def test_words_to_use_come_first(films):
    class Alike(Lines):
        def ranks(self, draft):
            return dict.fromkeys(self.patterns, 0)

    supply = Alike("A plain line, {title}.", "A cosy line, {title}.", "A short line, {title}.")
    assert assigned(Selection(0, words=["cosy"]), drafts(films, 1), supply)[0][:6] == "A cosy"


def test_a_first_clause_comes_again_only_where_there_is_no_other(films):
    only = Lines("After all, {title}.")
    selection, (first, second, third) = Selection(0), drafts(films, 1, 4, 5)
    assert assigned(selection, [first, second], only, new=(True,)).count("") == 1
    assert assigned(selection, [third], only, new=(True,)) == [""]
    assert assigned(selection, [third], only) == ["After all, Sabrina."]
    selection.hold("After all, this.", third, -1)
    assert selection.is_new("After all, that.", third)


def test_first_clause_is_not_cut_within_a_title():
    name = "Dr. Strangelove, or: How"
    assert first_clause(f"If you loved {name}, try it.", [name]).endswith("or how")
    assert first_clause("喜欢《赌城》的您，请看。") == "喜欢《赌城》的您"
