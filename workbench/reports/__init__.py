"""Report notebooks, executed into self-contained HTML pages: one, or a batch of them.

Names on first use, as at the front door: to run notebooks, to draw and to write each load a lot.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
