"""Similarity, texts as vectors, and where they are computed."""

from workbench.compute._team import Team
from workbench.compute.encoder import encode
from workbench.compute.midranks import midranks
from workbench.compute.similarity import Neighbours, common_ratings, nearest, similar
from workbench.compute.stored import StoredNeighbours
from workbench.compute.topk import top_k
from workbench.device import Device, resolve
from workbench.device.inventory import describe

__all__ = [
    "Device",
    "Neighbours",
    "StoredNeighbours",
    "Team",
    "common_ratings",
    "describe",
    "encode",
    "midranks",
    "nearest",
    "resolve",
    "similar",
    "top_k",
]
