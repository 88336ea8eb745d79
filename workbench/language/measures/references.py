"""Lines beside what a person wrote: ROUGE, BLEU, exact match, F1 of the words.

A line whose reference is empty has no part: its values are 0 and nobody reads them.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from types import SimpleNamespace

import numpy as np

from workbench.errors import MissingExtraError

ROUGE = ("rouge1", "rouge2", "rougeL")
ORDERS = 4  # BLEU counts runs of one word to four
Split = Callable[[str], list[str]]
_ARTICLES = {"a", "an", "the"}


def rouge(
    texts: Sequence[str], references: Sequence[str], *, split: Split | None = None
) -> dict[str, np.ndarray]:
    """F-measures by rouge-score, without stemming; float64 arrays of shape (lines,) by name.

    Without a `split`, from a text to its words, rouge-score's drops all but a to z and digits.
    """
    _needs("rouge_score", "rouge-score")
    from rouge_score.rouge_scorer import RougeScorer

    scorer = RougeScorer(ROUGE, tokenizer=SimpleNamespace(tokenize=split) if split else None)
    pairs = zip(references, texts, strict=True)
    scores = [scorer.score(reference, text) for reference, text in pairs]
    return {name: np.array([score[name].fmeasure for score in scores]) for name in ROUGE}


def bleu_counts(texts: Sequence[str], references: Sequence[str], *, language: str) -> np.ndarray:
    """What BLEU is made of, by sacrebleu; float64 array of shape (lines, 10).

    Length of the line and of its reference, runs of 1 to 4 words that both have, and such runs in
    the line. These add up over lines.
    """
    _needs("sacrebleu", "sacrebleu")
    from sacrebleu.metrics import BLEU

    # effective_order keeps it from warning about single sentences; the counts are the same.
    metric = BLEU(tokenize="zh" if language == "zh" else "13a", effective_order=True)
    sums = np.zeros((len(texts), 2 + 2 * ORDERS))
    for row, text, reference in zip(sums, texts, references, strict=True):
        if reference:
            score = metric.sentence_score(text, [reference])
            row[:] = [score.sys_len, score.ref_len, *score.counts, *score.totals]
    return sums


def corpus_bleu(sums: np.ndarray, lines: np.ndarray) -> np.ndarray:
    """BLEU, 0 to 100, from sums of `bleu_counts` of shape (n, 10); NaN of no line."""
    from sacrebleu.metrics import BLEU

    scores = [
        BLEU.compute_bleu(row[2 : 2 + ORDERS], row[2 + ORDERS :], row[0], row[1], "exp").score
        for row in sums.astype(int).tolist()
    ]
    return np.where(lines > 0, scores, np.nan)


def matches(texts: Sequence[str], references: Sequence[str], *, split: Split) -> np.ndarray:
    """Exact match and F1 of the words, as SQuAD has them; float64 array of shape (lines, 2)."""
    values = np.zeros((len(texts), 2))
    for row, pair in zip(values, zip(texts, references, strict=True), strict=True):
        words, others = ([w for w in split(text) if w not in _ARTICLES] for text in pair)
        shared = (Counter(words) & Counter(others)).total()
        row[:] = words == others, 2 * shared / max(len(words) + len(others), 1)
    return values


def _needs(module: str, package: str) -> None:
    if find_spec(module) is None:
        raise MissingExtraError(package, "text", "Comparing with references")
