"""How a language model is held on a device: in which numbers, and how many sequences at a time."""

from typing import Any

ON_CPU, ON_CARD = 32, 256  # sequences at a time, at most
SCORES = 32  # bytes for a token of the vocabulary: its scores, in a few copies


def number_format(capability: tuple[int, int] | None) -> str:
    """Name of the numbers to compute in, by a card's compute capability; None is a processor.

    Cards from 8.0 on multiply bfloat16, older ones float16; on most processors float32 is the
    fastest.
    """
    if capability is None:
        return "float32"
    return "bfloat16" if capability >= (8, 0) else "float16"


def bytes_a_sequence(config: Any, tokens: int, itemsize: int) -> int:
    """Memory that a sequence takes, its tokens read and written, beside the model's weights.

    Keys and values of every layer, 2 x layers x heads x width x itemsize bytes a token, and the
    scores of the vocabulary at the last one.
    """
    heads = getattr(config, "num_key_value_heads", None) or config.num_attention_heads
    width = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    cache = 2 * config.num_hidden_layers * heads * width * itemsize
    return int(cache * tokens + SCORES * config.vocab_size)


def batch(free: float, each: int) -> int:
    """Sequences at a time: the largest power of two that fits, from 1 to `ON_CARD`.

    A power of two, so that a little more or less free memory draws no other words for a seed.
    """
    fitting = max(1, min(int(free // each), ON_CARD))
    return 1 << (fitting.bit_length() - 1)
