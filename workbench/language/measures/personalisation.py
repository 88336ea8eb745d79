"""Whether copy is personal: given another user's evidence, the text has to follow."""

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
import pandas as pd

from workbench.columns import Columns
from workbench.datasets import Dataset
from workbench.errors import DataError
from workbench.evaluation.model_evaluation import RESAMPLES
from workbench.evaluation.statistics.bootstrap import UserSums, mean
from workbench.evidence import ByCount, ByUser
from workbench.language.grounding.title_masking import OTHER
from workbench.language.measures.copy_evaluation import CopyEvaluation
from workbench.language.measures.copy_lines import Lines, mask

BEFORE = "before"


class Writer(Protocol):
    """What writes a line a recommendation, as `workbench.language.Copywriter` does."""

    def write(self, recs: pd.DataFrame, ds: Dataset, **options: Any) -> pd.DataFrame:
        """Return `recs` with ``text`` and ``evidence``."""


def personalisation(
    writer: Writer,
    recs: pd.DataFrame,
    ds: Dataset,
    *,
    language: str = "en",
    resamples: int = RESAMPLES,
    seed: int = 0,
    **options: Any,
) -> CopyEvaluation:
    """Write every line again with the next user's evidence, the item being the same.

    Copy that only looks personal stays as it is, or goes on to name what the first user liked.
    The next user is the next of `recs`, the first being next to the last; a line takes the evidence
    of the same place in that user's list. Left out are lines for which there is none, or whose
    item that evidence holds.

    Parameters
    ----------
    writer : Copywriter
    recs : DataFrame
        Lists of two users or more, as a model's ``recommend`` returns them.
    ds : Dataset
    language, seed, **options
        As for `Copywriter.write`.
    resamples : int
        Of the bootstrap over users.

    Returns
    -------
    CopyEvaluation
        ``changed``: share of the lines with another text, of those with other evidence;
        ``follows``: share that name an item of the new evidence, of those where that has an item
        which the old has not; ``lags``: share that name an item of the old evidence alone, of
        those where there is one. ``.lines`` are those written second, with the first text as
        ``before``.

    Raises
    ------
    DataError
        If there are fewer than two users, or no line can be swapped.
    """
    options |= {"language": language, "seed": seed}
    old, new = (writer.write(part, ds, **options) for part in _swapped(recs))
    new = new.assign(**{BEFORE: old[Columns.TEXT].to_numpy()})
    lines = Lines(new, ds, language)
    pairs = list(zip(old[Columns.EVIDENCE], lines.evidence, strict=True))
    fresh = [_titled(after, without=before) for before, after in pairs]
    stale = [_titled(before, without=after) for before, after in pairs]
    changed = (new[BEFORE] != new[Columns.TEXT]).to_numpy(np.float64)
    # Titles of the new evidence are out of the text: one may hold a title of the old.
    rest = zip(lines.masked, lines.rows, stale, strict=True)
    user_sums = {
        "changed": mean(changed, np.array([before != after for before, after in pairs])),
        "follows": _named(lines.masked, fresh),
        "lags": _named([mask(t, row, only) for t, row, only in rest], stale),
    }
    return CopyEvaluation(new, user_sums, resamples, seed)


def _swapped(recs: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Recommendations, and the same with the user and evidence of the next user's line."""
    if missing := {Columns.USER, Columns.ITEM, Columns.BECAUSE} - set(recs.columns):
        raise DataError(f"recs lacks the columns {sorted(missing)}; it has {list(recs)}")
    codes, users = pd.factorize(recs[Columns.USER])
    if len(users) < 2:
        raise DataError("recs holds one user; evidence is swapped between two or more")
    place = pd.Series(codes).groupby(codes).cumcount().to_numpy()
    lines = dict(zip(zip(codes, place, strict=True), recs[Columns.BECAUSE], strict=True))
    following = (codes + 1) % len(users)
    theirs = [list(lines.get(line) or []) for line in zip(following, place, strict=True)]
    can_swap = [
        code >= 0 and bool(because) and item not in _items(because)
        for code, item, because in zip(codes, recs[Columns.ITEM], theirs, strict=True)
    ]
    if not any(can_swap):
        raise DataError("no line can be swapped: the next user has no evidence, or the item itself")
    swapped = recs.assign(**{Columns.USER: users[following], Columns.BECAUSE: theirs})
    return recs[can_swap], swapped[can_swap]


def _items(because: list[Any]) -> list[Any]:
    return [pair[0] for pair in because if not isinstance(pair, ByUser | ByCount)]


def _titled(
    evidence: list[dict[str, Any]], *, without: Sequence[dict[str, Any]] = ()
) -> list[dict[str, Any]]:
    """Return what has a title, but for titles that other evidence has too."""
    others = {other.get(Columns.TITLE) for other in without}
    return [e for e in evidence if e.get(Columns.TITLE) and e[Columns.TITLE] not in others]


def _named(masked: list[str], titled: list[list[dict[str, Any]]]) -> UserSums:
    """Share of the lines with a mark of evidence, of those where there is some to name."""
    marked = np.array([OTHER in text for text in masked], dtype=np.float64)
    return mean(marked, np.array(list(map(bool, titled))))
