"""Recommendation copy by a language model, checked against the catalogue."""

from workbench.language.copywriter import Copywriter
from workbench.language.review import Review

__all__ = ["Copywriter", "Review"]
