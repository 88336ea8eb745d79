"""Three answers are enough to beat popularity."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from tests.models.contract import dataset, sample
from workbench.columns import Columns as C
from workbench.datasets import load
from workbench.errors import OptionError, UnknownIdError
from workbench.models import Demographic, Interview, ItemKNN, Popular
from workbench.validation import share

# Item 1 has four users, 2 three of the same, 3 two others, 4 one of its own.
DS = dataset(
    *(("a", 1, 5), ("b", 1, 4), ("c", 1, 4), ("d", 1, 3)),
    *(("a", 2, 5), ("b", 2, 2), ("c", 2, 4)),
    *(("e", 3, 5), ("f", 3, 1), ("g", 4, 2)),
)


def interview(**options: object) -> Interview:
    return Interview(ItemKNN().fit(DS), **options)


def test_what_is_asked_by_hand() -> None:
    """Item 2 is 3/4 as popular as item 1 but cos(1, 2) = 3 / sqrt(12); 3 and 4 are like none."""
    assert interview().questions == [1, 3, 4, 2]
    assert interview(diversity=0).questions == [1, 2, 3, 4]


def test_the_greedy_choice_equals_one_by_one() -> None:
    ds = sample()
    matrix = (ds.matrix != 0).toarray().astype(float)
    counts = matrix.sum(axis=0)
    cosine = matrix.T @ matrix / np.sqrt(np.outer(counts, counts))
    left, asked = list(range(len(counts))), []
    while left:
        value = [
            0.6 * counts[i] / counts.max() - 0.4 * cosine[i, asked].max(initial=0) for i in left
        ]
        # Ties go to the more popular, then to the lower id.
        best = min(zip(-np.round(value, 12), -counts[left], left, strict=True))[2]
        asked.append(best)
        left.remove(best)
    found = Interview(Popular().fit(ds), diversity=0.4).questions
    assert found == ds.item_ids[asked].tolist()


def test_answers_fold_in_and_are_not_asked_again() -> None:
    session = interview()
    session.answer({1: True, 3: None})
    session.answer({4: False})
    assert session.ask() == [2]
    assert session.history == [(1, 5.0), (4, -1.0)]
    assert session.recommend()[C.ITEM].tolist()[0] == 2
    session.answer({1: None})
    assert session.history == [(4, -1.0)]


def test_what_was_not_known_may_be_recommended_what_was_rated_is_not() -> None:
    session = interview()
    session.answer({1: True, 3: None})
    recs = session.recommend()
    assert recs[C.ITEM].tolist() == [2, 3, 4]  # 3 and 4 from the popular ones: nothing links them
    assert recs[C.RANK].tolist() == [1, 2, 3]


def test_before_the_first_answer_the_list_is_the_beginnings() -> None:
    session = interview()
    expected = Popular().fit(DS).recommend_for([], n=2)
    pd.testing.assert_frame_equal(session.recommend(2), expected)
    session.answer({1: None})
    pd.testing.assert_frame_equal(session.recommend(2), expected)


def test_the_beginning_may_be_another_model_of_the_same_data() -> None:
    model = ItemKNN().fit(DS)
    beginning = Demographic().fit(DS)
    assert Interview(model, beginning=beginning).recommend(1)[C.ITEM].tolist() == [1]
    with pytest.raises(OptionError, match="beginning was fitted on other data"):
        Interview(model, beginning=Popular().fit(sample()))


def test_bad_answers_are_refused_whole() -> None:
    session = interview()
    with pytest.raises(UnknownIdError, match="item 99 has no interactions"):
        session.answer({1: True, 99: True})
    with pytest.raises(OptionError, match="the answer to 2 is 'yes'; it is True"):
        session.answer({1: True, 2: "yes"})
    assert session.answers == {}
    with pytest.raises(OptionError, match=r"diversity=1.5 must be a share, from 0 to 1"):
        interview(diversity=1.5)
    with pytest.raises(OptionError, match="n=0 must be"):
        session.ask(0)


def test_a_share_is_a_number_from_zero_to_one() -> None:
    assert (share("x", 0), share("x", 1), share("x", 0.5)) == (0.0, 1.0, 0.5)
    for value in (-0.1, 1.1, np.nan, "1", True, None):
        with pytest.raises(OptionError, match="x="):
            share("x", value)


def test_three_answers_beat_popularity() -> None:
    """Customers of the shop who are new to the model answer as their later choices say."""
    ds = load("shop")
    cold = ds.user_ids[::4]
    newcomer = ds.interactions[C.USER].isin(cold)
    known = replace(ds, interactions=ds.interactions[~newcomer])
    model, popular = ItemKNN(k=100).fit(known), Popular().fit(known)
    hits, baseline = [], []
    for _, table in ds.interactions[newcomer].groupby(C.USER):
        truth = set(table[C.ITEM])
        session = Interview(model)
        asked = session.questions[:60]
        liked = [item for item in asked if item in truth][:3]
        if len(liked) < 3 or len(truth) < 6:
            continue
        session.answer({item: item in truth for item in liked})
        truth -= set(liked)
        hits.append(session.recommend(evidence=0)[C.ITEM].isin(truth).mean())
        plain = popular.recommend_for(session.history, n=10, evidence=0)
        baseline.append(plain[C.ITEM].isin(truth).mean())
    assert len(hits) > 20
    assert np.mean(hits) > 1.15 * np.mean(baseline)
