"""The index of one reference set: an SQLite file that is written once and then only read."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from crystal_studio.domain.crystal import Crystal
from crystal_studio.domain.errors import Unavailable
from crystal_studio.domain.known import MatchKind, ReferenceSet
from crystal_studio.engines.chem.reference_cell import ReferenceCell

SUFFIX = ".references"
LAYOUT = 1  # raised whenever the tables or the reduction of cells change: older indexes are imported again

_TABLES = """
CREATE TABLE about (reference_set TEXT NOT NULL);
CREATE TABLE crystals (
    ordinal INTEGER PRIMARY KEY, identifier TEXT NOT NULL, name TEXT NOT NULL, formula TEXT NOT NULL,
    num_sites INTEGER NOT NULL, space_group INTEGER NOT NULL, volume_per_atom_angstrom3 REAL NOT NULL,
    species TEXT NOT NULL, lattice_angstrom BLOB NOT NULL, frac_coords BLOB NOT NULL
);
"""
_INDEX = "CREATE INDEX ix_crystals ON crystals (formula, num_sites)"
_COLUMNS = "identifier, name, formula, space_group, volume_per_atom_angstrom3, species, lattice_angstrom, frac_coords"


@dataclass(frozen=True)
class ReferenceEntry:
    """One known crystal: identifier and name in its set, and its reduced cell."""

    identifier: str
    name: str
    cell: ReferenceCell


class IndexWriter:
    """Writes an index at a path; nothing is there before `finish`."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connection = sqlite3.connect(path, isolation_level=None)
        self._connection.executescript(f"PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; BEGIN; {_TABLES}")
        self.entries = 0

    def add(self, entry: ReferenceEntry) -> None:
        """Append an entry."""
        crystal = entry.cell.crystal
        self.entries += 1
        row = (
            self.entries,
            entry.identifier,
            entry.name,
            crystal.formula,
            len(crystal),
            entry.cell.space_group,
            entry.cell.volume_per_atom_angstrom3,
            json.dumps(crystal.species),
            crystal.lattice.astype("<f8").tobytes(),
            crystal.frac_coords.astype("<f4").tobytes(),
        )
        self._connection.execute(f"INSERT INTO crystals VALUES ({', '.join('?' * len(row))})", row)

    def finish(self, about: ReferenceSet, target: Path) -> ReferenceSet:
        """Complete the file and put it at its place in one step; what it says of itself."""
        about = replace(about, entries=self.entries)
        self._connection.execute("INSERT INTO about VALUES (?)", (json.dumps(asdict(about)),))
        self._connection.execute(_INDEX)
        self._connection.execute(f"PRAGMA user_version={LAYOUT}")
        self._connection.execute("COMMIT")
        self._connection.close()
        with self._path.open("rb") as file:
            os.fsync(file.fileno())
        self._path.replace(target)
        return replace(about, size_bytes=target.stat().st_size)

    def close(self) -> None:
        """Give the file up; harmless after `finish`."""
        self._connection.close()


class ReferenceIndex:
    """Reads an index.

    Raises:
        Unavailable: from every method, when the file is damaged or of another layout.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def name(self) -> str:
        """Name of the set."""
        return self.path.name.removesuffix(SUFFIX)

    def about(self) -> ReferenceSet:
        """What the set is."""
        with self._reading() as connection:
            plain = json.loads(connection.execute("SELECT reference_set FROM about").fetchone()[0])
            plain |= {"kind": MatchKind(plain["kind"]), "size_bytes": self.path.stat().st_size}
            return ReferenceSet(**plain)

    def entries_like(self, cell: ReferenceCell) -> list[ReferenceEntry]:
        """Entries of the same formula and number of atoms, the most similar first."""
        wanted = (cell.crystal.formula, cell.num_sites)
        query = f"SELECT {_COLUMNS} FROM crystals WHERE formula = ? AND num_sites = ? ORDER BY ordinal"
        with self._reading() as connection:
            rows = connection.execute(query, wanted).fetchall()
            rows.sort(key=lambda row: cell.dissimilarity(row[3], row[4]))
            return [_entry(row) for row in rows]

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        try:
            with closing(sqlite3.connect(f"{self.path.resolve().as_uri()}?mode=ro", uri=True)) as connection:
                if connection.execute("PRAGMA user_version").fetchone()[0] != LAYOUT:
                    raise Unavailable(f"The reference set '{self.name}' is of another version. Import it again.")
                yield connection
        except (sqlite3.Error, OSError, ValueError, LookupError, TypeError) as error:
            raise Unavailable(
                f"The reference set '{self.name}' is damaged ({error}). Import it again, or remove it."
            ) from error


def _entry(row: Iterable[object]) -> ReferenceEntry:
    identifier, name, _, space_group, _, species, lattice, frac_coords = row
    crystal = Crystal(
        np.frombuffer(bytes(lattice), "<f8").reshape(3, 3),  # type: ignore[call-overload]
        tuple(json.loads(str(species))),
        np.frombuffer(bytes(frac_coords), "<f4").reshape(-1, 3),  # type: ignore[call-overload]
    )
    return ReferenceEntry(str(identifier), str(name), ReferenceCell(crystal, int(str(space_group))))
