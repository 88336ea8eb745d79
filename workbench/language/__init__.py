"""Recommendation copy by a language model, checked against the catalogue."""

from workbench.language.copywriter import Copywriter
from workbench.language.pool import Pool

__all__ = ["Copywriter", "Pool"]
