"""Recommendation copy by a language model, checked against the catalogue."""

from workbench.language.copywriter import Copywriter
from workbench.language.pool import Pool
from workbench.language.review import Review
from workbench.language.server import ServerModel
from workbench.language.voice import Voice

__all__ = ["Copywriter", "Pool", "Review", "ServerModel", "Voice"]
