"""Reads and writes only its own CIF."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np

from crystal_studio.domain.crystal import Array, Crystal
from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.domain.exported import LabelledCrystal, WritingStyle
from crystal_studio.domain.imported import ReadFile, RefusedFile
from crystal_studio.engines.fake.script import Script

_CELL = ("length_a", "length_b", "length_c", "angle_alpha", "angle_beta", "angle_gamma")
_ATOM_LOOP = """loop_
 _atom_site_type_symbol
 _atom_site_label
 _atom_site_fract_x
 _atom_site_fract_y
 _atom_site_fract_z
"""


class FakeCrystalFiles:
    """A CIF in P1 with cell and sites, and nothing else.

    Attributes:
        script: crystals, exceptions or stalls, one for each call of `read`.
    """

    def __init__(self) -> None:
        self.script: Script[Crystal] = Script()

    def read(self, path: Path) -> Crystal:
        """Read a CIF that `to_cif` wrote.

        Raises:
            UserCorrectable: missing or damaged.
        """
        scripted = self.script.play()
        if scripted is not None:
            return scripted
        try:
            return _parse(path.read_text(encoding="utf-8"))
        except OSError as error:
            raise UserCorrectable(f"'{path.name}' cannot be read. Check that the file is there.") from error
        except (ValueError, KeyError, IndexError) as error:
            raise UserCorrectable(f"'{path.name}' is damaged. Export it again as CIF in P1.") from error

    def read_all(self, paths: Iterable[Path]) -> Iterator[ReadFile | RefusedFile]:
        """The crystal of each file, or why it was refused."""
        for path in paths:
            try:
                crystal = self.read(path)
            except UserCorrectable as error:
                yield RefusedFile(path.name, str(error))
            else:
                yield ReadFile(path.name, crystal, (), "fake", ("fake read it.",), ())

    def read_text(self, text: str, name: str) -> Iterator[ReadFile | RefusedFile]:
        """The crystal of a text that `to_cif` wrote."""
        try:
            yield ReadFile(name, _parse(text), (), "fake", ("fake read it.",), ())
        except (ValueError, KeyError, IndexError) as error:
            yield RefusedFile(name, f"It is damaged ({type(error).__name__}). Export it again as CIF in P1.")

    def write(
        self, path: Path, crystals: Sequence[LabelledCrystal], style: WritingStyle
    ) -> tuple[tuple[int, ...], ...]:
        """Its own CIF, whatever the style; with several crystals, one after the other."""
        texts = (self.to_cif(one.crystal, one.title, one.provenance) for one in crystals)
        path.write_text("".join(texts), encoding="utf-8")
        return tuple(tuple(range(len(one.crystal))) for one in crystals)

    def to_cif(self, crystal: Crystal, title: str = "", comment: str = "") -> str:
        """CIF text in P1; equal crystals give equal bytes."""
        head = "".join(f"# {line}\n" for line in comment.splitlines())
        name = "_".join((title or crystal.formula).split())
        numbers = np.concatenate([crystal.lengths_angstrom, crystal.angles_degree])
        cell = "".join(f"_cell_{key} {value:.6f}\n" for key, value in zip(_CELL, numbers, strict=True))
        rows = zip(crystal.species, crystal.frac_coords, strict=True)
        sites = "".join(
            f"{symbol} {symbol}{index} {x:.6f} {y:.6f} {z:.6f}\n" for index, (symbol, (x, y, z)) in enumerate(rows)
        )
        return f"{head}data_{name}\n_symmetry_space_group_name_H-M 'P 1'\n{cell}{_ATOM_LOOP}{sites}"


def _parse(text: str) -> Crystal:
    head, sites = text.split(_ATOM_LOOP)
    keys = dict(line.split(maxsplit=1) for line in head.splitlines() if line.startswith("_cell_"))
    rows = [line.split() for line in sites.splitlines()]
    lattice = _lattice([float(keys[f"_cell_{key}"]) for key in _CELL])
    return Crystal(lattice, tuple(row[0] for row in rows), np.array([row[2:5] for row in rows], dtype=np.float64))


def _lattice(cell: list[float]) -> Array:
    """Lattice vectors as rows from lengths (angstrom) and angles (degree): a along x, b in the xy plane."""
    lengths, (alpha, beta, gamma) = np.array(cell[:3]), np.radians(cell[3:])
    across = (np.cos(alpha) - np.cos(beta) * np.cos(gamma)) / np.sin(gamma)
    unit = np.array(
        [
            [1.0, 0.0, 0.0],
            [np.cos(gamma), np.sin(gamma), 0.0],
            [np.cos(beta), across, np.sqrt(1 - np.cos(beta) ** 2 - across**2)],
        ]
    )
    return np.asarray(unit * lengths[:, None], dtype=np.float64)
