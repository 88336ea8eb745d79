"""The lists of the best keys: selection, offers, and the compiled key."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tests.compute.cpu.cases import K, lists_of_all, prepared, table
from tests.compute.reference import (
    assert_same,
)
from workbench.compute import topk_keys
from workbench.compute.cpu import (
    engine,
    kernel_search,
    search_kernels,
    topk_kernels,
)
from workbench.compute.options import SimilarityOptions
from workbench.compute.topk_keys import EMPTY, best
from workbench.device import threads as team_threads


@given(
    st.lists(st.integers(0, 9) | st.integers(0, 2**31 - 1), min_size=1, max_size=40),
    st.integers(1, 40),
    st.integers(0, 3),
)
def test_selection_puts_the_k_greatest_in_front(values: list, k: int, before: int) -> None:
    k, size = min(k, len(values)), len(values)
    array = np.array([-1] * before + values + [-1], np.int32)
    kth = topk_kernels.kth_greatest(array, before, size, k)
    expected = sorted(values, reverse=True)[:k]
    assert kth == array[before + k - 1] == expected[-1]
    assert sorted(array[before : before + k], reverse=True) == expected
    assert sorted(array[before : before + size]) == sorted(values)
    assert set(array[:before]) | {array[-1]} == {-1}


@given(st.lists(st.integers(0, 9), max_size=40), st.integers(1, 8), st.integers(1, 5), st.data())
def test_a_list_keeps_the_greatest_of_what_it_is_offered(scores, k, slack, data) -> None:
    keys = topk_keys.pack(np.array([scores], np.float32).reshape(1, -1))[0]
    own = data.draw(st.integers(0, min(k, len(keys))))
    found = best(keys[None, :own], k)
    lists, held = np.full((2, k + slack), EMPTY), np.zeros(2, np.uint32)
    least, lowest = np.full(2, -np.inf, np.float32), np.full(2, EMPTY)
    rows = np.ones(len(keys) - own, np.uint32)
    offers = rows, keys[own:].copy(), len(rows)
    topk_kernels.merge_results(1, 1, found, *offers, lists, held, least, lowest)
    expected = best(keys[None], k)
    np.testing.assert_array_equal(best(lists[1:], k), expected)
    assert (lists[0] == EMPTY).all()
    assert lowest[1] <= expected[0, -1]  # what is passed over by it is not among the best


def test_a_kernel_whose_room_is_full_goes_on_where_it_stopped(monkeypatch) -> None:
    starts, search = [], search_kernels.search

    def noted(*args):
        starts.append(args[0])
        return search(*args)

    monkeypatch.setattr(search_kernels, "search", noted)
    monkeypatch.setattr(kernel_search, "OFFERS", 10)
    monkeypatch.setattr(team_threads, "cores", lambda: 1)
    data = prepared(table("dense"), "cosine")
    assert_same(
        engine.nearest(data, SimilarityOptions("cosine", K)), lists_of_all("dense", "cosine", 0)
    )
    assert len(starts) > 700 / (10 // K)
