"""What a safetensors file says it holds, read without any library and believed only where it adds up.

Source: the format's description in the documentation of the library `safetensors` (section "Format").
Stricter than that: a header of at most 10 MB, whole bytes for every number, plain keys, no field twice.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from typing import IO, Any

from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.registry.strict_json import is_count, strict_object

# A mixture of experts with 20,000 tensors has 3 MB.
MOST_HEADER_BYTES = 10_000_000
_MOST_NUMBERS = 1 << 48
_NAME = re.compile(r"[ -~]{1,512}")
BYTES_OF = {
    **dict.fromkeys(("BOOL", "U8", "I8", "F8_E5M2", "F8_E4M3"), 1),
    **dict.fromkeys(("U16", "I16", "F16", "BF16"), 2),
    **dict.fromkeys(("U32", "I32", "F32"), 4),
    **dict.fromkeys(("U64", "I64", "F64"), 8),
}


@dataclass(frozen=True)
class TensorSpan:
    """One tensor.

    Attributes:
        dtype: a key of `BYTES_OF`.
        shape: its lengths.
        begin: its first byte behind the header.
        end: the byte behind its last.
    """

    dtype: str
    shape: tuple[int, ...]
    begin: int
    end: int

    @property
    def numbers(self) -> int:
        """How many numbers it has."""
        return prod(self.shape)


def read_safetensors_header(file: IO[bytes], size: int, name: str) -> Mapping[str, TensorSpan]:
    """The tensors of a file, after every check that needs no tensor's data.

    Args:
        file: at its beginning.
        size: of the whole file, in bytes.
        name: of the file, for the message.

    Returns:
        Name -> tensor.

    Raises:
        UserCorrectable: the file is cut short, or its header does not add up; names the file.
    """
    length = int.from_bytes(file.read(8), "little") if size >= 8 else 0
    if not 2 <= length <= size - 8:
        raise _damaged(name, "it is cut short, or no safetensors file")
    if length > MOST_HEADER_BYTES:
        raise _damaged(name, f"its header has {length / 1e6:,.0f} MB, which no model needs")
    text = file.read(length)
    if len(text) != length or not text.startswith(b"{"):
        raise _damaged(name, "its header is cut short, or none")
    table = strict_object(text, name)
    _check_metadata(table.pop("__metadata__", {}), name)
    spans = {key: _span(key, value, name) for key, value in table.items()}
    _check_cover(spans, size - 8 - length, name)
    return spans


def _check_metadata(metadata: object, name: str) -> None:
    if not isinstance(metadata, dict) or not all(isinstance(value, str) for value in metadata.values()):
        raise _damaged(name, "its metadata are more than texts")


def _span(key: str, value: Any, name: str) -> TensorSpan:
    if not _NAME.fullmatch(key):
        raise _damaged(name, f"a tensor is called {key[:60]!r}")
    if not isinstance(value, dict) or value.keys() != {"dtype", "shape", "data_offsets"}:
        raise _damaged(name, f"the tensor '{key[:60]}' is described by other fields than dtype, shape and data_offsets")
    dtype, shape, offsets = value["dtype"], value["shape"], value["data_offsets"]
    if not isinstance(dtype, str) or dtype not in BYTES_OF:
        raise _damaged(name, f"the tensor '{key[:60]}' is of a type that is not known here ({dtype!r:.40})")
    if not _are_counts(shape) or len(shape) > 16 or not _are_counts(offsets) or len(offsets) != 2:
        raise _damaged(name, f"the tensor '{key[:60]}' has no proper shape or place")
    span = TensorSpan(dtype, tuple(shape), offsets[0], offsets[1])
    if max((*shape, *offsets), default=0) > _MOST_NUMBERS or span.numbers > _MOST_NUMBERS:
        raise _damaged(name, f"the tensor '{key[:60]}' is too large to be real")
    if span.end - span.begin != span.numbers * BYTES_OF[dtype]:
        raise _damaged(name, f"the tensor '{key[:60]}' has another size than its shape says")
    return span


def _are_counts(values: object) -> bool:
    return isinstance(values, list) and all(map(is_count, values))


def _check_cover(spans: Mapping[str, TensorSpan], size: int, name: str) -> None:
    """Every byte behind the header belongs to exactly one tensor."""
    end = 0
    for key, span in sorted(spans.items(), key=lambda item: (item[1].begin, item[1].end)):
        if span.begin != end:
            what = "overlaps another" if span.begin < end else "leaves a hole before it"
            raise _damaged(name, f"the tensor '{key[:60]}' {what}")
        end = span.end
    if end > size:
        raise _damaged(name, f"it is cut short: {end - size:,} bytes are missing")
    if end < size:
        raise _damaged(name, f"{size - end:,} bytes behind its last tensor belong to none")


def _damaged(name: str, why: str) -> UserCorrectable:
    return UserCorrectable(f"'{name}' is damaged or unsafe: {why}. Fetch the model again.")
