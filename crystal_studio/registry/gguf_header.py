"""What a GGUF file says it holds, read field by field and believed only where it adds up.

Source: the format's specification, ``docs/gguf.md`` of the project ggml, versions 2 and 3.
A chat template is never read as more than bytes to be blanked.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import prod
from typing import IO, Any

from crystal_studio.domain.errors import UserCorrectable

MAGIC = b"GGUF"
_VERSIONS = (2, 3)
_MOST_HEADER_BYTES = 100_000_000  # vocabularies of 256,000 words with their merges have 20 MB
_MOST_FIELDS, _MOST_TENSORS, _MOST_ITEMS = 2_000, 50_000, 4_000_000
_MOST_DIMENSIONS, _MOST_NUMBERS = 4, 1 << 48
_STRING, _ARRAY = 8, 9
_FORMATS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
_TEMPLATE = b"tokenizer.chat_template"
_NO_TEMPLATE = b"tokenizer.chat_stripped"  # of the same length, so that nothing behind it moves


@dataclass(frozen=True)
class GgufHeader:
    """What stands before the tensors' data.

    Attributes:
        fields: name -> value; of arrays only those of texts, the others by their length.
        numbers: of all tensors together.
        template_patches: (position, bytes) to be written over the file so that no chat template is left.
    """

    fields: Mapping[str, Any]
    numbers: int
    template_patches: tuple[tuple[int, bytes], ...] = ()


def read_gguf_header(file: IO[bytes], size: int, name: str) -> GgufHeader:
    """The header of a file, after every check that needs no tensor's data.

    Args:
        file: at its beginning.
        size: of the whole file, in bytes.
        name: of the file, for the message.

    Raises:
        UserCorrectable: no GGUF, cut short, or it does not add up; names the file.
    """
    return _Reader(file, size, name).header()


@dataclass
class _Reader:
    """Reads forwards and knows where it is."""

    file: IO[bytes]
    size: int
    name: str
    at: int = 0
    patches: list[tuple[int, bytes]] = field(default_factory=list)

    def header(self) -> GgufHeader:
        if self._bytes(4) != MAGIC:
            raise self._damaged("it is no GGUF file")
        version, num_tensors, num_fields = self._numbers("IQQ")
        if version not in _VERSIONS:
            raise self._damaged(f"it is of version {version}, not of 2 or 3")
        if num_fields > _MOST_FIELDS or not 0 < num_tensors <= _MOST_TENSORS:
            raise self._damaged("it counts more fields or tensors than any model has")
        fields: dict[str, Any] = {}
        for _ in range(num_fields):
            key, value = self._pair()
            if key in fields:
                raise self._damaged(f"the field {key[:60]!r} is there twice")
            fields[key] = value
        numbers = self._tensors(num_tensors, fields.get("general.alignment", 32))
        return GgufHeader(fields, numbers, tuple(self.patches))

    def _pair(self) -> tuple[str, Any]:
        key = self._bytes(self._length())
        start = self.at - len(key)
        (kind,) = self._numbers("I")
        if key.startswith(_TEMPLATE):
            self.patches.append((start, _NO_TEMPLATE))
            self._blank(kind)
            return _text(key), None
        return _text(key), self._value(kind)

    def _value(self, kind: int) -> Any:
        if kind == _STRING:
            return _text(self._bytes(self._length()))
        if kind != _ARRAY:
            return self._numbers(self._format(kind))[0]
        inner, count = self._numbers("IQ")
        if count > _MOST_ITEMS:
            raise self._damaged("a list in it is longer than any model's")
        if inner == _STRING:
            return [_text(self._bytes(self._length())) for _ in range(count)]
        self._bytes(struct.calcsize("<" + self._format(inner)) * count)
        return count

    def _blank(self, kind: int) -> None:
        """Note spaces for a text, or for each text of a list."""
        if kind not in (_STRING, _ARRAY):
            raise self._damaged("its chat template is no text")
        count = 1
        if kind == _ARRAY:
            inner, count = self._numbers("IQ")
            if inner != _STRING or count > _MOST_FIELDS:
                raise self._damaged("its chat templates are no texts")
        for _ in range(count):
            length = self._length()
            self.patches.append((self.at, b" " * length))
            self._bytes(length)

    def _tensors(self, count: int, alignment: object) -> int:
        """How many numbers the tensors have; each has to lie within the file, on its own bytes."""
        if not isinstance(alignment, int) or alignment not in (8, 16, 32, 64, 128, 256, 512, 1024, 4096):
            raise self._damaged("its alignment is none")
        spans, names, numbers = [], set(), 0
        for _ in range(count):
            key, shape, kind, offset = self._tensor()
            names.add(key)
            spans.append((offset, offset + self._bytes_of(key, shape, kind), key))
            numbers += prod(shape)
        if len(names) != count:
            raise self._damaged("two of its tensors have one name")
        begins = -(-self.at // alignment) * alignment
        end = 0
        for start, stop, key in sorted(spans):
            if start % alignment or start < end:
                raise self._damaged(f"the tensor {key[:60]!r} overlaps another")
            end = stop
        if begins + end > self.size:
            raise self._damaged(f"it is cut short: {begins + end - self.size:,} bytes are missing")
        return numbers

    def _tensor(self) -> tuple[str, tuple[int, ...], int, int]:
        key = _text(self._bytes(self._length()))
        (dimensions,) = self._numbers("I")
        if dimensions > _MOST_DIMENSIONS:
            raise self._damaged(f"the tensor {key[:60]!r} has {dimensions} dimensions")
        shape = self._numbers("Q" * dimensions)
        if any(length > _MOST_NUMBERS for length in shape) or prod(shape) > _MOST_NUMBERS:
            raise self._damaged(f"the tensor {key[:60]!r} is too large to be real")
        kind, offset = self._numbers("IQ")
        return key, shape, kind, offset

    def _bytes_of(self, key: str, shape: tuple[int, ...], kind: int) -> int:
        from gguf.constants import GGML_QUANT_SIZES, GGMLQuantizationType

        try:
            block, size = GGML_QUANT_SIZES[GGMLQuantizationType(kind)]
        except (ValueError, KeyError) as error:
            raise self._damaged(f"the tensor {key[:60]!r} is of an unknown type ({kind})") from error
        if shape and shape[0] % block:
            raise self._damaged(f"the rows of the tensor {key[:60]!r} are no whole blocks")
        return int(prod(shape) // block * size)

    def _length(self) -> int:
        (length,) = self._numbers("Q")
        return int(length)

    def _format(self, kind: int) -> str:
        if kind not in _FORMATS:
            raise self._damaged(f"a field is of the unknown type {kind}")
        return _FORMATS[kind]

    def _numbers(self, layout: str) -> tuple[Any, ...]:
        return struct.unpack("<" + layout, self._bytes(struct.calcsize("<" + layout)))

    def _bytes(self, length: int) -> bytes:
        if length > _MOST_HEADER_BYTES or self.at + length > min(self.size, _MOST_HEADER_BYTES):
            raise self._damaged("it is cut short, or its header is no header")
        found = self.file.read(length)
        if len(found) != length:
            raise self._damaged("it is cut short")
        self.at += length
        return found

    def _damaged(self, why: str) -> UserCorrectable:
        return UserCorrectable(f"'{self.name}' is damaged or unsafe: {why}. Fetch the model again.")


def _text(found: bytes) -> str:
    return found.decode("utf-8", errors="replace")
