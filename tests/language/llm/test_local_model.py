import shutil

import pytest
import torch
from transformers import LlamaConfig, LlamaForCausalLM

from workbench import device
from workbench.compute.dense.text_encoder import Encoder
from workbench.device import Device
from workbench.errors import DataError, DeviceError, InterruptedWriting, ModelFileError, OptionError
from workbench.language.llm import decoding, model_memory
from workbench.language.llm.decoding import TextBatch
from workbench.language.llm.embedded_model import embedded_model
from workbench.language.llm.local_model import LocalModel


@pytest.fixture
def model(embedded):
    return embedded


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    """A network of random numbers behind the embedded model's tokenizer: it writes at once."""
    folder = tmp_path_factory.mktemp("models") / "tiny"
    shutil.copytree(embedded_model(), folder, ignore=shutil.ignore_patterns("*.safetensors"))
    config = LlamaConfig(
        vocab_size=49152, hidden_size=32, intermediate_size=32, num_hidden_layers=2,
        num_attention_heads=4, num_key_value_heads=2, max_position_embeddings=128,
        initializer_range=0.5, bos_token_id=1, eos_token_id=2,
    )  # fmt: skip
    torch.manual_seed(0)
    LlamaForCausalLM(config).save_pretrained(folder)
    return LocalModel(folder, device="cpu")


def test_name_and_device(model):
    assert model.name == "SmolLM2-135M-Instruct"
    assert model.device.kind == "cpu"


def test_greedy_text_does_not_depend_on_the_batch(model):
    """Left padding, and prompts read once for several samples, must not change the words."""
    short, long = (
        "The capital of France is",
        "Once upon a time in the west, the capital of Italy is",
    )
    alone = model.complete([short], temperature=0, max_new_tokens=5)
    beside = model.complete([short, long], samples=2, temperature=0, max_new_tokens=5)
    assert [c.text for c in beside[0]] == [alone[0][0].text] * 2
    assert "Paris" in alone[0][0].text


def test_a_conversation_is_answered_in_the_models_template(model):
    asked = [{"role": "user", "content": "What is the capital of France?"}]
    ((reply,),) = model.generate([asked], temperature=0)
    assert reply.text == "The capital of France is Paris."
    # As its own template writes it: a system message of 22 tokens, the question, the assistant's
    # turn; 7 tokens for an answer of six words and a stop.
    text = model.tokenizer.apply_chat_template(asked, tokenize=False, add_generation_prompt=True)
    assert reply.prompt_tokens == len(model.tokenizer(text).input_ids) == 37
    assert reply.tokens == 7
    assert reply.fluency < 0
    ((short,),) = model.generate([asked], temperature=0, max_new_tokens=3)
    assert (short.text, short.tokens) == ("The capital of", 3)


TOPICS = ("rivers", "the sea", "a very long walk over the hills of the north", "bread")
STORIES = [[{"role": "user", "content": f"Tell me about {what}."}] for what in TOPICS]


def test_an_answer_depends_on_its_seed_and_conversation_alone(tiny):
    """In batches one text's words depended on who stood beside it, and none could be redone."""
    together = tiny.generate(STORIES, samples=2, max_new_tokens=6, seed=3)
    backwards = tiny.generate(STORIES[::-1], samples=2, max_new_tokens=6, seed=3)
    assert [[r.text for r in own] for own in together] == [
        [r.text for r in own] for own in backwards[::-1]
    ]
    ((alone,),) = tiny.generate(STORIES[2:3], max_new_tokens=6, seed=3)
    assert alone.text == together[2][0].text
    ((other,),) = tiny.generate(STORIES[2:3], max_new_tokens=6, seed=4)
    assert other.text != alone.text
    assert len({reply.text for own in together for reply in own}) == 8


def test_answers_end_before_a_stop_string(tiny):
    ((whole,),) = tiny.generate(STORIES[:1], max_new_tokens=12, seed=1)
    mark = whole.text[9:12]
    ((reply,),) = tiny.generate(STORIES[:1], max_new_tokens=12, seed=1, stop=["§", mark])
    assert reply.text == whole.text[: whole.text.index(mark)]
    assert reply.tokens < whole.tokens


@pytest.mark.parametrize("settings", [{}, {"temperature": 0.0}, {"stop": [" the"]}])
def test_a_stream_is_what_generate_gives(tiny, settings):
    ((reply,),) = tiny.generate(STORIES[:1], max_new_tokens=12, seed=5, **settings)
    pieces = list(tiny.stream(STORIES[0], max_new_tokens=12, seed=5, **settings))
    assert "".join(pieces) == reply.text
    assert len(pieces) >= 3


def test_a_stream_writes_no_further_than_it_is_read(tiny, monkeypatch):
    steps = []
    add = TextBatch.add
    monkeypatch.setattr(TextBatch, "add", lambda *row: steps.append(1) or add(*row))
    stream = tiny.stream(STORIES[0], max_new_tokens=20)
    assert next(stream)
    stream.close()
    assert len(steps) <= 2


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"samples": 0}, "samples=0 must be a whole number of 1 or more"),
        ({"max_new_tokens": 0}, "max_new_tokens=0"),
        ({"temperature": -1}, "temperature=-1 must be a finite number of 0 or more"),
        ({"seed": -1}, "seed=-1"),
        ({"stop": ". "}, "stop='. ' must be a list"),
        ({"max_new_tokens": 100}, r"prompt of 35 tokens are more than the 128 that tiny"),
    ],
)
def test_a_setting_out_of_its_range_is_an_error(tiny, setting, message):
    with pytest.raises(OptionError, match=message):
        tiny.generate(STORIES[:1], **setting)


def test_nothing_asked_is_nothing_written(tiny):
    assert tiny.generate([]) == []
    assert tiny.complete([]) == []


def test_a_model_without_a_chat_template_takes_no_conversations(tiny, monkeypatch):
    monkeypatch.setattr(tiny.tokenizer, "chat_template", None)
    with pytest.raises(ModelFileError, match=r"no chat template.*made for instructions"):
        tiny.generate(STORIES)
    with pytest.raises(ModelFileError, match="no chat template"):
        tiny.stream(STORIES[0])
    assert tiny.complete(["Rivers are"], max_new_tokens=2)[0][0].text


def test_messages_that_the_template_refuses_are_an_error(tiny, monkeypatch):
    refusing = "{{ raise_exception('roles must alternate') }}"
    monkeypatch.setattr(tiny.tokenizer, "chat_template", refusing)
    with pytest.raises(DataError, match=r"tiny.*refuses the messages: roles must alternate"):
        tiny.generate(STORIES)


def test_it_says_what_numbers_it_computes_in(model):
    assert repr(model) == "SmolLM2-135M-Instruct · float32 · CPU"
    assert model.network.dtype == torch.float32


def test_where_memory_is_short_batches_are_halved(tiny, monkeypatch):
    prompts = [f"The {word} film is" for word in ("first", "next", "best", "last", "new")]
    expected = tiny.complete(prompts, samples=2, max_new_tokens=3)
    sizes = []
    replies = decoding.replies

    def short_of_memory(network, batch):
        sizes.append(len(batch.prompts))
        if len(batch.prompts) > 2:
            raise torch.OutOfMemoryError("out of memory")
        return replies(network, batch)

    monkeypatch.setattr(decoding, "replies", short_of_memory)
    monkeypatch.setattr(model_memory, "ON_CPU", 16)
    found = tiny.complete(prompts, samples=2, max_new_tokens=3)
    assert [[c.text for c in own] for own in found] == [[c.text for c in own] for own in expected]
    assert sizes == [5, 4, 2, 2, 1]


def test_interrupted_it_keeps_the_texts_that_were_finished(tiny, monkeypatch):
    prompts = [f"The {word} film is" for word in ("first", "next", "best")]
    whole = tiny.complete(prompts, max_new_tokens=3)
    monkeypatch.setattr(model_memory, "ON_CPU", 2)
    replies, batches = decoding.replies, []

    def pressed(network, batch):
        batches.append(batch)
        if len(batches) == 2:
            raise KeyboardInterrupt
        return replies(network, batch)

    monkeypatch.setattr(decoding, "replies", pressed)
    with pytest.raises(InterruptedWriting) as caught:
        tiny.complete(prompts, max_new_tokens=3)
    assert sorted(map(len, caught.value.answers)) == [0, 1, 1]
    assert all(own in ([], all_of) for own, all_of in zip(caught.value.answers, whole, strict=True))


def test_where_one_prompt_does_not_fit_the_error_says_what_to_do(model, monkeypatch):
    def no_memory(network, batch):
        raise torch.OutOfMemoryError("out of memory")

    monkeypatch.setattr(decoding, "replies", no_memory)
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda: (2**30, 2**33))
    with pytest.raises(DeviceError, match=r"float32.*of which 1 of 8 GiB are free.*device='cpu'"):
        model.complete(["a"])


def test_a_card_that_torch_does_not_see_is_not_used(monkeypatch):
    """CuPy may see one where PyTorch is built for the CPU: writing was an AssertionError."""
    monkeypatch.setattr(device, "usable_card", lambda: (Device("gpu", "a card"), ""))
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert LocalModel(device="auto").device.kind == "cpu"
    with pytest.raises(DeviceError, match=r"PyTorch sees no card; install its build for CUDA"):
        LocalModel(device="gpu")
    assert Encoder(device="auto").device.kind == "cpu"
    with pytest.raises(DeviceError, match="PyTorch sees no card"):
        Encoder(device="gpu")


@pytest.mark.gpu
def test_a_card_writes_in_its_own_numbers():
    on_card = LocalModel(device="gpu")
    ((written,),) = on_card.complete(["The capital of France is"], temperature=0, max_new_tokens=5)
    assert "Paris" in written.text
    capability = torch.cuda.get_device_capability()
    assert on_card.dtype == ("bfloat16" if capability >= (8, 0) else "float16")
    assert on_card.network.dtype == getattr(torch, on_card.dtype)
    assert on_card.batch_size([[1]], 24) == model_memory.ON_CARD
