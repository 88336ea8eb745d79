"""A newcomer of whom nothing is known: what to ask them, and what follows from their answers."""

from collections.abc import Mapping
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from workbench.columns import Columns
from workbench.errors import OptionError
from workbench.models.basic.popular import Popular
from workbench.models.recommender import Recommender
from workbench.models.sparse_rows import binarized
from workbench.validation import at_least, share

POOL = 200
# A dislike at the weight of a like costs neighbourhood models a sixth of their NDCG: to have an
# opinion of an item is itself a sign of interest in its kind.
DISLIKE = -0.2


class Interview:
    r"""Ask about a few items, and recommend from the answers.

    Asked first are items that many know, since a question about an unknown item is wasted (Rashid
    et al. 2002), and that differ, since two questions about the same taste are one too many. With
    :math:`n_i` users of item i and A the items asked before it,

    .. math::
        i = \arg\max_i \; (1 - \lambda) \frac{n_i}{\max_j n_j} - \lambda \max_{j \in A} \cos(i, j)

    over the most popular items, where cos compares who chose them: the maximal marginal relevance
    of Carbonell and Goldstein (1998).

    Parameters
    ----------
    model : Recommender
        Fitted; it folds the answers in, see `Recommender.recommend_for`.
    diversity : float
        :math:`\lambda`, from 0 to 1.
    beginning : Recommender, optional
        Fitted on the same data; whose list a newcomer gets who has answered nothing, and who
        fills up a list that the model leaves short. By default `Popular`.

    Attributes
    ----------
    answers : dict
        Item id -> True (liked), False (disliked) or None (not known), in the order given.

    Examples
    --------
    >>> import workbench as wb
    >>> ds = wb.synthetic(60, 40, 900)
    >>> interview = wb.Interview(wb.ItemKNN(k=10).fit(ds))
    >>> first, second = interview.ask(2)
    >>> interview.answer({first: True, second: None})
    >>> len(interview.recommend(n=5))
    5
    """

    def __init__(
        self, model: Recommender, *, diversity: float = 0.5, beginning: Recommender | None = None
    ) -> None:
        self.model, self.data = model, model.data
        self.diversity = share("diversity", diversity)
        self.beginning = beginning or Popular().fit(self.data)
        if self.beginning.data is not self.data:
            raise OptionError("beginning was fitted on other data than model; fit both on the same")
        self.answers: dict[Any, bool | None] = {}

    @cached_property
    def questions(self) -> list[Any]:
        """All items that may be asked about, in the order of asking."""
        counts = np.bincount(self.data.matrix.indices, minlength=len(self.data.item_ids))
        pool = np.argsort(-counts, kind="stable")[:POOL]
        return self.data.item_ids[pool[self._order(pool, counts[pool])]].tolist()

    def ask(self, n: int = 9) -> list[Any]:
        """Return the next n items that have no answer yet; fewer at the end."""
        return [item for item in self.questions if item not in self.answers][: at_least("n", n, 1)]

    def answer(self, answers: Mapping[Any, bool | None]) -> None:
        """Take in answers; a later one to the same item replaces the earlier.

        Raises
        ------
        UnknownIdError
            If an item is not in the data.
        OptionError
            If an answer is not True, False or None.
        """
        self.data.require_items(list(answers))
        for item, liked in answers.items():
            if liked not in (True, False, None):
                raise OptionError(
                    f"the answer to {item!r} is {liked!r}; it is True (liked), False (disliked) "
                    f"or None (not known)"
                )
        self.answers |= answers

    @property
    def history(self) -> list[tuple[Any, float]]:
        """What the answers are worth: the data's highest rating, or a little below nothing."""
        best = float(self.data.interactions[Columns.RATING].max())
        known = {item: liked for item, liked in self.answers.items() if liked is not None}
        return [(item, best if liked else best * DISLIKE) for item, liked in known.items()]

    def recommend(self, n: int = 10, *, evidence: int = 3) -> pd.DataFrame:
        """Recommend from the answers so far; an item that was not known may be in the list.

        Returns
        -------
        DataFrame
            As `Recommender.recommend_for`. Rows of `beginning`, if any, come last.
        """
        first = self.beginning.recommend_for(
            self.history, n=n + len(self.answers), evidence=evidence
        )
        if not self.history:
            return first[:n]
        from_model = self.model.recommend_for(self.history, n=n, evidence=evidence)
        rest = first[~first[Columns.ITEM].isin(from_model[Columns.ITEM])]
        recs = pd.concat([from_model, rest], ignore_index=True)[:n]
        return recs.assign(**{Columns.RANK: np.arange(1, len(recs) + 1)})

    def _order(self, pool: np.ndarray, counts: np.ndarray) -> np.ndarray:
        chose = binarized(self.data.matrix[:, pool])
        likeness = (chose.T @ chose).toarray() / np.sqrt(np.outer(counts, counts))
        worth = (1 - self.diversity) * counts / counts.max()
        order = np.empty(len(pool), dtype=np.intp)
        nearest, left = np.zeros(len(pool)), np.ones(len(pool), dtype=bool)
        for place in range(len(pool)):
            value = np.where(left, worth - self.diversity * nearest, -np.inf)
            order[place] = best = value.argmax()
            left[best] = False
            nearest = np.maximum(nearest, likeness[best])
        return order
