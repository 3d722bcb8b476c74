"""The sets of known crystals of one person: a folder of indexes, and the prototypes of AFLOW."""

from __future__ import annotations

import re
import tempfile
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic

from crystal_studio.domain.crystal import Crystal
from crystal_studio.domain.errors import Unavailable, UserCorrectable
from crystal_studio.domain.known import Known, MatchKind, ReferenceMatch, ReferenceSet, SearchedSet
from crystal_studio.engines.chem import aflow, amcsd
from crystal_studio.engines.chem.bridge import to_structure
from crystal_studio.engines.chem.limited_worker import LimitedWorker
from crystal_studio.engines.chem.reference_cell import ReferenceCell, reference_cell
from crystal_studio.engines.chem.reference_index import SUFFIX, IndexWriter, ReferenceEntry, ReferenceIndex
from crystal_studio.engines.chem.reference_source import RawCrystal, Source, reason, source_of
from crystal_studio.ports.context import JobContext

MAX_MATCHES = 5  # of one set
MAX_TRIES = 3  # entries of one name and space group: determinations of one mineral match each other
SECONDS = 1.5  # for comparing with all sets; a tenth of it is usual
_WORKER = "crystal_studio.engines.chem.reference_worker"
_WALL_SECONDS = 60.0
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_NOT_IN_NAMES = re.compile(r"[^a-z0-9._-]+")
_TOO_SLOW = "Reading or reducing the crystal took too long or too much memory."
_MOST_REASONS = 20


class IndexedReferences:
    """Implements `ports.reference_library.ReferenceLibrary`.

    Args:
        folder: where the indexes lie; made when a set is imported.
        amcsd_pin: requirements file that names the wheel with AMCSD and its hash.
    """

    def __init__(self, folder: Path, amcsd_pin: Path) -> None:
        self._folder = folder
        self._amcsd_pin = amcsd_pin
        self._prototypes = aflow.AflowPrototypes()

    def search(self, crystal: Crystal) -> Known:
        """What the crystal matches, by `StructureMatcher` with its default tolerances.

        Only entries of the same reduced formula and number of atoms in the reduced cell are compared: no other can
        match. Of several entries of one name, only the first that matches is told, and of each name and space group
        only the `MAX_TRIES` nearest in volume are compared.
        """
        try:
            cell = reference_cell(crystal)
        except (UserCorrectable, ValueError) as error:  # pymatgen finds no Niggli cell: ValueError
            return Known(problems=(f"not compared with known crystals: {error}",))
        search = _Search(cell)
        for index in self._indexes():
            search.compounds(index)
        search.prototypes(self._prototypes)
        return search.known()

    def sets(self) -> tuple[ReferenceSet, ...]:
        """Every set, the prototypes last.

        Raises:
            Unavailable: an index is damaged.
        """
        return (*(index.about() for index in self._indexes()), self._prototypes.about())

    def import_set(self, source: str, name: str | None, context: JobContext) -> ReferenceSet:
        """Import a set; see the port."""
        if source.lower() != amcsd.NAME:
            return self._imported(self._source_at(Path(source)), name, context)
        there = self._unchanged(_name_of(name, amcsd.NAME), amcsd.pinned_hash(self._amcsd_pin))
        if there is not None:
            return there
        with tempfile.TemporaryDirectory(prefix="crystal-studio-") as folder:
            context.progress("downloading", 0.0)
            wheel = amcsd.download_wheel(self._amcsd_pin, Path(folder))
            return self._imported(self._source_at(wheel), name, context)

    def remove(self, name: str) -> None:
        """Forget an imported set.

        Raises:
            UserCorrectable: there is no such set.
        """
        path = self._path(_checked_name(name))
        try:
            path.unlink()
        except FileNotFoundError as error:
            raise UserCorrectable(
                f"There is no imported set '{name}'. `crystal-studio references list` names them."
            ) from error
        except OSError as error:
            raise Unavailable(f"{path} cannot be removed ({error.strerror}). Check its folder.") from error

    def _source_at(self, path: Path) -> Source:
        if path.suffix.lower() == ".whl":
            return amcsd.amcsd_source(path, amcsd.pinned_hash(self._amcsd_pin))
        return source_of(path)

    def _imported(self, source: Source, name: str | None, context: JobContext) -> ReferenceSet:
        chosen = _name_of(name, source.name)
        there = self._unchanged(chosen, source.fingerprint)
        if there is not None:
            return there
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=self._folder, prefix=".building-") as scratch:
                return _build(source, chosen, Path(scratch) / "index", self._path(chosen), context)
        except OSError as error:
            raise Unavailable(
                f"The set cannot be written to {self._folder} ({error.strerror}). Free some space, or check the folder."
            ) from error

    def _unchanged(self, name: str, fingerprint: str) -> ReferenceSet | None:
        """The set as it is, where the same content was imported before."""
        if not self._path(name).is_file():
            return None
        try:
            there = ReferenceIndex(self._path(name)).about()
        except Unavailable:
            return None  # damaged or old: importing again is the cure
        return there if there.fingerprint == fingerprint else None

    def _path(self, name: str) -> Path:
        return self._folder / f"{name}{SUFFIX}"

    def _indexes(self) -> list[ReferenceIndex]:
        return [ReferenceIndex(path) for path in sorted(self._folder.glob(f"*{SUFFIX}"))]


class _Search:
    """One search in progress."""

    def __init__(self, cell: ReferenceCell) -> None:
        from pymatgen.core.structure_matcher import StructureMatcher

        self._cell = cell
        self._target = to_structure(cell.crystal)
        self._matcher = StructureMatcher(primitive_cell=False)  # the cells are primitive already
        self._end = monotonic() + SECONDS
        self._searched: list[SearchedSet] = []
        self._matches: list[ReferenceMatch] = []
        self._problems: list[str] = []

    def compounds(self, index: ReferenceIndex) -> None:
        """Compare with one imported set."""
        try:
            about, entries = index.about(), index.entries_like(self._cell)
        except Unavailable as error:
            self._problems.append(str(error))
            return
        left = self._compare(index.name, entries)
        if left:
            self._problems.append(f"{left} crystals of this formula in {index.name} were not compared for lack of time")
        else:
            self._searched.append(SearchedSet(about.name, about.kind, about.entries))

    def _compare(self, name: str, entries: list[ReferenceEntry]) -> int:
        """Compare until there are enough matches; how many entries the time did not suffice for."""
        told: set[str] = set()
        tries: Counter[tuple[str, int]] = Counter()
        for number, entry in enumerate(entries):
            label = entry.name or entry.identifier
            if label in told or tries[label, entry.cell.space_group] == MAX_TRIES:
                continue
            if len(told) == MAX_MATCHES:
                break
            if monotonic() > self._end:
                return len(entries) - number
            tries[label, entry.cell.space_group] += 1
            match = self._compared(name, entry)
            if match is not None:
                told.add(label)
                self._matches.append(match)
        return 0

    def _compared(self, name: str, entry: ReferenceEntry) -> ReferenceMatch | None:
        crystal = entry.cell.crystal
        found = self._matcher.get_rms_dist(to_structure(crystal), self._target)
        if found is None:
            return None
        return ReferenceMatch(name, entry.identifier, entry.name, crystal.formula, float(found[0]))

    def prototypes(self, library: aflow.AflowPrototypes) -> None:
        """Compare with the prototypes."""
        try:
            about = library.about()
            match = library.match(self._cell)
        except Unavailable as error:
            self._problems.append(str(error))
        else:
            self._searched.append(SearchedSet(about.name, about.kind, about.entries))
            self._matches += [match] if match else []

    def known(self) -> Known:
        """The outcome, compounds first."""
        matches = sorted(self._matches, key=lambda match: match.kind is MatchKind.PROTOTYPE)
        return Known(tuple(self._searched), tuple(matches), tuple(self._problems))


def _build(source: Source, name: str, path: Path, target: Path, context: JobContext) -> ReferenceSet:
    """Write the index of a source.

    Raises:
        UserCorrectable: no crystal of the source can be used.
        JobCancelled: stopped.
    """
    left_out: Counter[str] = Counter()
    writer = IndexWriter(path)
    try:
        with LimitedWorker(_WORKER, _WALL_SECONDS) as worker:
            for raw in source.crystals():
                context.check_cancelled()
                context.progress("importing", raw.fraction, f"{writer.entries:,} crystals")
                answer = _reduced(raw, worker)
                if isinstance(answer, str):
                    left_out[reason(answer)] += 1
                else:
                    writer.add(ReferenceEntry(raw.identifier, raw.name, answer))
        if not writer.entries:
            most = "; ".join(why for why, _ in left_out.most_common(2)) or "it is empty"
            raise UserCorrectable(f"No crystal of {source.described} can be used ({most}). Name another source.")
        return writer.finish(_about(source, name, left_out), target)
    finally:
        writer.close()


def _reduced(raw: RawCrystal, worker: LimitedWorker) -> ReferenceCell | str:
    """The crystal's cell, or why it is left out."""
    if raw.refused:
        return raw.refused
    answer = worker.ask(raw.request)
    if answer is None:
        return _TOO_SLOW
    if "crystal" not in answer:
        return str(answer.get("error", _TOO_SLOW))
    return ReferenceCell(Crystal.from_dict(answer["crystal"]), int(answer["space_group"]))


def _about(source: Source, name: str, left_out: Counter[str]) -> ReferenceSet:
    return ReferenceSet(
        name=name,
        kind=MatchKind.COMPOUND,
        entries=0,
        left_out=dict(left_out.most_common(_MOST_REASONS)),
        source=source.described,
        citation=source.citation,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        fingerprint=source.fingerprint,
    )


def _name_of(name: str | None, text: str) -> str:
    """The name given, else one made of `text`."""
    if name is not None:
        return _checked_name(name)
    return _checked_name(_NOT_IN_NAMES.sub("-", text.lower()).strip("._-")[:64] or "crystals")


def _checked_name(name: str) -> str:
    if name == aflow.NAME:
        raise UserCorrectable(f"The set '{name}' comes with the program. Choose another name.")
    if not _NAME.fullmatch(name):
        raise UserCorrectable(
            f"'{name[:40]}' cannot be the name of a set. Use up to 64 small letters, digits, '-', '_' and '.'."
        )
    return name
