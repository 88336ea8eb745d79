"""Whether it is better, for whom, and whether that is more than chance."""

from workbench.evaluation.compare import Comparison, compare
from workbench.evaluation.evaluate import evaluate
from workbench.evaluation.judge import judge
from workbench.evaluation.metrics import METRICS
from workbench.evaluation.personalisation import personalisation
from workbench.evaluation.result import Evaluation
from workbench.evaluation.text import COPY_METRICS, CopyEvaluation, evaluate_copy
from workbench.evaluation.tune import Tuning, tune

__all__ = [
    "COPY_METRICS",
    "METRICS",
    "Comparison",
    "CopyEvaluation",
    "Evaluation",
    "Tuning",
    "compare",
    "evaluate",
    "evaluate_copy",
    "judge",
    "personalisation",
    "tune",
]
