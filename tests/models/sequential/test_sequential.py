"""The sequential model: the contract, a planted rule, order, occlusion, and interruption."""

import sys
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal
from scipy import sparse

from tests.models.contract import Contract, dataset, pairs, sample
from workbench.columns import Columns as C
from workbench.datasets import Dataset, load, split
from workbench.errors import DataError, MissingExtraError, ModelFileError, OptionError
from workbench.evaluation import compare
from workbench.models import ItemKNN, Popular, Recommender, Sequential
from workbench.models.sequential import sasrec_network, sasrec_training
from workbench.models.sequential.histories import hold_out_last, in_time, latest, pieces

TINY = {"factors": 8, "layers": 1, "max_length": 6, "batch_size": 16}


class TestSequential(Contract):
    def make(self) -> Recommender:
        return Sequential(**TINY, epochs=2, patience=1)


def planted(users: int = 60, items: int = 12) -> Dataset:
    """After item 2m comes 2m + 1; which pair comes next is left to chance."""
    rng = np.random.default_rng(3)
    firsts = (2 * rng.permutation(items // 2)[:4] for _ in range(users))
    return dataset(
        *(
            (user, int(item), 1)
            for user, chosen in enumerate(firsts)
            for first in chosen
            for item in (first, first + 1)
        )
    )


@pytest.fixture(scope="module")
def follower() -> Sequential:
    """One that has learnt the rule."""
    options = {"factors": 16, "layers": 1, "max_length": 5, "epochs": 40, "patience": 0}
    return Sequential(**options, batch_size=32, learning_rate=0.01, dropout=0.1).fit(planted())


@pytest.mark.parametrize("first", [0, 4, 10])
def test_it_learns_what_follows(follower: Sequential, first: int) -> None:
    others = [item for item in (2, 3, 6, 7) if item != first]
    history = [(item, 1.0) for item in (*others, first)]
    best = follower.recommend_for(history, n=1)
    assert best[C.ITEM].tolist() == [first + 1]
    assert best[C.BECAUSE][0][0].item_id == first


def test_the_order_that_is_typed_in_counts(follower: Sequential) -> None:
    for last in (0, 4, 10):
        history = [(item, 1.0) for item in (0, 4, 10) if item != last] + [(last, 1.0)]
        assert follower.recommend_for(history, n=1)[C.ITEM].tolist() == [last + 1]
        again = [(last, 1.0), *history]
        assert_frame_equal(follower.recommend_for(again), follower.recommend_for(history))


def test_a_user_of_the_data_has_their_history_in_the_order_of_time(follower: Sequential) -> None:
    ds = follower.data
    for user in (0, 5, 9):
        mine = ds.interactions[ds.interactions[C.USER] == user].sort_values(C.TIMESTAMP)
        assert mine[C.ITEM].tolist() != sorted(mine[C.ITEM])
        typed = follower.recommend_for(zip(mine[C.ITEM], mine[C.RATING], strict=True))
        known = follower.recommend([user])
        assert_frame_equal(typed.drop(columns=C.USER), known.drop(columns=C.USER))


def test_evidence_is_the_drop_when_an_item_is_left_out(follower: Sequential) -> None:
    history = [(item, 1.0) for item in (6, 7, 2, 4)]
    recs = follower.recommend_for(history, n=3, seen="keep", evidence=9)
    whole = recs.set_index(C.ITEM)[C.SCORE]
    for item, evidence in zip(recs[C.ITEM], pairs(recs[C.BECAUSE]), strict=True):
        assert {left for left, _ in evidence} == {6, 7, 2, 4}
        for left, drop in evidence:
            rest = [pair for pair in history if pair[0] != left]
            score = follower.recommend_for(rest, n=12, seen="keep").set_index(C.ITEM)[C.SCORE]
            assert drop == pytest.approx(whole[item] - score[item], abs=1e-5)


def test_evidence_of_a_single_item_is_the_score(follower: Sequential) -> None:
    recs = follower.recommend_for([(4, 1.0)], n=3)
    found = [evidence[0][1] for evidence in pairs(recs[C.BECAUSE])]
    np.testing.assert_allclose(found, recs[C.SCORE], rtol=1e-6)


def test_only_the_last_of_a_long_history_count(follower: Sequential) -> None:
    long = [(item, 1.0) for item in (1, 3, 8, 9, 5, 2, 4)]
    found, expected = follower.recommend_for(long), follower.recommend_for(long[-5:])
    shared = found.merge(expected, on=C.ITEM)
    assert len(shared) == 5
    np.testing.assert_array_equal(shared["score_x"], shared["score_y"])


# --- the network ------------------------------------------------------------------------------


def network(items: int = 9, **changed: int) -> sasrec_network.Network:
    torch.manual_seed(1)
    options = {"length": 5, "factors": 8, "heads": 2, "layers": 2, "dropout": 0.0} | changed
    return sasrec_network.Network(items, **options).double()


def test_no_entry_sees_what_comes_after() -> None:
    sequences = torch.tensor([[3, 1, 4, 1, 5], [3, 1, 4, 0, 0]])
    with torch.inference_mode():
        long, short = network()(sequences)
        changed = network()(torch.tensor([[3, 1, 4, 9, 2]]))[0]
    torch.testing.assert_close(long[:3], short[:3])
    torch.testing.assert_close(long[:3], changed[:3])
    assert not torch.allclose(long[3], changed[3])


def test_gradients_in_parts_are_those_of_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    sequences, targets = torch.tensor([[3, 1, 4, 1], [2, 7, 1, 8]]), torch.tensor([1, 4, 1, 5] * 2)
    whole, parts = network(), network()
    loss = torch.nn.functional.cross_entropy(
        whole(sequences).flatten(0, 1) @ whole.vectors.T, targets
    )
    loss.backward()
    monkeypatch.setattr(sasrec_training, "LOGITS", 3 * 9)
    sasrec_training.backward(parts(sequences).flatten(0, 1), targets, parts.vectors)
    for one, other in zip(whole.parameters(), parts.parameters(), strict=True):
        torch.testing.assert_close(other.grad, one.grad)


def test_scores_do_not_hang_on_the_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    model = Sequential(**TINY, epochs=1, patience=0).fit(sample())
    before = model.recommend(n=5)
    monkeypatch.setattr(sasrec_network, "TOKENS", 1)
    after = model.recommend(n=5)
    assert_frame_equal(after, before, check_exact=True)
    assert pairs(after[C.BECAUSE]) == pairs(before[C.BECAUSE])


# --- sequences --------------------------------------------------------------------------------


def test_histories_are_in_the_order_of_time() -> None:
    ds = dataset(("b", 3, 1), ("a", 2, 5), ("b", 1, 2), ("a", 1, 4), ("b", 2, 3))
    shuffled = replace(ds, interactions=ds.interactions.sample(frac=1, random_state=1))
    for each in (ds, shuffled):
        histories = in_time(each)
        assert histories.indices.tolist() == [1, 0, 2, 0, 1]
        assert histories.data.tolist() == [5, 4, 1, 2, 3]
        assert latest(histories, 2).tolist() == [[2, 1], [1, 2]]
        assert latest(histories, 9).tolist() == [[2, 1, 0], [3, 1, 2]]


@given(st.lists(st.lists(st.integers(0, 8), unique=True), min_size=1), st.integers(1, 5))
def test_pieces_hold_every_step_once(rows: list[list[int]], length: int) -> None:
    indptr = np.cumsum([0, *map(len, rows)])
    items = np.array([item for row in rows for item in row], dtype=int)
    histories = sparse.csr_array((np.ones(len(items)), items, indptr), shape=(len(rows), 9))
    found = pieces(histories, length)
    assert found.shape[1] == length + 1
    steps = [pair for piece in found.tolist() for pair in pairwise(piece) if pair[1]]
    assert steps == [(a + 1, b + 1) for row in rows for a, b in pairwise(row)]
    left, held = hold_out_last(histories, 2, np.random.default_rng(0))
    assert len(held.targets) == min(2, sum(len(row) > 2 for row in rows))
    assert left.nnz + len(held.targets) == histories.nnz


# --- training ---------------------------------------------------------------------------------


def weights(model: Sequential) -> list[np.ndarray]:
    return list(model._weights.values())


def assert_same(one: Sequential, other: Sequential) -> None:
    for a, b in zip(weights(one), weights(other), strict=True):
        np.testing.assert_array_equal(a, b)
    assert one.ndcg == other.ndcg


def test_a_seed_gives_the_same_bits_and_leaves_other_draws_alone() -> None:
    def make(seed: int) -> Sequential:
        return Sequential(**TINY, epochs=2, seed=seed)

    torch.manual_seed(7)
    expected = torch.rand(3)
    torch.manual_seed(7)
    one, other = make(1).fit(sample()), make(1).fit(sample())
    assert torch.equal(torch.rand(3), expected)
    assert_same(one, other)
    assert not np.array_equal(weights(one)[0], weights(make(2).fit(sample()))[0])


def test_it_stops_when_nothing_is_gained_and_keeps_the_best() -> None:
    model = Sequential(**TINY, epochs=200, patience=2, learning_rate=0.02).fit(sample())
    assert len(model.ndcg) < 200
    best = int(np.argmax(model.ndcg)) + 1
    assert len(model.ndcg) == best + 2
    short = Sequential(**TINY, epochs=best, patience=2, learning_rate=0.02).fit(sample())
    for a, b in zip(weights(model), weights(short), strict=True):
        np.testing.assert_array_equal(a, b)


def test_broken_off_and_taken_up_it_ends_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = {**TINY, "epochs": 5, "patience": 3}
    expected = Sequential(**options).fit(sample())
    path, keep, kept = tmp_path / "run.pt", sasrec_training.save_checkpoint, []

    def interrupted(*args: object) -> None:
        keep(*args)
        kept.append(1)
        if len(kept) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(sasrec_training, "save_checkpoint", interrupted)
    model = Sequential(**options, checkpoint=path)
    with pytest.raises(KeyboardInterrupt):
        model.fit(sample())
    found = Sequential(**options, checkpoint=path).fit(sample())
    assert len(kept) == len(expected.ndcg)
    assert_same(found, expected)
    assert_same(Sequential(**options, checkpoint=path).fit(sample()), expected)
    assert len(kept) == len(expected.ndcg)
    assert list(tmp_path.iterdir()) == [path]


def test_a_checkpoint_of_something_else_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "run.pt"
    Sequential(**TINY, epochs=1, checkpoint=path).fit(sample())
    with pytest.raises(OptionError, match="another training, which differs in dropout, seed;"):
        Sequential(**TINY, epochs=1, seed=3, dropout=0.3, checkpoint=path).fit(sample())
    with pytest.raises(OptionError, match="which differs in data; delete it"):
        Sequential(**TINY, epochs=1, checkpoint=path).fit(planted())
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(ModelFileError, match="is damaged"):
        Sequential(**TINY, epochs=1, checkpoint=path).fit(sample())
    with pytest.raises(ModelFileError, match="cannot be written"):
        Sequential(**TINY, epochs=1, checkpoint=tmp_path / "no" / "run.pt").fit(sample())


def test_data_without_times_are_refused() -> None:
    ds = sample()
    table = ds.interactions
    with pytest.raises(DataError, match="Sequential needs the column 'timestamp'"):
        Sequential().fit(replace(ds, interactions=table.drop(columns=C.TIMESTAMP)))
    gap = table.assign(**{C.TIMESTAMP: table[C.TIMESTAMP].where(table.index > 2)})
    with pytest.raises(DataError, match="3 interactions have no 'timestamp'"):
        Sequential().fit(replace(ds, interactions=gap))
    with pytest.raises(DataError, match="no user has two interactions"):
        Sequential().fit(dataset(("a", 1, 1), ("b", 2, 1)))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"heads": 3}, "heads=3 must divide factors=64"),
        ({"dropout": 1.0}, "dropout=1.0 must be below 1"),
        ({"epochs": 0}, "epochs=0 must be a whole number"),
        ({"learning_rate": 0}, "learning_rate=0 must be a finite number above 0"),
    ],
)
def test_bad_options_are_refused(options: dict, message: str) -> None:
    with pytest.raises(OptionError, match=message):
        Sequential(**options)


def test_without_pytorch_it_says_what_to_type(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    for part in ("network", "training"):
        name = f"workbench.models.sequential.sasrec_{part}"
        monkeypatch.delitem(sys.modules, name, raising=False)
    with pytest.raises(MissingExtraError, match=r"pip install -e '\.\[language\]'"):
        Sequential(**TINY, device="cpu").fit(sample())


@pytest.mark.slow
def test_on_films_it_beats_neighbours_and_popularity() -> None:
    """The last film of every user, out of all that they have not seen."""
    train, test = split(load("movielens-small"), leave_one_out=True)
    sequential = Sequential(epochs=20, batch_size=16, patience=3)
    models = {"sequence": sequential, "items": ItemKNN(), "popular": Popular()}
    table = compare(models, train, test, metrics=["ndcg@10", "hit_rate@10"]).frame()
    value = table.pivot_table(index="model", columns="metric", values="value")
    assert (value.loc["sequence"] > value.loc["items"]).all()
    assert (value.loc["sequence"] > 1.3 * value.loc["popular"]).all()
