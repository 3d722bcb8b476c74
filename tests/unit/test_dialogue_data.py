"""Training dialogues: mined from real crystals, never from held-out ones."""

from __future__ import annotations

import gzip
import json
import random

import pytest

from crystal_studio.domain.composition import Composition
from crystal_studio.domain.intent import Limits
from crystal_studio.domain.pivot_grammar import headline, parse_pivot
from crystal_studio.training.dialogues import Mine, build, half_heard, main
from crystal_studio.training.dialogues_materials import (
    Material,
    forbidden_formulas,
    more_abundant_than,
    polymorphs,
    read_materials,
    swaps,
)
from crystal_studio.training.sft_scores import keeps

OCTAHEDRA = " Ti(1) is bonded to six equivalent O(1) atoms to form corner-sharing TiO6 octahedra."
SHEETS = " The structure is two-dimensional and consists of two {} sheets oriented in the (0, 0, 1) direction."
ROWS = [
    ("SrTiO3", 221, "(Cubic) Perovskite", 1.8, 12.0, OCTAHEDRA + " All Ti(1)-O(1) bond lengths are 1.97 Å."),
    ("CaTiO3", 221, "(Cubic) Perovskite", 1.9, 11.5, OCTAHEDRA + " All Ti(1)-O(1) bond lengths are 1.94 Å."),
    ("BaTiO3", 221, "(Cubic) Perovskite", 1.7, 13.0, OCTAHEDRA + " All Ti(1)-O(1) bond lengths are 2.02 Å."),
    ("BaTiO3", 160, None, 2.4, 13.6, OCTAHEDRA + " All Ti(1)-O(1) bond lengths are 2.08 Å."),
    ("SnS", 225, "Halite, Rock Salt", 0.6, 24.0, ""),
    ("SnS", 63, None, 0.9, 26.0, SHEETS.format("SnS")),
    ("CdS", 216, "Zincblende, Sphalerite", 1.1, 25.0, ""),
    ("ZnS", 216, "Zincblende, Sphalerite", 2.0, 20.0, ""),
]


def material(formula, group, prototype, gap, volume, more) -> Material:
    text = headline(formula, group, prototype) + more
    return Material(text, parse_pivot(text), Composition.parse(formula), gap, 0.0, volume)


@pytest.fixture(scope="module")
def mine() -> Mine:
    return Mine.dig([material(*row) for row in ROWS])


def test_that_polymorphs_share_the_formula_and_nothing_else(mine):
    formulas = {first.composition.formula for first, second in polymorphs(mine.materials)}
    assert formulas == {"BaTiO3", "SnS"}
    assert all(first.space_group != second.space_group for first, second in polymorphs(mine.materials))


def test_that_a_swap_changes_one_element_of_one_prototype(mine):
    found = {(swap.old, swap.new) for swap in swaps(mine.materials)}
    assert {("Sr", "Ca"), ("Ca", "Ba"), ("Cd", "Zn")} <= found
    assert ("Ti", "Sn") not in found


def test_that_every_answer_meets_the_limits_of_its_request(mine):
    made = build(mine, 300, 0)
    assert len(made) == 300
    for dialogue in made:
        pivot = parse_pivot(dialogue.target)
        assert dialogue.task.limits.violations(pivot.composition) == (), dialogue
        assert keeps(dialogue.target, dialogue.told), dialogue


def test_that_a_pivot_is_scored_by_what_was_told_and_not_by_what_was_heard(mine):
    lost = [d for d in build(mine, 600, 4) if d.kind == "wish" and d.told.required > d.task.limits.required]
    assert lost
    for dialogue in lost:
        wrong = headline("NaCl" if "Cl" not in dialogue.told.required else "MgO", 225, None)
        assert keeps(dialogue.target, dialogue.told)
        assert not keeps(wrong, dialogue.told)


def test_that_longer_bonds_are_longer(mine):
    words = ("longer", "stretch", "expand", "enlarge", "bigger")
    asked = [
        d for d in build(mine, 1200, 1) if d.kind == "distance" and any(w in d.task.message.lower() for w in words)
    ]
    compared = 0
    for dialogue in asked:
        old, new = (parse_pivot(text).bond_lengths for text in (dialogue.task.description, dialogue.target))
        if old and new:
            compared += 1
            assert new[0].shortest_angstrom > old[0].shortest_angstrom
    assert compared > 3


def test_that_a_wider_gap_is_wider_and_keeps_the_formula(mine):
    gaps = {row.text: row.band_gap_ev for row in mine.materials}
    made = [d for d in build(mine, 400, 2) if d.kind == "gap"]
    assert any(d.task.limits.formula for d in made)
    for dialogue in made:
        formula = parse_pivot(dialogue.target).composition.formula
        assert dialogue.task.limits.formula in (formula, None)
        assert parse_pivot(dialogue.task.description).composition.formula == formula
        assert dialogue.task.description in gaps


def test_that_a_third_of_the_dialogues_lack_limits_that_the_message_tells(mine):
    locked = [d for d in build(mine, 600, 4) if d.kind in ("gap", "distance")]
    share = sum(d.task.limits.formula is None for d in locked) / len(locked)
    assert 0.2 < share < 0.45


def test_that_about_half_of_the_limits_are_left_when_half_is_heard():
    limits = Limits(
        required=frozenset({"Sr", "Ti", "O"}), excluded=frozenset({"Pb"}), formula="SrTiO3", space_group=221
    )
    generator = random.Random(0)
    left = [half_heard(limits, generator) for _ in range(400)]
    assert all(each.required <= limits.required and each.formula is None for each in left)
    for is_heard in (lambda each: "Sr" in each.required, lambda each: each.space_group, lambda each: each.excluded):
        assert 0.4 < sum(map(bool, map(is_heard, left))) / len(left) < 0.6


def test_that_one_seed_gives_the_same_dialogues(mine):
    assert build(mine, 40, 5) == build(mine, 40, 5)
    assert build(mine, 40, 5) != build(mine, 40, 6)


def test_that_all_kinds_of_request_are_phrased_in_many_ways(mine):
    made = build(mine, 600, 3)
    assert {d.kind for d in made} == {"wish", "swap", "gap", "gap_swap", "distance", "symmetry", "dimension"}
    for kind in ("wish", "swap", "gap", "distance"):
        assert len({d.task.message for d in made if d.kind == kind}) >= 15, kind


def test_that_more_abundant_elements_are_more_abundant():
    assert "Ca" in more_abundant_than("Sr")
    assert "Sr" not in more_abundant_than("Ca")


def write_data(folder) -> None:
    (folder / "crystals").mkdir(parents=True)
    described = []
    for split in ("train", "val", "test"):
        lines = []
        for index, (formula, group, prototype, gap, volume, more) in enumerate(ROWS):
            if split == "test" and formula != "ZnS":
                continue
            species = list(Composition.parse(formula).species())
            side = (volume * len(species)) ** (1 / 3)
            lattice = [[side, 0, 0], [0, side, 0], [0, 0, side]]
            row = {"id": f"{split}-{index}", "lattice": lattice, "species": species, "band_gap": gap}
            row |= {"frac": [[i / 8, 0, 0] for i in range(len(species))], "e_above_hull": 0.0, "spacegroup": group}
            lines.append(json.dumps(row))
            described.append(json.dumps({"id": row["id"], "text": headline(formula, group, prototype) + more}))
        with gzip.open(folder / "crystals" / f"{split}.jsonl.gz", "wt") as file:
            file.write("\n".join(lines) + "\n")
    with gzip.open(folder / "descriptions.jsonl.gz", "wt") as file:
        file.write("\n".join(described) + "\n")


def test_that_no_held_out_formula_is_trained_on(tmp_path):
    write_data(tmp_path)
    benchmark = tmp_path / "dialogues.jsonl"
    parent = {"description": headline("CdS", 216), "formula": "CdS"}
    benchmark.write_text(json.dumps({"id": "1", "parent": parent, "expect": {"formula": "SnS"}}) + "\n")
    forbidden = forbidden_formulas(tmp_path, ("test",), benchmark)
    assert forbidden == {"ZnS", "CdS", "SnS"}
    formulas = {each.composition.formula for each in read_materials(tmp_path, "train", forbidden)}
    assert formulas == {"SrTiO3", "CaTiO3", "BaTiO3"}


def test_that_the_stage_writes_prompts_and_targets(tmp_path, monkeypatch):
    write_data(tmp_path / "data")
    monkeypatch.chdir(tmp_path)
    main(["--data", "data", "--output", "out", "--count", "5", "--val-count", "4"])
    assert (tmp_path / "out" / "train.jsonl").read_text() == ""
    rows = [json.loads(line) for line in (tmp_path / "out" / "val.jsonl").read_text().splitlines()]
    assert len(rows) == 4
    assert all(row["prompt"].endswith("Pivot:") and parse_pivot(row["target"]) for row in rows)
