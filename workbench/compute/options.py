"""What a search for neighbours is asked for."""

from dataclasses import dataclass
from typing import Self

import numpy as np

from workbench.compute.metrics import METRICS, SUMS, Metric
from workbench.errors import OptionError
from workbench.validation import at_least, one_of

OF = ("items", "users")
WEIGHTINGS = ("none", "tfidf", "bm25")


@dataclass(frozen=True)
class SimilarityOptions:
    """The options of a search, as every engine takes them.

    Attributes
    ----------
    metric : str
    k, min_overlap : int
    alpha, shrink : float
    signed, progress : bool
    weighting : str
        See `workbench.similar`.
    """

    metric: str = "cosine"
    k: int = 50
    min_overlap: int = 1
    alpha: float = 0.5
    shrink: float = 0.0
    signed: bool = False
    progress: bool = False
    weighting: str = "none"

    @classmethod
    def checked(
        cls,
        *,
        metric: str,
        k: int,
        min_overlap: int,
        alpha: float,
        shrink: float,
        weighting: str,
        signed: bool = False,
        progress: bool = False,
    ) -> Self:
        """Options as they come from outside.

        Raises
        ------
        OptionError
            If one is not allowed, alone or with the others.
        """
        definition = METRICS[one_of("metric", metric, METRICS)]
        one_of("weighting", weighting, WEIGHTINGS)
        if not 0 <= alpha <= 1:
            raise OptionError(f"alpha={alpha!r} must lie between 0 and 1")
        if not (0 <= shrink < np.inf):
            raise OptionError(f"shrink={shrink!r} must be a finite number of 0 or more")
        if shrink and not definition.shrinks:
            raise OptionError(f"metric={metric!r} has no denominator to shrink by; use shrink=0")
        k, min_overlap = at_least("k", k, 1), at_least("min_overlap", min_overlap, 1)
        numbers = k, min_overlap, float(alpha), float(shrink)
        return cls(metric, *numbers, bool(signed), progress, weighting)

    @property
    def definition(self) -> Metric:
        """The metric itself."""
        return METRICS[self.metric]

    @property
    def counted(self) -> bool:
        """Whether a pair's overlap decides if it counts."""
        return self.signed or self.min_overlap > 1

    @property
    def sums(self) -> tuple[str, ...]:
        """The sums a kernel collects: one, two, or all six."""
        if len(self.definition.sums) > 1:
            return tuple(SUMS)
        return ("n", "xy") if self.counted else ("xy",)
