"""What a search for neighbours is asked for."""

from dataclasses import dataclass

from workbench.compute.metrics import METRICS, SUMS, Metric


@dataclass(frozen=True)
class Request:
    """The options of a search, checked, as every engine takes them.

    Attributes
    ----------
    metric : str
    k, min_overlap : int
    alpha, shrink : float
    signed, progress : bool
    """

    metric: str = "cosine"
    k: int = 50
    min_overlap: int = 1
    alpha: float = 0.5
    shrink: float = 0.0
    signed: bool = False
    progress: bool = False

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
