"""The strict reader of GGUF headers: what it takes adds up, and nothing crashes it."""

from __future__ import annotations

import io
import random
import struct

import pytest
import tiny_models as tiny

from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.registry.gguf_header import GgufHeader, read_gguf_header

TENSORS = [tiny.gguf_tensor("a", 8, 0), tiny.gguf_tensor("b", 8, 32)]
FIELDS = [
    tiny.gguf_field("general.architecture", "llama"),
    tiny.gguf_field("tokenizer.ggml.tokens", ["a", "ä", "[["]),
    tiny.gguf_field("llama.block_count", 2),
]
GOOD = tiny.gguf_bytes(FIELDS, TENSORS, 64)


def read(content: bytes) -> GgufHeader:
    return read_gguf_header(io.BytesIO(content), len(content), "m.gguf")


def test_that_fields_and_tensors_are_read() -> None:
    header = read(GOOD)
    assert dict(header.fields) == {
        "general.architecture": "llama",
        "tokenizer.ggml.tokens": ["a", "ä", "[["],
        "llama.block_count": 2,
    }
    assert header.numbers == 16
    assert header.template_patches == ()


def test_that_every_chat_template_is_found_with_its_place() -> None:
    fields = [
        *FIELDS,
        tiny.gguf_field("tokenizer.chat_template", "{{ a }}"),
        tiny.gguf_field("tokenizer.chat_template.tool_use", "{{ bb }}"),
        tiny.gguf_field("tokenizer.chat_templates", ["tool_use", "rag"]),
    ]
    content = bytearray(tiny.gguf_bytes(fields, TENSORS, 64))
    for at, text in read(bytes(content)).template_patches:
        content[at : at + len(text)] = text
    assert b"chat_template" not in content
    assert b"{{" not in content
    assert read(bytes(content)).numbers == 16
    assert read(bytes(content)).template_patches == ()


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "cut short"),
        (b"GGML" + GOOD[4:], "no GGUF file"),
        (b"GGUF" + struct.pack("<I", 1) + GOOD[8:], "version 1"),
        (GOOD[:60], "cut short"),
        (GOOD[:-1], "1 bytes are missing"),
        (tiny.gguf_bytes(FIELDS + FIELDS[:1], TENSORS, 64), "'general.architecture' is there twice"),
        (tiny.gguf_bytes(FIELDS, [TENSORS[0], tiny.gguf_tensor("b", 8, 0)], 64), "overlaps another"),
        (tiny.gguf_bytes(FIELDS, [TENSORS[0], tiny.gguf_tensor("a", 8, 32)], 64), "one name"),
        (tiny.gguf_bytes(FIELDS, [tiny.gguf_tensor("a", 8, 4)], 64), "overlaps another"),
        (tiny.gguf_bytes(FIELDS, [tiny.gguf_tensor("a", 2**60, 0)], 64), "too large"),
        (tiny.gguf_bytes(FIELDS, [tiny.gguf_tensor("a", 8, 0, kind=99)], 64), "unknown type"),
        (tiny.gguf_bytes(FIELDS, [tiny.gguf_tensor("a", 8, 0, kind=2)], 64), "no whole blocks"),
        (tiny.gguf_bytes([tiny.gguf_field("general.alignment", 7)], TENSORS, 64), "alignment"),
        (tiny.gguf_bytes([tiny.gguf_field("tokenizer.chat_template", 7)], TENSORS, 64), "no text"),
        (tiny.gguf_bytes(FIELDS, [], 64), "counts"),
        (tiny.gguf_bytes(FIELDS, TENSORS, 64, counts=(2, 2**60)), "counts"),
    ],
)
def test_that_a_header_that_does_not_add_up_is_refused_with_the_file_named(content: bytes, reason: str) -> None:
    with pytest.raises(UserCorrectable, match=reason) as caught:
        read(content)
    assert "'m.gguf'" in str(caught.value)


def test_that_2000_mutated_headers_crash_nothing() -> None:
    chance = random.Random(3)
    length = len(GOOD) - 64
    refused = 0
    for _ in range(2_000):
        content = bytearray(GOOD)
        for _ in range(chance.randint(1, 3)):
            content[chance.randrange(length)] = chance.choice([0, 1, 8, 9, 255, chance.randrange(256)])
        try:
            assert read(bytes(content)).numbers >= 0
        except UserCorrectable:
            refused += 1
    assert 500 < refused < 2_000
