"""How a brand speaks: tone, length, words to use and never to use, emoji."""

import re
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, fields
from functools import cache
from typing import Any

from workbench.errors import OptionError
from workbench.language.copy.brief.settings import shipped
from workbench.language.grounding.violation import Violation
from workbench.validation import at_least, one_of

TONES = ("warm", "plain", "playful")
SHORTEST = 20  # characters in which a sentence can name an item
_EMOJI = re.compile("[\u200d\u2600-\u27bf\u2b00-\u2bff\ufe0f\u20e3\U0001f000-\U0001faff]")


@dataclass(frozen=True)
class Voice:
    """A brand's way of speaking, held against everything that is delivered.

    Parameters
    ----------
    tone : {"warm", "plain", "playful"}
    audience : str
        Who is written to, in a few words; a model that follows instructions is told.
    max_chars : int, optional
        Characters of a text at most, where the kind of text does not allow fewer.
    use : sequence of str
        Words to use: preferred where sentences can be chosen, asked of a model that follows
        instructions, and accepted though no row supports them. They are the brand's own claims.
    never : sequence of str, optional
        Words never to use; by default the superlatives that advertising rules forbid
        (``workbench/language/copy/data/voice.toml``). Titles are names and may contain them.
    emoji : bool
        Whether a model may write emoji. Hand-written sentences have none.

    Raises
    ------
    OptionError
        If a setting is of the wrong kind, or contradicts another.
    """

    tone: str = "warm"
    audience: str = ""
    max_chars: int | None = None
    use: tuple[str, ...] = ()
    never: tuple[str, ...] | None = None
    emoji: bool = False

    def __post_init__(self) -> None:
        one_of("tone", self.tone, TONES)
        if self.max_chars is not None:
            at_least("max_chars", self.max_chars, SHORTEST)
        if not isinstance(self.audience, str):
            raise OptionError(f"audience={self.audience!r} must be a text")
        object.__setattr__(self, "use", _words("use", self.use))
        if self.never is not None:
            object.__setattr__(self, "never", _words("never", self.never))
        for language in ("en", "zh"):
            for word in self.use:
                if reasons := self.faults(word, language):
                    raise OptionError(f"use={word!r} contradicts the same voice: {reasons[0]}")

    def faults(self, text: str, language: str, *, names: Collection[str] = ()) -> list[Violation]:
        """Return what in a text goes against the voice.

        Parameters
        ----------
        text : str
        language : {"en", "zh"}
        names : collection of str
            Titles as they stand in the text; their words are nobody's claim.

        Returns
        -------
        list of Violation
            Of ``voice-length``, ``voice-never:WORD`` and ``voice-emoji``, with their place.
        """
        violations = []
        if self.max_chars is not None and len(text) > self.max_chars:
            violations.append(Violation("voice-length", str(len(text)), self.max_chars, len(text)))
        masked = _blank(text, names)
        violations += _forbidden(masked, language, self.never)
        if not self.emoji:
            violations += [
                Violation("voice-emoji", m[0], *m.span()) for m in _EMOJI.finditer(masked)
            ]
        return violations

    def to_dict(self) -> dict[str, Any]:
        """Return the settings as plain values, for a file."""
        return asdict(self)

    @classmethod
    def from_dict(cls, settings: Mapping[str, Any]) -> "Voice":
        """Return the voice of `to_dict`; an unknown setting is an `OptionError`."""
        for name in settings:
            one_of("voice setting", name, [field.name for field in fields(cls)])
        return cls(**settings)


def voice_of(voice: Voice | None, tone: str | None) -> Voice:
    """Return a voice, or the one that a tone alone stands for; warm if neither is given."""
    if voice is None:
        return Voice(tone="warm" if tone is None else tone)
    if tone not in (None, voice.tone):
        raise OptionError(f"tone={tone!r} contradicts the voice, whose tone is {voice.tone!r}")
    return voice


def without_emoji(text: str) -> str:
    """Take the emoji out of a text, and the space that they leave."""
    return re.sub(f" ?{_EMOJI.pattern}+", "", text).strip()


def _forbidden(text: str, language: str, words: tuple[str, ...] | None) -> list[Violation]:
    if words is None:
        words, harmless = _shipped(language)
        text = _blank(text, harmless)
    matches = _any_of(words).finditer(text) if words else ()
    return [Violation("voice-never", m[0].casefold(), *m.span()) for m in matches]


def _blank(text: str, names: Collection[str]) -> str:
    for name in sorted(filter(None, names), key=len, reverse=True):
        text = re.sub(re.escape(name), lambda m: "\ue000" * len(m[0]), text, flags=re.IGNORECASE)
    return text


@cache
def _any_of(words: tuple[str, ...]) -> re.Pattern[str]:
    longest = sorted(words, key=len, reverse=True)
    return re.compile("|".join(map(_bounded, longest)), re.IGNORECASE)


def _bounded(word: str) -> str:
    """Match a word as a whole, except in Chinese, which runs on without spaces."""
    before = r"(?<![^\W\u3400-\u9fff])" if re.match(r"[a-z0-9]", word, re.IGNORECASE) else ""
    after = r"(?![^\W\u3400-\u9fff])" if re.search(r"[a-z0-9]$", word, re.IGNORECASE) else ""
    return before + re.escape(word) + after


def _words(name: str, words: Any) -> tuple[str, ...]:
    if isinstance(words, str) or not isinstance(words, Collection):
        raise OptionError(f"{name}={words!r} must be a list of words")
    if bad := [w for w in words if not isinstance(w, str) or not w.strip()]:
        raise OptionError(f"{name} holds {bad[0]!r}, which is not a word")
    return tuple(word.strip() for word in words)


@cache
def _shipped(language: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    words = shipped("voice")[language]
    return tuple(words["never"]), tuple(words["harmless"])
