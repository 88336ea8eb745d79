"""Whether it is better, for whom, and whether that is more than chance."""

from workbench.evaluation.compare import Comparison, compare
from workbench.evaluation.evaluate import evaluate
from workbench.evaluation.metrics import METRICS
from workbench.evaluation.result import Evaluation
from workbench.evaluation.tune import Tuning, tune

__all__ = ["METRICS", "Comparison", "Evaluation", "Tuning", "compare", "evaluate", "tune"]
