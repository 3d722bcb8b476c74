"""Crystals on disk: read by a limited child process, written by ourselves."""

from __future__ import annotations

import json
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

from crystal_studio.domain.crystal import Crystal
from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.engines.chem.cif import p1_cif, symmetrized_cif
from crystal_studio.engines.chem.limited_worker import child_environment
from crystal_studio.engines.chem.symmetry import SpglibSymmetrizer

MAX_FILE_BYTES = 10_000_000
MAX_WALL_SECONDS = 60.0
_PACKED = frozenset({".gz", ".bz2", ".xz", ".zip", ".zst"})


class LimitedFiles:
    """Reads CIF, POSCAR and pymatgen JSON in a child that may be killed; writes CIF.

    Args:
        wall_seconds: when to kill the child. Its own limit of 5 s of processor time, counted from when its libraries
            are loaded, acts first on anything but a stalled disk.
    """

    def __init__(self, wall_seconds: float = MAX_WALL_SECONDS) -> None:
        self._wall_seconds = wall_seconds

    def read(self, path: Path) -> Crystal:
        """Read one crystal.

        Raises:
            UserCorrectable: missing, too large, damaged, disordered, of another composition than stated, or too slow
                to read; says what to do.
        """
        path = Path(path)
        _refuse_unfit(path)
        answer = self._ask_child(path)
        if "crystal" not in answer:
            raise UserCorrectable(str(answer.get("error", f"'{path.name}' could not be read. Export it again as CIF.")))
        return Crystal.from_dict(answer["crystal"])

    def to_cif(self, crystal: Crystal, title: str = "", comment: str = "") -> str:
        """CIF text in P1 as generated; equal crystals give equal bytes."""
        return p1_cif(crystal, title, comment)

    def to_symmetrized_cif(
        self, crystal: Crystal, symprec_angstrom: float = 0.1, title: str = "", comment: str = ""
    ) -> str:
        """CIF text of the conventional cell with symmetry operations and one site for each orbit."""
        conventional = SpglibSymmetrizer().conventional(crystal, symprec_angstrom)
        return symmetrized_cif(conventional, symprec_angstrom, title, comment)

    def _ask_child(self, path: Path) -> dict[str, Any]:
        """Run `file_reader` on the file."""
        command = [sys.executable, "-m", "crystal_studio.engines.chem.file_reader", str(path.absolute())]
        try:
            finished = subprocess.run(
                command, env=child_environment(), capture_output=True, timeout=self._wall_seconds, check=False
            )
            answer = json.loads(finished.stdout)
        except (subprocess.TimeoutExpired, json.JSONDecodeError) as error:  # killed by our clock or by its own limits
            raise UserCorrectable(_TOO_SLOW.format(path.name)) from error
        return dict(answer)


_TOO_SLOW = "'{}' took too long or too much memory to read. Export the primitive cell, or as CIF in P1."


def _refuse_unfit(path: Path) -> None:
    """Refuse what needs no parser to be refused."""
    try:
        status = path.stat()
    except OSError as error:
        raise UserCorrectable(f"'{path.name}' cannot be read ({error.strerror}). Check its name and place.") from error
    if not stat.S_ISREG(status.st_mode):
        raise UserCorrectable(f"'{path.name}' is not a file. Name a CIF, POSCAR or JSON file.")
    if status.st_size > MAX_FILE_BYTES:
        raise UserCorrectable(
            f"'{path.name}' has {status.st_size / 1e6:.0f} MB; up to {MAX_FILE_BYTES / 1e6:.0f} MB are read. "
            "Export one crystal."
        )
    if path.suffix.lower() in _PACKED:
        raise UserCorrectable(f"'{path.name}' is packed. Unpack it first.")
