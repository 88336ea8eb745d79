"""A sample of combinations in which every pair of values of two factors comes together once."""

from collections.abc import Sequence
from itertools import combinations, product
from typing import Any


def all_pairs(*factors: Sequence[Any]) -> list[tuple[Any, ...]]:
    """Combinations, each the one that has most pairs not seen yet; the first of equals."""
    tables = {
        combination: {
            (i, combination[i], j, combination[j]) for i, j in combinations(range(len(factors)), 2)
        }
        for combination in product(*(range(len(values)) for values in factors))
    }
    unseen: set[tuple[int, int, int, int]] = set().union(*tables.values())
    sample = []
    while unseen:
        best = max(tables, key=lambda combination: len(tables[combination] & unseen))
        unseen -= tables[best]
        sample.append(tuple(values[place] for values, place in zip(factors, best, strict=True)))
    return sample
