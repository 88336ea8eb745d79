"""Recommendation copy by a language model, checked against the catalogue."""

from workbench.language.copywriter import Copywriter

__all__ = ["Copywriter"]
