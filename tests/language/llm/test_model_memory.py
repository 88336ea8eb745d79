"""The arithmetic of a language model's memory, by hand."""

from types import SimpleNamespace

import pytest

from workbench.language.llm.model_memory import (
    ON_CARD,
    SCORES,
    batch,
    bytes_a_sequence,
    number_format,
)


@pytest.mark.parametrize(
    ("capability", "name"),
    [
        (None, "float32"),
        ((7, 5), "float16"),
        ((8, 0), "bfloat16"),
        ((8, 9), "bfloat16"),
        ((12, 0), "bfloat16"),
    ],
)
def test_numbers_are_those_the_device_multiplies(capability, name) -> None:
    assert number_format(capability) == name


def test_a_sequence_takes_keys_values_and_scores() -> None:
    grouped = SimpleNamespace(
        num_hidden_layers=30, num_key_value_heads=3, head_dim=64, vocab_size=49_152
    )
    per_token = 2 * 30 * 3 * 64 * 2  # 23,040 bytes
    assert bytes_a_sequence(grouped, 100, 2) == 100 * per_token + SCORES * 49_152
    assert bytes_a_sequence(grouped, 1, 4) == 2 * per_token + SCORES * 49_152
    plain = SimpleNamespace(
        num_hidden_layers=2, num_attention_heads=4, hidden_size=32, vocab_size=10
    )
    assert bytes_a_sequence(plain, 5, 2) == 5 * 2 * 2 * 4 * 8 * 2 + SCORES * 10


@pytest.mark.parametrize(
    ("free", "size"), [(0, 1), (99, 1), (200, 2), (799, 4), (800, 8), (1e12, ON_CARD)]
)
def test_a_batch_is_a_power_of_two_that_fits(free: float, size: int) -> None:
    assert batch(free, 100) == size
