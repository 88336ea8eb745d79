"""The compiled loop that fills lists place by place."""

from typing import Any

import numba as nb
import numpy as np

_jit = nb.njit(nogil=True, error_model="numpy", cache=True)


@_jit
def _row_product(rows: Any, row: Any, others: Any, other: Any) -> Any:
    """Product of two sparse rows, each (indptr, indices, data) with ascending indices."""
    a, end_a = rows[0][row], rows[0][row + 1]
    b, end_b = others[0][other], others[0][other + 1]
    total = 0.0
    while a < end_a and b < end_b:
        if rows[1][a] == others[1][b]:
            total += rows[2][a] * others[2][b]
        step_a, step_b = rows[1][a] <= others[1][b], others[1][b] <= rows[1][a]
        a += step_a
        b += step_b
    return total


@_jit
def _full_label(item, labels, counts, most):  # type: ignore[no-untyped-def]
    """First label of an item of which the list has enough, -1 if there is none."""
    for e in range(labels[0][item], labels[0][item + 1]):
        if counts[labels[1][e]] >= most[labels[1][e]]:
            return labels[1][e]
    return -1


@_jit
def _score_range(scores, closed, window):  # type: ignore[no-untyped-def]
    """First and last score of the first open candidates, and how many those are."""
    first, last, count = 0.0, 0.0, 0
    for c in range(scores.size):
        if not closed[c]:
            first = scores[c] if count == 0 else first
            last, count = scores[c], count + 1
            if count == window:
                break
    return first, last, count


@_jit
def fill_lists(  # type: ignore[no-untyped-def]
    columns, scores, complete, window, weight, left, right, labels, most, rule_of,
    open_lists, out, tally,
):  # fmt: skip
    """Fill lists from candidates, user by user; return how many were filled.

    It stops before a list for which it would have to know more candidates than there are.

    Parameters
    ----------
    columns, scores : int32 and float32 arrays of shape (lists, candidates)
        Best first; -1 where there are no more. `complete` says that these are all candidates.
    window : int
        Of how many open candidates a place is given to the best.
    left, right, labels : CSR arrays as (indptr, indices, data)
        Two items are as alike as the product of their rows; labels are of shape (items, labels).
    most, rule_of : int arrays of shape (labels,)
        Items that a list takes, and where in `tally` it is counted if that leaves one out.
    open_lists : int array of shape (items,)
        Lists that an item may still enter; lowered here.
    out : int array of shape (lists, n)
        Places in the list of candidates; -1 to start with.
    tally : int array of shape (1 + rules,)
        Raised here; the first counts places that went to another than the best.
    """
    rows, pool = columns.shape
    closed, near = np.empty(pool, np.bool_), np.empty(pool)
    counts, changes = np.empty_like(most), np.empty_like(tally)
    for row in range(rows):
        known = complete or columns[row, pool - 1] < 0
        near[:], counts[:], changes[:] = 0, 0, 0
        for c in range(pool):
            closed[c] = columns[row, c] < 0 or open_lists[columns[row, c]] == 0
        top, low, count = _score_range(scores[row], closed, window)
        if count < window and not known:
            return row
        width = top - low if top > low else 1.0
        for place in range(out.shape[1]):
            choice, first, seen, value = -1, -1, 0, 0.0
            for c in range(pool):
                if closed[c]:
                    continue
                label = _full_label(columns[row, c], labels, counts, most)
                if label >= 0:
                    closed[c] = True
                    changes[rule_of[label]] += 1
                    continue
                gain = (1 - weight) * (scores[row, c] - low) / width - weight * near[c]
                if choice < 0 or gain > value:
                    choice, value = c, gain
                first = c if first < 0 else first
                seen += 1
                if seen == window:
                    break
            if seen < window and not known:
                out[row] = -1
                return row
            if choice < 0:
                break
            out[row, place], closed[choice] = choice, True
            changes[0] += choice != first
            item = columns[row, choice]
            for e in range(labels[0][item], labels[0][item + 1]):
                counts[labels[1][e]] += 1
            for c in range(pool):
                if not closed[c] and weight > 0:
                    near[c] = max(near[c], _row_product(left, item, right, columns[row, c]))
        tally += changes
        for c in out[row]:
            if c >= 0:
                open_lists[columns[row, c]] -= 1
    return rows
