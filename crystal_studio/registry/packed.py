"""Packing models into one file, and out of it."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from crystal_studio.domain.errors import Unavailable, UserCorrectable
from crystal_studio.domain.model_card import ModelCard
from crystal_studio.ports.context import JobContext
from crystal_studio.registry.card_file import CARD_NAME
from crystal_studio.registry.disk import check_room, disk_in_words, settle_file
from crystal_studio.registry.integrity import sha256_of, verify_files
from crystal_studio.registry.packed_format import (
    BLOCK,
    ENDING,
    MANIFEST,
    MOST_MANIFEST_BYTES,
    Promise,
    header_of,
    manifest_text,
    read_exactly,
    read_header,
    read_manifest,
)

_CHUNK_BYTES = 1 << 22
_MOST_PADDING_BYTES = 10_240  # other programs fill up to a record of a tape


@dataclass
class _Progress:
    """Tells how far a copy is, and stops it when the person does."""

    part: str
    total: int
    context: JobContext
    done: int = 0

    def add(self, num_bytes: int, name: str) -> None:
        """Count bytes.

        Raises:
            JobCancelled: stopped.
        """
        self.context.check_cancelled()
        self.done += num_bytes
        self.context.progress(self.part, min(1.0, self.done / max(1, self.total)), name)


def pack_models(cards: Sequence[ModelCard], target: Path, program: str, context: JobContext) -> Path:
    """Write models into one file, which appears whole or not at all.

    Raises:
        UserCorrectable: the file is there or called otherwise, there is no room, or a model is damaged.
        JobCancelled: stopped; no file is left.
    """
    if target.suffix != ENDING or target.exists():
        raise UserCorrectable(f"{target} is there already, or does not end with {ENDING}. Choose another name.")
    contents = {f"{card.kind.value}/{card.id}": _contents(card, context) for card in cards}
    promises = {model: _promises(files, context) for model, files in contents.items()}
    total = sum(promise.size for files in promises.values() for promise in files.values())
    check_room(target.parent, total)
    progress = _Progress("packing", total, context)
    with disk_in_words(target), _whole_or_none(target) as file:
        _write_member(file, MANIFEST, [manifest_text(program, promises)])
        for model, files in contents.items():
            for path, lying in files.items():
                _write_file(file, f"{model}/{path}", lying, promises[model][path], progress)
        file.write(bytes(2 * BLOCK))
    return target


@contextmanager
def _whole_or_none(target: Path) -> Iterator[IO[bytes]]:
    """A file that gets its name when everything was written."""
    descriptor, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    part = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
            settle_file(file)
        part.chmod(0o644)  # a memory stick is read by others
        part.rename(target)
    finally:
        part.unlink(missing_ok=True)


def _contents(card: ModelCard, context: JobContext) -> dict[str, Path]:
    """Path in the model's folder -> file, after its hashes were compared.

    Raises:
        UserCorrectable: a file is missing or damaged.
        JobCancelled: stopped.
    """
    try:
        verify_files(card, lambda _num_bytes: context.check_cancelled())
    except Unavailable as error:
        raise UserCorrectable(f"{card.id} cannot be packed. {error}") from error
    return {name: card.folder / name for name in (CARD_NAME, *(file.path for file in card.files))}


def _promises(files: Mapping[str, Path], context: JobContext) -> dict[str, Promise]:
    context.check_cancelled()
    return {name: Promise(path.stat().st_size, sha256_of(path)) for name, path in files.items()}


def _write_file(file: IO[bytes], name: str, path: Path, promise: Promise, progress: _Progress) -> None:
    with path.open("rb") as lying:
        written = _write_member(file, name, _told(lying, name, progress), promise.size)
    if written != promise.size:
        raise UserCorrectable(f"{path} changed while it was packed. Try again.")


def _told(lying: IO[bytes], name: str, progress: _Progress) -> Iterator[bytes]:
    while chunk := lying.read(_CHUNK_BYTES):
        progress.add(len(chunk), name)
        yield chunk


def _write_member(
    file: IO[bytes], name: str, chunks: Sequence[bytes] | Iterator[bytes], size: int | None = None
) -> int:
    """How many bytes were written."""
    if size is None:
        chunks = list(chunks)
        size = sum(map(len, chunks))
    try:
        file.write(header_of(name, size))
    except ValueError as error:
        raise UserCorrectable(
            f"'{name}' cannot be packed: its name is too long. Give the model a shorter id."
        ) from error
    written = sum(file.write(chunk) for chunk in chunks)
    file.write(bytes(-written % BLOCK))
    return written


def unpacked_models(packed: Path, folder: Path, context: JobContext) -> tuple[Path, ...]:
    """Write every model of a packed file to `folder/kind/id`, each file compared with its checksum.

    Raises:
        UserCorrectable: it is no packed file, or damaged or unsafe; names what is wrong.
        OSError: the folder cannot be written to.
        JobCancelled: stopped.
    """
    try:
        size = packed.stat().st_size
        opened = packed.open("rb")
    except OSError as error:
        raise UserCorrectable(f"{packed} cannot be read ({error.strerror}). Check its name.") from error
    with opened as file:
        manifest = _manifest(file, packed.name)
        promised = {f"{model}/{path}": value for model, files in manifest.items() for path, value in files.items()}
        if sum(promise.size for promise in promised.values()) > size:
            raise UserCorrectable(f"'{packed.name}' promises more than it can hold, or it is cut short. Copy it again.")
        progress = _Progress("unpacking", size, context)
        for name, promise in _members(file, promised, packed.name):
            _write_checked(file, folder / name, promise, packed.name, progress)
    return tuple(folder / model for model in manifest)


def _manifest(file: IO[bytes], packed: str) -> dict[str, dict[str, Promise]]:
    header = read_header(file.read(BLOCK), packed)
    if header is None or header[0] != MANIFEST or header[1] > MOST_MANIFEST_BYTES:
        raise UserCorrectable(f"'{packed}' is no packed file of models. Take one that `models pack` wrote.")
    text = read_exactly(file, header[1], packed)
    read_exactly(file, -header[1] % BLOCK, packed)
    return read_manifest(text, packed)


def _members(file: IO[bytes], promised: Mapping[str, Promise], packed: str) -> Iterator[tuple[str, Promise]]:
    """Each promised member once, when the file stands at its bytes; nothing else may be there."""
    awaited = dict(promised)
    while header := read_header(read_exactly(file, BLOCK, packed), packed):
        name, size = header
        promise = awaited.pop(name, None)
        if promise is None or promise.size != size:
            raise UserCorrectable(f"'{packed}' holds '{name[:80]}', which its list of contents does not promise.")
        yield name, promise
    if awaited:
        raise UserCorrectable(f"'{packed}' lacks '{next(iter(awaited))}': it is not whole. Copy it again.")
    rest = file.read(_MOST_PADDING_BYTES + 1)
    if len(rest) > _MOST_PADDING_BYTES or rest.strip(b"\0"):
        raise UserCorrectable(f"'{packed}' goes on behind its end. Copy it again.")


def _write_checked(file: IO[bytes], path: Path, promise: Promise, packed: str, progress: _Progress) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    digest, left = hashlib.sha256(), promise.size
    with path.open("xb") as target:
        while left:
            chunk = read_exactly(file, min(left, _CHUNK_BYTES), packed)
            progress.add(len(chunk), path.name)
            digest.update(chunk)
            target.write(chunk)
            left -= len(chunk)
        settle_file(target)
    read_exactly(file, -promise.size % BLOCK, packed)
    if digest.hexdigest() != promise.sha256:
        raise UserCorrectable(
            f"'{path.name}' in '{packed}' was damaged on its way: its checksum differs. Copy it again."
        )
