"""The strict reader of safetensors headers: what it takes the library takes too, and nothing crashes it."""

from __future__ import annotations

import io
import json
import random
import struct
from pathlib import Path
from typing import Any

import pytest
from tiny_models import header_of, safetensors

from crystal_studio.app.paths import shipped_models_folder
from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.registry.safetensors_header import MOST_HEADER_BYTES, read_safetensors_header

SHAPES = {"a.weight": (2, 3), "b": (), "c": (4,), "empty": (0, 5)}
GOOD = safetensors({"__metadata__": {"format": "pt"}, **header_of(SHAPES)})


def read(content: bytes) -> Any:
    return read_safetensors_header(io.BytesIO(content), len(content), "w.safetensors")


def with_tensor(**changes: Any) -> bytes:
    header = header_of({"a": (2,), "b": (2,)})
    header["b"] |= changes
    return safetensors(json.dumps(header).encode(), 16)


def test_that_names_types_shapes_and_places_are_read() -> None:
    spans = read(GOOD)
    assert {name: span.shape for name, span in spans.items()} == SHAPES
    assert sum(span.numbers for span in spans.values()) == 11
    assert (spans["c"].dtype, spans["c"].begin, spans["c"].end) == ("F32", 28, 44)


def test_that_every_shipped_file_of_weights_is_read_as_the_library_reads_it() -> None:
    from safetensors import safe_open

    paths = sorted(shipped_models_folder().glob("*/*/*.safetensors"))
    assert paths
    for path in paths:
        with path.open("rb") as file:
            spans = read_safetensors_header(file, path.stat().st_size, path.name)
        with safe_open(path, "np") as library:
            assert set(library.keys()) == set(spans)
            assert all(tuple(library.get_slice(name).get_shape()) == span.shape for name, span in spans.items())


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "cut short"),
        (GOOD[:40], "cut short"),
        (GOOD[:-1], "1 bytes are missing"),
        (GOOD + b"\0", "belong to none"),
        (struct.pack("<Q", 2**63) + b"{}", "cut short"),
        (struct.pack("<Q", 2) + b"[]", "header is cut short, or none"),
        (struct.pack("<Q", 9) + b'{"a": [1,', "not JSON"),
        (safetensors(b'{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{}}', 4), "'a' is there twice"),
        (safetensors(b'{"a":{"dtype":"F32","dtype":"I8","shape":[1],"data_offsets":[0,4]}}', 4), "twice"),
        (safetensors(b'{"__metadata__":{"a":1}}', 0), "metadata"),
        (safetensors(b'{"a":NaN}', 0), "NaN"),
        (safetensors(b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}", 0), "JSON"),
        (with_tensor(dtype="PICKLE"), "not known here"),
        (with_tensor(dtype=["F32"]), "not known here"),
        (with_tensor(shape=[-2]), "no proper shape"),
        (with_tensor(shape=[True, 2]), "no proper shape"),
        (with_tensor(shape=[2.0]), "no proper shape"),
        (with_tensor(shape=[2**40, 2**40]), "too large"),
        (with_tensor(shape=[3]), "another size"),
        (with_tensor(data_offsets=[4, 12]), "overlaps"),
        (with_tensor(data_offsets=[12, 20]), "hole"),
        (with_tensor(data_offsets=[8]), "no proper shape"),
        (with_tensor(data_offsets=[16, 8]), "another size"),
        (with_tensor(stride=1), "other fields"),
    ],
)
def test_that_a_header_that_does_not_add_up_is_refused_with_the_file_named(content: bytes, reason: str) -> None:
    with pytest.raises(UserCorrectable, match=reason) as caught:
        read(content)
    assert "'w.safetensors'" in str(caught.value)


def test_that_a_header_of_100_mb_is_refused_before_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "w.safetensors"
    with path.open("wb") as file:
        file.write(struct.pack("<Q", 100_000_000) + b"{")
        file.truncate(100_000_100)
    with path.open("rb") as file, pytest.raises(UserCorrectable, match="100 MB, which no model needs"):
        read_safetensors_header(file, path.stat().st_size, path.name)
    assert MOST_HEADER_BYTES < 100_000_000


def mutated(chance: random.Random) -> bytes:
    """The good file with a few bytes changed, or a field of its header, or its length."""
    content = bytearray(GOOD)
    length = struct.unpack("<Q", GOOD[:8])[0]
    kind = chance.randrange(5)
    if kind == 0:
        for _ in range(chance.randint(1, 4)):
            content[chance.randrange(8 + length)] = chance.randrange(256)
    elif kind == 1:
        content[:8] = struct.pack("<Q", chance.choice([0, 1, length - 1, length + 1, 2**31, chance.getrandbits(64)]))
    elif kind == 2:
        at = chance.randrange(8, 8 + length)
        content[at : at + chance.randint(0, 9)] = chance.randbytes(chance.randint(0, 9))
    elif kind == 3:  # harmless, but for what it may do to a tensor's size
        header = list(json.loads(GOOD[8 : 8 + length]).items())
        chance.shuffle(header)
        table = dict(header)
        table[chance.choice(list(SHAPES))]["dtype"] = chance.choice(["F32", "I32", "U32", "F16"])
        text = json.dumps(table).encode() + b" " * chance.randrange(9)
        content = bytearray(safetensors(text, len(GOOD) - 8 - length))
    else:
        header = json.loads(GOOD[8 : 8 + length])
        field = chance.choice(["dtype", "shape", "data_offsets"])
        values = [None, -1, 0, 2**70, [], [0], [-1, 4], [0, 2**65], {}, "F64", "BF16", [1.5, 2], True, [[0], [4]]]
        header[chance.choice(list(SHAPES))][field] = chance.choice(values)
        content = bytearray(safetensors(json.dumps(header).encode(), len(GOOD) - 8 - length))
    return bytes(content)


def taken(content: bytes) -> dict[str, tuple[int, ...]] | None:
    """Name -> shape, None where the file is refused by name."""
    try:
        return {name: span.shape for name, span in read(content).items()}
    except UserCorrectable as error:
        return None if "'w.safetensors'" in str(error) else pytest.fail(f"no file is named: {error}")


def test_that_2000_mutated_headers_crash_nothing_and_what_is_taken_the_library_takes_too() -> None:
    from safetensors import deserialize

    chance = random.Random(7)
    shapes = {content: taken(content) for content in (mutated(chance) for _ in range(2_000))}
    whole = {content: found for content, found in shapes.items() if found is not None}
    assert len(whole) > 100
    assert len(shapes) - len(whole) > 1_000
    for content, found in whole.items():
        assert {name: tuple(item["shape"]) for name, item in deserialize(content)} == found
