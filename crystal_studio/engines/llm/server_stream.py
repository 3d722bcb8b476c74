"""One question to a server and its answer as it comes, under limits, and never deaf to a cancellation.

The connection is read by a thread, so that a silent server cannot hold up the job; closing the connection ends it.
No proxy of the environment is used and no redirection followed: either could send a wish somewhere else.
"""

from __future__ import annotations

import http.client
import json
import queue
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from time import monotonic
from typing import Any

from crystal_studio.domain.errors import Unavailable
from crystal_studio.engines.llm.server_address import ServerAddress

_POLL_SECONDS = 0.05
_LONGEST_LINE = 1 << 16
_LONGEST_ANSWER = 1 << 20
_END = "[DONE]"
_WAITING = 64  # chunks that are read ahead


@dataclass(frozen=True)
class Limits:
    """How long a server may take.

    Attributes:
        connect_seconds: until the connection stands.
        silence_seconds: without a word.
        whole_seconds: for one answer.
    """

    connect_seconds: float = 5.0
    silence_seconds: float = 60.0
    whole_seconds: float = 300.0


class Refusal(Exception):
    """The server answered with another status than 200.

    Attributes:
        status: of HTTP.
        said: the beginning of its answer.
    """

    def __init__(self, status: int, said: str) -> None:
        super().__init__(f"status {status}: {said}")
        self.status = status
        self.said = said


class Question:
    """Asks one server; see `stream`."""

    def __init__(self, address: ServerAddress, limits: Limits, key: str | None) -> None:
        self._address = address
        self._limits = limits
        self._key = key

    def stream(self, path: str, body: Mapping[str, Any], check: Callable[[], None]) -> Iterator[Mapping[str, Any]]:
        """The objects of a streamed answer; leaving the loop closes the connection.

        Args:
            path: such as ``/v1/completions``.
            body: of the question.
            check: called many times a second; may raise to cancel.

        Raises:
            Refusal: the status is not 200.
            Unavailable: no connection, silence, nonsense, or more than any answer needs.
        """
        reading = _Reading(self._address, self._limits, self._headers())
        reading.start(path, json.dumps(body).encode())
        try:
            yield from self._objects(reading, check)
        finally:
            reading.close()

    def _objects(self, reading: _Reading, check: Callable[[], None]) -> Iterator[Mapping[str, Any]]:
        answered = False
        for line in self._lines(reading, check):
            if not line.startswith("data:"):
                continue  # comments and names of events, as server-sent events have them
            data = line.removeprefix("data:").strip()
            if data == _END:
                return
            yield self._object(data)
            answered = True
        if not answered:
            raise self._trouble("sent no answer that can be read", "Check that it is OpenAI-compatible.")

    def _lines(self, reading: _Reading, check: Callable[[], None]) -> Iterator[str]:
        begun = heard = monotonic()
        while True:
            check()
            line = reading.next_line()
            now = monotonic()
            if line is None:
                return
            heard = now if line else heard
            if now - heard > self._limits.silence_seconds or now - begun > self._limits.whole_seconds:
                raise self._trouble(f"was too slow: {now - begun:.0f} s passed", "Try again, or use a smaller model.")
            if line:
                yield line.strip()

    def _object(self, data: str) -> Mapping[str, Any]:
        try:
            found = json.loads(data)
        except (ValueError, RecursionError) as error:
            raise self._trouble("sent something that is no JSON", "Check that it is OpenAI-compatible.") from error
        if not isinstance(found, dict):
            raise self._trouble("sent JSON that is no object", "Check that it is OpenAI-compatible.")
        return found

    def _headers(self) -> dict[str, str]:
        headers = {"Content-Type": "application/json", "Accept": "text/event-stream", "Connection": "close"}
        return headers | ({"Authorization": f"Bearer {self._key}"} if self._key else {})

    def _trouble(self, what: str, remedy: str) -> Unavailable:
        return Unavailable(f"The language-model server {self._address} {what}. {remedy}")


class _Reading:
    """The thread's side: lines, then None; or the error that ended it."""

    def __init__(self, address: ServerAddress, limits: Limits, headers: Mapping[str, str]) -> None:
        kind = http.client.HTTPSConnection if address.secure else http.client.HTTPConnection
        self._address = address
        self._limits = limits
        self._headers = headers
        self._connection = kind(address.host, address.port, timeout=limits.connect_seconds)
        self._lines: queue.Queue[str | Exception | None] = queue.Queue(_WAITING)
        self._socket: socket.socket | None = None
        self._closed = threading.Event()

    def start(self, path: str, body: bytes) -> None:
        """Ask, in the thread."""
        threading.Thread(target=self._read, args=(path, body), name="model-server", daemon=True).start()

    def next_line(self) -> str | None:
        """The next line; "" where none came for a moment, None at the end."""
        try:
            found = self._lines.get(timeout=_POLL_SECONDS)
        except queue.Empty:
            return ""
        if isinstance(found, Exception):
            raise found
        return found

    def close(self) -> None:
        """End the thread, wherever it waits."""
        self._closed.set()
        if self._socket is not None:
            try:
                self._socket.shutdown(socket.SHUT_RDWR)
            except OSError:
                return  # the other side was faster

    def _read(self, path: str, body: bytes) -> None:
        try:
            self._ask(path, body)
            self._put(None)
        except (Unavailable, Refusal) as error:
            self._put(error)
        except (OSError, http.client.HTTPException) as error:
            self._put(self._broken(error))
        finally:
            self._connection.close()

    def _ask(self, path: str, body: bytes) -> None:
        self._connection.connect()
        if self._closed.is_set():
            return
        self._socket = self._connection.sock  # the connection forgets it when the answer begins
        self._socket.settimeout(self._limits.silence_seconds)
        self._connection.request("POST", self._address.path + path, body, dict(self._headers))
        response = self._connection.getresponse()
        if response.status != 200:
            raise Refusal(response.status, response.read(2000).decode(errors="replace"))
        if response.getheader("Content-Type", "").startswith("application/json"):
            self._put("data:" + response.read(_LONGEST_ANSWER).decode(errors="replace"))  # it does not stream
            return
        left = _LONGEST_ANSWER
        while line := response.readline(_LONGEST_LINE + 1):
            left -= len(line)
            if len(line) > _LONGEST_LINE or left < 0:
                raise Unavailable(f"The language-model server {self._address} answered without an end. Check it.")
            if text := line.decode(errors="replace").strip():
                self._put(text)
            if self._closed.is_set():
                return

    def _put(self, found: str | Exception | None) -> None:
        """Hand over, unless nobody listens any more."""
        while not self._closed.is_set():
            try:
                self._lines.put(found, timeout=_POLL_SECONDS)
            except queue.Full:
                continue
            return

    def _broken(self, error: Exception) -> Unavailable:
        where = f"The language-model server {self._address}"
        if isinstance(error, ConnectionRefusedError):
            return Unavailable(f"{where} does not answer: nothing listens there. Start it, or correct its address.")
        if isinstance(error, TimeoutError):
            return Unavailable(f"{where} did not answer in time. Check that it runs, or use a smaller model.")
        if isinstance(error, socket.gaierror):
            return Unavailable(f"{where} is not known by that name. Correct its address in the model's card.")
        said = str(error)[:120] or type(error).__name__
        return Unavailable(f"{where} broke off ({said}). Look at what it says, and try again.")
