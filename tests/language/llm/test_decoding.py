"""Tokens by hand: a network of a few random numbers, and scores that are written down."""

from collections import Counter
from types import SimpleNamespace

import pytest
import torch
from transformers import LlamaConfig, LlamaForCausalLM

from workbench.language.llm import decoding
from workbench.language.llm.decoding import TOP_K, TextBatch
from workbench.language.llm.sampling import Sampling

LETTERS = SimpleNamespace(decode=lambda tokens, **_: "".join(chr(97 + token) for token in tokens))
END = 0


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=26, hidden_size=16, intermediate_size=32, num_hidden_layers=2,
        num_attention_heads=4, num_key_value_heads=2, max_position_embeddings=64,
    )  # fmt: skip
    return LlamaForCausalLM(config).eval()


def texts(prompts, **settings):
    sampling = Sampling(**{"max_new_tokens": 8, "temperature": 0.0} | settings)
    return TextBatch(LETTERS, prompts, {END}, sampling)


def written(network, prompts, **settings):
    batch = texts(prompts, **settings)
    decoding.replies(network, batch)
    return batch.written


def by_hand(network, prompt, length):
    """The likeliest token each time, everything read anew."""
    tokens = list(prompt)
    while len(tokens) - len(prompt) < length:
        token = int(network(torch.tensor([tokens])).logits[0, -1].argmax())
        if token == END:
            break
        tokens.append(token)
    return tokens[len(prompt) :]


@pytest.mark.parametrize(
    "prompts",
    [
        [[5]],
        [[5], [6]],
        [[1, 2, 3, 4]],
        [[1, 2, 3], [1, 2, 3]],
        [[1, 2, 3], [1, 2, 3, 4, 5], [1, 2]],
        [[1, 2, 3, 9, 9, 9], [1, 2, 3, 4], [1, 2, 3, 8, 7, 6, 5, 4]],
        [[4, 2, 3], [1, 2, 3, 4, 5]],
    ],
)
def test_prompts_of_any_length_read_together_are_continued_as_alone(network, prompts):
    expected = [by_hand(network, prompt, 8) for prompt in prompts]
    assert written(network, prompts) == expected
    twice = written(network, prompts, samples=2)
    assert twice == [tokens for tokens in expected for _ in range(2)]


def test_what_prompts_share_is_read_once(network, monkeypatch):
    read = []
    forward = network.forward
    monkeypatch.setattr(
        network,
        "forward",
        lambda **inputs: read.append(inputs["input_ids"].shape) or forward(**inputs),
    )
    written(network, [[*range(1, 11), 20, 21], [*range(1, 11), 22]], samples=3, max_new_tokens=1)
    assert read == [(1, 10), (2, 1), (6, 1)]


def test_texts_that_have_ended_take_no_more_steps(network, monkeypatch):
    ends = iter([[1, END, 3], [END, 4], [END]])

    def chosen(self, rows, scores):
        return torch.tensor(next(ends))[:, None]

    monkeypatch.setattr(TextBatch, "draw", chosen)
    assert written(network, [[7], [8], [9]]) == [[1], [], [3, 4]]


def test_tokens_are_drawn_as_often_as_they_are_likely():
    """0.5, 0.3, 0.17 and 0.03: the last lies beyond 0.95, and the others share the whole."""
    shares = torch.tensor([0.17, 0.5, 0.03, 0.3])
    many = texts([[1, 2]], samples=4000, temperature=2.0)
    tokens = many.draw(list(range(4000)), (2 * shares.log()).expand(4000, 4))
    counts = Counter(tokens[:, 0].tolist())
    assert counts[2] == 0
    for token, share in [(0, 0.17), (1, 0.5), (3, 0.3)]:
        deviation = (4000 * share / 0.97 * (1 - share / 0.97)) ** 0.5
        assert abs(counts[token] - 4000 * share / 0.97) < 4 * deviation


def test_only_the_likeliest_are_drawn():
    many = texts([[1, 2]], samples=2000, temperature=1.0)
    scores = -torch.arange(100.0)[None] / 1000
    tokens = many.draw(list(range(2000)), scores.expand(2000, 100))
    assert tokens.max() < TOP_K
    assert tokens.max() > 0.9 * TOP_K


def test_fluency_is_the_models_own_mean_log_probability():
    one = texts([[1]], max_new_tokens=2)
    scores = torch.tensor([[0.5, 0.2, 0.3]]).log()
    for token in (1, 2):
        one.draw = lambda rows, scores, token=token: torch.tensor([[token]])
        one.add([0], scores)
    assert one.reply(0).fluency == pytest.approx((torch.tensor(0.2 * 0.3).log() / 2).item())
    assert one.reply(0)._replace(fluency=None) == ("bc", None, 1, 2)


@pytest.mark.parametrize(
    ("prompts", "shared"),
    [
        ([[1]], 0),
        ([[1, 2]], 1),
        ([[1, 2], [1, 2]], 1),
        ([[1, 2], [1]], 0),
        ([[1, 2, 3], [1, 2, 4, 5]], 2),
    ],
)
def test_the_last_token_of_a_prompt_is_never_shared(prompts, shared):
    assert decoding.shared_length(prompts) == shared
