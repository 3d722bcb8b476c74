"""What a packed file is: a plain tar archive, not compressed, with a manifest first; any tar program can look into it.

It is read block by block here, not by `tarfile`: every member has to be a file that the manifest promises, and links,
sparse files, long-name headers and whatever else a tar may hold do not occur in it.
"""

from __future__ import annotations

import json
import re
import tarfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import IO, Any

from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.domain.model_card import ModelKind
from crystal_studio.registry.card_file import CARD_NAME, SAFE_SUFFIXES
from crystal_studio.registry.strict_json import is_count, strict_object

FORMAT, VERSION, ENDING, MANIFEST = "crystal-studio-models", 1, ".tar", "manifest.json"
BLOCK = tarfile.BLOCKSIZE
MOST_MANIFEST_BYTES = 4_000_000
_MOST_MODELS, _MOST_FILES = 200, 2_000
_OCTAL_SIZE_BYTES = 8**11  # above this the size field takes GNU's base 256
_IDENTIFIER = re.compile(r"[a-z0-9][a-z0-9._-]{0,99}")
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Promise:
    """What the manifest says of one member."""

    size: int
    sha256: str


def header_of(name: str, size: int) -> bytes:
    """The block before a member's bytes.

    Raises:
        ValueError: the name is too long for a tar archive.
    """
    info = tarfile.TarInfo(name)
    info.size = size
    block = info.tobuf(tarfile.USTAR_FORMAT if size < _OCTAL_SIZE_BYTES else tarfile.GNU_FORMAT)
    if len(block) != BLOCK:
        raise ValueError(f"the name {name} is too long")
    return block


def read_header(block: bytes, file: str) -> tuple[str, int] | None:
    """Name and size of the member behind a block, None for the block of zeros at the end.

    Raises:
        UserCorrectable: it is no header, or not of a plain file.
    """
    if not block.strip(b"\0") and len(block) == BLOCK:
        return None
    try:
        info = tarfile.TarInfo.frombuf(block, "utf-8", "strict")
    except (tarfile.HeaderError, UnicodeDecodeError) as error:
        raise UserCorrectable(f"'{file}' is no packed file of models, or it is cut short. Copy it again.") from error
    if info.type != tarfile.REGTYPE or info.size < 0:
        raise UserCorrectable(f"'{file}' holds '{info.name[:80]}', which is a link or a device and no file.")
    return info.name, info.size


def manifest_text(program: str, models: Mapping[str, Mapping[str, Promise]]) -> bytes:
    """The manifest.

    Args:
        program: what wrote it.
        models: "kind/id" -> path -> promise.
    """
    listed = {
        name: {path: {"size": promise.size, "sha256": promise.sha256} for path, promise in files.items()}
        for name, files in models.items()
    }
    table = {"format": FORMAT, "version": VERSION, "program": program, "models": listed}
    return json.dumps(table, indent=1).encode()


def read_manifest(text: bytes, file: str) -> dict[str, dict[str, Promise]]:
    """ "kind/id" -> path -> promise, every name harmless.

    Raises:
        UserCorrectable: it is no manifest that this program can read; says why.
    """
    table = strict_object(text, f"{MANIFEST} in {file}")
    if table.get("format") != FORMAT:
        raise UserCorrectable(f"'{file}' is no packed file of models. Take one that `models pack` wrote.")
    if table.get("version") != VERSION:
        raise UserCorrectable(f"'{file}' was packed by another version of the program. Pack it with this one.")
    models = table.get("models")
    if not isinstance(models, dict) or not 0 < len(models) <= _MOST_MODELS:
        raise UserCorrectable(f"'{file}' holds no models, or more than {_MOST_MODELS}.")
    for name in models:
        kind, _, identifier = name.partition("/")
        if kind not in set(ModelKind) or not _IDENTIFIER.fullmatch(identifier):
            raise UserCorrectable(f"'{file}' holds a model of an impossible name ({name[:80]!r}).")
    return {name: _files(files, name, file) for name, files in models.items()}


def _files(files: Any, model: str, packed: str) -> dict[str, Promise]:
    if not isinstance(files, dict) or CARD_NAME not in files or len(files) > _MOST_FILES:
        raise UserCorrectable(f"'{packed}' holds no card for {model}, or too many files. Pack it again.")
    if len({path.casefold() for path in files}) != len(files):
        raise UserCorrectable(f"'{packed}' holds two files of {model} whose names differ in case only.")
    return {path: _promise(path, value, packed) for path, value in files.items()}


def _promise(path: str, value: Any, packed: str) -> Promise:
    parts: Sequence[str] = path.split("/")
    if not path.isprintable() or "\\" in path or ":" in path or any(part in ("", ".", "..") for part in parts):
        raise UserCorrectable(f"'{packed}' holds a file whose name leads elsewhere ({path[:80]!r}).")
    if PurePosixPath(path).suffix not in SAFE_SUFFIXES:
        raise UserCorrectable(f"'{packed}' holds '{path[:80]}', which may hold code.")
    if not isinstance(value, dict) or value.keys() != {"size", "sha256"} or not is_count(value["size"]):
        raise UserCorrectable(f"'{packed}' says nothing of the size of '{path[:80]}'.")
    if not isinstance(value["sha256"], str) or not _SHA256.fullmatch(value["sha256"]):
        raise UserCorrectable(f"'{packed}' says nothing of the checksum of '{path[:80]}'.")
    return Promise(value["size"], value["sha256"])


def read_exactly(file: IO[bytes], length: int, name: str) -> bytes:
    """So many bytes.

    Raises:
        UserCorrectable: the file ends before.
    """
    found = file.read(length)
    if len(found) != length:
        raise UserCorrectable(f"'{name}' is cut short. Copy it again.")
    return found
