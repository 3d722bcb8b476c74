"""Framed messages over pipes: a magic word, a length, a pickle; whatever else arrives is refused, never waited for."""

from __future__ import annotations

import io
import os
import pickle
import struct
import sys
import threading
from enum import Enum
from typing import Any

_HEADER = struct.Struct("!4sI")
_MAGIC = b"CSh1"
_BLOCK_BYTES = 1 << 20
MOST_BYTES = 1 << 28  # a node with 200 candidates of 200 atoms takes 2 MB

_OUR_ROOMS = ("domain", "ports", "services", "host")
_MODULES = frozenset({"numpy", "pathlib", "datetime", "collections", "copyreg", "uuid"})
_BUILTINS = frozenset({"set", "frozenset", "bytearray", "complex", "range", "slice", "object"})


class ChannelClosed(Exception):
    """The other side has gone."""


class ChannelBroken(Exception):
    """What came, or was to be sent, is no message; one sentence says why."""


def encode(message: object) -> bytes:
    """A message as it travels.

    Raises:
        ChannelBroken: it cannot be pickled or is too large.
    """
    body = io.BytesIO()
    try:
        _OurPickler(body, protocol=5).dump(message)
    except (pickle.PicklingError, TypeError, AttributeError, RecursionError) as error:
        raise ChannelBroken(f"A {type(message).__name__} cannot be sent: {error}") from error
    if body.tell() > MOST_BYTES:
        raise ChannelBroken(f"A {type(message).__name__} of {body.tell()} bytes is too large to be sent.")
    return _HEADER.pack(_MAGIC, body.tell()) + body.getvalue()


class MessageReader:
    """Puts messages together from the bytes as they come.

    Attributes:
        broken: why nothing more can be read, once something that is no message came; None until then.
    """

    def __init__(self) -> None:
        self.broken: ChannelBroken | None = None
        self._buffer = bytearray()

    def feed(self, data: bytes) -> list[object]:
        """The messages that are complete with this data."""
        messages: list[object] = []
        self._buffer += data
        try:
            while self.broken is None and (length := self._length()) is not None:
                end = _HEADER.size + length
                if len(self._buffer) < end:
                    break
                messages.append(_decode(bytes(self._buffer[_HEADER.size : end])))
                del self._buffer[:end]
        except ChannelBroken as error:
            self.broken = error
        return messages

    def _length(self) -> int | None:
        """Length of the message that begins the buffer, None before its header is complete."""
        magic = bytes(self._buffer[: len(_MAGIC)])
        if not _MAGIC.startswith(magic):
            raise ChannelBroken(f"Something else than messages came through the pipe: {bytes(self._buffer[:40])!r}.")
        if len(self._buffer) < _HEADER.size:
            return None
        length = int(_HEADER.unpack_from(self._buffer)[1])
        if length > MOST_BYTES:
            raise ChannelBroken(f"A message of {length} bytes was announced; {MOST_BYTES} are allowed.")
        return length


class Channel:
    """The host's end: blocking, one reader, any number of senders."""

    def __init__(self, reading: int, writing: int) -> None:
        self._reading = reading
        self._writing = writing
        self._reader = MessageReader()
        self._messages: list[object] = []
        self._lock = threading.Lock()

    def send(self, message: object) -> None:
        """Write a whole message.

        Raises:
            ChannelBroken: it cannot be sent; nothing of it was written.
            ChannelClosed: nobody reads any more.
        """
        data = memoryview(encode(message))
        with self._lock:
            try:
                while data:
                    data = data[os.write(self._writing, data) :]
            except BrokenPipeError as error:
                raise ChannelClosed from error

    def receive(self) -> object:
        """The next message.

        Raises:
            ChannelBroken: something else came.
            ChannelClosed: nothing more will come.
        """
        while not self._messages:
            if self._reader.broken is not None:
                raise self._reader.broken
            data = os.read(self._reading, _BLOCK_BYTES)
            if not data:
                raise ChannelClosed
            self._messages += self._reader.feed(data)
        return self._messages.pop(0)


def claim_channel() -> Channel:
    """Take stdin and stdout of this process as the channel; whatever a library prints goes to stderr from now on."""
    channel = Channel(os.dup(0), os.dup(1))
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    return channel


def _decode(body: bytes) -> object:
    try:
        return _OurUnpickler(io.BytesIO(body)).load()
    except Exception as error:  # garbage may raise whatever the classes it names raise
        raise ChannelBroken(f"A message could not be read ({type(error).__name__}: {error}).") from error


class _OurPickler(pickle.Pickler):
    """Sends members of enumerations by their values.

    Python up to 3.11.2, which is that of Debian 12, sends them as a call of getattr, which nobody may send us.
    """

    def reducer_override(self, value: Any) -> Any:
        return (type(value), (value.value,)) if isinstance(value, Enum) else NotImplemented


class _OurUnpickler(pickle.Unpickler):
    """Knows our own data and arrays only, so that no message can bring torch or pymatgen into the window."""

    def find_class(self, module: str, name: str) -> object:
        package, _, rest = module.partition(".")
        ours = package == "crystal_studio" and rest.split(".")[0] in _OUR_ROOMS
        if ours or package in _MODULES or (package == "builtins" and name in _BUILTINS):
            return super().find_class(module, name)
        raise pickle.UnpicklingError(f"{module}.{name} may not be sent")
