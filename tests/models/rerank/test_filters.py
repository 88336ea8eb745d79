"""Rules by hand, and against a slow reference that knows no pools, batches or arrays."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import workbench as wb
from tests.models.contract import dataset
from workbench.datasets import Dataset
from workbench.errors import DataError, OptionError, UnknownIdError
from workbench.models import profile_model

GOODS = pd.DataFrame(
    {
        "item_id": [1, 2, 3, 4, 5],
        "title": list("ABCDE"),
        "price": [10.0, 20.0, 30.0, np.nan, 50.0],
        "stock": pd.array([3, 0, 1, 5, None], dtype="Int64"),
        "genres": [["x", "y"], ["x"], ["y"], [], ["x"]],
        "brand": ["p", "q", "p", None, "q"],
        "launched": pd.to_datetime(["2024-01-01", "2024-02-01", None, "2024-03-01", "2024-04-01"]),
    }
)
# Chosen 5, 4, 3, 2 and 1 times: the popular list is 1, 2, 3, 4, 5.
DS = replace(
    dataset(*((user, item, 1) for user in range(6) for item in range(1, 6) if user + item < 7)),
    items=GOODS,
)


def listed(*filters: object, ds: Dataset = DS, users: object = (0,), **options: object) -> list:
    options = {"n": 5, "seen": "keep"} | options
    recs = wb.Popular().fit(ds).recommend(list(users), filters=filters, **options)
    return recs["item_id"].tolist()


def account(*filters: object, **options: object) -> tuple:
    options = {"n": 3, "seen": "keep"} | options
    return wb.Popular().fit(DS).recommend([0], filters=filters, **options).attrs["account"]


@pytest.mark.parametrize(
    ("rule", "left"),
    [
        (wb.Attribute("price", at_most=20), [1, 2]),
        (wb.Attribute("price", at_least=20, at_most=30), [2, 3]),
        (wb.Attribute("price", at_least=0), [1, 2, 3, 5]),
        (wb.Attribute("launched", at_least="2024-02-01"), [2, 4, 5]),
        (wb.Attribute("genres", any_of="y"), [1, 3]),
        (wb.Attribute("genres", any_of=["x"], none_of=["y"]), [2, 5]),
        (wb.Attribute("genres", none_of=["x"]), [3, 4]),
        (wb.Attribute("brand", any_of=["p"]), [1, 3]),
        (wb.Attribute("brand", none_of=["p"]), [2, 4, 5]),
        (wb.InStock(), [1, 3, 4]),
        (wb.MaxPer("genres", 1), [1, 4]),
        (wb.MaxPer("brand", 1), [1, 2, 4]),
        (wb.MaxPer("genres", 2), [1, 2, 3, 4]),
        (wb.Diversity(0.0), [1, 2, 3, 4, 5]),
    ],
)
def test_what_a_rule_leaves(rule: object, left: list) -> None:
    assert listed(rule) == left


def test_filters_add_up_in_any_order() -> None:
    rules = [wb.InStock(), wb.Attribute("price", at_most=30)]
    assert listed(*rules) == listed(*rules[::-1]) == [1, 3]


def test_diversity_by_hand() -> None:
    """Scores 5, 4, 3, 2, 1 are 1, .75, .5, .25, 0; item 1 is like 2, 3 and 5 by 1 / sqrt(2).

    At weight .5 the second place goes to 4 (.125), before 2 (.375 - .354), 3 and 5; then to 2
    (.021), which is not like 3; 3 (-.104) follows, and 5 is all that is left.
    """
    assert listed(wb.Diversity(0.5)) == [1, 4, 2, 3, 5]


def test_diversity_looks_at_the_best_of_its_pool_only() -> None:
    # Of 1, 2 are left 2 and 3 for the second place: (4 - 4) / 1 and (3 - 4) / 1, less likeness.
    assert listed(wb.Diversity(0.5, pool=2)) == [1, 2, 3, 4, 5]


def test_diversity_by_who_chose_them() -> None:
    near = wb.similar(DS, of="items", k=2)
    likeness = near.frame().set_index(["item_id", "neighbour_id"])["score"]
    assert {(1, 2), (1, 3), (3, 2), (4, 3)} <= set(likeness.index)
    assert not {(1, 4), (4, 1)} & set(likeness.index)
    assert listed(wb.Diversity(0.9, by=near), n=2) == [1, 4]
    with pytest.raises(OptionError, match="neighbours of items"):
        listed(wb.Diversity(by=wb.similar(DS, of="users", k=2)))


def test_exposure_by_hand() -> None:
    """Of five lists of two, no item is in more than 0.4 * 5 = 2: users come in their order."""
    cap = wb.ExposureCap(0.4)
    found = listed(cap, users=range(5), n=2)
    assert found == [1, 2, 1, 2, 3, 4, 3, 4, 5]
    assert listed(cap, users=[4, 3, 2, 1, 0], n=2) == found
    only_one = listed(wb.ExposureCap(0.4, items=[1]), users=range(5), n=2)
    assert only_one == [1, 2, 1, 2, 2, 3, 2, 3, 2, 3]
    assert listed(wb.ExposureCap(0.01), users=range(2), n=2) == [1, 2, 3, 4]


def test_lists_do_not_depend_on_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    ds = replace(wb.load("shop"))
    rules = [wb.ExposureCap(0.03), wb.MaxPer("brand", 1), wb.Diversity(0.4), wb.NotBought()]
    model = wb.ItemKNN(k=20).fit(ds)
    whole = model.recommend(n=5, seen="keep", filters=rules)
    for users_a_batch in (1, 7):
        for part in ("BATCH_BYTES", "BLOCK_BYTES"):
            monkeypatch.setattr(profile_model, part, users_a_batch * 8 * len(ds.item_ids))
        parts = model.recommend(n=5, seen="keep", filters=rules)
        pd.testing.assert_frame_equal(parts, whole)
        assert parts.attrs == whole.attrs


def test_what_was_bought_does_not_come_back() -> None:
    events = [
        "purchase" if (row.user_id, row.item_id) in {(0, 1), (1, 2)} else "view"
        for row in DS.interactions.itertuples()
    ]
    ds = replace(DS, interactions=DS.interactions.assign(event=events))
    assert listed(wb.NotBought(), ds=ds) == [2, 3, 4, 5]
    assert listed(wb.NotBought(), ds=ds, users=[2, 1], n=2) == [1, 2, 1, 3]
    assert listed(wb.NotBought("view"), ds=ds) == [1]
    model = wb.Popular().fit(ds)
    assert len(model.recommend_for([], filters=wb.NotBought())) == 5
    assert model.recommend([0], filters=[wb.NotBought()]).attrs["account"][0] == (
        "no purchase before: 1 pairs of a user and an item left out"
    )


def test_candidates() -> None:
    assert listed(candidates=[4, 2]) == [2, 4]
    assert listed(candidates=[]) == []
    assert listed(candidates={0: [3], 1: [5, 4]}, users=[1, 0]) == [4, 5, 3]
    assert listed(wb.InStock(), candidates=[4, 2]) == [4]
    typed = wb.Popular().fit(DS).recommend_for([(2, 1.0)], candidates=[2, 5])
    assert typed["item_id"].tolist() == [5]
    with pytest.raises(UnknownIdError, match="item 9"):
        listed(candidates=[2, 9])
    with pytest.raises(UnknownIdError, match="user 9"):
        listed(candidates={0: [2], 9: [2]})
    with pytest.raises(OptionError, match="candidates names none for 1"):
        listed(candidates={0: [2]}, users=[0, 1])
    with pytest.raises(OptionError, match="names none for somebody new"):
        wb.Popular().fit(DS).recommend_for([], candidates={0: [2]})


def test_the_account_says_what_was_left_out() -> None:
    assert account() == ()
    assert account(candidates=[1, 2, 3]) == ("candidates: 2 of 5 items left out",)
    assert account(wb.Attribute("price", at_most=20), wb.InStock()) == (
        "price at most 20: 3 of 5 items left out",
        "in stock: 2 of 5 items left out",
        "1 of 1 lists have fewer than 3 items",
    )
    assert account(wb.MaxPer("brand", 1), n=3) == ("at most 1 per brand: left out 1 times",)
    assert account(wb.Diversity(0.5), n=2) == ("diversity 0.5: 1 places changed",)
    assert account(wb.ExposureCap(1), n=2) == ("in at most 1 of the lists: 2 items reached that",)
    asked = wb.Attribute("genres", any_of=["x"], none_of=["y"])
    assert account(asked)[0] == "genres any of x and none of y: 3 of 5 items left out"


@pytest.mark.parametrize(
    ("rule", "error", "words"),
    [
        (wb.Attribute("cost", at_most=1), DataError, r"no column 'cost'; they have \['item_id'"),
        (wb.Attribute("brand", at_most=1), DataError, "column 'brand' cannot be compared with 1"),
        (wb.Attribute("genres", at_most=1), DataError, "'genres' cannot be compared"),
        (
            wb.Attribute("brand", any_of=["pp"]),
            OptionError,
            "no item has 'pp' in column 'brand'; there are 2 others, such as 'p'",
        ),
        (wb.MaxPer("colour", 1), DataError, "no column 'colour'"),
        (wb.Diversity(by="colour"), DataError, "no column 'colour'"),
        (wb.InStock("rest"), DataError, "no column 'rest'"),
        (wb.NotBought(), DataError, "no column 'event'"),
        ("price <= 20", OptionError, "filters holds 'price <= 20'; it takes rules"),
        (wb.ExposureCap(0.5, items=[9]), UnknownIdError, "item 9"),
    ],
)
def test_a_rule_that_does_not_fit_the_data_says_so(rule: object, error: type, words: str) -> None:
    with pytest.raises(error, match=words):
        listed(rule)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: wb.Attribute("price"), "asks for nothing"),
        (lambda: wb.MaxPer("genres", 0), "most=0"),
        (lambda: wb.ExposureCap(0), "share=0"),
        (lambda: wb.ExposureCap(1.5), "share=1.5"),
        (lambda: wb.Diversity(1.1), "weight=1.1"),
        (lambda: wb.Diversity(pool=0), "pool=0"),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused(make: object, words: str) -> None:
    with pytest.raises(OptionError, match=words):
        make()


def test_diversity_twice_is_refused() -> None:
    with pytest.raises(OptionError, match="Diversity twice"):
        listed(wb.Diversity(0.1), wb.Diversity(0.2))


def test_no_users_and_rules_is_an_empty_list() -> None:
    assert listed(wb.MaxPer("genres", 1), wb.ExposureCap(0.1), users=[]) == []


def slow_lists(scores, kinds, n, *, most, share, weight, window):
    """Lists of items, place by place; NaN scores are no candidates."""
    cap = max(1, int(share * len(scores) + 1e-9))
    used, lists = dict.fromkeys(range(len(kinds)), 0), []
    for row in scores:
        ranked = sorted(np.flatnonzero(~np.isnan(row)), key=lambda i: (-row[i], i))
        ranked = [i for i in ranked if used[i] < cap]
        first = [row[i] for i in ranked[:window]] or [0]
        span, chosen = (first[0] - first[-1]) or 1, []
        while len(chosen) < n:
            free = [
                i
                for i in ranked
                if i not in chosen
                and all(sum(kind in kinds[j] for j in chosen) < most for kind in kinds[i])
            ][:window]
            if not free:
                break
            like = {
                i: max(
                    (
                        len(kinds[i] & kinds[j]) / (len(kinds[i]) * len(kinds[j])) ** 0.5
                        for j in chosen
                        if kinds[i] and kinds[j]
                    ),
                    default=0,
                )
                for i in free
            }
            worth = [(1 - weight) * (row[i] - first[-1]) / span - weight * like[i] for i in free]
            chosen.append(free[int(np.argmax(np.round(worth, 12)))])
        for i in chosen:
            used[i] += 1
        lists.append(chosen)
    return lists


@settings(max_examples=60)
@given(
    seed=st.integers(0, 10_000),
    n=st.integers(1, 6),
    most=st.integers(1, 4),
    share=st.sampled_from([0.1, 0.34, 1.0]),
    weight=st.sampled_from([0.0, 0.3, 0.8]),
    window=st.sampled_from([1, 3, 50]),
)
def test_lists_are_those_of_a_slow_reference(seed, n, most, share, weight, window) -> None:
    from workbench.models.rerank.greedy_reranker import GreedyReranker
    from workbench.models.rerank.item_attributes import ItemAttributes

    rng = np.random.default_rng(seed)
    users, items = 6, 40
    kinds = [
        set(rng.choice(list("abcde"), rng.integers(0, 3), replace=False)) for _ in range(items)
    ]
    table = pd.DataFrame({"item_id": range(items), "genres": [sorted(own) for own in kinds]})
    scores = rng.permutation(users * items).reshape(users, items) / 7.0
    scores[rng.random(scores.shape) < 0.3] = np.nan
    ds = replace(DS, items=table)
    rules = [
        wb.MaxPer("genres", most),
        wb.ExposureCap(share),
        wb.Diversity(weight, pool=window),
    ]
    attributes = ItemAttributes(ds, pd.Index(range(items)))
    columns, best = GreedyReranker(rules, attributes, lists=users, n=n).lists(scores.copy())
    found = [row[row >= 0].tolist() for row in columns]
    expected = slow_lists(
        *(scores.astype(np.float32).astype(float), kinds, n),
        most=most,
        share=share,
        weight=weight,
        window=window,
    )
    assert found == expected
    rows, places = np.nonzero(columns >= 0)
    np.testing.assert_allclose(best[rows, places], scores[rows, columns[rows, places]], rtol=1e-6)
