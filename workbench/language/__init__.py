"""Language models and what they do here: copy checked against the catalogue, its measures."""

from workbench.language.copy.brief.voice import Voice
from workbench.language.copy.copywriter import Copywriter
from workbench.language.copy.pools.pool import Pool
from workbench.language.llm.server_model import ServerModel
from workbench.language.measures.copy_evaluation import COPY_METRICS, CopyEvaluation, evaluate_copy
from workbench.language.measures.llm_judge import judge
from workbench.language.measures.personalisation import personalisation
from workbench.language.review.review import Review

__all__ = [
    "COPY_METRICS",
    "CopyEvaluation",
    "Copywriter",
    "Pool",
    "Review",
    "ServerModel",
    "Voice",
    "evaluate_copy",
    "judge",
    "personalisation",
]
