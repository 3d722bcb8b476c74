"""`compare` over a real project file: the JSON, the text and the exit statuses."""

from __future__ import annotations

import io
import json
import random
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "contract"))
from contract_crystals import perovskite, rock_salt
from random_nodes import random_node

from crystal_studio.app.projects import open_project
from crystal_studio.cli.console import Stop
from crystal_studio.cli.parser import build_parser
from crystal_studio.cli.program import Program
from crystal_studio.domain.comparison import Side
from crystal_studio.domain.crystal import Crystal
from crystal_studio.domain.edge_change import EdgeChange
from crystal_studio.domain.errors import StudioError
from crystal_studio.domain.history import Node
from crystal_studio.domain.measured import Measured
from crystal_studio.domain.outline import NodeOutline
from crystal_studio.domain.symmetry import SpaceGroup
from crystal_studio.engines.chem.comparison import SiteComparer
from crystal_studio.engines.fake.bundle import FakeEngines
from crystal_studio.services.compare import bond_changes, compare, coordination_changes

SITES = perovskite().species
TILTED = perovskite().frac_coords + np.array([[0, 0, 0], [0, 0, 0.02], [0, 0, -0.03], [0, 0, -0.02], [0, 0, -0.02]])
CALCIUM = Crystal(np.diag([3.83, 3.83, 3.9]), ("Ca", *SITES[1:]), TILTED)


def node(name: str, crystal: Crystal, group: int, gap: float | None, pivot: str, parent: Node | None = None) -> Node:
    """A node with an id that begins with `name`."""
    measured = None if gap is None else Measured(gap, "eV", 0.3, "PBE", True, gap - 0.7, gap + 0.7)
    made = random_node(random.Random(name), parent)
    return replace(
        made, id=name + made.id[len(name) :], crystal=crystal, space_group=SpaceGroup(group, 0.1), band_gap=measured,
        e_above_hull=Measured(0.01, "eV/atom", 0.02, "PBE"), pivot=pivot,
    )  # fmt: skip


ROOT = node("aaaa", perovskite(), 221, 1.8, "SrTiO3 is (Cubic) Perovskite structured.")
CHILD = node("bbbb", CALCIUM, 99, 2.1, "CaTiO3 is Perovskite derived.", ROOT)
GRANDCHILD = node("bbcc", rock_salt(), 225, None, "", CHILD)
Run = Callable[..., tuple[int, str]]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Runs `compare` on a project of three nodes."""
    project = tmp_path / "p.cstudio"
    with open_project(project) as store:
        for one in (ROOT, CHILD, GRANDCHILD):
            store.commit(one)
    engines = FakeEngines()
    engines.crystal_comparer = SiteComparer()

    def run(*argv: str) -> tuple[int, str]:
        out = io.StringIO()
        program = Program(out, Stop(), "0", open_project, lambda model: engines, None, None, tmp_path, None)
        arguments = build_parser("0", "compare").parse_args(["compare", str(project), *argv])
        try:
            return arguments.run(arguments, program), out.getvalue()
        except StudioError as error:
            return int(error.exit_status), str(error)

    return run


def answer(run: Run, *argv: str) -> dict[str, Any]:
    status, text = run(*argv, "--json")
    assert status == 0
    assert text.count("\n") == 1
    return json.loads(text)


def test_that_json_tells_every_difference(run: Run) -> None:
    found = answer(run, "aaaa", "bbbb")
    assert found["error"] is None
    assert (found["first"]["id"], found["second"]["id"]) == (ROOT.id, CHILD.id)
    assert (found["first"]["formula"], found["second"]["formula"]) == ("SrTiO3", "CaTiO3")
    assert found["first"]["space_group"] == {"symbol": "Pm-3m", "number": 221, "symprec": 0.1}
    assert (found["formula_changed"], found["space_group_changed"]) == (True, True)
    assert (found["same_structure"], found["same_framework"], found["unmatched_reason"]) == (False, True, None)
    volume = 100 * (3.83**2 * 3.9 / 3.91**3 - 1)
    lattice = found["lattice"]
    assert lattice["lengths_percent"] == pytest.approx([100 * (edge / 3.91 - 1) for edge in (3.83, 3.83, 3.9)])
    assert lattice["angles_degree"] == pytest.approx([0, 0, 0])
    assert lattice["volume_per_atom_percent"] == pytest.approx(volume)
    assert found["volume_percent"] == pytest.approx(volume)
    shifts = TILTED[:, 2] - perovskite().frac_coords[:, 2]
    expected = 3.91 * (shifts - shifts.mean())
    assert [move["vector_angstrom"][2] for move in found["moves"]] == pytest.approx(expected.tolist())
    assert found["rms_displacement_angstrom"] == pytest.approx(float(np.sqrt((expected**2).mean())))
    assert found["moves"][0] | {"vector_angstrom": 0, "distance_angstrom": 0} == {
        "site": 0, "matched": 0, "before": "Sr", "after": "Ca", "vector_angstrom": 0, "distance_angstrom": 0,
    }  # fmt: skip


def test_that_json_tells_surroundings_gap_and_pivot(run: Run) -> None:
    found = answer(run, "aaaa", "bbbb")
    assert found["coordination"][0] | {"after": 0} == {"element": "Sr", "becomes": "Ca", "before": 12.0, "after": 0}
    bonds = {tuple(bond["bond"]): bond for bond in found["bonds"]}
    assert bonds["Ti", "O"]["before_angstrom"] == pytest.approx(3.91 / 2)
    assert bonds["Sr", "O"]["becomes"] == ["Ca", "O"]
    gap = found["band_gap"]
    assert gap["difference_ev"] == pytest.approx(0.3)
    assert gap["sigma_ev"] == pytest.approx(0.3 * 2**0.5)
    assert gap["in_sigmas"] == pytest.approx(2**-0.5)
    assert gap["intervals_overlap"] is True
    assert found["pivot_diff"] == [
        {"change": "removed", "text": "SrTiO3"},
        {"change": "added", "text": "CaTiO3"},
        {"change": "same", "text": "is"},
        {"change": "removed", "text": "(Cubic)"},
        {"change": "same", "text": "Perovskite"},
        {"change": "removed", "text": "structured."},
        {"change": "added", "text": "derived."},
    ]


def test_that_one_node_is_compared_with_its_parent(run: Run) -> None:
    assert answer(run, "bbbb")["first"]["id"] == ROOT.id
    found = answer(run, GRANDCHILD.id)
    assert (found["first"]["id"], found["second"]["id"]) == (CHILD.id, GRANDCHILD.id)
    assert found["moves"] == []
    assert found["rms_displacement_angstrom"] is None
    assert "2 atoms" in found["unmatched_reason"]
    assert found["band_gap"] is None


def test_that_a_root_has_nothing_before_it(run: Run) -> None:
    status, text = run("aaaa")
    assert status == 2
    assert "root" in text


@pytest.mark.parametrize("name", ["ffff", "bb"])
def test_that_an_unknown_or_ambiguous_node_is_refused(run: Run, name: str) -> None:
    status, text = run("aaaa", name)
    assert status == 2
    assert name in text
    status, text = run("aaaa", name, "--json")
    assert status == 2
    assert name in json.loads(text)["error"]


def test_that_the_text_reads_in_100_columns(run: Run) -> None:
    status, text = run("aaaa", "bbbb")
    assert status == 0
    assert max(map(len, text.splitlines())) <= 100
    for part in ("SrTiO3", "CaTiO3", "Pm-3m (221)", "+0.30 (0.7 sigma)", "band gaps overlap", "Sr1 → Ca1", "−2.05 %"):
        assert part in text
    assert "[−SrTiO3] [+CaTiO3] is" in text


def test_that_a_node_compared_with_itself_shows_no_change(run: Run) -> None:
    text = run("aaaa", "aaaa")[1]
    assert "changed" not in text
    assert "5 sites did not move." in text
    assert "word for word the same" in text


def test_that_the_steps_of_a_branch_are_told_in_a_line_each(run: Run) -> None:
    text = run("bbcc", "--path")[1]
    assert text.splitlines() == [
        f"{CHILD.id[:8]}  SrTiO3 → CaTiO3 · Pm-3m → P4mm · volume −4.3 % · gap +0.30 eV",
        f"{GRANDCHILD.id[:8]}  CaTiO3 → NaCl · P4mm → Fm-3m · volume +96.0 %",
    ]
    steps = answer(run, "bbcc", "--path")["steps"]
    assert [step["id"] for step in steps] == [CHILD.id, GRANDCHILD.id]
    assert steps[1]["gap_difference_ev"] is None
    assert run("aaaa", "bbbb", "--path")[0] == 2


def test_that_an_edge_without_a_difference_says_so() -> None:
    outline = NodeOutline.of(ROOT)
    assert EdgeChange.between(outline, outline).text == "no change"
    assert EdgeChange.between(outline, outline, (perovskite(), perovskite())).parts == ()


def test_that_intervals_that_do_not_meet_are_apart() -> None:
    far = replace(CHILD, band_gap=Measured(5.0, "eV", 0.2, "PBE"))
    change = compare(ROOT, far, SiteComparer()).band_gap
    assert change is not None
    assert not change.intervals_overlap
    assert change.in_sigmas == pytest.approx(3.2 / (0.3**2 + 0.2**2) ** 0.5)


def test_that_an_element_that_comes_and_one_that_goes_are_told() -> None:
    comparer = SiteComparer()
    found = comparer.compare(Side(perovskite(), SpaceGroup(221)), Side(rock_salt(), SpaceGroup(225)))
    told = [(one.element, one.becomes) for one in coordination_changes(found)]
    assert told == [("Sr", None), ("Ti", None), ("O", None), (None, "Na"), (None, "Cl")]
    assert [bond.becomes for bond in bond_changes(found)][-1] == ("Na", "Cl")
