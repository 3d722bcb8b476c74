"""Crystals as they come in, before any of them is read: files of a folder, lines of a dump."""

from __future__ import annotations

import gzip
import hashlib
import json
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast

from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.engines.chem.file_reader import MAX_FILE_BYTES

MAX_DUMP_BYTES = 4_000_000_000
MAX_LIST_BYTES = 200_000_000
_BLOCK_BYTES = 1 << 20
_CRYSTAL_SUFFIXES = frozenset({".cif", ".mcif", ".vasp", ".poscar", ".json"})
_LINES_SUFFIXES = (".jsonl", ".jsonl.gz", ".ndjson", ".ndjson.gz")
_NAME_KEYS = ("name", "mineral")
_IDENTIFIER_KEYS = ("id", "material_id", "identifier", "entry_id")


@dataclass(frozen=True)
class RawCrystal:
    """One crystal to import.

    Attributes:
        identifier: in its set.
        name: mineral or trivial name, "" where there is none.
        request: what `reference_worker` is asked; empty where the crystal is refused unread.
        refused: why it is refused, "" where it is not.
        fraction: how far into the source it lies, 0 to 1.
    """

    identifier: str
    name: str
    request: dict[str, str]
    refused: str = ""
    fraction: float = 0.0


@dataclass(frozen=True)
class Source:
    """Where a set comes from.

    Attributes:
        name: of the set, where the person gives none.
        described: file or package, for a person.
        citation: what to cite, and the terms.
        fingerprint: SHA-256 of the content.
        crystals: reads it from the start.
    """

    name: str
    described: str
    citation: str
    fingerprint: str
    crystals: Callable[[], Iterator[RawCrystal]]


def source_of(path: Path) -> Source:
    """A folder of crystal files, one crystal file, or a dump: JSON lines (packed or not) or a JSON list.

    Raises:
        UserCorrectable: missing, too large, or nothing in it looks like a crystal.
    """
    path = path.expanduser()
    if path.is_dir():
        return _files_source(path, sorted(_crystal_files(path)))
    if not path.is_file():
        raise UserCorrectable(f"There is no file or folder '{path}'. Name a folder of CIFs, a dump, or amcsd.")
    if path.stat().st_size > MAX_DUMP_BYTES:
        raise UserCorrectable(f"'{path.name}' has more than {MAX_DUMP_BYTES / 1e9:.0f} GB. Split it.")
    if path.name.lower().endswith(_LINES_SUFFIXES):
        return _dump_source(path, lambda: _lines(path))
    if path.suffix.lower() == ".json" and (listed := _json_list(path)) is not None:
        return _dump_source(path, lambda: iter([(item, (i + 1) / len(listed)) for i, item in enumerate(listed)]))
    return _files_source(path.parent, [path], path.stem)


def _crystal_files(folder: Path) -> Iterator[Path]:
    """Every file below a folder that is named like a crystal; links are not followed."""
    for path in folder.rglob("*"):
        named = path.suffix.lower() in _CRYSTAL_SUFFIXES or path.name.upper().startswith(("POSCAR", "CONTCAR"))
        if named and path.is_file() and not path.is_symlink():
            yield path


def _files_source(folder: Path, paths: list[Path], name: str = "") -> Source:
    if not paths:
        raise UserCorrectable(f"The folder '{folder}' holds no CIF, POSCAR or JSON file. Name another.")
    digest = hashlib.sha256()
    for path in paths:
        digest.update(f"{path.relative_to(folder)}\0".encode(errors="surrogateescape"))
        with suppress(UserCorrectable):  # one that cannot be read is left out below, with the reason
            _feed(digest, path)

    def crystals() -> Iterator[RawCrystal]:
        for number, path in enumerate(paths, start=1):
            identifier = str(path.relative_to(folder))
            refused = _refusal(path)
            request = {} if refused else {"path": str(path.resolve())}
            yield RawCrystal(identifier, "", request, refused, number / len(paths))

    where = str(paths[0] if name else folder)
    return Source(name or folder.resolve().name, where, "", digest.hexdigest(), crystals)


def _refusal(path: Path) -> str:
    try:
        size = path.stat().st_size
    except OSError as error:
        return f"The file cannot be read ({error.strerror})."
    return f"The file has more than {MAX_FILE_BYTES / 1e6:.0f} MB." if size > MAX_FILE_BYTES else ""


def _dump_source(path: Path, items: Callable[[], Iterator[tuple[Any, float]]]) -> Source:
    digest = hashlib.sha256()
    _feed(digest, path)

    def crystals() -> Iterator[RawCrystal]:
        for number, (item, fraction) in enumerate(items(), start=1):
            yield _record(item, number, fraction)

    return Source(path.name.split(".")[0], str(path), "", digest.hexdigest(), crystals)


def _record(item: Any, number: int, fraction: float) -> RawCrystal:
    """One item of a dump: our own layout, a pymatgen structure, or either under the key "structure"."""
    if not isinstance(item, dict):
        return RawCrystal(str(number), "", {}, "The line is no JSON object of a crystal.", fraction)
    structure = item.get("structure", item)
    identifier = next((str(item[key]) for key in _IDENTIFIER_KEYS if item.get(key)), str(number))
    name = next((str(item[key]) for key in _NAME_KEYS if item.get(key)), "")
    return RawCrystal(identifier[:200], name[:200], {"text": json.dumps(structure)}, fraction=fraction)


def _lines(path: Path) -> Iterator[tuple[Any, float]]:
    """Items of JSON lines with how far into the file each lies; an over-long or damaged line is None."""
    size = path.stat().st_size
    with path.open("rb") as file:
        stream = cast(IO[bytes], gzip.GzipFile(fileobj=file) if path.suffix.lower() == ".gz" else file)
        try:
            while line := stream.readline(MAX_FILE_BYTES + 1):
                if line.strip():
                    yield _parsed(line), file.tell() / size
                while len(line) > MAX_FILE_BYTES and not line.endswith(b"\n"):
                    line = stream.readline(MAX_FILE_BYTES + 1)
        except (OSError, EOFError) as error:
            raise UserCorrectable(f"'{path.name}' is damaged ({error}). Copy it again.") from error


def _parsed(line: bytes) -> Any:
    if len(line) > MAX_FILE_BYTES:
        return None
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None


def _json_list(path: Path) -> list[Any] | None:
    """The list that a JSON file holds, None where it holds one object."""
    if path.stat().st_size > MAX_LIST_BYTES:
        raise UserCorrectable(
            f"'{path.name}' has more than {MAX_LIST_BYTES / 1e6:.0f} MB. Write it as JSON lines (*.jsonl)."
        )
    try:
        data = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise UserCorrectable(f"'{path.name}' is no JSON ({error}). Export it again.") from error
    return data if isinstance(data, list) else None


def _feed(digest: Any, path: Path) -> None:
    try:
        with path.open("rb") as file:
            while block := file.read(_BLOCK_BYTES):
                digest.update(block)
    except OSError as error:
        raise UserCorrectable(f"'{path}' cannot be read ({error.strerror}). Check its permissions.") from error


def reason(message: str) -> str:
    """A refusal without what is particular to one file, so that refusals can be counted."""
    first = re.split(r"\.(?:\s|$)", message, maxsplit=1)[0]
    first = re.sub(r"^'[^']*'", "the file", first)
    return re.sub(r"states .* but its sites make .*", "states another composition than its sites make", first)[:120]
