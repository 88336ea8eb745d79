"""What the embedded model was taught: to go on, after an opening, with a line of copy."""

from pathlib import Path
from typing import Final

FOLDER: Final = Path(__file__).parent
