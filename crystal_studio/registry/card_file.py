"""Reading ``model.toml`` strictly: what is not understood is refused, with the place and what to write."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any, TypeVar

from crystal_studio.domain.errors import Unavailable
from crystal_studio.domain.model_card import ModelCard, ModelFile, ModelKind

CARD_NAME = "model.toml"
# Formats that hold data and nothing that runs; `.gz` is read as JSON lines.
SAFE_SUFFIXES = frozenset({".safetensors", ".gguf", ".json", ".jsonl", ".gz", ".npz", ".txt", ".csv", ".toml", ".md"})
_SOURCES = {
    "wheel": {"package", "version", "file", "sha256"},
    "repository": {"repository", "revision", "file", "sha256"},
    "url": {"url", "sha256"},
    "folder": {"path"},
}
_FIELDS = {"id", "kind", "version", "backend", "default", "memory_mb", "files", "sources", "options", "provenance"}
_IDENTIFIER = re.compile(r"[a-z0-9][a-z0-9._-]{0,99}")
_BACKEND = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*")
_SHA256 = re.compile(r"[0-9a-f]{64}")
T = TypeVar("T")


def read_card(path: Path) -> ModelCard:
    """Read and check one card where it lies.

    Raises:
        Unavailable: not TOML, a field is missing, unknown or of the wrong kind, or a path leaves the folder.
    """
    try:
        text = path.read_bytes()
    except OSError as error:
        raise Unavailable(f"The model card {path} cannot be read ({error}). Mend it, or remove its folder.") from error
    return card_of(text, path)


def card_of(text: bytes, path: Path, *, is_in_place: bool = True) -> ModelCard:
    """The card that a text says.

    Args:
        text: TOML in UTF-8.
        path: where it was found.
        is_in_place: whether the folder has to be called like the model, and its parent like the kind.

    Raises:
        Unavailable: as `read_card`.
    """
    try:
        table = tomllib.loads(text.decode())
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise Unavailable(f"The model card {path} cannot be read ({error}). Mend it, or remove its folder.") from error
    return _CardReader(path, table, is_in_place).card()


class _CardReader:
    """Takes fields out of one table, naming the card in every complaint."""

    def __init__(self, path: Path, table: Mapping[str, Any], is_in_place: bool) -> None:
        self._path = path
        self._table = table
        self._is_in_place = is_in_place

    def card(self) -> ModelCard:
        unknown = sorted(self._table.keys() - _FIELDS)
        if unknown:
            raise self._wrong(f"'{unknown[0]}' is no field of a card; the fields are {', '.join(sorted(_FIELDS))}")
        return ModelCard(
            id=self._identifier(),
            kind=self._kind(),
            version=self._field("version", str),
            backend=self._backend(),
            files=tuple(self._file(item) for item in self._tables("files")),
            sources=tuple(self._source(item) for item in self._tables("sources")),
            options=self._field("options", dict, {}),
            provenance=self._field("provenance", dict, {}),
            memory_mb=self._field("memory_mb", int, 0),
            default=self._field("default", bool, False),
            folder=self._path.parent,
        )

    def _identifier(self) -> str:
        identifier = self._field("id", str)
        if (self._is_in_place and identifier != self._path.parent.name) or not _IDENTIFIER.fullmatch(identifier):
            raise self._wrong(f"id must be the folder's name, '{self._path.parent.name}', in small letters")
        return identifier

    def _kind(self) -> ModelKind:
        name = self._field("kind", str)
        if (self._is_in_place and name != self._path.parent.parent.name) or name not in set(ModelKind):
            raise self._wrong(f"kind must be the parent folder's name and one of {', '.join(ModelKind)}, not '{name}'")
        return ModelKind(name)

    def _backend(self) -> str:
        backend = self._field("backend", str)
        if not _BACKEND.fullmatch(backend):
            raise self._wrong(f"backend must be written 'module:factory', not '{backend}'")
        return backend

    def _file(self, item: Mapping[str, Any]) -> ModelFile:
        if item.keys() != {"path", "sha256"} or not all(isinstance(value, str) for value in item.values()):
            raise self._wrong("each of [[files]] must have exactly a path and a sha256")
        path = PurePosixPath(item["path"])
        if path.is_absolute() or ".." in path.parts or not path.parts:
            raise self._wrong(f"the file '{item['path']}' must lie inside the model's folder")
        if path.suffix not in SAFE_SUFFIXES:
            raise self._wrong(f"'{item['path']}' may hold code; convert weights to safetensors")
        return ModelFile(str(path), self._sha256(item["sha256"]))

    def _source(self, item: Mapping[str, Any]) -> Mapping[str, Any]:
        known = _SOURCES.get(item.get("type", ""))
        if known is None:
            raise self._wrong(f"each of [[sources]] must have a type: {', '.join(_SOURCES)}")
        strange = sorted(item.keys() - known - {"type"})
        if strange or not all(isinstance(value, str) for value in item.values()):
            raise self._wrong(f"a source of type '{item['type']}' has texts named {', '.join(sorted(known))} only")
        if "sha256" in item:
            self._sha256(item["sha256"])
        return dict(item)

    def _sha256(self, text: str) -> str:
        if not _SHA256.fullmatch(text):
            raise self._wrong(f"'{text[:70]}' is no SHA-256; it has 64 hexadecimal digits in small letters")
        return text

    def _tables(self, name: str) -> list[dict[str, Any]]:
        items = self._field(name, list, [])
        if not all(isinstance(item, dict) for item in items):
            raise self._wrong(f"{name} must be written as [[{name}]] tables")
        return items

    def _field(self, name: str, kind: type[T], otherwise: T | None = None) -> T:
        value = self._table.get(name, otherwise)
        if value is None:
            raise self._wrong(f"the field '{name}' is missing")
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            raise self._wrong(f"the field '{name}' must be of type {kind.__name__}")
        return value

    def _wrong(self, what: str) -> Unavailable:
        return Unavailable(f"The model card {self._path} is wrong: {what}. Mend it, or remove its folder.")
