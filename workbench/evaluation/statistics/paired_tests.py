"""Two models, user by user: whether they differ by more than chance, and where the most."""

import numpy as np
import pandas as pd

from workbench.columns import Columns
from workbench.evaluation.result import Evaluation
from workbench.evaluation.sparse_entries import from_lists


def p_value(difference: float, drawn: np.ndarray) -> float:
    """Share of bootstrap differences, moved to be 0 on average, that are as far from it."""
    shifted = np.abs(drawn[np.isfinite(drawn)] - difference)
    # Sums in another order differ in the last digit.
    reached = shifted >= abs(difference) * (1 - 1e-12)
    return float((1 + reached.sum()) / (1 + len(shifted)))


def holm(p: np.ndarray) -> np.ndarray:
    """Correct p-values for how many there are (Holm 1979); NaN, no test, counts for nothing."""
    corrected = np.full(len(p), np.nan)
    tested = np.flatnonzero(np.isfinite(p))
    order = tested[np.argsort(p[tested], kind="stable")]
    steps = p[order] * np.arange(len(order), 0, -1)
    corrected[order] = np.minimum(np.maximum.accumulate(steps), 1.0)
    return corrected


def disagreements(a: Evaluation, b: Evaluation, metric: str) -> pd.DataFrame:
    """Users by how differently two models served them; see `Comparison.disagreements`."""
    task, k = a.predictions.task, a.requested[metric].k
    lists = (from_lists(one.predictions.lists[:, :k], len(task.items)) for one in (a, b))
    shared = np.asarray(next(lists).multiply(next(lists)).sum(axis=1), dtype=np.int64)
    table = pd.DataFrame(
        {"a": a.per_user[metric], "b": b.per_user[metric], "shared": shared}, index=task.users
    ).dropna()
    table.insert(2, "difference", table["a"] - table["b"])
    order = np.lexsort((table["shared"], -table["difference"].abs()))
    return table.iloc[order].rename_axis(Columns.USER).reset_index()
