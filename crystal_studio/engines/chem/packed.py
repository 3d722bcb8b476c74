"""Packed files (gz, bz2, xz, zip), unpacked only up to a limit: a bomb is refused before it is large."""

from __future__ import annotations

import bz2
import lzma
import zipfile
import zlib
from collections.abc import Iterator
from io import BytesIO
from pathlib import PurePosixPath
from typing import Any

from crystal_studio.domain.errors import UserCorrectable

MAX_UNPACKED_BYTES = 20_000_000
MAX_MEMBERS = 200
_STEP_BYTES = 1 << 20
_MEMORY_BYTES = 200_000_000  # of the xz dictionary
_TOO_LARGE = f"It would be larger than {MAX_UNPACKED_BYTES / 1e6:.0f} MB when unpacked. Export one crystal."


def unpacked(data: bytes, name: str) -> Iterator[tuple[str, bytes]]:
    """Name and bytes of each file in a packed one, or the file itself; told by its first bytes, not by its ending.

    Raises:
        UserCorrectable: damaged, too large when unpacked, encrypted, or packed in a way that is not read.
    """
    inner = name.rsplit(".", 1)[0] if "." in name else name
    try:
        if data.startswith(b"\x1f\x8b"):
            yield inner, _grown(zlib.decompressobj(wbits=31), data)
        elif data.startswith(b"BZh"):
            yield inner, _grown(bz2.BZ2Decompressor(), data)
        elif data.startswith(b"\xfd7zXZ\x00"):
            yield inner, _grown(lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_MEMORY_BYTES), data)
        elif data.startswith(b"PK\x03\x04"):
            yield from _members(data)
        elif data.startswith((b"\x28\xb5\x2f\xfd", b"7z\xbc\xaf", b"Rar!")):
            raise UserCorrectable("It is packed in a way that is not read. Unpack it first.")
        else:
            yield name, data
    except (zlib.error, lzma.LZMAError, OSError, EOFError, ValueError) as error:
        raise UserCorrectable(f"It is packed but damaged ({error}). Pack it again, or unpack it first.") from error


def _grown(unpacker: Any, data: bytes) -> bytes:
    """Unpacked in steps, so that no more than the limit is ever made."""
    parts, size, rest = [], 0, data
    while not unpacker.eof:
        part = unpacker.decompress(rest, _STEP_BYTES)
        rest = getattr(unpacker, "unconsumed_tail", b"")
        size += len(part)
        if size > MAX_UNPACKED_BYTES:
            raise UserCorrectable(_TOO_LARGE)
        if not part and not rest and getattr(unpacker, "needs_input", True):
            raise EOFError("it ends too early")
        parts.append(part)
    return b"".join(parts)


def _members(data: bytes) -> Iterator[tuple[str, bytes]]:
    """The files of a zip, folders and hidden files left out."""
    try:
        archive = zipfile.ZipFile(BytesIO(data))
    except (zipfile.BadZipFile, NotImplementedError) as error:
        raise UserCorrectable(f"It is packed but damaged ({error}). Pack it again, or unpack it first.") from error
    members = [one for one in archive.infolist() if not one.is_dir() and not _is_hidden(one.filename)]
    if len(members) > MAX_MEMBERS:
        raise UserCorrectable(f"It packs {len(members)} files; up to {MAX_MEMBERS} are read. Unpack it first.")
    left = MAX_UNPACKED_BYTES
    for member in members:
        content = _member(archive, member, left)
        left -= len(content)
        yield PurePosixPath(member.filename).name, content


def _member(archive: zipfile.ZipFile, member: zipfile.ZipInfo, most_bytes: int) -> bytes:
    try:
        with archive.open(member) as file:
            content = file.read(most_bytes + 1)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, zlib.error) as error:  # encrypted: RuntimeError
        raise UserCorrectable(f"It is packed but cannot be unpacked ({error}). Unpack it first.") from error
    if len(content) > most_bytes:
        raise UserCorrectable(_TOO_LARGE)
    return content


def _is_hidden(name: str) -> bool:
    path = PurePosixPath(name)
    return path.name.startswith((".", "__")) or "__MACOSX" in path.parts
