"""Lines beside references: by hand, and beside the libraries asked directly."""

from itertools import product

import numpy as np
import pytest
import sacrebleu
from rouge_score.rouge_scorer import RougeScorer

import workbench as wb
from tests.language.measures.copies import FILMS, lines
from workbench.errors import MissingExtraError
from workbench.language.measures import references

COPY = lines(
    (7, 1, "Heat is a crime pick.", []),
    (7, 2, "The Casino is worth a look!", []),
    (8, 3, "The Godfather waits.", []),
)
WRITTEN = ["Heat is a fine pick.", "Casino is worth a look", None]


def test_by_hand_and_a_line_without_reference_has_no_part() -> None:
    found = wb.evaluate_copy(COPY, FILMS, references=WRITTEN)
    per_line = found.per_line[["rouge_1", "rouge_2", "rouge_l", "exact_match", "token_f1"]]
    assert per_line.iloc[2].isna().all()
    first = {"rouge_1": 4 / 5, "rouge_2": 2 / 4, "rouge_l": 4 / 5, "exact_match": 0}
    assert per_line.iloc[0].to_dict() == pytest.approx(first | {"token_f1": 3 / 4})
    second = {"rouge_1": 2 * 5 / 11, "exact_match": 1, "token_f1": 1}
    assert per_line.iloc[1][list(second)].to_dict() == pytest.approx(second)


@pytest.mark.parametrize(("language", "tokenize"), [("en", "13a"), ("zh", "zh")])
def test_bleu_and_rouge_are_those_of_the_libraries(language: str, tokenize: str) -> None:
    texts = [
        "喜欢《Heat》的人，也看 Casino 这部片。",
        "The crime film waits for you tonight.",
        "看。",
    ]
    others = [
        "喜欢《Heat》的观众，也会看 Casino。",
        "A crime film waits for you at home tonight.",
        "好。",
    ]
    copy = lines(*[(user, 1, text, []) for user, text in enumerate(texts)])
    found = wb.evaluate_copy(copy, FILMS, references=others, language=language)
    whole = sacrebleu.corpus_bleu(texts, [others], tokenize=tokenize).score
    values = found.frame().set_index("metric")["value"]
    assert values["bleu"] == pytest.approx(whole)
    assert 0 < whole < 100
    if language == "en":
        scorer = RougeScorer(["rougeL"])
        own = [scorer.score(b, a)["rougeL"].fmeasure for a, b in zip(texts, others, strict=True)]
        np.testing.assert_allclose(found.per_line["rouge_l"], own)


def test_the_interval_of_bleu_is_that_of_users_drawn_by_hand() -> None:
    """Four users of two lines: all 256 draws, each measured by sacrebleu as texts of their own."""
    said = [
        "Heat is a crime pick.",
        "A film for tonight.",
        "Look at Heat.",
        "The crime film waits.",
    ]
    texts = said * 2
    others = [
        "Heat is a fine crime pick.",
        "A film for you.",
        "Heat waits.",
        "The film is here.",
    ] * 2
    copy = lines(*[(n % 4, 1, text, []) for n, text in enumerate(texts)])
    row = wb.evaluate_copy(copy, FILMS, references=others, metrics="bleu", resamples=20_000)
    low, high = row.frame()[["low", "high"]].iloc[0]
    drawn = [
        sacrebleu.corpus_bleu(
            [texts[n] for user in users for n in (user, user + 4)],
            [[others[n] for user in users for n in (user, user + 4)]],
        ).score
        for users in product(range(4), repeat=4)
    ]
    assert (low, high) == pytest.approx(np.quantile(drawn, [0.025, 0.975]), abs=0.5)
    assert low < row.frame()["value"].item() < high
    by_user = row.by(copy["user_id"])  # of one user there is none
    assert by_user["low"].isna().all()
    assert by_user["value"].notna().all()


def test_bleu_of_no_reference_is_none() -> None:
    found = wb.evaluate_copy(COPY, FILMS, references=WRITTEN, metrics="bleu")
    assert found.by([1, 1, 2])["value"].isna().tolist() == [False, True]


def test_chinese_words_count_for_rouge_and_f1() -> None:
    """rouge-score's own words are a to z only: Chinese would have none, and score 0."""
    copy = lines((7, 1, "这部电影值得一看", []))
    row = wb.evaluate_copy(
        copy, FILMS, references=["这部电影值得再看"], language="zh"
    ).per_line.iloc[0]
    assert 0 < row["rouge_1"] < 1
    assert row["token_f1"] == pytest.approx(row["rouge_1"])


@pytest.mark.parametrize("module", ["rouge_score", "sacrebleu"])
def test_missing_library_is_named_with_its_extra(module: str, monkeypatch) -> None:
    monkeypatch.setattr(references, "find_spec", lambda name: None if name == module else True)
    with pytest.raises(MissingExtraError, match=r"\.\[text\]"):
        wb.evaluate_copy(COPY, FILMS, references=WRITTEN)
