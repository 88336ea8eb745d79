"""How much of a card's memory is ours to take."""

import os

from workbench.errors import OptionError

VARIABLE = "WORKBENCH_GPU_FRACTION"
FRACTION = 0.8  # of the card's free memory


def fraction() -> float:
    """The part of the card's free memory that may be taken."""
    setting = os.environ.get(VARIABLE) or str(FRACTION)
    try:
        part = float(setting)
    except ValueError:
        part = 0.0
    if not 0 < part <= 1:
        raise OptionError(f"{VARIABLE}={setting!r} must be a number above 0 and at most 1")
    return part
