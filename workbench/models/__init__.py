"""Recommenders: one family a file, one protocol."""

from workbench.models.basic.demographic import Demographic
from workbench.models.basic.interview import Interview
from workbench.models.basic.popular import Popular
from workbench.models.content.content_based import ContentBased
from workbench.models.ensembles.calibrated import Calibrated
from workbench.models.ensembles.hybrid import Hybrid
from workbench.models.factorization.als import ALS
from workbench.models.factorization.biased_mf import Baseline, BiasedMF
from workbench.models.factorization.bpr import BPR
from workbench.models.graph.random_walk import P3alpha, RP3beta
from workbench.models.neighbours.ease import EASE
from workbench.models.neighbours.knn import ItemKNN, KNNBaseline, UserKNN
from workbench.models.persistence.model_file import load_model
from workbench.models.recommender import Recommender
from workbench.models.rerank.filters import (
    Attribute,
    Diversity,
    ExposureCap,
    InStock,
    MaxPer,
    NotBought,
)
from workbench.models.sequential.sequential import Sequential

__all__ = [
    "ALS",
    "BPR",
    "EASE",
    "Attribute",
    "Baseline",
    "BiasedMF",
    "Calibrated",
    "ContentBased",
    "Demographic",
    "Diversity",
    "ExposureCap",
    "Hybrid",
    "InStock",
    "Interview",
    "ItemKNN",
    "KNNBaseline",
    "MaxPer",
    "NotBought",
    "P3alpha",
    "Popular",
    "RP3beta",
    "Recommender",
    "Sequential",
    "UserKNN",
    "load_model",
]
