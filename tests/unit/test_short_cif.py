"""Short CIF: one canonical text a crystal, and back."""

from __future__ import annotations

import gzip
import json

import numpy as np
import pytest

from crystal_studio.domain.crystal import Crystal
from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.engines.chem import create_comparer, create_symmetrizer
from crystal_studio.engines.chem.short_cif import cell_fields, group_of, read, site_choices, written

PEROVSKITE = "221\n3.95\nSr 1a\nTi 1b\nO 3c"
TITANATE = "62\n5.38 7.64 5.44\nCa 4c .034 .993\nTi 4b\nO 4c .984 .429\nO 8d .211 .038 .211"
POLAR = "99\n3.90 4.15\nPb 1a .000\nTi 1b .538\nO 1b .112\nO 2c .618"
# One group of each centring and crystal system, and some with many equivalent settings.
GROUPS = (
    *(1, 2, 4, 5, 9, 12, 14, 15),
    *(19, 33, 36, 42, 43, 47, 62, 63, 69, 70, 72),
    *(82, 88, 92, 99, 119, 122, 136, 139, 141),
    *(146, 148, 155, 160, 161, 166, 167, 186, 194),
    *(198, 205, 216, 221, 225, 227, 229, 230),
)


def strontium_titanate() -> Crystal:
    return Crystal(
        3.95 * np.eye(3),
        ("Sr", "Ti", "O", "O", "O"),
        np.array([[0.0, 0, 0], [0.5, 0.5, 0.5], [0.5, 0.5, 0], [0.5, 0, 0.5], [0, 0.5, 0.5]]),
    )


def moved(crystal: Crystal, seed: int) -> Crystal:
    """The same crystal in another order, from another origin, in another primitive cell."""
    generator = np.random.default_rng(seed)
    order = generator.permutation(len(crystal))
    shear = np.array([[1, 0, 0], [1, 1, 0], [0, -1, 1]])
    frac_coords = (crystal.frac_coords[order] + generator.random(3)) @ np.linalg.inv(shear)
    return Crystal(shear @ crystal.lattice, tuple(crystal.species[i] for i in order), frac_coords)


def test_that_a_perovskite_takes_five_short_lines() -> None:
    assert written(strontium_titanate()) == PEROVSKITE


@pytest.mark.parametrize("text", [PEROVSKITE, TITANATE, POLAR])
@pytest.mark.parametrize("seed", range(3))
def test_that_one_crystal_has_one_text(text: str, seed: int) -> None:
    first = written(read(text))
    assert written(read(first)) == first
    again = written(moved(read(first), seed))
    assert [line.split(" .")[0] for line in again.split("\n")] == [line.split(" .")[0] for line in first.split("\n")]
    distance = create_comparer().rms_distance(read(again), read(text))
    assert distance is not None
    assert distance < 1e-3


def test_that_the_other_origin_of_a_perovskite_is_read_and_written_as_the_same_crystal() -> None:
    swapped = "221\n3.95\nSr 1b\nTi 1a\nO 3d"
    assert written(read(swapped)) == PEROVSKITE


@pytest.mark.parametrize("group", GROUPS)
def test_that_a_text_of_any_group_reads_as_a_crystal_of_that_group(group: int) -> None:
    text = _random_text(group, np.random.default_rng(group))
    crystal = read(text)
    choices = {f"{one.multiplicity}{one.letter}": one for one in site_choices(group)}
    sites = [choices[line.split(" ")[1]].sites_in_primitive for line in text.split("\n")[2:]]
    assert len(crystal) == sum(sites)
    assert create_symmetrizer().space_group(crystal, 0.001).number == group
    back = written(crystal, 0.001)
    assert group_of(back) == group
    assert create_comparer().rms_distance(crystal, read(back)) == pytest.approx(0.0, abs=5e-3)


def _random_text(group: int, generator: np.random.Generator) -> str:
    """General positions, so that nothing raises the symmetry, and one of every second special position."""
    lengths, angles = iter((9.31, 11.47, 13.59)), iter((84.3, 98.7, 107.2))
    cell = " ".join(f"{next(lengths):.2f}" if one.is_length else f"{next(angles):.1f}" for one in cell_fields(group))
    choices = site_choices(group)
    lines = []
    for element, choice in zip(("Ba", "Ti", "Si"), (choices[-1], choices[-1], choices[len(choices) // 2]), strict=True):
        numbers = "".join(f" .{round(number):03d}" for number in generator.uniform(30, 970, choice.num_free))
        lines.append(f"{element} {choice.multiplicity}{choice.letter}{numbers}")
    return "\n".join([str(group), cell, *lines])


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "Line 1"),
        ("231\n3.95\nSr 1a", "231"),
        ("221", "Line 2 is missing"),
        ("221\n3.95", "Line 3 is missing"),
        ("221\n3.95 4.00\nSr 1a", "Line 2"),
        ("221\n3.9\nSr 1a", "Line 2"),
        ("2\n5.00 5.00 5.00 170.0 10.0 10.0\nSr 1a", "close no cell"),
        ("221\n3.95\nSr1a", "Line 3"),
        ("221\n3.95\nXx 1a", "no element"),
        ("221\n3.95\nSr 2a", "2a"),
        ("221\n3.95\nSr 1z", "1z"),
        ("221\n3.95\nSr 1a .100", "0 free"),
        ("221\n3.95\nSr 6e", "1 free"),
        ("221\n3.95\nSr 1a\n\nTi 1b", "Line 4"),
        ("230\n9.00\n" + "\n".join(["Sr 96h .101 .202 .303"] * 40), "atoms"),
    ],
)
def test_that_a_text_that_cannot_be_read_is_refused_with_its_line(text: str, reason: str) -> None:
    with pytest.raises(UserCorrectable, match=reason):
        read(text)


def test_that_a_cell_too_long_to_be_written_is_refused() -> None:
    with pytest.raises(UserCorrectable, match=r"99\.99"):
        written(Crystal(np.diag([3.0, 3.0, 120.0]), ("Sr",), np.zeros((1, 3))))


def test_that_every_crystal_of_the_validation_split_reads_back(data_folder) -> None:
    with gzip.open(data_folder / "crystals" / "val.jsonl.gz", "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    comparer = create_comparer()
    small = [row for row in rows if len(row["species"]) <= 12][:60]
    for row in small:
        crystal = Crystal(row["lattice"], row["species"], row["frac"])
        text = written(crystal)
        assert group_of(text) == row["spacegroup"]
        distance = comparer.rms_distance(crystal, read(text))
        assert distance is not None, row["id"]
        assert distance < 0.02
