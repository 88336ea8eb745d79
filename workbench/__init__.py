"""Workbench: interactive analysis of recommender systems, with a language model in the loop.

The names in ``__init__.pyi`` are imported on first use, so that ``import workbench`` stays fast.
"""

import lazy_loader

__version__ = "0.1.0"

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
