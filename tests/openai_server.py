"""A server on loopback that answers like an OpenAI-compatible one, or misbehaves as it is told."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

PIVOT = " SrTiO3 crystallizes in the cubic Pm-3m space group."
Behaviour = Callable[["Handler"], None]


@dataclass
class OpenAiServer:
    """A running server.

    Attributes:
        url: where it is.
        asked: path and body of every question so far.
    """

    url: str
    asked: list[tuple[str, dict[str, Any]]] = field(default_factory=list)


class Handler(BaseHTTPRequestHandler):
    """One question; what is done with it is the server's behaviour."""

    behave: Behaviour
    record: OpenAiServer
    released: threading.Event

    def do_POST(self) -> None:
        self.body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.record.asked.append((self.path, self.body))
        try:
            type(self).behave(self)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True  # whoever asked has left

    def log_message(self, *_: Any) -> None:
        """Say nothing on the terminal."""

    def start(self, status: int = 200, kind: str = "text/event-stream") -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.end_headers()

    def say(self, data: str) -> None:
        self.wfile.write(f"data: {data}\n\n".encode())
        self.wfile.flush()

    def chunk(self, text: str) -> None:
        chat = "chat" in self.path
        said = {"delta": {"content": text}} if chat else {"text": text}
        self.say(json.dumps({"choices": [said]}))


def writes(text: str = PIVOT) -> Behaviour:
    """Streams a text word by word; drawn alternatives differ by their seed."""

    def behave(handler: Handler) -> None:
        handler.start()
        drawn = f" {handler.body['seed'] % 97}" if handler.body["temperature"] else ""
        for word in (text + drawn).split(" ")[1:]:
            handler.chunk(" " + word)
        handler.say("[DONE]")

    return behave


@contextmanager
def serving(behave: Behaviour) -> Iterator[OpenAiServer]:
    """A server for as long as the block lasts."""
    record = OpenAiServer("")
    released = threading.Event()
    kind = type("Bound", (Handler,), {"behave": staticmethod(behave), "record": record, "released": released})
    server = ThreadingHTTPServer(("127.0.0.1", 0), kind)
    server.daemon_threads = True
    record.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield record
    finally:
        released.set()
        server.shutdown()
        server.server_close()
        thread.join()
