"""Recommendation copy by a language model, checked against the catalogue."""

from workbench.language.copywriter import Copywriter
from workbench.language.server import ServerModel

__all__ = ["Copywriter", "ServerModel"]
