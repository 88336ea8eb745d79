"""All that is ever sent to a model that writes."""

from collections.abc import Iterable, Mapping
from functools import cache
from hashlib import sha256
from typing import Any

from workbench.columns import Columns
from workbench.language.copy.brief.brief import CopyBrief
from workbench.language.copy.brief.settings import DATA, shipped
from workbench.language.copy.slots import last_sentence
from workbench.language.grounding.item_facts import goods_of, instructs
from workbench.words import clean

PERSONAL = ("liked", "bought", "own")  # types of evidence that name an item of the history
_NAMES = {Columns.ITEM, Columns.IMAGE, Columns.TITLE}


def embedded_prompt(row: Mapping[str, Any], opening: str, tone: str) -> str:
    """Write what the embedded model was trained on: genres, of goods also their use; the opening.

    The user, by name or id, is never part of a prompt.
    """
    facts = ", ".join(_genres(row)) or "-"
    purpose = last_sentence(row) if goods_of(row) == "shop" else ""
    return opened_prompt(facts + (f"; {purpose}" if purpose else ""), opening, tone)


def opened_prompt(facts: str, opening: str, tone: str) -> str:
    """Write what the embedded model goes on after: the tone, the facts, fenced, the opening."""
    return f"{tone} <{_fenced(facts)}>\n{_fenced(opening)}"


def messages(brief: CopyBrief, facts: Iterable[str]) -> list[dict[str, str]]:
    """Write the conversation for a model that follows instructions: the rules, then the facts.

    The facts are those of `facts_of` and `grounds_of`.
    """
    language, voice, domain = brief.language, brief.voice, brief.goods
    words, between = shipped("instructions")[language], "、" if language == "zh" else ", "
    limit = brief.format.length[language][1]
    rules = words["rules"].strip().format(
        ask=brief.format.ask[language],
        tone=words["tones"][voice.tone],
        limit=min(limit, voice.max_chars or limit) - len(brief.required),
        goods=domain.goods.get(language, domain.name),
    )  # fmt: skip
    wishes = {
        "audience": voice.audience,
        "use": between.join(voice.use),
        "never": between.join([*(voice.never or ()), *domain.never.get(language, ())]),
        "emoji": "yes" if voice.emoji else "",
    }
    more = [words[key].format(words=_fenced(wish)) for key, wish in wishes.items() if wish]
    return [
        {"role": "system", "content": "\n".join([rules, *more])},
        {"role": "user", "content": "\n".join(["<facts>", *facts, "</facts>"])},
    ]


def pool_messages(
    count: int,
    *,
    evidence: str,
    domain: str,
    genre: bool,
    shown: Iterable[str],
    language: str,
    tone: str,
) -> list[dict[str, str]]:
    """Write the conversation that asks for a number of sentences with slots.

    They rest on a type of evidence and may name the item's `genre`; those `shown` are to go by,
    and not to be repeated.
    """
    words = shipped("pool_instructions")[language]
    named = {"title": True, "because": evidence in PERSONAL, "genre": genre}
    rules = words["rules"].strip().format(
        count=count,
        goods=words["goods"][domain],
        tone=words["tones"][tone],
        slots="\n".join(words["slots"][name] for name, needed in named.items() if needed),
    )  # fmt: skip
    situation = "\n".join([words["situations"][evidence], words["shown"], *shown])
    return [{"role": "system", "content": rules}, {"role": "user", "content": situation}]


def facts_of(row: Mapping[str, Any], title: str, *, language: str) -> list[str]:
    """Describe an item, a line for each of its attributes that copy may state."""
    words = shipped("instructions")[language]
    lines = [f"{words['item']}: {words['title']}: {_fenced(title)}"] if title else []
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
            lines.append(f"{words['item']}: {_fenced(base)}: {_fenced(shown)}")
    return lines


def grounds_of(
    evidence: Iterable[Mapping[str, Any]], shown: Iterable[str], *, language: str
) -> list[str]:
    """Put evidence into words, a line each, with what it shows of titles and values."""
    words = shipped("instructions")[language]["evidence"]
    return [
        words[str(e["kind"])].format(because=_fenced(name), count=e.get("count", ""))
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
