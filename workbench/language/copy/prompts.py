"""Hand-written sentences and openings, and all that is ever sent to a model."""

import tomllib
from collections.abc import Iterable, Mapping
from functools import cache, lru_cache
from hashlib import sha256
from itertools import combinations, product
from pathlib import Path
from string import Formatter
from typing import Any

from workbench.columns import Columns
from workbench.language.copy.brief.settings import WIDER
from workbench.language.copy.brief.voice import TONES as TONES
from workbench.language.copy.brief.voice import Voice
from workbench.language.copy.goods_purpose import last_sentence, use
from workbench.language.grounding.item_facts import goods_of, instructs, year_of
from workbench.language.grounding.lexicon import lexicon
from workbench.words import clean

PERSONAL = ("liked", "bought", "own")  # kinds of evidence that name an item of the history
DATA = Path(__file__).parent / "data"
_NAMES = {Columns.ITEM, Columns.IMAGE, Columns.TITLE}
Slots = Mapping[str, str]


def patterns(language: str, kind: str, goods: str, tone: str) -> list[str]:
    """Return the hand-written sentences for a situation, those of the tone itself first.

    Parameters
    ----------
    language : {"en", "zh"}
    kind : {"liked", "bought", "seen", "similar", "popular", "none"}
        Kind of the evidence.
    goods : {"film", "shop"}
    tone : {"warm", "plain", "playful"}
    """
    return _of_tone("patterns", language, kind, goods, tone)


def openings(language: str, kind: str, goods: str, tone: str) -> list[str]:
    """Return the hand-written beginnings that a model has to continue, as `patterns` does."""
    return _of_tone("openings", language, kind, goods, tone)


def fill(pattern: str, slots: Slots) -> str | None:
    """Put values into a pattern's slots; None if one that it needs is empty."""
    needed = slots_of(pattern)
    return pattern.format(**slots) if all(slots.get(name) for name in needed) else None


@lru_cache(maxsize=2**12)
def slots_of(pattern: str) -> frozenset[str]:
    """Return the names of a pattern's slots."""
    return frozenset(name for _, name, _, _ in Formatter().parse(pattern) if name)


def slots(
    row: Mapping[str, Any], title: str, because: str = "", *, language: str
) -> dict[str, str]:
    """Return the values of the slots that a row, its title and an item of the evidence fill."""
    genre, kind = genre_phrase(row, language), next(iter(film_kinds(row, language)), "")
    values = {"title": title, "because": because, "year": str(year_of(row) or "")}
    values |= {"genre": genre, "a_genre": with_article(genre)}
    return values | {"kind": kind, "a_kind": with_article(kind)} | use(row, language)


def with_article(noun: str) -> str:
    """Put "a" or "an" before a noun, if there is one."""
    return noun and f"{'an' if noun[0].lower() in 'aeiou' else 'a'} {noun}"


def film_kinds(row: Mapping[str, Any], language: str) -> tuple[str, ...]:
    """Name a film by one or two of its genres ("romantic comedy"), the fullest name first."""
    own = row.get(Columns.GENRES)
    if language != "en" or goods_of(row) != "film" or not isinstance(own, list):
        return ()
    return _film_kinds(tuple(own))


@lru_cache(maxsize=2**12)
def _film_kinds(genres: tuple[str, ...]) -> tuple[str, ...]:
    called = lexicon()["en"]["kinds"]
    own = [called[genre] for genre in called if genre in genres]
    pairs = [
        f"{trait} {noun}"
        for (nouns, _, _), (_, traits, _) in combinations(own, 2)
        for noun, trait in product(nouns, traits)
        if trait.split()[0] not in noun
    ]
    return (*pairs, *(noun for nouns, _, _ in own for noun in nouns))


def genre_phrase(row: Mapping[str, Any], language: str) -> str:
    """Name the first genre of an item that can be named in the language."""
    own = row.get(f"{Columns.GENRES}_{language}", row.get(Columns.GENRES))
    listed = lexicon()[language]["genres"]
    for genre in own if isinstance(own, list) else []:
        if genre in listed or goods_of(row) == "shop":
            return str(listed.get(genre, clean(genre).lower())).split(", ")[0]
    return ""


def taught(row: Mapping[str, Any], opening: str, tone: str) -> str:
    """Write the prompt that the embedded model was taught on: genres, of goods also their use.

    Parameters
    ----------
    row : mapping
        The item's row; the user, by name or id, is never part of a prompt.
    opening : str
        Beginning of the sentence, its slots filled.
    tone : {"warm", "plain", "playful"}
    """
    facts = ", ".join(_genres(row)) or "-"
    said = last_sentence(row) if goods_of(row) == "shop" else ""
    facts += f"; {said}" if said else ""
    return asked(facts, opening, tone)


def asked(facts: str, opening: str, tone: str) -> str:
    """Write what the embedded model goes on after: the tone, the facts, fenced, the opening."""
    return f"{tone} <{_fenced(facts)}>\n{_fenced(opening)}"


def messages(
    ask: str,
    facts: Iterable[str],
    *,
    goods: str,
    limit: int,
    language: str,
    voice: Voice,
    never: Iterable[str] = (),
) -> list[dict[str, str]]:
    """Write the conversation for a model that follows instructions: the rules, then the facts.

    Parameters
    ----------
    ask : str
        What to write, in a few words.
    facts : iterable of str
        As `facts_of` and `grounds_of` give them.
    goods : str
        What an item is called.
    limit : int
        Characters.
    language : {"en", "zh"}
    voice : Voice
    never : iterable of str
        Words that are forbidden beside the voice's own.
    """
    own = _read("instructions")[language]
    asked = {"ask": ask, "tone": own["tones"][voice.tone], "limit": limit, "goods": goods}
    between = "、" if language == "zh" else ", "
    given = {"audience": voice.audience, "use": between.join(voice.use)}
    given |= {
        "never": between.join([*(voice.never or ()), *never]),
        "emoji": "yes" if voice.emoji else "",
    }
    rules = [own["rules"].strip().format(**asked)]
    rules += [own[key].format(words=_fenced(words)) for key, words in given.items() if words]
    fenced = "\n".join(["<facts>", *facts, "</facts>"])
    return [
        {"role": "system", "content": "\n".join(rules)},
        {"role": "user", "content": fenced},
    ]


def templates(
    count: int,
    *,
    kind: str,
    goods: str,
    genre: bool,
    shown: Iterable[str],
    language: str,
    tone: str,
) -> list[dict[str, str]]:
    """Write the conversation that asks for sentences with slots.

    Parameters
    ----------
    count : int
        Sentences.
    kind : str
        Kind of the evidence.
    goods : {"film", "shop"}
    genre : bool
        Whether they name the item's genre.
    shown : iterable of str
        Sentences to go by, and not to repeat.
    language : {"en", "zh"}
    tone : {"any", "warm", "plain", "playful"}
    """
    own = _read("sentences")[language]
    named = {"title": True, "because": kind in PERSONAL, "genre": genre}
    rules = (
        own["rules"]
        .strip()
        .format(
            count=count,
            goods=own["goods"][goods],
            tone=own["tones"][tone],
            slots="\n".join(own["slots"][name] for name, wanted in named.items() if wanted),
        )
    )
    situation = "\n".join([own["situations"][kind], own["shown"], *shown])
    return [{"role": "system", "content": rules}, {"role": "user", "content": situation}]


def facts_of(row: Mapping[str, Any], title: str, *, language: str) -> list[str]:
    """Describe an item, a line for each of its attributes that copy may state."""
    own = _read("instructions")[language]
    lines = [f"{own['item']}: {own['title']}: {_fenced(title)}"] if title else []
    for name, value in row.items():
        base = name.removesuffix("_zh")
        other = f"{base}_zh" if language == "zh" else base
        # A bilingual catalogue has both; the model is shown its own language's.
        if base in _NAMES or (name != other and other in row):
            continue
        values = value if isinstance(value, list) else [value]
        stated = all(isinstance(v, str) and not instructs(v) for v in values)
        if stated or base in {Columns.YEAR, Columns.PRICE}:
            shown = ", ".join(f"{v:g}" if isinstance(v, float) else str(v) for v in values)
            lines.append(f"{own['item']}: {_fenced(base)}: {_fenced(shown)}")
    return lines


def grounds_of(
    evidence: Iterable[Mapping[str, Any]], shown: Iterable[str], *, language: str
) -> list[str]:
    """Put evidence into words, a line each, with what it shows of titles and values."""
    own = _read("instructions")[language]["evidence"]
    return [
        own[str(e["kind"])].format(because=_fenced(name), count=e.get("count", ""))
        for e, name in zip(evidence, shown, strict=True)
    ]


def digest(text: str) -> str:
    """First 12 hex digits of a text's SHA-256: what tells one prompt from another."""
    return sha256(text.encode()).hexdigest()[:12]


@cache
def version() -> str:
    """Digest of everything hand-written that goes into copy and prompts."""
    files = sorted(DATA.rglob("*.toml"))
    return digest("".join(path.read_text(encoding="utf-8") for path in files))


def _genres(row: Mapping[str, Any]) -> list[str]:
    genres = [clean(genre, limit=40) for genre in row.get(Columns.GENRES) or []]
    return [genre for genre in genres if not instructs(genre)]


def _fenced(text: object) -> str:
    """Make a text from outside unable to close the fence or to begin a line of its own."""
    return " ".join(clean(text, limit=300).replace("<", "").replace(">", "").split())


def _of_tone(file: str, language: str, kind: str, goods: str, tone: str) -> list[str]:
    table = _read(file)[language]
    kinds = [table.get(wider, {}) for wider in WIDER.get(kind, (kind,))]
    cells = [own.get(name, {}) for own in kinds for name in dict.fromkeys((goods, "any"))]
    return [p for name in (tone, "any") for cell in cells for p in cell.get(name, [])]


@cache
def _read(name: str) -> dict[str, Any]:
    return tomllib.loads((DATA / f"{name}.toml").read_text(encoding="utf-8"))
