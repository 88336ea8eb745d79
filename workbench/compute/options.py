"""What a search for neighbours is asked for."""

from dataclasses import dataclass, replace
from typing import Any, Self

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
    def checked(cls, **keywords: Any) -> Self:
        """Options as they come from outside, by the names of the attributes.

        Raises
        ------
        OptionError
            If one is not allowed, alone or with the others.
        """
        options = cls(**keywords)
        metric, alpha, shrink = options.metric, options.alpha, options.shrink
        one_of("metric", metric, METRICS)
        one_of("weighting", options.weighting, WEIGHTINGS)
        if not 0 <= alpha <= 1:
            raise OptionError(f"alpha={alpha!r} must lie between 0 and 1")
        if not (0 <= shrink < np.inf):
            raise OptionError(f"shrink={shrink!r} must be a finite number of 0 or more")
        if shrink and not options.definition.shrinks:
            raise OptionError(f"metric={metric!r} has no denominator to shrink by; use shrink=0")
        k, overlap = at_least("k", options.k, 1), at_least("min_overlap", options.min_overlap, 1)
        return replace(
            options, k=k, min_overlap=overlap, alpha=float(alpha), shrink=float(shrink),
            signed=bool(options.signed),
        )  # fmt: skip

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
