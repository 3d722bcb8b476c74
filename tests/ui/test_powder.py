"""The powder pattern: lines from the host, a broadened curve, a file for other programs."""

from __future__ import annotations

import csv

import numpy as np
import pytest
from inspected import LINES, STRONTIUM_TITANATE, Asked
from PySide6.QtCore import QPointF

from crystal_studio.domain.inspection import Reflection
from crystal_studio.services.jobs import DiffractionJob
from crystal_studio.services.powder import Shape, broadened, reflections_csv
from crystal_studio.ui import theme
from crystal_studio.ui.panels.powder_panel import PROFILE_FILTER, REFLECTIONS_FILTER, PowderPanel


@pytest.fixture
def asked(runner) -> Asked:
    return Asked(runner)


@pytest.fixture
def panel(qtbot, state, runner, asked):
    made = PowderPanel(state, runner)
    qtbot.addWidget(made)
    made.resize(500, 700)
    made.show()
    yield made
    made.close_panel()


@pytest.fixture
def drawn(qtbot, panel, asked, state) -> PowderPanel:
    """The panel with the lines of strontium titanate."""
    state.show_crystal(STRONTIUM_TITANATE)
    qtbot.waitUntil(lambda: bool(asked.of(DiffractionJob)))
    asked.answer(asked.of(DiffractionJob)[0], LINES)
    qtbot.waitUntil(lambda: panel._plot is not None)
    return panel


def type_in(qtbot, field, text: str) -> None:
    field.edit.selectAll()
    qtbot.keyClicks(field.edit, text)


def half_width(profile, peak_degree: float) -> float:
    """Full width at half maximum of the peak, read off the curve."""
    near = np.abs(profile.two_theta_degree - peak_degree) < 5
    angles, values = profile.two_theta_degree[near], profile.intensity[near]
    above = angles[values >= values.max() / 2]
    return float(above[-1] - above[0])


@pytest.mark.parametrize("shape", list(Shape))
@pytest.mark.parametrize("fwhm", [0.1, 0.5, 2.0])
def test_that_a_lone_line_has_the_width_asked_for_at_its_place(shape, fwhm) -> None:
    profile = broadened([Reflection(40.03, 70.0, 2.25, ((1, 1, 1),))], (10.0, 80.0), fwhm, shape)
    assert profile.intensity.max() == pytest.approx(100.0)
    assert profile.two_theta_degree[profile.intensity.argmax()] == pytest.approx(40.03, abs=fwhm / 10)
    assert half_width(profile, 40.03) == pytest.approx(fwhm, rel=0.25)


def test_that_the_tails_of_a_pseudo_voigt_are_longer_than_a_gaussians() -> None:
    line = [Reflection(40.0, 100.0, 2.25, ((1, 1, 1),))]
    away = [np.interp(42.0, *_arrays(broadened(line, (10.0, 80.0), 0.5, shape))) for shape in Shape]
    assert away[0] < 1e-6
    assert away[1] > 0.5


def _arrays(profile):
    return profile.two_theta_degree, profile.intensity


def test_that_heights_keep_the_ratio_of_intensities() -> None:
    profile = broadened(LINES, (5.0, 90.0), 0.3, Shape.GAUSSIAN)
    for line in LINES:
        at = np.abs(profile.two_theta_degree - line.two_theta_degree) < 0.2
        assert profile.intensity[at].max() == pytest.approx(line.intensity, rel=0.02)


def test_that_a_pattern_without_lines_is_flat() -> None:
    assert not broadened([], (5.0, 90.0), 0.3).intensity.any()


def test_that_lines_outside_the_range_add_nothing() -> None:
    assert not broadened([Reflection(120.0, 100.0, 0.9, ((5, 5, 5),))], (5.0, 90.0), 0.3).intensity.any()


def test_that_a_table_names_every_family_on_a_line() -> None:
    text = reflections_csv(LINES, "SrTiO3\nwavelength 1.54184 angstrom")
    assert text.splitlines()[0] == "# SrTiO3 wavelength 1.54184 angstrom"
    rows = list(csv.reader(text.splitlines()[1:]))
    assert rows[0] == ["two_theta_degree", "d_angstrom", "intensity", "hkl"]
    assert rows[2] == ["32.4240", "2.76130", "100.000", "(1 1 0), (-1 1 0)"]


def test_that_copper_radiation_up_to_ninety_degrees_is_asked_for_first(drawn, asked) -> None:
    (job,) = asked.of(DiffractionJob)
    assert (job.wavelength_angstrom, job.max_two_theta_degree) == (1.54184, 90.0)


def test_that_the_reflections_stand_in_the_table_and_are_drawn(drawn) -> None:
    assert drawn.rows.rowCount() == 3
    assert [drawn.rows.text(1, column) for column in range(4)] == ["(1 1 0), (-1 1 0)", "32.424", "2.7613", "100.0"]
    curves = drawn._plot.listDataItems()
    assert len(curves[0].getData()[0]) == 6
    assert len(curves) == 2


def test_that_other_radiation_asks_again_and_a_known_one_does_not(qtbot, drawn, asked) -> None:
    drawn.controls.radiation.setCurrentIndex(1)
    qtbot.waitUntil(lambda: len(asked.of(DiffractionJob)) == 2)
    assert asked.of(DiffractionJob)[1].wavelength_angstrom == 0.71073
    asked.answer(asked.of(DiffractionJob)[1], LINES[:1])
    drawn.controls.radiation.setCurrentIndex(0)
    assert drawn.rows.rowCount() == 3
    qtbot.wait(150)
    assert len(asked.of(DiffractionJob)) == 2


@pytest.mark.parametrize("typed", ["x", "0", "-2", "99", "nan"])
def test_that_a_bad_wavelength_has_its_message_and_asks_nothing(qtbot, drawn, asked, typed) -> None:
    drawn.options.click()
    drawn.controls.radiation.setCurrentIndex(drawn.controls.radiation.count() - 1)
    type_in(qtbot, drawn.controls.wavelength, typed)
    assert drawn.controls.wavelength.message.isVisible()
    assert "0.1 to 5 Å" in drawn.controls.wavelength.message.text()
    qtbot.wait(150)
    assert {job.wavelength_angstrom for job in asked.of(DiffractionJob)} <= {1.54184, 9.0}


def test_that_an_own_wavelength_is_used(qtbot, drawn, asked) -> None:
    drawn.options.click()
    drawn.controls.radiation.setCurrentIndex(drawn.controls.radiation.count() - 1)
    type_in(qtbot, drawn.controls.wavelength, "0.6")
    qtbot.waitUntil(lambda: bool(asked.of(DiffractionJob, wavelength_angstrom=0.6)))


def test_that_a_range_that_ends_before_it_begins_says_so(qtbot, drawn) -> None:
    drawn.options.click()
    type_in(qtbot, drawn.controls.high, "3")
    assert drawn.controls.message.isVisible()
    assert "1° above" in drawn.controls.message.text()
    type_in(qtbot, drawn.controls.high, "60")
    assert not drawn.controls.message.isVisible()


def test_that_the_lower_end_filters_without_asking(qtbot, drawn, asked) -> None:
    type_in(qtbot, drawn.controls.low, "30")
    assert drawn.rows.rowCount() == 2
    qtbot.wait(150)
    assert len(asked.jobs) == 1


def test_that_pointing_at_a_line_names_its_indices(qtbot, drawn) -> None:
    drawn.grab()
    place = drawn._plot.getViewBox().mapViewToScene(QPointF(32.424, 50.0))
    drawn._hover(place)
    assert "(1 1 0)" in drawn.line_text.text()
    assert drawn._pointer.isVisible()
    drawn._hover(drawn._plot.getViewBox().mapViewToScene(QPointF(80.0, 50.0)))
    assert not drawn._pointer.isVisible()


def test_that_selecting_a_reflection_names_it_without_a_mouse(drawn) -> None:
    drawn.table.selectRow(2)
    assert drawn.line_text.text().startswith("(2 1 1) at 2θ = 57.838°")


@pytest.mark.parametrize(("kind", "heading"), [(REFLECTIONS_FILTER, "hkl"), (PROFILE_FILTER, "intensity")])
def test_that_what_is_shown_can_be_exported(drawn, tmp_path, kind, heading) -> None:
    target = tmp_path / "pattern.csv"
    drawn.ask_path = lambda proposed: (str(target), kind)
    drawn.export.click()
    lines = target.read_text(encoding="utf-8").splitlines()
    assert lines[0].startswith("# SrTiO3, simulated X-ray powder pattern, 1.54184 angstrom")
    assert lines[1].endswith(heading)
    assert "pattern.csv" in drawn.news.label.text()


def test_that_a_file_that_cannot_be_written_is_told(drawn, tmp_path) -> None:
    drawn.ask_path = lambda proposed: (str(tmp_path / "nowhere" / "pattern.csv"), REFLECTIONS_FILTER)
    drawn.export.click()
    assert "pattern.csv was not written" in drawn.news.label.text()
    assert drawn.news.isVisible()


def test_that_an_export_without_a_path_writes_nothing(drawn, tmp_path) -> None:
    drawn.ask_path = lambda proposed: ("", "")
    drawn.export.click()
    assert not list(tmp_path.glob("*.csv"))
    assert drawn.news.label.text() == ""


def test_that_a_failure_is_told_and_can_be_tried_again(qtbot, panel, asked, state) -> None:
    state.show_crystal(STRONTIUM_TITANATE)
    qtbot.waitUntil(lambda: bool(asked.of(DiffractionJob)))
    asked.refuse(asked.of(DiffractionJob)[0], "This cell is too flat. Show another.")
    assert panel.news.label.text() == "This cell is too flat. Show another."
    panel.news.retry.click()
    qtbot.waitUntil(lambda: len(asked.of(DiffractionJob)) == 2)


def test_that_the_pattern_follows_the_theme(qtbot, drawn, qapp) -> None:
    theme.switch.use(qapp, theme.Mode.DARK)
    assert drawn._plot.backgroundBrush().color().name() == theme.DARK.surface
