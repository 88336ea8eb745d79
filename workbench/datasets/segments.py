"""A part of the users, by a condition on their attributes."""

import ast
from difflib import get_close_matches

import numpy as np
import pandas as pd

from workbench.columns import Columns
from workbench.datasets.dataset import Dataset
from workbench.errors import OptionError, UnknownIdError

ACTIVITY = "activity"  # interactions of a user: known of everybody
# Comparisons joined by and, or, not. Calls and attributes stay out: a condition may come from a
# file, and pandas would run what it says.
_ALLOWED = (
    *(ast.Expression, ast.BoolOp, ast.BinOp, ast.UnaryOp, ast.Compare, ast.Name, ast.Constant),
    *(ast.List, ast.Tuple, ast.Load, ast.boolop, ast.unaryop, ast.cmpop, ast.BitAnd, ast.BitOr),
)


def segment(ds: Dataset, query: str = "") -> pd.Index:
    """Ids of the users, with interactions, whom a condition holds for.

    Parameters
    ----------
    ds : Dataset
    query : str
        As for `pandas.DataFrame.query`: ``"city == 'Hangzhou' and activity >= 20"``,
        ``"age_band in ['18-24', '25-34']"``. Its names are the columns of ``ds.users``,
        ``user_id`` and ``activity``, the number of a user's interactions. All users if it is empty.

    Returns
    -------
    Index
        Ascending.

    Raises
    ------
    OptionError
        If a column is not there, or it is no condition.
    UnknownIdError
        If it holds for nobody.

    Examples
    --------
    >>> import workbench as wb
    >>> len(segment(wb.load("shop"), "city == 'Hangzhou' and activity >= 20"))
    13
    """
    if not query.strip():
        return ds.user_ids
    table = _table(ds)
    _require(query, list(table.columns))
    try:
        chosen = table.eval(query, engine="python", local_dict={}, global_dict={})
    except Exception as error:  # pandas raises whatever a comparison of its types does
        raise OptionError(f"segment={query!r} cannot be evaluated: {error}") from error
    if not isinstance(chosen, pd.Series) or not pd.api.types.is_bool_dtype(chosen):
        raise OptionError(f"segment={query!r} is no condition: it must be true or false of a user")
    found = table.index[chosen.fillna(False).astype(bool)]
    if found.empty:
        raise UnknownIdError(f"segment={query!r} holds for none of {len(table):,} users")
    return found


def _table(ds: Dataset) -> pd.DataFrame:
    known = {Columns.USER: ds.user_ids, ACTIVITY: np.diff(ds.matrix.indptr)}
    table = pd.DataFrame(known, index=ds.user_ids)
    if ds.users is None:
        return table
    return table.join(ds.users.set_index(Columns.USER).drop(columns=ACTIVITY, errors="ignore"))


def _require(query: str, columns: list[str]) -> None:
    try:
        nodes = list(ast.walk(ast.parse(query.strip(), mode="eval")))
    except (SyntaxError, ValueError, RecursionError) as error:
        raise OptionError(
            f"segment={query!r} cannot be read ({error}); write it like city == 'Hangzhou'"
        ) from None
    for node in nodes:
        if isinstance(node, ast.Name) and node.id not in columns:
            close = get_close_matches(node.id, columns, n=1)
            hint = f"; did you mean {close[0]!r}" if close else ""
            raise OptionError(
                f"segment={query!r}: users have no column {node.id!r}{hint}. "
                f"Their columns: {', '.join(columns)}"
            )
        if not isinstance(node, _ALLOWED):
            raise OptionError(
                f"segment={query!r} may compare columns with values, joined by and, or, not; "
                f"it holds a {type(node).__name__}"
            )
