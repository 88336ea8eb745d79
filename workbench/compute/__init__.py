"""Similarity, texts as vectors, and where they are computed."""

from workbench.compute.dense.text_encoder import encode
from workbench.compute.neighbours import Neighbours, common_ratings
from workbench.compute.similarity import nearest, similar
from workbench.compute.stored_neighbours import StoredNeighbours
from workbench.compute.topk import midranks, top_k
from workbench.device import Device, resolve
from workbench.device.inventory import describe
from workbench.device.threads import Team

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
