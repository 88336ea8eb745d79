"""Recommenders: one family a file, one protocol."""

from workbench.models.basic.baseline import Baseline
from workbench.models.basic.demographic import Demographic
from workbench.models.basic.interview import Interview
from workbench.models.basic.popular import Popular
from workbench.models.content.content_based import ContentBased
from workbench.models.ensembles.calibrated import Calibrated
from workbench.models.ensembles.hybrid import Hybrid
from workbench.models.factorization.als import ALS
from workbench.models.factorization.biased_mf import BiasedMF
from workbench.models.factorization.bpr import BPR
from workbench.models.graph.random_walk import P3alpha, RP3beta
from workbench.models.neighbours.ease import EASE
from workbench.models.neighbours.item_knn import ItemKNN
from workbench.models.neighbours.knn_baseline import KNNBaseline
from workbench.models.neighbours.user_knn import UserKNN
from workbench.models.persistence.loading import load_model
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
