"""A server that fails in every way a server can, and a real one."""

import json
import logging
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
import traceback
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socket import create_server

import pytest

from workbench.errors import BackendError, InterruptedWriting, OptionError, PartialError
from workbench.language import Copywriter
from workbench.language.copy.pools import pool_writer
from workbench.language.llm import concurrent_requests
from workbench.language.llm.backend import Backend
from workbench.language.llm.concurrent_requests import FAILURES
from workbench.language.llm.embedded_model import embedded_model
from workbench.language.llm.model_registry import open_backend
from workbench.language.llm.server_model import STRIDE, ServerModel, Usage

ASKED = [{"role": "user", "content": "What is the capital of France?"}]
KEY = "sk-very-secret-0123456789"
PATIENCE = 300.0  # seconds that nothing here takes, on however busy a machine


def completion(text="Paris.", read=7, written=2):
    usage = {"prompt_tokens": read, "completion_tokens": written}
    return json.dumps({"choices": [{"message": {"content": text}}], "usage": usage})


def chunk(text, **more):
    choice = {"delta": {"content": text}, "finish_reason": None} | more
    return f"data: {json.dumps({'choices': [choice]})}\n\n"


class Faulty(ThreadingHTTPServer):
    """Gives the answers it holds, one a request, the last of them for ever."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Answering)
        self.answers, self.seen, self.headers, self.done = [], [], [], threading.Event()
        self.most = self.now = 0
        self.lock = threading.Lock()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}/v1"


class Answering(BaseHTTPRequestHandler):
    def do_POST(self):
        server = self.server
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with server.lock:
            server.seen.append(body)
            server.headers.append(dict(self.headers))
            answer = server.answers.pop(0) if len(server.answers) > 1 else server.answers[0]
            server.now += 1
            server.most = max(server.most, server.now)
        try:
            answer(self)
        finally:
            with server.lock:
                server.now -= 1

    def log_message(self, *_):
        """Say nothing."""


def answer(body="", status=200, length=None, **headers):
    def send(handler):
        content = body.encode()
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.send_header("Content-Length", str(length or len(content)))
        handler.end_headers()
        handler.wfile.write(content)
        handler.close_connection = True

    return send


@pytest.fixture
def server():
    made = Faulty()
    thread = threading.Thread(target=made.serve_forever, args=(0.02,))
    thread.start()
    yield made
    made.done.set()
    made.shutdown()
    thread.join()
    made.server_close()


@pytest.fixture
def naps(monkeypatch):
    """How long it waited before each retry; it waits no longer than it takes to note that."""
    slept = []
    monkeypatch.setattr("tenacity.nap.time", type("", (), {"sleep": staticmethod(slept.append)}))
    return slept


def model_of(server, **options):
    return ServerModel(server.url, "m", **{"timeout": PATIENCE} | options)


def only(model, **settings):
    ((reply,),) = model.generate([ASKED], **settings)
    return reply


# --- what is asked, what is answered ---------------------------------------------------------


def test_settings_are_sent_and_tokens_counted(server):
    server.answers = [answer(completion("Paris. And"))]
    model = model_of(server, prices=(2.0, 10.0))
    found = model.generate([ASKED, ASKED], samples=2, max_new_tokens=9, stop=[" A"], seed=5)
    assert [[reply.text for reply in own] for own in found] == [["Paris."] * 2] * 2
    assert found[0][0] == ("Paris.", None, 7, 2)
    sent = {"model": "m", "messages": ASKED, "max_tokens": 9, "temperature": 0.7, "stop": [" A"]}
    seeds = sorted(body.pop("seed") for body in server.seen)
    assert seeds == [5, 5, 5 + STRIDE, 5 + STRIDE]
    assert server.seen == [sent] * 4
    cost = (28 * 2.0 + 8 * 10.0) / 1e6
    assert model.usage == Usage(4, 0, 28, 8, 0, pytest.approx(cost))


def test_a_server_is_a_backend_and_answers_come_in_the_order_asked(server):
    def echo(handler):
        answer(completion(server.seen[-1]["messages"][0]["content"]))(handler)

    server.answers = [echo]
    model = model_of(server, concurrency=1)
    assert isinstance(model, Backend)
    assert open_backend(model) is model
    texts = [str(number) for number in range(6)]
    found = model.generate([[{"role": "user", "content": text}] for text in texts])
    assert [own[0].text for own in found] == texts
    assert server.most == 1
    assert model.generate([]) == []


def test_no_more_requests_are_under_way_than_concurrency_allows(server):
    together = threading.Barrier(3)

    def meet(handler):
        together.wait(PATIENCE)
        answer(completion())(handler)

    server.answers = [meet]
    model_of(server, concurrency=3).generate([ASKED] * 9)
    assert server.most == 3


def test_a_server_may_name_a_setting_otherwise_or_keep_it_to_itself(server):
    server.answers = [answer(completion())]
    model = model_of(server, names={"max_tokens": "max_completion_tokens", "seed": None})
    only(model, max_new_tokens=9)
    assert server.seen[0].keys() == {"model", "messages", "max_completion_tokens", "temperature"}
    assert repr(model) == f"m · {server.url} · its own seed"


def test_what_was_asked_has_its_old_name_for_one_release():
    model = ServerModel("http://host/v1", "m")
    with pytest.warns(DeprecationWarning, match="usage"):
        assert model.account is model.usage


def test_tokens_that_a_server_does_not_tell_are_said_to_be_uncounted(server):
    server.answers = [answer(json.dumps({"choices": [{"message": {"content": None}}]}))]
    model = model_of(server)
    assert only(model) == ("", None, 0, 0)
    assert model.usage == Usage(requests=1, uncounted=1)


# --- faults ----------------------------------------------------------------------------------


def test_nobody_there(naps):
    with create_server(("127.0.0.1", 0)) as held:
        url = f"http://127.0.0.1:{held.getsockname()[1]}/v1"
    model = ServerModel(url, "m", retries=2)
    with pytest.raises(BackendError, match=f"{url} cannot be reached.*Is it running"):
        only(model)
    assert len(naps) == 2
    assert model.usage == Usage(requests=1, retries=2)


def test_too_many_requests_wait_as_long_as_the_server_asks(server, naps):
    busy = answer("slow down", 429, Retry_After="17")
    server.answers = [busy, answer("", 429, Retry_After="100000"), answer(completion())]
    model = model_of(server)
    assert only(model).text == "Paris."
    assert naps == [17, 60]
    assert model.usage.retries == 2


def test_an_error_of_the_server_is_tried_again_ever_later(server, naps):
    server.answers = [answer("oops", 500)] * 3 + [answer(completion())]
    assert only(model_of(server, delay=2.0)).text == "Paris."
    assert all(0 <= nap <= 2.0 * 2**turn for turn, nap in enumerate(naps))
    assert len(set(naps)) == 3


def test_one_that_lasts_is_an_error_with_status_and_what_it_said(server, naps):
    server.answers = [answer("out of  memory\n", 500)]
    message = r"/v1 answered 500 Internal Server Error: out of memory. Lower"
    with pytest.raises(BackendError, match=message):
        only(model_of(server, retries=3))
    assert len(server.seen) == 4


@pytest.mark.parametrize("body", ["not { json", "[]", "{}", '{"choices": []}', "[" * 100_000,
                                  '{"choices": [{"message": {"content": 5}}]}',
                                  '{"choices": [{"message": {"content": ["Paris."]}}]}',
                                  '{"error": "overloaded"}'])  # fmt: skip
def test_an_answer_that_is_none_is_asked_for_again(server, naps, body):
    server.answers = [answer(body), answer(completion())]
    assert only(model_of(server)).text == "Paris."
    server.answers = [answer(body)]
    with pytest.raises(BackendError, match="answered"):
        only(model_of(server, retries=1))
    assert len(naps) == 2


def test_an_answer_that_breaks_off_is_asked_for_again(server, naps):
    server.answers = [answer(completion(), length=5000), answer(completion())]
    assert only(model_of(server)).text == "Paris."
    assert len(naps) == 1


def test_a_very_long_answer_is_cut(server):
    server.answers = [answer(completion("x" * 200_000))]
    assert only(model_of(server)).text == "x" * 8000
    assert only(model_of(server, max_chars=10)).text == "x" * 10


def test_an_endless_answer_is_not_read_to_its_end(server, monkeypatch):
    monkeypatch.setattr("workbench.language.llm.chat_endpoint.LARGEST", 10_000)
    server.answers = [answer(completion("x" * 20_000))]
    with pytest.raises(BackendError, match="answered with more than 10,000 bytes"):
        only(model_of(server))


def test_a_server_that_hangs(server, naps):
    server.answers = [lambda handler: server.done.wait(PATIENCE)]
    model = model_of(server, timeout=0.5, retries=1)
    with pytest.raises(BackendError, match=r"gave no sign for 0.5 s. Raise timeout"):
        only(model)
    assert len(server.seen) == 2


@pytest.mark.parametrize(
    ("status", "said", "error", "message"),
    [
        (400, '{"error": {"message": "bad", "param": "seed"}}', OptionError, "take seed=0 .*None"),
        (422, '{"detail": [{"loc": ["body", "temperature"]}]}', OptionError, "temperature=0.7"),
        (400, "Server is pinned to 'n'; requested 'm'", BackendError, "pinned.*name of the model"),
        (401, "no key", BackendError, "401 Unauthorized: no key.*key_variable"),
        (404, "", BackendError, "404 Not Found: nothing. Check base_url"),
        (307, "", BackendError, "307"),
    ],
)
def test_a_refusal_names_the_setting_or_the_fix_and_is_not_repeated(
    server, status, said, error, message
):
    server.answers = [answer(said, status)]
    with pytest.raises(error, match=message):
        only(model_of(server))
    assert len(server.seen) == 1


def test_after_faults_in_a_row_nothing_more_is_asked_for(server):
    """The rest would be paid for, or waited for, in vain."""
    server.answers = [answer("no key", 401)]
    with pytest.raises(BackendError, match="no key"):
        model_of(server, concurrency=1).generate([ASKED] * 50)
    assert len(server.seen) == FAILURES


def question(number):
    return [{"role": "user", "content": f"{number}?"}]


def faulty(bad, *numbers):
    """Answers each question by its number, but for some of them."""

    def send(handler):
        (message,) = handler.server.seen[-1]["messages"]
        number = message["content"].rstrip("?")
        (bad if number in map(str, numbers) else answer(completion(number)))(handler)

    return send


FAULTS = {
    "500": (answer("out of memory", 500), "500 Internal Server Error: out of memory"),
    "cut": (answer(completion(), length=5000), "broke off"),
    "400": (answer("not that", 400), "not that"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_what_came_beside_a_fault_is_kept_and_counted(server, naps, fault):
    bad, how = FAULTS[fault]
    server.answers = [faulty(bad, 1, 3)]
    model = model_of(server, concurrency=1, retries=0, prices=(1.0, 1.0))
    with pytest.raises(PartialError, match="4 of 10 requests failed") as caught:
        model.generate([question(number) for number in range(5)], samples=2)
    texts = [[reply.text for reply in own] for own in caught.value.answers]
    assert texts == [["0", "0"], [], ["2", "2"], [], ["4", "4"]]
    assert [how in found for found in caught.value.faults] == [False, True, False, True, False]
    assert caught.value.faults[::2] == [""] * 3
    assert model.usage == Usage(10, 0, 6 * 7, 6 * 2, 0, pytest.approx(6 * 9 / 1e6))


def test_a_server_that_dies_is_left_and_what_it_said_is_kept(server, naps):
    server.answers = [faulty(answer("", 503), *range(3, 50))]
    model = model_of(server, concurrency=1, retries=1)
    with pytest.raises(PartialError, match="47 of 50") as caught:
        model.generate([question(number) for number in range(50)])
    assert [len(own) for own in caught.value.answers] == [1] * 3 + [0] * 47
    assert all("503" in found for found in caught.value.faults[3:])
    assert model.usage == Usage(3 + FAILURES, FAILURES, 21, 6)


@pytest.fixture
def ctrl_c():
    """A shell that runs the tests in the background has told Python to ignore it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield lambda: signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)
    signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize(("came", "error"), [(2, InterruptedWriting), (0, KeyboardInterrupt)])
def test_interrupted_it_keeps_what_came_and_asks_no_more(
    server, naps, ctrl_c, monkeypatch, came, error
):
    """The server answers once the interrupt has arrived, however long that takes."""
    stopped = threading.Event()

    class Watched(threading.Event):
        def set(self):
            super().set()
            stopped.set()

    monkeypatch.setattr(concurrent_requests, "Event", Watched)

    def press(handler):
        ctrl_c()
        stopped.wait(PATIENCE)
        answer("", 500)(handler)

    server.answers = [answer(completion())] * came + [press, answer("", 500)]
    with pytest.raises(KeyboardInterrupt) as caught:
        model_of(server, concurrency=1, retries=50).generate([ASKED] * 50)
    assert type(caught.value) is error
    assert len(server.seen) == came + 1
    if came:
        assert [len(own) for own in caught.value.answers] == [1] * came + [0] * (50 - came)


# --- streams ---------------------------------------------------------------------------------

LAST = chunk(None, finish_reason="stop")
USAGE = 'data: {"choices": [], "usage": {"prompt_tokens": 7, "completion_tokens": 2}}\n\n'


def test_a_stream_comes_piece_by_piece_and_is_counted(server):
    body = ": hello\n\n" + chunk("Par") + chunk("is. A") + chunk("nd") + LAST + USAGE
    server.answers = [answer(body + "data: [DONE]\n\n")]
    model = model_of(server)
    assert list(model.stream(ASKED)) == ["Par", "is. A", "nd"]
    assert list(model.stream(ASKED, stop=[" And"])) == ["Par", "is."]
    assert server.seen[0]["stream_options"] == {"include_usage": True}
    assert model.usage == Usage(2, 0, 7, 2, 1)  # who stops early is not told the count


def test_a_stream_that_breaks_off_is_an_error_after_what_came(server):
    for body, length in [(chunk("Par"), 5000), (chunk("Par"), None)]:
        server.answers = [answer(body, length=length)]
        stream = model_of(server).stream(ASKED)
        assert next(stream) == "Par"
        with pytest.raises(BackendError, match="broke off"):
            next(stream)


@pytest.mark.parametrize("bad", ["data: {\n\n", 'data: {"error": "full"}\n\n', "data: {}\n\n"])
def test_a_stream_of_something_else_is_an_error(server, bad):
    server.answers = [answer(chunk("Par") + bad)]
    with pytest.raises(BackendError, match=r"JSON|full|no part of an answer"):
        list(model_of(server).stream(ASKED))


def test_a_stream_is_tried_again_before_it_begins_and_cut_at_its_length(server, naps):
    server.answers = [answer("", 503), answer(chunk("x" * 200_000) + LAST)]
    model = model_of(server, max_chars=50)
    assert "".join(model.stream(ASKED)) == "x" * 50
    assert model.usage == Usage(requests=1, retries=1, uncounted=1)


# --- the key ---------------------------------------------------------------------------------


def test_the_key_goes_to_the_server_and_nowhere_else(server, monkeypatch, caplog):
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv("SHOP_KEY", f"{KEY}\n")
    said = {"message": f"Incorrect API key: {KEY}", "param": "seed"}
    server.answers = [answer(json.dumps(said), 401), answer(json.dumps(said), 400)]
    model = model_of(server, key_variable="SHOP_KEY")
    for expected in (BackendError, OptionError):
        with pytest.raises(expected, match=r"API key: \*\*\*") as caught:
            only(model)
        shown = "".join(traceback.format_exception(caught.value))
        assert KEY not in shown + repr(model) + repr(vars(model)) + caplog.text
    assert server.headers[0]["Authorization"] == f"Bearer {KEY}"


def test_no_key_is_sent_where_none_is_named(server, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    server.answers = [answer(completion())]
    only(model_of(server))
    assert "Authorization" not in server.headers[0]


@pytest.mark.parametrize(("held", "problem"), [(None, "is not set"), ("a\nb", "holds characters")])
def test_a_key_that_is_none_is_an_error(server, monkeypatch, held, problem):
    if held:
        monkeypatch.setenv("SHOP_KEY", held)
    with pytest.raises(OptionError, match=f"variable SHOP_KEY {problem}"):
        only(model_of(server, key_variable="SHOP_KEY"))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"base_url": "localhost:8000"}, "base_url='localhost:8000' is no address"),
        ({"base_url": f"https://me:{KEY}@host/v1"}, "environment variable"),
        ({"base_url": f"https://host/v1?key={KEY}"}, "environment variable"),
        ({"timeout": 0}, "timeout=0"),
        ({"retries": -1}, "retries=-1"),
        ({"concurrency": 0}, "concurrency=0"),
        ({"prices": (1.0, -1.0)}, "prices=-1"),
        ({"names": {"sead": None}}, "names='sead' is not one of.*did you mean 'seed'"),
    ],
)
def test_an_option_out_of_its_range_is_an_error(options, message):
    with pytest.raises(OptionError, match=message) as caught:
        ServerModel(**{"base_url": "http://host/v1", "model": "m"} | options)
    assert KEY not in str(caught.value)


@pytest.mark.parametrize(
    "setting", [{"samples": 0}, {"max_new_tokens": 0}, {"seed": -1}, {"stop": ["a", ""]}]
)
def test_a_setting_out_of_its_range_is_an_error(setting):
    with pytest.raises(OptionError):
        ServerModel("http://host/v1", "m").generate([ASKED], **setting)


# --- a real server -----------------------------------------------------------------------------


def healthy(port):
    try:
        urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=PATIENCE).close()
    except OSError:
        return False
    return True


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """The embedded model behind `transformers serve`, told to sample, which it else does not."""
    folder = shutil.copytree(embedded_model(), tmp_path_factory.mktemp("served") / "model",
                             copy_function=os.symlink)  # fmt: skip
    settings = folder / "generation_config.json"
    held = json.loads(settings.read_text("utf-8"))
    settings.unlink()
    settings.write_text(json.dumps(held | {"do_sample": True}), "utf-8")
    with create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    program = Path(sys.executable).with_name("transformers")
    where = ["--host", "127.0.0.1", "--port", str(port), "--device", "cpu", "--dtype", "float32"]
    command = [program, "serve", folder, *where]
    log = folder.with_name("log")
    with (
        log.open("w") as out,
        subprocess.Popen(
            command, stdout=out, stderr=out, env=os.environ | {"HF_HUB_OFFLINE": "1"}
        ) as process,
    ):
        try:
            while not healthy(port):
                assert process.poll() is None, log.read_text()
                time.sleep(0.1)
            # One request at a time: it has one source of random numbers for all of them.
            url = f"http://127.0.0.1:{port}/v1"
            yield ServerModel(url, str(folder), timeout=PATIENCE, retries=0, concurrency=1)
        finally:
            process.terminate()


def test_a_real_server_answers_streams_and_counts(served):
    reply = only(served, temperature=0)
    # It counts the mark that ends a text too.
    assert reply == ("The capital of France is Paris.", None, 37, 8)
    assert "".join(served.stream(ASKED, temperature=0)) == reply.text
    assert served.usage == Usage(2, 0, 74, 16, 0)


def test_a_real_server_heeds_seed_length_and_stop(served):
    story = [{"role": "user", "content": "Tell me about rivers."}]
    one, other = served.generate([story], samples=2, max_new_tokens=6, seed=1)[0]
    assert one.text != other.text
    ((again,),) = served.generate([story], max_new_tokens=6, seed=1)
    assert again.text == one.text
    assert one.tokens == 6
    mark = one.text.split()[3]
    ((short,),) = served.generate([story], max_new_tokens=6, seed=1, stop=[mark])
    assert short.text == one.text[: one.text.index(mark)]


@pytest.mark.slow
def test_a_pool_is_asked_of_a_real_server(served, films, monkeypatch):
    """So small a model writes no sentence with slots, or hardly any; that is said."""
    for name, few in {"LINES": 2, "TOKENS": 20, "PATIENCE": 2}.items():
        monkeypatch.setattr(pool_writer, name, few)
    with pytest.warns(UserWarning, match=r"of 3 sentences; of \d+ lines most were left out"):
        pool = Copywriter(served).pool(films, size=3, kinds=["none"])
    assert all(sentence.model == repr(served) for sentence in pool.sentences)


def test_a_real_server_refuses_another_model(served):
    other = ServerModel(served.base_url, "another")
    with pytest.raises(BackendError, match=r"400 Bad Request: .*pinned to .*name of the model"):
        only(other)
