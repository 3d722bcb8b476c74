"""A language model behind a server: what is sent, what is refused, and what a bad server cannot do."""

from __future__ import annotations

import json
import socket
import threading
from time import perf_counter

import pytest
from openai_server import PIVOT, Handler, serving, writes

from crystal_studio.domain.errors import JobCancelled, Unavailable, UserCorrectable
from crystal_studio.domain.intent import Limits
from crystal_studio.engines.fake import FakeContext
from crystal_studio.engines.llm.server import create
from crystal_studio.engines.llm.server_address import server_address
from crystal_studio.ports.language_model import WritingTask

TASK = WritingTask("A titanate with strontium", Limits(formula="SrTiO3"))
pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])


def asked(url: str, tmp_path, **options) -> list[str]:
    writer = create(tmp_path, {"url": url, "model": "tiny", "silence_seconds": 0.5, **options})
    return writer.write_pivots(TASK, 1, 0, FakeContext())


def test_that_the_likeliest_text_is_asked_for_first_and_the_others_are_drawn(tmp_path):
    with serving(writes()) as server:
        writer = create(tmp_path, {"url": server.url, "model": "tiny"})
        assert writer.write_pivots(TASK, 3, 5, FakeContext())[0] == PIVOT.strip()
    temperatures = [body["temperature"] for _, body in server.asked]
    assert temperatures[0] == 0.0
    assert temperatures[1:] == sorted(temperatures[1:])
    assert len({body["seed"] for _, body in server.asked}) == 3
    assert all(path == "/v1/completions" and body["model"] == "tiny" for path, body in server.asked)


def test_that_only_the_first_line_is_waited_for(tmp_path):
    def endless(handler: Handler) -> None:
        handler.start()
        handler.chunk(PIVOT + "\n")
        while not handler.released.is_set():
            handler.chunk(" and so on\n")

    with serving(endless) as server:
        assert asked(server.url, tmp_path) == [PIVOT.strip()]


def test_that_a_server_without_completions_is_asked_by_chat_and_remembered(tmp_path):
    def chat_only(handler: Handler) -> None:
        if "chat" not in handler.path:
            handler.start(404, "application/json")
            handler.wfile.write(b'{"detail": "Not Found"}')
        else:
            writes()(handler)

    with serving(chat_only) as server:
        writer = create(tmp_path, {"url": server.url, "model": "tiny"})
        assert writer.write_pivots(TASK, 2, 0, FakeContext())[0] == PIVOT.strip()
    assert [path for path, _ in server.asked] == ["/v1/completions", *["/v1/chat/completions"] * 2]


def test_that_an_answer_in_one_piece_is_read(tmp_path):
    def whole(handler: Handler) -> None:
        handler.start(kind="application/json")
        handler.wfile.write(json.dumps({"choices": [{"text": PIVOT}]}, indent=1).encode())

    with serving(whole) as server:
        assert asked(server.url, tmp_path) == [PIVOT.strip()]


def test_that_a_server_that_is_not_there_is_named(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        with pytest.raises(Unavailable, match=f"127.0.0.1:{port} does not answer"):
            asked(f"http://127.0.0.1:{port}", tmp_path)


def status(number: int, said: str):
    def behave(handler: Handler) -> None:
        handler.start(number, "application/json")
        handler.wfile.write(said.encode())

    return behave


def says(*lines: str):
    def behave(handler: Handler) -> None:
        handler.start()
        for line in lines:
            handler.wfile.write(line.encode())

    return behave


def redirect(handler: Handler) -> None:
    handler.send_response(302)
    handler.send_header("Location", "http://192.0.2.1/v1/completions")
    handler.end_headers()


@pytest.mark.parametrize(
    ("behave", "said"),
    [
        (status(404, '{"error": "model tiny not found"}'), "has no model 'tiny'.*not found"),
        (status(401, "{}"), "wants a key"),
        (status(500, "out of memory"), "status 500.*out of memory"),
        (redirect, "status 302"),
        (says('data: {"choices": [\n\n'), "no JSON"),
        (says("data: [1, 2]\n\n"), "no object"),
        (says("data: " + "[" * 60_000 + "\n\n"), "no JSON"),
        (says('data: {"choices": 5}\n\n'), "without choices"),
        (says('data: {"choices": [{"text": {"a": 1}}]}\n\n'), "no text"),
        (says('data: {"error": {"message": "the card is full"}}\n\n'), "the card is full"),
        (says("<html>hello</html>\n"), "no answer that can be read"),
        (says("data: " + "a" * 100_000), "without an end"),
        (says(*[": " + "a" * 60_000 + "\n"] * 20), "without an end"),
    ],
    ids=lambda value: None if isinstance(value, str) else "",
)
def test_that_a_bad_answer_is_refused_in_one_sentence(tmp_path, behave, said):
    with serving(behave) as server, pytest.raises(Unavailable, match=said) as caught:
        asked(server.url, tmp_path)
    assert len(str(caught.value)) < 500


def test_that_an_endless_answer_without_a_line_is_cut(tmp_path):
    def endless(handler: Handler) -> None:
        handler.start()
        while not handler.released.is_set():
            handler.chunk("SrTiO3 ")

    with serving(endless) as server:
        (text,) = asked(server.url, tmp_path, max_tokens=8)
    assert len(text) <= 8 * 12


def silent(handler: Handler) -> None:
    handler.start()
    handler.chunk(" SrTiO3")
    handler.released.wait(20)


def mute(handler: Handler) -> None:
    handler.released.wait(20)


@pytest.mark.parametrize("behave", [silent, mute])
def test_that_a_silent_server_is_given_up(tmp_path, behave):
    started = perf_counter()
    with serving(behave) as server, pytest.raises(Unavailable, match=r"too slow|in time"):
        asked(server.url, tmp_path)
    assert perf_counter() - started < 15


@pytest.mark.parametrize("behave", [silent, mute])
def test_that_a_job_is_cancelled_while_the_server_is_silent(tmp_path, behave):
    with serving(behave) as server:
        writer = create(tmp_path, {"url": server.url, "model": "tiny"})
        context = FakeContext().cancel_after(6)
        with pytest.raises(JobCancelled):
            writer.write_pivots(TASK, 1, 0, context)
        left = [thread for thread in threading.enumerate() if thread.name == "model-server"]
        for thread in left:
            thread.join(timeout=5)
        assert not any(thread.is_alive() for thread in left)


@pytest.mark.parametrize(
    "url",
    [
        "http://192.0.2.7:8000",
        "https://models.example.org/v1",
        "http://0.0.0.0:8080",
        "http://127.0.0.1.example.org",
        "http://2130706433.example/",
        "http://[2001:db8::1]:80",
    ],
)
def test_that_another_machine_needs_a_permission_that_says_what_leaves(url, tmp_path):
    with pytest.raises(UserCorrectable, match="described crystal would leave"):
        create(tmp_path, {"url": url, "model": "tiny"})
    allowed = create(tmp_path, {"url": url, "model": "tiny", "allow_other_host": True})
    assert "leave this machine" in allowed.identity


@pytest.mark.parametrize("given", ["true", 1, "yes"])
def test_that_only_a_plain_true_is_a_permission(given, tmp_path):
    with pytest.raises(UserCorrectable, match="another machine"):
        create(tmp_path, {"url": "http://192.0.2.7:8000", "model": "tiny", "allow_other_host": given})


@pytest.mark.parametrize("url", ["http://localhost:8080/v1", "http://127.0.0.1:8080/", "http://[::1]:8080"])
def test_that_this_machine_needs_none_and_no_name_is_looked_up(url):
    address = server_address(url, allow_other_host=False)
    assert address.is_local
    assert (address.host in ("127.0.0.1", "::1"), address.port, address.path) == (True, 8080, "")


@pytest.mark.parametrize(
    "url",
    [
        "ftp://127.0.0.1",
        "127.0.0.1:8080",
        "http://",
        "http://127.0.0.1:99999",
        "http://127.0.0.1/?a=1",
        "",
        "http://[::1",
    ],
)
def test_that_what_is_no_address_is_refused(url):
    with pytest.raises(UserCorrectable, match="no address of a server"):
        server_address(url, allow_other_host=True)


def test_that_a_password_in_the_address_is_refused_and_not_repeated():
    with pytest.raises(UserCorrectable, match="key_variable") as caught:
        server_address("http://me:hush@127.0.0.1:8080", allow_other_host=False)
    assert "hush" not in str(caught.value)


def test_that_a_key_comes_from_the_environment_alone(tmp_path, monkeypatch):
    options = {"url": "http://127.0.0.1:1", "model": "tiny", "key_variable": "LAB_SERVER_KEY"}
    monkeypatch.delenv("LAB_SERVER_KEY", raising=False)
    with pytest.raises(UserCorrectable, match="LAB_SERVER_KEY"):
        create(tmp_path, options)
    seen = []
    monkeypatch.setenv("LAB_SERVER_KEY", "sesame")

    def keyed(handler: Handler) -> None:
        seen.append(handler.headers["Authorization"])
        writes()(handler)

    with serving(keyed) as server:
        create(tmp_path, options | {"url": server.url}).write_pivots(TASK, 1, 0, FakeContext())
    assert seen == ["Bearer sesame"]


def test_that_no_proxy_of_the_environment_is_used(tmp_path, monkeypatch):
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://192.0.2.1:3128")
    with serving(writes()) as server:
        assert asked(server.url, tmp_path) == [PIVOT.strip()]


def test_that_control_words_of_a_message_are_not_sent(tmp_path):
    with serving(writes()) as server:
        writer = create(tmp_path, {"url": server.url, "model": "tiny", "layout": "chatml"})
        writer.write_pivots(WritingTask("An oxide<|im_end|>", Limits()), 1, 0, FakeContext())
    assert server.asked[0][1]["prompt"].count("<|im_end|>") == 2


def test_that_an_endless_message_is_refused(tmp_path):
    writer = create(tmp_path, {"url": "http://127.0.0.1:1", "model": "tiny", "form": "prompted"})
    task = WritingTask("oxide", Limits(), complaints=("x" * 100,), description=None, predicted=(("gap", "1" * 20_000),))
    with pytest.raises(UserCorrectable, match="fewer words"):
        writer.write_pivots(task, 1, 0, FakeContext())
