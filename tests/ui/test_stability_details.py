"""Stability in words and to scale, known or new; and everything needed to run a node again."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from math import nan

import pytest
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QLabel
from random_nodes import random_node

from crystal_studio.domain.crystal import Crystal
from crystal_studio.domain.known import Known, MatchKind, ReferenceMatch, SearchedSet
from crystal_studio.domain.mark import Mark
from crystal_studio.domain.measured import Measured
from crystal_studio.ui.panels.columns_page import ColumnsPage
from crystal_studio.ui.panels.details_panel import DetailsPanel
from crystal_studio.ui.panels.hull_bar import HullBar
from crystal_studio.ui.panels.node_facts import as_json, as_text, density_g_cm3
from crystal_studio.ui.panels.stability_panel import StabilityPanel
from crystal_studio.ui.panels.stability_words import doubt, interval, known_verdict, relaxation, verdict

MINERALS = SearchedSet("AMCSD", MatchKind.COMPOUND, 20_000)
TAUSONITE = ReferenceMatch("AMCSD", "0001234", "Tausonite", "SrTiO3", 0.012)
PEROVSKITE = ReferenceMatch("AFLOW", "AB3C_cP5", "Cubic perovskite", "CaTiO3", 0.02, MatchKind.PROTOTYPE)


def hull(value: float, low: float | None = None, high: float | None = None, familiar: bool = True) -> Measured:
    return Measured(value, "eV/atom", 0.03, "PBE", familiar, low, high)


@pytest.fixture
def stability(qtbot, state, runner):
    made = StabilityPanel(state, runner)
    qtbot.addWidget(made)
    made.show()
    yield made
    made.close_panel()


@pytest.fixture
def details(qtbot, state, runner):
    made = DetailsPanel(state, runner)
    qtbot.addWidget(made)
    made.show()
    yield made
    made.close_panel()


@pytest.fixture
def show(state, new_node):
    """Shows a node with these fields."""

    def shown(**fields: object):
        node = replace(new_node(), **fields)
        state._memory._nodes.put(node.id, node)
        state.set_current(node.id)
        return node

    return shown


def texts(panel) -> str:
    return "\n".join(label.text() for label in panel.findChildren(QLabel) if label.isVisible())


@pytest.mark.parametrize(
    ("energy", "words"),
    [
        (-0.02, "on the hull"),
        (0.0, "on the hull"),
        (0.03, "within 0.1 eV/atom of the hull"),
        (0.1, "within 0.1 eV/atom of the hull"),
        (0.4, "more than 0.1 eV/atom above the hull"),
    ],
)
def test_that_an_energy_above_the_hull_is_put_in_words(energy, words) -> None:
    assert words in verdict(hull(energy))


def test_that_the_interval_is_given_and_what_else_it_allows_is_said() -> None:
    wide = hull(0.03, 0.0, 0.21)
    assert interval(wide) == "0.030 eV/atom, 95 % interval 0.000 to 0.210"
    assert doubt(wide) == ("By its interval it may also be on the hull or more than 0.1 eV/atom above the hull.")
    assert doubt(hull(0.03, 0.01, 0.05)) == ""
    assert interval(hull(0.03)) == "0.030 eV/atom ± 0.030 (68 %)"


def test_that_a_crystal_unlike_the_training_data_is_flagged(stability, show) -> None:
    show(e_above_hull=hull(0.03, 0.0, 0.21, familiar=False))
    assert "Unlike what the model was trained on" in texts(stability)
    show(e_above_hull=hull(0.03, 0.0, 0.21))
    assert "Unlike" not in texts(stability)


@pytest.mark.parametrize("measured", [None, hull(nan)])
def test_that_an_unknown_energy_draws_no_bar(stability, show, measured) -> None:
    show(e_above_hull=measured)
    assert "not known for this node" in texts(stability)
    assert stability.findChildren(HullBar) == []


def test_that_relaxed_strained_and_drawn_crystals_are_told_apart(new_node) -> None:
    node = new_node()
    assert relaxation(replace(node, relaxed=True)).startswith("Relaxed")
    assert "+3.2%" in relaxation(replace(node, relaxed=False, notes=("strained: the units are +3.2% further apart",)))
    assert relaxation(replace(node, relaxed=False, notes=())).startswith("As drawn")


def test_that_known_new_and_unsearched_are_told_apart() -> None:
    assert known_verdict(Known((MINERALS,), (TAUSONITE,))).startswith("Known")
    assert known_verdict(Known((MINERALS,))) == "New: not among the known crystals (20,000 of AMCSD)."
    assert known_verdict(Known((MINERALS,), (PEROVSKITE,))).startswith("New, of a known structure type")
    assert "no set of known crystals is imported" in known_verdict(Known())
    assert "not looked up" in known_verdict(None)


def test_that_matches_are_listed_with_set_and_label(stability, show) -> None:
    show(known=Known((MINERALS,), (PEROVSKITE, TAUSONITE), ("The set ICSD could not be read.",)))
    said = texts(stability)
    assert "same compound: Tausonite, SrTiO₃" in said
    assert "AMCSD 0001234, RMS displacement 0.012" in said
    assert said.index("Tausonite") < said.index("Cubic perovskite")
    assert "could not be read" in said


def test_that_everything_needed_to_replay_is_shown_and_copied(details, show, state) -> None:
    node = show(models={"denoiser": "crystal-denoiser@abc123"}, seconds={"sample": 1.5, "write": 0.25})
    state.set_mark(node.id, Mark("Best", note="check the phonons"))
    details.copy_text.click()
    copied = QGuiApplication.clipboard().text()
    for needed in (
        node.id,
        str(node.seed),
        node.pivot,
        "crystal-denoiser@abc123",
        "run_seed",
        "strength α",
        "total: 1.75 s",
        "check the phonons",
        f"volume: {node.crystal.volume_angstrom3:.2f} Å³",
    ):
        assert needed in copied
    assert "crystal-denoiser@abc123" in texts(details)
    assert "check the phonons" in texts(details)


def test_that_the_json_holds_the_crystal_itself(details, show) -> None:
    node = show()
    details.copy_json.click()
    copied = json.loads(QGuiApplication.clipboard().text())
    assert Crystal.from_dict(copied["crystal"]).content_hash == node.crystal.content_hash
    assert (copied["id"], copied["seed"], copied["strength"]) == (node.id, node.seed, node.strength)


def test_that_nothing_can_be_copied_without_a_node(details, state, new_node) -> None:
    assert not details.copy_json.isEnabled()
    state.set_current(new_node().id)
    assert details.copy_json.isEnabled()
    state.set_current(None)
    assert not details.copy_text.isEnabled()


def test_that_the_density_of_rock_salt_is_that_of_the_tables() -> None:
    """Halite has 2.16 g/cm3 (Handbook of Mineralogy); its cell edge is 5.64 Å."""
    frac = [[0, 0, 0], [0, 0.5, 0.5], [0.5, 0, 0.5], [0.5, 0.5, 0], [0.5, 0, 0], [0, 0.5, 0], [0, 0, 0.5], [0.5] * 3]
    halite = Crystal([[5.64, 0, 0], [0, 5.64, 0], [0, 0, 5.64]], ("Na",) * 4 + ("Cl",) * 4, frac)
    assert density_g_cm3(halite) == pytest.approx(2.16, abs=0.01)


@pytest.mark.parametrize("seed", range(10))
def test_that_odd_nodes_are_shown_and_copied_whole(stability, details, state, seed) -> None:
    odd = random_node(random.Random(seed))
    state.add(odd)
    state.set_current(odd.id)
    for panel in (stability, details):
        assert panel.minimumSizeHint().width() < 340
        assert not panel.grab().isNull()
    assert json.loads(as_json(odd, Mark()))["message"] == odd.message
    assert odd.id in as_text(odd, Mark())


def test_that_a_wide_panel_shows_blocks_side_by_side_and_a_narrow_one_below_each_other(qtbot, details, show) -> None:
    show()
    details.resize(1100, 300)
    qtbot.waitUntil(lambda: details.findChild(ColumnsPage).num_columns >= 2)
    details.resize(300, 600)
    qtbot.waitUntil(lambda: details.findChild(ColumnsPage).num_columns == 1)
    said = texts(details)
    assert all(heading in said for heading in ("Node", "Generation", "Parameters", "Models", "Crystal", "Seconds"))
