"""Business rules: what may be in a list, and how much of what.

They are given to `recommend` as ``filters``. Those that bar items (`Attribute`, `InStock`,
`NotBought`) come first, in any order; the others (`MaxPer`, `ExposureCap`, `Diversity`) then hold
all at once, for each place of a list in turn.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import KW_ONLY, dataclass
from difflib import get_close_matches
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse

from workbench.columns import Columns
from workbench.compute import Neighbours
from workbench.errors import DataError, OptionError
from workbench.models.rerank.item_attributes import ItemAttributes
from workbench.validation import at_least, number


class Rule:
    """What `recommend` takes as a filter."""


class Filter(Rule, ABC):
    """A rule that bars items, whatever else is in a list."""

    @abstractmethod
    def barred(self, items: ItemAttributes) -> np.ndarray | sparse.csr_array:
        """Which items it bars, or which pairs.

        Returns
        -------
        bool array of shape (items,), or CSR array of shape (users, items)
        """


@dataclass(frozen=True)
class Attribute(Filter):
    """Only items whose attribute is within bounds and has, or has not, some labels.

    An item of which the attribute is not known is left out, unless all that is asked for is
    `none_of`.

    Parameters
    ----------
    column : str
        Of the items: "price", "genres", …; a value or a list of labels an item.
    at_least, at_most : number or date, optional
    any_of, none_of : label or sequence of labels, optional

    Examples
    --------
    >>> import workbench as wb
    >>> cheap = wb.Attribute("price", at_most=50)
    >>> funny = wb.Attribute("genres", any_of=["Comedy"], none_of=["Horror"])
    """

    column: str
    _: KW_ONLY
    at_least: Any = None
    at_most: Any = None
    any_of: Any = ()
    none_of: Any = ()

    def __post_init__(self) -> None:
        if not any(map(_is_set, (self.at_least, self.at_most, self.any_of, self.none_of))):
            raise OptionError(
                f"Attribute({self.column!r}) asks for nothing; "
                "give at_least, at_most, any_of or none_of"
            )

    def barred(self, items: ItemAttributes) -> np.ndarray:
        """Which items have other values."""
        items.column(self.column)
        passed = np.ones(len(items), dtype=bool)
        for compare, bound in (("ge", self.at_least), ("le", self.at_most)):
            if _is_set(bound):
                passed &= self._compared(items, compare, bound)
        for labels, present in ((self.any_of, True), (self.none_of, False)):
            if _is_set(labels):
                passed &= self._has_any(items, labels) == present
        return ~passed

    def _compared(self, items: ItemAttributes, compare: str, bound: Any) -> np.ndarray:
        values = items.column(self.column)
        try:
            passed = getattr(values, compare)(bound)
        except TypeError:
            raise DataError(
                f"column {self.column!r} cannot be compared with {bound!r}: it holds "
                f"{values.dtype}; at_least and at_most are for numbers and dates"
            ) from None
        return passed.to_numpy(dtype=bool, na_value=False)

    def _has_any(self, items: ItemAttributes, chosen: Any) -> np.ndarray:
        members, labels = items.labels(self.column)
        chosen = _labels(chosen)
        unknown = [label for label in chosen if label not in labels]
        if unknown:
            names = labels.astype(str)
            near = get_close_matches(str(unknown[0]), names, n=3) or names[:3].tolist()
            raise OptionError(
                f"no item has {unknown[0]!r} in column {self.column!r}; there are "
                f"{len(names):,} others, such as {', '.join(map(repr, near))}"
            )
        return members @ labels.isin(chosen) > 0

    def __str__(self) -> str:
        options = {
            "at least": self.at_least,
            "at most": self.at_most,
            "any of": self.any_of,
            "none of": self.none_of,
        }
        conditions = [
            f"{words} {', '.join(map(str, _labels(value)))}"
            for words, value in options.items()
            if _is_set(value)
        ]
        return f"{self.column} {' and '.join(conditions)}"


def _is_set(value: Any) -> bool:
    return value is not None and _labels(value) != []


def _labels(value: Any) -> list[Any]:
    return list(value) if pd.api.types.is_list_like(value) else [value]


@dataclass(frozen=True)
class InStock(Filter):
    """Only items of which there are some.

    Parameters
    ----------
    column : str
        Of the items: how many there are, or whether there are any.
    """

    column: str = "stock"

    def barred(self, items: ItemAttributes) -> np.ndarray:
        """Which items are sold out, or of unknown stock."""
        return ~(pd.to_numeric(items.column(self.column)) > 0).to_numpy(bool, na_value=False)

    def __str__(self) -> str:
        return "in stock"


@dataclass(frozen=True)
class NotBought(Filter):
    """No item that the user has bought, where ``seen="keep"`` brings back what they have viewed.

    The data keep the heaviest event of a user and an item, so a purchase that was rated counts
    as a rating: see `workbench.datasets.to_preferences`.

    Parameters
    ----------
    event : str
        Kind of event that counts as bought.
    """

    event: str = "purchase"

    def barred(self, items: ItemAttributes) -> sparse.csr_array:
        """Which pairs of a user and an item have the event."""
        return items.events(self.event)

    def __str__(self) -> str:
        return f"no {self.event} before"


@dataclass(frozen=True)
class MaxPer(Rule):
    """At most so many items of a kind in a list; an item of several kinds counts in each.

    Parameters
    ----------
    column : str
        Of the items: "genres", "brand", …; a label or a list of labels an item. Items without
        any are not counted.
    most : int
    """

    column: str
    most: int

    def __post_init__(self) -> None:
        at_least("most", self.most, 1)

    def __str__(self) -> str:
        return f"at most {self.most} per {self.column}"


@dataclass(frozen=True)
class ExposureCap(Rule):
    """No item in more than a share of all lists of the call, rounded down, but in one at least.

    Users are served in the order in which they were asked for (by default, of their ids); who
    comes after an item has reached its cap gets the next best.

    Parameters
    ----------
    share : float
        Above 0, at most 1.
    items : sequence of item ids, optional
        Which items are capped; by default all.
    """

    share: float
    _: KW_ONLY
    items: Iterable[Any] | None = None

    def __post_init__(self) -> None:
        if number("share", self.share, zero=False) > 1:
            raise OptionError(f"share={self.share!r} must be at most 1")

    def __str__(self) -> str:
        return f"in at most {self.share:.3g} of the lists"


@dataclass(frozen=True)
class Diversity(Rule):
    r"""Lists whose items are not all alike: maximal marginal relevance.

    For each place in turn, of the items that are left the one is chosen that has the most of

    .. math::
        (1 - w) \, \frac{s_i - s_m}{s_1 - s_m} - w \max_{j \in L} \cos(i, j)

    with L the list so far, and :math:`s_1` and :math:`s_m` the first and the m-th score of the
    user (Carbonell and Goldstein 1998, whose :math:`\lambda` is 1 - w). Only the m best that are
    left are looked at.

    Parameters
    ----------
    weight : float
        From 0, the model's own order, to 1.
    by : str or Neighbours
        What makes items alike: labels of this column that they share (the cosine of the two
        sets), or the scores of `workbench.similar(ds, of="items")`, 0 beyond its k.
    pool : int
        The m above.
    """

    weight: float = 0.3
    _: KW_ONLY
    by: str | Neighbours = Columns.GENRES
    pool: int = 50

    def __post_init__(self) -> None:
        if number("weight", self.weight) > 1:
            raise OptionError(f"weight={self.weight!r} must be at most 1")
        at_least("pool", self.pool, 1)

    def __str__(self) -> str:
        return f"diversity {self.weight:.3g}"
