"""Robocrystallographer's texts."""

from __future__ import annotations

import gzip
import json
import random
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from crystal_studio.domain.crystal import Crystal
from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.engines.chem import create_describer
from crystal_studio.engines.chem.describer import mend

PEROVSKITE = Crystal(
    np.eye(3) * 3.905,
    ("Sr", "Ti", "O", "O", "O"),
    np.array([[0, 0, 0], [0.5, 0.5, 0.5], [0.5, 0.5, 0], [0.5, 0, 0.5], [0, 0.5, 0.5]]),
)


def test_that_strontium_titanate_is_told_as_the_library_tells_it() -> None:
    text = create_describer().describe(PEROVSKITE)
    assert text.startswith("SrTiO3 is (Cubic) Perovskite structured and crystallizes in the cubic Pm-3m space group. ")
    assert "All Ti(1)-O(1) bond lengths are 1.95 Å." in text
    assert "The corner-sharing octahedra are not tilted." in text


def test_that_the_texts_are_those_of_the_stock_library(data_folder: Path) -> None:
    with gzip.open(data_folder / "descriptions.jsonl.gz", "rt", encoding="utf-8") as lines:
        texts = {row["id"]: row["text"] for row in map(json.loads, lines) if "text" in row}
    with gzip.open(data_folder / "crystals" / "test.jsonl.gz", "rt", encoding="utf-8") as lines:
        rows = [row for row in map(json.loads, lines) if row["id"] in texts and len(row["species"]) <= 8]
    describer = create_describer()
    for row in random.Random(5).sample(rows, 10):
        assert describer.describe(Crystal.from_dict(row)) == mend(texts[row["id"]]), row["id"]


@pytest.mark.parametrize(
    ("misprint", "mended"),
    [
        ("oriented in the (np.int64(0), np.int64(-1), np.int64(2)) direction", "oriented in the (0, -1, 2) direction"),
        ("that share  a cornercorner with one X", "that share a corner with one X"),
        ("octahedra, and  an edgeedge with one X", "octahedra, and an edge with one X"),
        ("a mixture of distorted corner and edge-sharing", "a mixture of distorted edge and corner-sharing"),
        ("a mixture of face, corner, and edge-sharing", "a mixture of edge, corner, and face-sharing"),
        ("oriented in the (1, 0, 0) and (0, 0, 1) directions", "oriented in the (0, 0, 1) and (1, 0, 0) directions"),
        ("SrTiO3 has corners with twelve edges.", "SrTiO3 has corners with twelve edges."),
    ],
)
def test_that_misprints_are_mended_and_nothing_else(misprint: str, mended: str) -> None:
    assert mend(misprint) == mended
    assert mend(mended) == mended


def test_that_a_huge_cell_is_refused() -> None:
    frac = np.stack(np.meshgrid(*[np.arange(7) / 7] * 3), -1).reshape(-1, 3)
    with pytest.raises(UserCorrectable, match="343 atoms"):
        create_describer().describe(Crystal(np.eye(3) * 20, ("Si",) * 343, frac))


def test_that_atoms_on_top_of_each_other_are_refused() -> None:
    crystal = Crystal(np.eye(3) * 4, ("Na", "Cl"), np.array([[0, 0, 0], [0.1, 0, 0]]))
    with pytest.raises(UserCorrectable, match=r"0\.40 Å"):
        create_describer().describe(crystal)


def test_that_what_the_library_cannot_describe_is_a_clear_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(structure: object) -> dict[str, object]:
        raise ValueError("2D components don't all have the same orientation.")

    monkeypatch.setattr("crystal_studio.engines.chem.condense.condense", broken)
    with pytest.raises(UserCorrectable, match="cannot describe this SrTiO3"):
        create_describer().describe(PEROVSKITE)


def test_that_the_libraries_set_aside_during_the_import_are_there_afterwards() -> None:
    script = (
        "from crystal_studio.engines.chem.robocrys_import import robocrys_parts;"
        "robocrys_parts();"
        "import importlib.util, sys, typeguard;"
        "print('pymatgen.analysis.prototypes' in sys.modules,"
        "      importlib.util.find_spec('pymatgen.analysis.prototypes').origin.endswith('__init__.py'),"
        "      typeguard.typechecked.__module__.startswith('typeguard'))"
    )
    command = [sys.executable, "-W", "ignore", "-c", script]
    finished = subprocess.run(command, check=True, capture_output=True, text=True)
    assert finished.stdout.split() == ["False", "True", "True"]
