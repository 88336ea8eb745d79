"""Workbench: interactive analysis of recommender systems, with a language model in the loop.

The names below are imported on first use, so that ``import workbench`` stays fast.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

_HOMES = {
    "Dataset": "workbench.datasets",
    "load": "workbench.datasets",
    "read": "workbench.datasets",
    "split": "workbench.datasets",
    "synthetic": "workbench.datasets",
    "similar": "workbench.compute",
    "Neighbours": "workbench.compute",
    "encode": "workbench.compute",
    "Popular": "workbench.models",
    "Demographic": "workbench.models",
    "Interview": "workbench.models",
    "UserKNN": "workbench.models",
    "ItemKNN": "workbench.models",
    "KNNBaseline": "workbench.models",
    "P3alpha": "workbench.models",
    "RP3beta": "workbench.models",
    "EASE": "workbench.models",
    "BPR": "workbench.models",
    "ALS": "workbench.models",
    "ContentBased": "workbench.models",
    "Hybrid": "workbench.models",
    "Baseline": "workbench.models",
    "BiasedMF": "workbench.models",
    "Sequential": "workbench.models",
    "load_model": "workbench.models",
    "Calibrated": "workbench.models",
    "Attribute": "workbench.models",
    "InStock": "workbench.models",
    "NotBought": "workbench.models",
    "MaxPer": "workbench.models",
    "ExposureCap": "workbench.models",
    "Diversity": "workbench.models",
    "evaluate": "workbench.evaluation",
    "compare": "workbench.evaluation",
    "evaluate_copy": "workbench.language",
    "tune": "workbench.evaluation",
    "Copywriter": "workbench.language",
    "Review": "workbench.language",
    "Pool": "workbench.language",
    "ServerModel": "workbench.language",
    "Voice": "workbench.language",
    "report": "workbench.reports",
}
_ROOMS = (
    "compute",
    "datasets",
    "errors",
    "evaluation",
    "language",
    "models",
    "panels",
    "plots",
    "reports",
)

__all__ = [*_HOMES, *_ROOMS, "__version__"]

if TYPE_CHECKING:
    from workbench import (
        compute,
        datasets,
        errors,
        evaluation,
        language,
        models,
        panels,
        plots,
        reports,
    )
    from workbench.compute import Neighbours, encode, similar
    from workbench.datasets import Dataset, load, read, split, synthetic
    from workbench.evaluation import compare, evaluate, tune
    from workbench.language import Copywriter, Pool, Review, ServerModel, Voice, evaluate_copy
    from workbench.models import (
        ALS,
        BPR,
        EASE,
        Attribute,
        Baseline,
        BiasedMF,
        Calibrated,
        ContentBased,
        Demographic,
        Diversity,
        ExposureCap,
        Hybrid,
        InStock,
        Interview,
        ItemKNN,
        KNNBaseline,
        MaxPer,
        NotBought,
        P3alpha,
        Popular,
        RP3beta,
        Sequential,
        UserKNN,
    )
    from workbench.models.persistence.model_file import load_model
    from workbench.reports import report


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        value = getattr(import_module(_HOMES[name]), name)
    elif name in _ROOMS:
        value = import_module(f"workbench.{name}")
    else:
        raise AttributeError(f"module 'workbench' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
