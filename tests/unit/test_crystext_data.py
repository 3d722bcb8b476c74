"""The stage that writes crystals as prompts and texts."""

from __future__ import annotations

import gzip
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from crystal_studio.domain.crystal import Crystal
from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.engines.chem.short_cif import read
from crystal_studio.training import crystext_data
from crystal_studio.training.crystext_data import Telling, main, save_rows, share_read_back, tell
from crystal_studio.training.data import Record

PEROVSKITE = Record(
    "sto",
    Crystal(
        3.905 * np.eye(3),
        ("Sr", "Ti", "O", "O", "O"),
        np.array([[0, 0, 0], [0.5, 0.5, 0.5], [0.5, 0.5, 0], [0.5, 0, 0.5], [0, 0.5, 0.5]]),
    ),
    space_group=1,  # a data set may be wrong about it
    hull_energy_ev=0.024,
)
HALF = np.array([[0, 0, 0], [0, 0.5, 0.5], [0.5, 0, 0.5], [0.5, 0.5, 0]])
ROCK_SALT = Record("halite", Crystal(5.64 * np.eye(3), ("Na",) * 4 + ("Cl",) * 4, np.concatenate([HALF, HALF + 0.5])))


def supercell(record: Record, times: int) -> Record:
    """The crystal repeated along c, so that its primitive cell stays."""
    crystal = record.crystal
    shifted = [(crystal.frac_coords + np.array([0, 0, n])) / [1, 1, times] for n in range(times)]
    lattice = crystal.lattice * np.array([[1], [1], [times]])
    return replace(record, crystal=Crystal(lattice, crystal.species * times, np.concatenate(shifted)))


def test_that_a_crystal_is_told_by_formula_and_the_space_group_found_and_answered_by_its_text():
    told = replace(PEROVSKITE, crystal=PEROVSKITE.crystal.scaled_to(3.91**3))
    (row,) = tell(told, Telling("without")).rows
    assert row == {
        "id": "sto",
        "prompt": "SrTiO3 221\n",
        "target": "221\n3.91\nSr 1a\nTi 1b\nO 3c",
        "formula": "SrTiO3",
        "space_group": 221,
    }


def test_that_the_hull_energy_is_told_with_or_without_or_both_or_either_by_the_seed():
    def told(hull: str, seed: int = 0) -> list[bool]:
        return [row["prompt"].endswith(" 0.02\n") for row in tell(PEROVSKITE, Telling(hull, seed=seed)).rows]

    assert told("both") == [False, True]
    assert (told("with"), told("without")) == ([True], [False])
    drawn = [told("either", seed) for seed in range(20)]
    assert [True] in drawn
    assert [False] in drawn
    assert drawn == [told("either", seed) for seed in range(20)]


def test_that_a_crystal_without_a_known_hull_energy_is_told_without_or_not_at_all():
    assert len(tell(ROCK_SALT, Telling("both")).rows) == 1
    refused = tell(ROCK_SALT, Telling("with"))
    assert (refused.rows, "is known" in refused.reason) == ((), True)
    assert len(tell(replace(PEROVSKITE, hull_energy_ev=2.0), Telling("both")).rows) == 1


def test_that_size_is_counted_in_the_primitive_cell():
    told = tell(supercell(PEROVSKITE, 5), Telling("without"))
    assert told.rows[0]["space_group"] == 221
    assert len(read(str(told.rows[0]["target"]))) == 5
    generator = np.random.default_rng(0)
    messy = Crystal(9 * np.eye(3), ("Si",) * 21, generator.random((21, 3)))
    assert tell(Record("messy", messy), Telling()).reason == "more than 20 atoms in the primitive cell"


def test_that_a_crystal_that_cannot_be_written_is_refused_by_its_reason():
    flat = Crystal(np.diag([3.0, 3.0, 150.0]), ("C",), np.zeros((1, 3)))
    assert "longer than" in tell(Record("long", flat), Telling()).reason


def test_that_a_text_of_another_composition_is_refused(monkeypatch):
    monkeypatch.setattr(crystext_data, "written", lambda crystal, symprec: "225\n5.64\nNa 4a\nCl 4b")
    assert tell(PEROVSKITE, Telling()).reason == "the text is of another composition"


def test_that_the_other_dialect_is_a_cif_that_pymatgen_reads():
    from pymatgen.core import Structure

    (row,) = tell(ROCK_SALT, Telling(dialect="cif", layout="paper")).rows
    assert row["prompt"].startswith("Below is an instruction")
    assert Structure.from_str(str(row["target"]), fmt="cif").composition.reduced_formula == "NaCl"


def test_that_reasons_are_counted_and_no_partial_file_is_left(tmp_path):
    flat = Record("long", Crystal(np.diag([3.0, 3.0, 150.0]), ("C",), np.zeros((1, 3))))
    refused = save_rows((tell(each, Telling()) for each in (PEROVSKITE, flat, flat)), tmp_path / "runs" / "train.jsonl")
    assert list(refused.values()) == [2]
    assert [path.name for path in (tmp_path / "runs").iterdir()] == ["train.jsonl"]
    assert len((tmp_path / "runs" / "train.jsonl").read_text().splitlines()) == 1


def test_that_the_sample_counts_the_crystals_that_their_texts_lose(monkeypatch):
    assert share_read_back([PEROVSKITE, ROCK_SALT], 10, 0) == (2, 2)
    stretched = "123\n3.91 9.90\nSr 1a\nTi 1d\nO 1c\nO 2e"
    monkeypatch.setattr(crystext_data, "written", lambda crystal, symprec: stretched)
    assert share_read_back([PEROVSKITE], 10, 0) == (0, 1)


def write_split(folder: Path, split: str, records: list[Record]) -> None:
    (folder / "crystals").mkdir(parents=True, exist_ok=True)
    with gzip.open(folder / "crystals" / f"{split}.jsonl.gz", "wt", encoding="utf-8") as lines:
        for record in records:
            body = {"id": record.identifier, "e_above_hull": record.hull_energy_ev, **record.crystal.to_dict()}
            lines.write(json.dumps(body) + "\n")


def test_that_the_command_writes_both_splits_and_says_what_it_counted(tmp_path, capsys):
    write_split(tmp_path, "train", [PEROVSKITE, ROCK_SALT])
    write_split(tmp_path, "val", [supercell(PEROVSKITE, 2)])
    main(["--data", str(tmp_path), "--output", str(tmp_path / "out"), "--workers", "1", "--hull", "both"])
    counted = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(each["split"], each["rows"]) for each in counted] == [("val", 2), ("train", 3)]
    assert counted[1]["read_back"] == "2 of 2 match"
    rows = [json.loads(line) for line in (tmp_path / "out" / "train.jsonl").read_text().splitlines()]
    assert {row["id"] for row in rows} == {"sto", "halite"}


def test_that_two_processes_write_what_one_writes(tmp_path):
    write_split(tmp_path, "val", [supercell(PEROVSKITE, n % 2 + 1) for n in range(6)] + [ROCK_SALT])
    for workers in ("1", "2"):
        out = str(tmp_path / workers)
        main(["--data", str(tmp_path), "--output", out, "--splits", "val", "--workers", workers, "--check", "0"])
    assert (tmp_path / "1" / "val.jsonl").read_text() == (tmp_path / "2" / "val.jsonl").read_text()


def test_that_a_missing_split_is_named(tmp_path):
    with pytest.raises(UserCorrectable, match=r"train\.jsonl\.gz"):
        main(["--data", str(tmp_path), "--output", str(tmp_path / "out"), "--splits", "train"])
