"""The text of a file to its crystals; to be called only in a process that may die (see `file_reader`)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from importlib import import_module
from itertools import islice
from pathlib import PurePath

from crystal_studio.domain.crystal import Crystal
from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.domain.imported import ReadFile, RefusedFile
from crystal_studio.engines.chem.cascade import DAMAGE, Budget, Outcome, OutOfTime, read_in_turn
from crystal_studio.engines.chem.cif_readers import cif_readers
from crystal_studio.engines.chem.cif_scan import CifBlock, crystal_blocks, refuse_bomb, stated_formula
from crystal_studio.engines.chem.extxyz_readers import XyzFrame, extxyz_readers, xyz_frames
from crystal_studio.engines.chem.json_readers import json_structures, reading_of_json
from crystal_studio.engines.chem.poscar_readers import poscar_readers
from crystal_studio.engines.chem.reading import MAX_ATOMS, shown_warnings

__all__ = ["MAX_ATOMS", "parse_crystal", "read_crystals"]

MAX_CRYSTALS = 100  # of one file
Part = tuple[str, Callable[[Budget], Outcome]]
_XYZ_HEAD = re.compile(r"\s*\d+[ \t]*\r?\n[^\n]*", re.ASCII)
_UNSHOWABLE = re.compile(r"[\x00-\x1f\x7f-\x9f]+")
_DISORDERED = (
    "Some of its sites are shared or partly filled. The models know ordered crystals only, so it can be looked at but "
    "not worked with; the likeliest species stands on each site."
)


def parse_crystal(text: str, name: str) -> Crystal:
    """The first crystal of a text.

    Args:
        text: content of a file.
        name: its name, whose ending decides the format where it can.

    Raises:
        UserCorrectable: damaged, disordered, too large, or another composition than the file states.
    """
    return only_ordered(next(read_crystals(text, name)))


def only_ordered(first: ReadFile | RefusedFile) -> Crystal:
    """The crystal that was read.

    Raises:
        UserCorrectable: it was refused, or it is disordered.
    """
    if isinstance(first, RefusedFile):
        raise UserCorrectable(first.reason)
    if not first.is_ordered:
        raise UserCorrectable("The structure has shared or partly filled sites. Give one with every site filled.")
    return first.crystal


def read_crystals(text: str, name: str, budget: Budget | None = None) -> Iterator[ReadFile | RefusedFile]:
    """Every crystal of a text, or why it was refused.

    Args:
        text: content of a file.
        name: its name, whose ending decides the format where it can.
        budget: processor time for all of it.
    """
    load_readers()
    budget = budget or Budget()
    try:
        format_name = _format(text, name)
        parts = _PARTS[format_name](text, name)
    except (UserCorrectable, *DAMAGE) as error:
        yield RefusedFile(name, _reason(error))
        return
    for label, read in islice(parts, MAX_CRYSTALS):
        yield _read(label, format_name, read, budget)
    if len(parts) > MAX_CRYSTALS:
        yield RefusedFile(name, f"It holds {len(parts)} crystals; the first {MAX_CRYSTALS} are read. Split the file.")


def load_readers() -> None:
    """Import the libraries: loading them is not the file's fault, so that it comes before any limit."""
    for name in ("pymatgen.io.cif", "pymatgen.io.vasp.inputs", "gemmi", "ase.io.cif", "ase.io.extxyz", "ase.io.vasp"):
        import_module(name)


def _read(label: str, format_name: str, read: Callable[[Budget], Outcome], budget: Budget) -> ReadFile | RefusedFile:
    try:
        outcome = read(budget)
    except OutOfTime:
        return RefusedFile(label, "The file takes too long to read. Split it, or export the primitive cell.")
    except (UserCorrectable, *DAMAGE) as error:
        return RefusedFile(label, _reason(error))
    reading = outcome.reading
    told = (_DISORDERED,) if reading.shared else ()
    steps = (f"Taken for {format_name}.", *outcome.steps, f"Kept what {reading.reader} read.")
    return ReadFile(label, reading.crystal, reading.shared, reading.reader, steps, (*told, *outcome.warnings))


def _reason(error: BaseException) -> str:
    if isinstance(error, UserCorrectable):
        return _UNSHOWABLE.sub(" ", str(error))[:1000]
    if isinstance(error, RecursionError):
        return "It is nested too deeply. Export the crystal again."
    return "It is damaged or of another format. Export the crystal again as CIF."


def _format(text: str, name: str) -> str:
    """By the name where it tells, else by the content.

    Raises:
        UserCorrectable: it is nothing that is read.
    """
    path = PurePath(name)
    suffix, stem = path.suffix.lower(), path.name.upper()
    if suffix in {".cif", ".mcif"}:
        return "CIF"
    if suffix in {".vasp", ".poscar", ".contcar"} or stem.startswith(("POSCAR", "CONTCAR")):
        return "POSCAR"
    if suffix == ".json" or text.lstrip()[:1] in {"{", "["}:
        return "JSON"
    if suffix in {".xyz", ".extxyz"} or (_XYZ_HEAD.match(text) and "attice" in text[:5000]):
        return "extended XYZ"
    if "_cell_length_a" in text or "_atom_site_" in text:
        return "CIF"
    if len(text.split("\n", 8)) >= 8:
        return "POSCAR"
    raise UserCorrectable("It is no crystal that is read. Give CIF, POSCAR, extended XYZ or the JSON of a structure.")


def _cif_parts(text: str, name: str) -> list[Part]:
    blocks = crystal_blocks(text)
    several = len(blocks) > 1
    return [
        (_label(name, number, block.name) if several else name, _reader_of_block(block))
        for number, block in enumerate(blocks, 1)
    ]


def _reader_of_block(block: CifBlock) -> Callable[[Budget], Outcome]:
    def read(budget: Budget) -> Outcome:
        refuse_bomb(block)
        return read_in_turn(cif_readers(block.text), stated_formula(block), budget)

    return read


def _poscar_parts(text: str, name: str) -> list[Part]:
    return [(name, lambda budget: read_in_turn(poscar_readers(text), None, budget))]


def _extxyz_parts(text: str, name: str) -> list[Part]:
    """The crystals of a file of ours; all frames of another, or the last one where they are one trajectory."""
    frames = xyz_frames(text)
    ended = [frame for frame in frames if not frame.is_on_the_way]
    warning = ""
    if len(ended) < len(frames) and ended:
        warning = f"{len(frames) - len(ended)} frames are the way to a crystal and were left out."
    elif len(frames) > 1 and not frames[0].is_ours and all(frame.symbols == frames[0].symbols for frame in frames):
        ended = frames[-1:]
        warning = f"Its {len(frames)} frames have the same atoms and were taken for a trajectory; the last one is read."
    return [
        (_label(name, number, "") if len(ended) > 1 else name, _reader_of_frame(frame, warning))
        for number, frame in enumerate(ended, 1)
    ]


def _reader_of_frame(frame: XyzFrame, warning: str) -> Callable[[Budget], Outcome]:
    def read(budget: Budget) -> Outcome:
        outcome = read_in_turn(extxyz_readers(frame), None, budget)
        return replace(outcome, warnings=tuple(filter(None, (warning, *outcome.warnings))))

    return read


def _json_parts(text: str, name: str) -> list[Part]:
    found = json_structures(text)
    several = len(found) > 1
    return [
        (_label(name, number, title) if several else name, _reader_of_json(data))
        for number, (title, data) in enumerate(found, 1)
    ]


def _reader_of_json(data: dict[str, object]) -> Callable[[Budget], Outcome]:
    def read(budget: Budget) -> Outcome:
        reading = reading_of_json(data)
        return Outcome(reading, (f"Crystal Studio read {reading.summary}.",), shown_warnings(reading.warnings))

    return read


def _label(name: str, number: int, title: str) -> str:
    clean = _UNSHOWABLE.sub(" ", title)[:60].strip()
    return f"{name} ({number}: {clean})" if clean else f"{name} ({number})"


_PARTS: dict[str, Callable[[str, str], list[Part]]] = {
    "CIF": _cif_parts,
    "POSCAR": _poscar_parts,
    "extended XYZ": _extxyz_parts,
    "JSON": _json_parts,
}
