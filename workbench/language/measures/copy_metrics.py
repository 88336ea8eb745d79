r"""Measures of copy: what a line says, how it differs from others, how near a reference it is.

Throughout, :math:`E` are the lines, :math:`F` the features of the catalogue (by default its
genres), :math:`F_e` those that line e mentions and :math:`F_i` those of its item. Titles are set
aside before features, words and clauses are counted: they come from the catalogue, and would make
any wording look varied. What each measure does not say stands in ``docs/copy_measures.md``.
"""

import numpy as np

from workbench.evaluation.statistics.bootstrap import UserSums, mean, ratio
from workbench.language.grounding.title_masking import ITEM, OTHER
from workbench.language.measures.copy_lines import Lines, counts
from workbench.language.measures.references import bleu_counts, corpus_bleu


def item_named(lines: Lines) -> UserSums:
    """Share of the lines that name their item, in full: title match.

    The introduction of a list, which has no item to name, has no part.
    """
    return mean(_with(ITEM, lines), lines.items.notna().to_numpy())


def evidence_named(lines: Lines) -> UserSums:
    """Share that name an item of their evidence, of the lines whose evidence has one."""
    titled = [any(other.get("title") for other in others) for others in lines.evidence]
    return mean(_with(OTHER, lines), np.array(titled))


def by_model(lines: Lines) -> UserSums:
    """Share of the lines that a model wrote: whose ``source`` is "model"."""
    return mean((lines.frame["source"] == "model").to_numpy(np.float64))


def unsupported(lines: Lines) -> UserSums:
    """Claims a line that its item's row and its evidence do not support, by the checker."""
    return mean(np.array(list(map(len, lines.claims)), dtype=np.float64))


def sound(lines: Lines) -> UserSums:
    """Share of the lines in which the checker finds no fault, of claim or of form."""
    return mean(np.array([not reasons for reasons in lines.reasons], dtype=np.float64))


def fmr(lines: Lines) -> UserSums:
    r"""Feature matching ratio: share of the lines that mention a feature of their item.

    .. math::
        \frac{1}{|E|} \sum_{e \in E} [F_e \cap F_i \ne \emptyset]

    (Li, Zhang and Chen 2020, where each line has one given feature.) Lines whose item has no
    feature have no part.
    """
    matched = lines.mentioned.multiply(lines.owned).sum(axis=1) > 0
    return mean(matched.astype(np.float64), lines.owned.sum(axis=1) > 0)


def fcr(lines: Lines) -> UserSums:
    r"""Feature coverage ratio: share of the features that some line mentions.

    .. math::
        \frac{|\bigcup_{e \in E} F_e|}{|F|}

    (Li, Zhang and Chen 2020.)
    """
    return UserSums(lines.mentioned.astype(np.float64), np.ones(len(lines)), _share_reached)


def div(lines: Lines) -> UserSums:
    r"""Feature diversity: features that two lines share, over all pairs; lower is more varied.

    .. math::
        \frac{2}{|E| (|E| - 1)} \sum_{e < e'} |F_e \cap F_{e'}|

    (Li, Zhang and Chen 2020.) Counted by feature: one that n lines mention is shared by n (n - 1)
    / 2 pairs.
    """
    return UserSums(lines.mentioned.astype(np.float64), np.ones(len(lines)), _shared_by_pairs)


def usr(lines: Lines) -> UserSums:
    r"""Unique sentence ratio: different lines over lines (Li, Zhang and Chen 2020)."""
    texts, codes = np.unique(lines.masked, return_inverse=True)
    one_each = counts(np.arange(len(lines)), codes, (len(lines), len(texts)))
    return UserSums(one_each, np.ones(len(lines)), _kinds)


def distinct(n: int, lines: Lines) -> UserSums:
    """Different runs of n words over such runs (Li et al. 2016); the more lines, the lower."""
    grams = lines.grams(n)
    return UserSums(grams, grams.sum(axis=1), _kinds)


def length(lines: Lines) -> UserSums:
    """Mean length: words in English, characters in Chinese."""
    chinese = lines.language == "zh"
    sizes = [len("".join(t.split())) if chinese else len(t.split()) for t in lines.texts]
    return mean(np.array(sizes, dtype=np.float64))


def repeated_clause(lines: Lines) -> UserSums:
    """Share of the lines whose first clause an earlier line of the same user has."""
    users = lines.frame["user_id"].reset_index(drop=True)
    repeated = lines.first_clauses.to_frame("clause").assign(user=users).duplicated()
    return mean(repeated.to_numpy(np.float64))


def repeated_ending(lines: Lines) -> UserSums:
    """Share of the lines that go on after their last title as an earlier line of anybody does.

    What a model adds to an opening is then a stock phrase, and the line no more than a pattern.
    """
    return mean(lines.endings.duplicated().to_numpy(np.float64))


def rouge(name: str, lines: Lines) -> UserSums:
    """F-measure, as rouge-score has it (Lin 2004), of what a line and its reference share.

    "rouge1" are words, "rouge2" pairs of neighbouring words, and "rougeL" is the longest run of
    words in the same order, gaps allowed.
    """
    return mean(lines.rouge[name], lines.referred)


def bleu(lines: Lines) -> UserSums:
    """BLEU of all lines together, 0 to 100, as sacrebleu has it (Papineni et al. 2002)."""
    sums = bleu_counts(lines.texts, lines.reference_texts, language=lines.language)
    return UserSums(sums, lines.referred.astype(np.float64), corpus_bleu, steady=True)


def exact_match(lines: Lines) -> UserSums:
    """Share of the lines equal to their reference but for case, marks and articles.

    The accuracy of generated text, and a poor measure of copy: see ``docs/copy_measures.md``.
    """
    return mean(lines.matches[:, 0], lines.referred)


def token_f1(lines: Lines) -> UserSums:
    r"""F1 of the words of a line against those of its reference, as bags.

    .. math::
        \frac{2 |e \cap r|}{|e| + |r|}

    without case, marks and articles (Rajpurkar et al. 2016).
    """
    return mean(lines.matches[:, 1], lines.referred)


def _with(mark: str, lines: Lines) -> np.ndarray:
    return np.array([mark in text for text in lines.masked], dtype=np.float64)


def _share_reached(mentions: np.ndarray, _: np.ndarray) -> np.ndarray:
    return (mentions > 0).mean(axis=-1)


def _shared_by_pairs(mentions: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    return ratio((mentions * (mentions - 1)).sum(axis=-1), sizes * (sizes - 1))


def _kinds(numbers: np.ndarray, totals: np.ndarray) -> np.ndarray:
    return ratio((numbers > 0).sum(axis=-1).astype(np.float64), totals)
