"""Labels and report texts in every language, from one small catalogue."""

import tomllib
from functools import cache
from importlib.resources import files

from workbench.validation import one_of

LANGUAGES = ("en", "zh")


class Strings:
    """The catalogue in one language.

    Parameters
    ----------
    language : {"en", "zh"}

    Examples
    --------
    >>> Strings("zh")("user.name", user=42)
    '用户 42'
    """

    def __init__(self, language: str = "en") -> None:
        self.language = one_of("language", language, LANGUAGES)

    def __call__(self, key: str, **values: object) -> str:
        """Return the text of "section.name" with its slots filled."""
        section, name = key.split(".")
        return str(catalogue()[section][name][self.language]).format(**values)


@cache
def catalogue() -> dict[str, dict[str, dict[str, str]]]:
    """Texts as section -> name -> language."""
    return tomllib.loads(files("workbench").joinpath("strings.toml").read_text("utf-8"))
