"""The goods of the synthetic shop, composed from word lists in two languages."""

import tomllib
from importlib.resources import files
from typing import Any

import numpy as np
import pandas as pd

from workbench.columns import Columns
from workbench.errors import OptionError

DEPARTMENT = "department"
NOUN = "noun"

_PAIRS = [DEPARTMENT, "category", "use", NOUN, "material", "style", "finish", "brand"]


def words() -> dict[str, Any]:
    """The word lists in ``words.toml``."""
    return tomllib.loads(
        files("workbench.datasets.synthetic.shop").joinpath("words.toml").read_text("utf-8")
    )


def goods(lists: dict[str, Any], count: int, rng: np.random.Generator) -> pd.DataFrame:
    """Draw a catalogue: the categories in equal parts, no title twice in either language.

    Parameters
    ----------
    lists : dict
        See `words`.
    count : int
        Number of items, from one a category to all combinations of words.
    rng : numpy Generator
        Source of every draw.

    Returns
    -------
    DataFrame
        ``item_id``; ``title``, ``description``, ``genres`` ([department, category]) and
        ``brand``, each with a twin ``…_zh``; ``price`` (yuan), ``stock`` (pieces), ``launched``;
        and for the generator's own use ``department``, ``noun``, ``noun_zh``.

    Raises
    ------
    OptionError
        If there are not so many categories or combinations.
    """
    chosen = _draw(_combinations(lists), count, rng)
    brands = pd.Series(lists["brands"])
    chosen["brand"] = brands.iloc[rng.integers(len(brands), size=count)].to_numpy()
    for column in _PAIRS:
        pair = chosen[column]
        chosen[column], chosen[f"{column}_zh"] = (pair.str[at].astype("str") for at in (0, 1))
    table = _worded(chosen)
    low, high = chosen["low"].to_numpy(), chosen["high"].to_numpy()
    table[Columns.PRICE] = (np.rint(low * (high / low) ** rng.random(count)) - 0.1).round(1)
    table["stock"] = rng.negative_binomial(1, 0.02, count)
    days = rng.integers(3 * 365, size=count).astype("timedelta64[D]")
    table["launched"] = (np.datetime64("2022-01-01") + days).astype("datetime64[ns]")
    return table.join(chosen[[DEPARTMENT, NOUN, f"{NOUN}_zh"]])


def numbered(letter: str, count: int) -> pd.Series:
    """Ids such as u001, u002, …, as long as the last."""
    return letter + pd.Series(range(1, count + 1)).astype(str).str.zfill(len(str(count)))


def _combinations(lists: dict[str, Any]) -> pd.DataFrame:
    leaves = pd.DataFrame(
        {
            DEPARTMENT: department["name"],
            "category": category["name"],
            "use": category["use"],
            "low": category["price"][0],
            "high": category["price"][1],
            NOUN: category["nouns"],
            "material": category["materials"],
            "style": department["styles"],
            "finish": department["finishes"],
        }
        for department in lists["departments"]
        for category in department["categories"]
    ).rename_axis("leaf")
    for column in (NOUN, "material", "style", "finish"):
        leaves = leaves.explode(column)
    return leaves.reset_index()


def _draw(combinations: pd.DataFrame, count: int, rng: np.random.Generator) -> pd.DataFrame:
    leaves = combinations["leaf"].nunique()
    if not leaves <= count <= len(combinations):
        raise OptionError(
            f"items={count!r}; the shop's word lists make from {leaves} (one a category) "
            f"to {len(combinations):,}"
        )
    shuffled = combinations.sample(frac=1, random_state=rng)
    turn = shuffled.groupby("leaf").cumcount()
    chosen = shuffled.iloc[np.argsort(turn, kind="stable")[:count]]
    return chosen.sample(frac=1, random_state=rng, ignore_index=True)


def _worded(chosen: pd.DataFrame) -> pd.DataFrame:
    c = chosen
    facts = c["style"] + ", " + c["material"] + ", " + c["finish"]
    facts_zh = c["style_zh"] + "、" + c["material_zh"] + "、" + c["finish_zh"]
    table = {
        Columns.ITEM: numbered("i", len(c)),
        Columns.TITLE: c["style"] + " " + c["material"] + " " + c[NOUN] + ", " + c["finish"],
        "title_zh": c["style_zh"] + c["material_zh"] + c["noun_zh"] + "（" + c["finish_zh"] + "）",
        Columns.DESCRIPTION: c[NOUN] + " by " + c["brand"] + ": " + facts + ". " + c["use"],
        "description_zh": c["brand_zh"] + c["noun_zh"] + "：" + facts_zh + "。" + c["use_zh"],
        Columns.GENRES: c[[DEPARTMENT, "category"]].to_numpy().tolist(),
        "genres_zh": c[["department_zh", "category_zh"]].to_numpy().tolist(),
        "brand": c["brand"],
        "brand_zh": c["brand_zh"],
    }
    return pd.DataFrame(table)
