"""Whether it is better, for whom, and whether that is more than chance."""

import warnings
from importlib import import_module
from typing import Any

from workbench.evaluation.metrics.registry import METRICS
from workbench.evaluation.model_comparison import Comparison, compare
from workbench.evaluation.model_evaluation import evaluate
from workbench.evaluation.result import Evaluation
from workbench.evaluation.tuning.parameter_search import Tuning, tune

__all__ = [
    "METRICS",
    "Comparison",
    "Evaluation",
    "Tuning",
    "compare",
    "evaluate",
    "tune",
]


def __getattr__(name: str) -> Any:
    """Measures of texts were here once: their old names work for one release."""
    if name not in ("COPY_METRICS", "CopyEvaluation", "evaluate_copy", "judge", "personalisation"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    message = f"workbench.evaluation.{name} has become workbench.language.{name}"
    warnings.warn(message, DeprecationWarning, stacklevel=2)
    return getattr(import_module("workbench.language"), name)
