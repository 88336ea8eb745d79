import re
from itertools import combinations, pairwise

import jieba
import pandas as pd
import pytest

import workbench as wb
from workbench.evidence import ByCount, ByUser
from workbench.language import Pool
from workbench.language.copy.item_evidence import EvidenceReader
from workbench.language.copy.pools.slotted_sentence import TONES
from workbench.language.grounding.check import check

ZH = Pool.shipped("zh")
# Words that the advertising law of China forbids, and their kin.
FORBIDDEN = re.compile(
    "最|第一|顶级|顶尖|国家级|世界级|极致|极品|首选|首个|唯一|独家|绝对|绝佳|完美|王牌|冠军|"
    "必看|必买|必备|万能|永久|史上|空前|绝无|百分之百|100%|无与伦比|销量|全网|爆款"
)


@pytest.fixture(scope="module")
def shop():
    return wb.load("shop")


@pytest.fixture(scope="module")
def movies():
    return wb.load("movielens-small")


def because(kind, ds, user):
    """What a model gives: 20 items of the history in turn, users, a count, or nothing."""
    own = list(ds.history(user)["item_id"]) if kind == "own" else []
    return [
        {
            "own": [(own[n % len(own)], 1.0)] if own else [],
            "similar": [ByUser(user, 1.0)],
            "popular": [ByCount(12, 1.0)],
            "none": [],
        }[kind]
        for n in range(20)
    ]


def test_there_are_three_hundred_for_shop_and_film_in_every_tone():
    assert len(ZH) >= 300
    assert set(ZH.frame["kind"]) == {"liked", "bought", "own", "similar", "popular", "none"}
    assert set(ZH.frame["goods"]) == {"film", "shop", "any"}
    assert set(ZH.frame["tone"]) == set(TONES)


@pytest.mark.parametrize("kind", ["liked", "bought", "own", "similar", "popular", "none"])
def test_every_sentence_is_sound(kind):
    faults = {s.text: s.faults() for s in ZH.sentences if s.evidence == kind}
    assert {text: found for text, found in faults.items() if found} == {}


def test_no_sentence_boasts():
    assert [s.text for s in ZH.sentences if FORBIDDEN.search(s.text)] == []


def test_no_two_are_nearly_the_same():
    def grams(text):
        words = jieba.lcut(re.sub(r"\{\w+\}", "X", text))
        return set(pairwise(words))

    held = [(s.text, grams(s.text)) for s in ZH.sentences]
    alike = [
        (a, b)
        for (a, own), (b, other) in combinations(held, 2)
        if len(own & other) > 0.6 * len(own | other)
    ]
    assert alike == []


@pytest.mark.parametrize("kind", ["own", "similar", "popular", "none"])
@pytest.mark.parametrize("tone", ["warm", "plain", "playful"])
@pytest.mark.parametrize("data", ["shop", "movies"])
def test_no_line_and_no_first_clause_comes_twice_in_a_list_of_twenty(data, tone, kind, request):
    ds = request.getfixturevalue(data)
    user = ds.user_ids[0]
    recs = pd.DataFrame(
        {"user_id": user, "item_id": ds.items["item_id"][:20], "because": because(kind, ds, user)}
    )
    copy = ZH.fill(recs, ds, language="zh", tone=tone)
    assert set(copy.source) == {"pool"}
    assert copy.sentence.is_unique
    assert copy.sentence.str.split("[，。：；！？]").str[0].is_unique
    catalogue = EvidenceReader(ds, language="zh")
    for line in copy.itertuples():
        row = catalogue.row(line.item_id)
        assert check(line.text, row, line.evidence, language="zh") == [], line.text


def test_direct_mode_writes_chinese_from_the_pool_where_no_model_is_chosen(shop):
    recs = wb.ItemKNN().fit(shop).recommend(users=list(shop.user_ids[:2]), n=3)
    copy = wb.Copywriter().write(recs, shop, language="zh", seed=4)
    filled = ZH.fill(recs, shop, language="zh", seed=4)
    pd.testing.assert_frame_equal(copy[filled.columns], filled)
    assert set(copy.source) == {"pool"}
