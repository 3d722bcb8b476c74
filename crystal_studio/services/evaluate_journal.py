"""A run that can be stopped: one JSON line for each finished row, read back and skipped the next time."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO

from crystal_studio.domain.errors import Unavailable, UserCorrectable


class Journal:
    """Outcomes of a run by row.

    The first line holds the settings; a file of another run is refused, so that figures are never mixed. A last line
    that was cut off by a kill is dropped; its row is done again.

    Raises:
        UserCorrectable: the file belongs to a run with other settings, or is not one of ours.
        Unavailable: the file cannot be written.
    """

    def __init__(self, path: Path, settings: Mapping[str, Any]) -> None:
        self._path = path
        self.outcomes: dict[str, dict[str, Any]] = {}
        plain = json.loads(json.dumps(settings))
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            lines = self._whole_lines()
            self._file: BinaryIO = path.open("ab")
        except OSError as error:
            raise Unavailable(
                f"'{path}' cannot be written ({error.strerror}). Choose another file with --out."
            ) from error
        if lines:
            self._read(lines, plain)
        else:
            self._write({"settings": plain})

    def __enter__(self) -> Journal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def append(self, outcomes: Iterable[Mapping[str, Any]]) -> None:
        """Keep the outcomes of finished rows; each has its row's "id"."""
        for outcome in outcomes:
            if outcome["id"] not in self.outcomes:
                self._write(outcome)
                self.outcomes[outcome["id"]] = dict(outcome)

    def _whole_lines(self) -> list[bytes]:
        """All complete lines; what follows the last line end is cut off."""
        if not self._path.exists():
            return []
        content = self._path.read_bytes()
        end = content.rfind(b"\n") + 1
        if end < len(content):
            with self._path.open("r+b") as file:
                file.truncate(end)
        return content[:end].splitlines()

    def _read(self, lines: list[bytes], settings: Any) -> None:
        try:
            rows = [json.loads(line) for line in lines]
            found = rows[0]["settings"]
            self.outcomes = {row["id"]: row for row in rows[1:]}
        except (ValueError, KeyError, TypeError) as error:
            self._file.close()
            raise UserCorrectable(f"'{self._path}' is not a journal of an evaluation. Choose another --out.") from error
        if found != settings:
            self._file.close()
            names = sorted(name for name in {*found, *settings} if found.get(name) != settings.get(name))
            raise UserCorrectable(
                f"'{self._path}' belongs to a run with other settings ({', '.join(names)}). "
                "Use the same settings or choose another --out."
            )

    def _write(self, row: Mapping[str, Any]) -> None:
        self._file.write(json.dumps(row, separators=(",", ":")).encode() + b"\n")
        self._file.flush()
