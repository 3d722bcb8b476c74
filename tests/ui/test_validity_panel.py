"""Checks as cards, charges that sum to zero, and repairs that become child nodes."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from PySide6.QtWidgets import QLabel
from random_nodes import random_node

from crystal_studio.domain.crystal import Crystal
from crystal_studio.domain.validity import CheckResult
from crystal_studio.engines.chem.checks import SmactChecker
from crystal_studio.services.jobs import Repair, RepairJob, RepairKind
from crystal_studio.ui.panels.validity_panel import ValidityPanel
from crystal_studio.ui.panels.validity_words import charge_rows, figures, name_of, offer, verdict
from crystal_studio.ui.sign import Sign, SignMark

SWAP = Repair(RepairKind.SWAP_ELEMENT, "Sr", "Ca")
SCALE = Repair(RepairKind.SCALE_VOLUME)
PEROVSKITE = Crystal(
    [[3.905, 0, 0], [0, 3.905, 0], [0, 0, 3.905]],
    ("Sr", "Ti", "O", "O", "O"),
    [[0.5, 0.5, 0.5], [0, 0, 0], [0.5, 0, 0], [0, 0.5, 0], [0, 0, 0.5]],
)


@pytest.fixture
def panel(qtbot, state, runner):
    made = ValidityPanel(state, runner, repairs=lambda node: (SCALE, SWAP))
    qtbot.addWidget(made)
    made.resize(340, 600)
    made.show()
    qtbot.waitExposed(made)
    yield made
    made.close_panel()


@pytest.fixture
def show(state, panel, new_node):
    """Shows a node with these checks."""

    def shown(*checks: CheckResult):
        node = replace(new_node(), checks=checks)
        state._memory._nodes.put(node.id, node)
        state.set_current(node.id)
        return node

    return shown


def texts(panel) -> list[str]:
    return [label.text() for label in panel.findChildren(QLabel) if label.isVisible()]


def real_checks() -> dict[str, CheckResult]:
    return {check.name: check for check in SmactChecker().check(PEROVSKITE)}


def test_that_no_node_means_one_sentence_of_help(panel) -> None:
    assert texts(panel) == ["Show a node to see each check of its crystal, and why it passed or failed."]


def test_that_each_check_has_its_sign_name_number_threshold_and_reason(panel, show) -> None:
    numbers = {"shortest_angstrom": 0.31, "threshold_angstrom": 0.5}
    show(
        CheckResult("min_distance", 1, False, "Too near.", numbers, required=True),
        CheckResult("size_in_training", 1, True, "The cell has 5 atoms.", {"num_sites": 5.0, "threshold": 20.0}),
        CheckResult("metallicity", 1, None, "A number to read.", {"score": 0.2}),
    )
    shown = texts(panel)
    assert {"Shortest distance", "shortest 0.31 Å (threshold 0.50 Å)", "Too near.", "required"} <= set(shown)
    assert "num sites 5 (threshold 20)" in shown
    assert "Not valid: shortest distance." in shown
    signs = [mark.sign for mark in panel.findChildren(SignMark)]
    assert signs == [Sign.FAILED, Sign.PASSED, Sign.UNDECIDED]


def test_that_failed_checks_come_first_and_required_before_advice() -> None:
    passed, failed = real_checks()["density"], replace(real_checks()["volume"], passed=False)
    assert verdict((passed, failed)) == "Not valid: cell volume."
    assert verdict((passed, replace(failed, required=False))).startswith("Valid")
    assert "advice" in verdict((passed, replace(failed, required=False)))
    assert verdict(()) == "This crystal was not checked."


def test_that_every_real_check_has_a_name_in_words_and_numbers_with_units() -> None:
    checks = real_checks()
    assert all("_" not in name_of(check) and name_of(check) != check.name for check in checks.values())
    assert figures(checks["min_distance"]).values == (("shortest", "1.95 Å"),)
    assert figures(checks["min_distance"]).threshold == "0.50 Å"
    assert figures(checks["density"]).threshold == "0.78 to 2.70"
    assert ("density", "5.12 g/cm³") in figures(checks["density"]).values


def test_that_the_charges_of_srtio3_are_listed_and_sum_to_zero(panel, show, state) -> None:
    check = real_checks()["charge_sums"]
    assert charge_rows(check, PEROVSKITE.composition) == [
        ("Sr", "1", "+2", "+2"),
        ("Ti", "1", "+4", "+4"),
        ("O", "3", "−2", "−6"),
        ("sum", "5", "", "0"),
    ]
    node = replace(show(check), crystal=PEROVSKITE)
    state._memory._nodes.put(node.id, node)
    state.set_current(node.id)
    assert {"Charge", "+4", "−6", "sum"} <= set(texts(panel))


def test_that_charges_of_other_elements_are_not_summed() -> None:
    check = CheckResult("charge_sums", 1, True, "", {"Na": 1.0})
    assert charge_rows(check, PEROVSKITE.composition) == []


def test_that_a_repair_becomes_a_child_node_that_is_shown(panel, show, state, runner, node_of) -> None:
    node = show(real_checks()["volume"])
    assert [button.text() for button in panel.repair_buttons] == ["Scale the volume", "Swap Sr for Ca"]
    panel.repair_buttons[1].click()
    assert runner.last_job == RepairJob(state.path, node.id, SWAP)
    assert not any(button.isEnabled() for button in panel.repair_buttons)
    assert panel.sentence == "Mending the crystal…"
    child = node_of("a wider gap", node)
    runner.finish(child)
    assert state.current.id == child.id
    assert [one.id for one in state.page(node.id)] == [child.id]
    assert panel.sentence == ""


def test_that_a_repair_that_fails_says_why_and_can_be_tried_again(panel, show, runner) -> None:
    show(real_checks()["volume"])
    panel.repair_buttons[0].click()
    runner.fail("Relaxing needs the potential. Set it up first.")
    assert panel.sentence.startswith("Relaxing needs")
    assert all(button.isEnabled() for button in panel.repair_buttons)


def test_that_no_repair_means_no_button(qtbot, state, runner, new_node) -> None:
    made = ValidityPanel(state, runner, repairs=lambda node: ())
    qtbot.addWidget(made)
    made.show()
    state.set_current(new_node().id)
    assert made.repair_buttons == ()
    made.close_panel()


def test_that_the_repairs_of_the_studio_are_offered(qtbot, state, runner, new_node) -> None:
    from crystal_studio.services.repair import repairs

    made = ValidityPanel(state, runner)
    qtbot.addWidget(made)
    made.show()
    node = new_node()
    state.set_current(node.id)
    assert [button.text() for button in made.repair_buttons] == [offer(one) for one in repairs(node)]
    made.close_panel()


def test_that_a_hidden_panel_catches_up_when_it_is_shown(panel, show) -> None:
    panel.hide()
    show(real_checks()["volume"])
    assert panel.repair_buttons == ()
    panel.show()
    assert len(panel.repair_buttons) == 2


@pytest.mark.parametrize("seed", range(10))
def test_that_odd_checks_are_shown_and_never_widen_the_panel(panel, state, seed) -> None:
    odd = random_node(random.Random(seed))
    state.add(odd)
    state.set_current(odd.id)
    assert panel.minimumSizeHint().width() < 340
    assert not panel.grab().isNull()
