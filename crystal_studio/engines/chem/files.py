"""Crystals on disk: read by a limited child process, written by `crystal_writers`."""

from __future__ import annotations

import stat
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from crystal_studio.domain.crystal import Crystal
from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.domain.exported import LabelledCrystal, WritingStyle
from crystal_studio.domain.imported import ReadFile, RefusedFile, SharedSite
from crystal_studio.engines.chem.cif import p1_cif, symmetrized_cif
from crystal_studio.engines.chem.crystal_writers import Orders, write_crystals
from crystal_studio.engines.chem.file_reader import CAN_FORK, MAX_FILE_BYTES, MAX_WALL_SECONDS
from crystal_studio.engines.chem.limited_worker import TASKS_OF_ONE_CHILD, LimitedWorker
from crystal_studio.engines.chem.symmetry import SpglibSymmetrizer

MAX_TEXT_CHARACTERS = 2_000_000
_READER = "crystal_studio.engines.chem.file_reader"
_TOO_SLOW = "It took too long or too much memory to read. Export the primitive cell, or as CIF in P1."


class LimitedFiles:
    """Reads CIF, POSCAR, extended XYZ and JSON in a child that may be killed; writes those and more.

    Args:
        wall_seconds: when to kill the child that reads a file. Its own limit of 4 s of processor time, counted from
            when its libraries are loaded, acts first on anything but a stalled disk.
    """

    def __init__(self, wall_seconds: float = MAX_WALL_SECONDS + 10) -> None:
        self._wall_seconds = wall_seconds

    def read(self, path: Path) -> Crystal:
        """Read the first crystal of a file.

        Raises:
            UserCorrectable: missing, too large, damaged, disordered, of another composition than stated, or too slow
                to read; says what to do.
        """
        from crystal_studio.engines.chem.file_formats import only_ordered

        with closing(self.read_all([Path(path)])) as found:
            first = next(found)
        if isinstance(first, RefusedFile):
            raise UserCorrectable(f"'{first.name}' cannot be read. {first.reason}")
        return only_ordered(first)

    def read_all(self, paths: Iterable[Path]) -> Generator[ReadFile | RefusedFile]:
        """Every crystal of every file, in order, and what could not be read with its reason; raises nothing.

        One child reads them all, each in a process of its own.
        """
        with self._worker() as worker:
            for path in paths:
                reason = _unfit(path)
                if reason is not None:
                    yield RefusedFile(path.name, reason)
                else:
                    request = {"name": path.name, "path": str(path.absolute())}
                    yield from items_of(worker.ask(request), path.name)

    def read_text(self, text: str, name: str) -> Iterator[ReadFile | RefusedFile]:
        """The same of a text that was pasted; `name` is what it is called."""
        if len(text) > MAX_TEXT_CHARACTERS:
            yield RefusedFile(name, f"It has more than {MAX_TEXT_CHARACTERS:,} characters. Save it as a file.")
            return
        with self._worker() as worker:
            yield from items_of(worker.ask({"name": name, "text": text}), name)

    def write(self, path: Path, crystals: Sequence[LabelledCrystal], style: WritingStyle) -> Orders:
        """Write a new file; returns the orders of `WrittenFile`.

        Raises:
            UserCorrectable: this format does not hold them, no symmetry is found, or the disk refuses.
        """
        try:
            return write_crystals(path, crystals, style)
        except OSError as error:
            raise UserCorrectable(f"{path} cannot be written ({error.strerror}). Choose another place.") from error

    def to_cif(self, crystal: Crystal, title: str = "", comment: str = "") -> str:
        """CIF text in P1 as generated; equal crystals give equal bytes."""
        return p1_cif(crystal, title, comment)

    def to_symmetrized_cif(
        self, crystal: Crystal, symprec_angstrom: float = 0.1, title: str = "", comment: str = ""
    ) -> str:
        """CIF text of the conventional cell with symmetry operations and one site for each orbit."""
        conventional = SpglibSymmetrizer().conventional(crystal, symprec_angstrom)
        return symmetrized_cif(conventional, symprec_angstrom, title, comment)

    def _worker(self) -> LimitedWorker:
        return LimitedWorker(_READER, self._wall_seconds, TASKS_OF_ONE_CHILD if CAN_FORK else 1)


def items_of(answer: Mapping[str, Any] | None, name: str) -> Iterator[ReadFile | RefusedFile]:
    """What the child answered on a file, None where it did not."""
    if answer is None or "items" not in answer:  # killed by our clock or by its own limits
        yield RefusedFile(name, _TOO_SLOW)
        return
    for item in answer["items"]:
        yield _item(item, name, str(answer.get("sha256", "")))


def _item(item: dict[str, Any], name: str, sha256: str) -> ReadFile | RefusedFile:
    label = str(item["name"]) or name
    if "crystal" not in item:
        return RefusedFile(label, str(item["reason"]))
    return ReadFile(
        name=label,
        crystal=Crystal.from_dict(item["crystal"]),
        shared=tuple(SharedSite(int(index), dict(shares)) for index, shares in item["shared"]),
        reader=str(item["reader"]),
        steps=tuple(item["steps"]),
        warnings=tuple(item["warnings"]),
        sha256=sha256,
    )


def _unfit(path: Path) -> str | None:
    """Why no child need look at it, None where one must."""
    try:
        status = path.stat()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        return f"It cannot be read ({reason}). Check its name and place."
    if not stat.S_ISREG(status.st_mode):
        return "It is not a file. Name a file with a crystal."
    if status.st_size > MAX_FILE_BYTES:
        return (
            f"It has {status.st_size / 1e6:.0f} MB; up to {MAX_FILE_BYTES / 1e6:.0f} MB are read. Export one crystal."
        )
    return None
