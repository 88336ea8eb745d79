"""Recommenders: one family a file, one protocol."""

from workbench.models.base import ByCount, ByItem, ByUser, Recommender
from workbench.models.knn import ItemKNN, UserKNN
from workbench.models.popular import Popular

__all__ = ["ByCount", "ByItem", "ByUser", "ItemKNN", "Popular", "Recommender", "UserKNN"]
