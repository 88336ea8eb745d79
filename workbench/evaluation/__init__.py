"""Whether it is better, for whom, and whether that is more than chance."""

from workbench.evaluation.compare import Comparison, compare
from workbench.evaluation.evaluate import Evaluation, evaluate
from workbench.evaluation.metrics import METRICS

__all__ = ["METRICS", "Comparison", "Evaluation", "compare", "evaluate"]
