"""Choices in the person's models folder; what was measured and verified in a file of this machine."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from crystal_studio.domain.model_card import ModelCard, ModelKind
from crystal_studio.domain.trial import Trial
from crystal_studio.registry.choices import read_choices, replace_text, write_choice

logger = logging.getLogger(__name__)
_TRIALS, _CHECKS = "trials", "checks"


class FileModelMemory:
    """Implements `ports.model_memory.ModelMemory` over two files.

    Args:
        models: the person's models folder; its `choices.toml` is read by `FolderCatalog` too.
        measured: a JSON file for what holds on this machine only.
    """

    def __init__(self, models: Path, measured: Path) -> None:
        self._models = models
        self._measured = measured

    def chosen(self) -> Mapping[ModelKind, str]:
        """Kind -> id of the model that the person chose for the job."""
        return read_choices(self._models)

    def choose(self, kind: ModelKind, model_id: str | None) -> None:
        """Let a model do the job from now on; None for the usual one.

        Raises:
            UserCorrectable: the choice cannot be written.
        """
        write_choice(self._models, kind, model_id)

    def trial(self, card: ModelCard) -> Trial | None:
        """The last trial of these very files on this machine."""
        kept = self._read(_TRIALS).get(_name(card))
        if not isinstance(kept, dict) or kept.get("fingerprint") != card.fingerprint:
            return None
        return _trial({name: kept.get(name) for name in Trial.__dataclass_fields__})

    def remember_trial(self, card: ModelCard, trial: Trial) -> None:
        """Keep a trial; it is lost, and nothing else, where it cannot be written."""
        self._write(_TRIALS, card, {"fingerprint": card.fingerprint, **asdict(trial)})

    def is_checked(self, card: ModelCard) -> bool:
        """Whether these files were verified and have neither another size nor another time since."""
        return self._read(_CHECKS).get(_name(card)) == _stamp(card)

    def remember_check(self, card: ModelCard) -> None:
        """Keep that the files were just verified; it is lost, and nothing else, where it cannot be written."""
        self._write(_CHECKS, card, _stamp(card))

    def _read(self, part: str) -> dict[str, Any]:
        try:
            table = json.loads(self._measured.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        found = table.get(part) if isinstance(table, dict) else None
        return found if isinstance(found, dict) else {}

    def _write(self, part: str, card: ModelCard, value: object) -> None:
        kept = {name: self._read(name) for name in (_TRIALS, _CHECKS)}
        kept[part][_name(card)] = value
        try:
            replace_text(self._measured, json.dumps(kept, indent=1))
        except OSError as error:
            logger.warning("What was found out about %s cannot be kept: %s", card.id, error)


def _name(card: ModelCard) -> str:
    return f"{card.kind.value}/{card.id}"


def _stamp(card: ModelCard) -> list[Any]:
    """Hashes that the card names, and size and time of each file; a missing file has neither."""
    stamp: list[Any] = [str(card.folder), card.fingerprint]
    for file in card.files:
        try:
            status = (card.folder / file.path).stat()
        except OSError:
            stamp.append([file.path, None, None])
        else:
            stamp.append([file.path, status.st_size, status.st_mtime_ns])
    return stamp


def _trial(values: Mapping[str, Any]) -> Trial | None:
    """The trial that was kept, None where a value of it has been meddled with."""
    kinds: dict[str, Any] = {"str": str, "int": int, "float": (int, float)}
    for item in fields(Trial):
        if not isinstance(values[item.name], kinds[str(item.type)]):
            return None
    return Trial(**values)
