"""Sparse matrices read entry by entry."""

import numpy as np
from scipy import sparse

from workbench.evaluation.sparse_entries import filtered, from_lists, keys, look_up, present

# A stored 0 in the first row; the second is empty.
MATRIX = sparse.csr_array(([0.0, 5.0, 2.0], [0, 2, 1], [0, 2, 2, 3]), shape=(3, 3))


def test_a_stored_zero_is_an_entry() -> None:
    assert present(MATRIX).tolist() == [[True, False, True], [False] * 3, [False, True, False]]
    assert keys(MATRIX).tolist() == [0, 2, 7]


def test_entries_are_kept_by_place() -> None:
    kept = filtered(MATRIX, np.array([True, False, True]))
    assert present(kept).tolist() == [[True, False, False], [False] * 3, [False, True, False]]
    assert kept.data.tolist() == [0, 2]


def test_lists_are_looked_up_in_their_own_row() -> None:
    """-1 pads; in a flat index it would be the last item of the row above."""
    found, values = look_up(MATRIX, np.array([[2, 1, 0], [-1, 2, 0], [1, -1, -1]]))
    assert found.tolist() == [[True, False, True], [False] * 3, [True, False, False]]
    assert values.tolist() == [[5, 0, 0], [0, 0, 0], [2, 0, 0]]


def test_lists_become_ones() -> None:
    assert from_lists(np.array([[2, 0], [-1, -1], [1, -1]]), 3).toarray().tolist() == [
        [1, 0, 1],
        [0, 0, 0],
        [0, 1, 0],
    ]
