"""The doctor's dialog: findings with a sign and a remedy, the self-test, and a text to send."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication, QImage, QPainter
from PySide6.QtWidgets import QPushButton

from crystal_studio.domain.finding import Finding, State
from crystal_studio.host.protocol import Failure
from crystal_studio.services.jobs_models import DoctorJob
from crystal_studio.ui import theme
from crystal_studio.ui.dialogs.doctor_dialog import DoctorDialog, findings_text, headline
from crystal_studio.ui.sign import Sign, paint_sign

FINDINGS = (
    Finding("python", "3.11.9"),
    Finding("memory", "3.2 GiB", State.ADVICE, "Close other programs."),
    Finding("bitsandbytes", "not installed", State.PROBLEM, "Run the installer <again>."),
)


@pytest.fixture
def cold(runner, qtbot) -> DoctorDialog:
    """The dialog before its first answer."""
    made = DoctorDialog(runner)
    qtbot.addWidget(made)
    made.show()
    return made


@pytest.fixture
def dialog(cold, runner) -> DoctorDialog:
    """The dialog with three findings."""
    runner.finish(FINDINGS)
    return cold


def test_that_it_looks_at_once_without_the_self_test(cold, runner) -> None:
    assert runner.last_job == DoctorJob(self_test=False)
    assert "Waits" in cold.state.text()
    assert not cold.copy.isEnabled()
    runner.start()
    assert cold.state.text().startswith("Looking")


def test_that_problems_come_first_each_with_its_sign_and_its_remedy(dialog) -> None:
    rows = dialog.list.rows_model.rows
    assert [row.title for row in rows if row.key is None] == ["Problems (1)", "Could be better (1)", "Good (1)"]
    found = {row.title: row for row in rows}
    assert (found["bitsandbytes"].sign, found["bitsandbytes"].said) == (Sign.FAILED, "Run the installer <again>.")
    assert (found["memory"].sign, found["memory"].said) == (Sign.ADVICE, "Close other programs.")
    assert (found["python"].sign, found["python"].facts) == (Sign.PASSED, "3.11.9")
    assert dialog.headline.text() == "1 problem to mend, 1 piece of advice."


@pytest.mark.parametrize(
    ("states", "told"),
    [
        ((State.GOOD,), "All is well."),
        ((State.ADVICE, State.ADVICE), "Everything needed is there; 2 pieces of advice."),
        ((State.PROBLEM, State.PROBLEM), "2 problems to mend."),
    ],
)
def test_that_the_headline_counts_what_asks_for_something(states: tuple[State, ...], told: str) -> None:
    assert headline([Finding("a", "b", state) for state in states]) == told


def test_that_signs_are_told_apart_by_shape_as_well_as_by_colour(qapp) -> None:
    shapes = set()
    for sign in Sign:
        picture = QImage(32, 32, QImage.Format.Format_ARGB32)
        picture.fill(0)
        painter = QPainter(picture)
        paint_sign(painter, picture.rect().toRectF(), sign, theme.LIGHT)
        painter.end()
        shapes.add(tuple(picture.pixelColor(x, y).alpha() > 0 for x in range(32) for y in range(32)))
    assert len(shapes) == len(Sign)


def test_that_a_screen_reader_hears_the_state_and_the_remedy(dialog) -> None:
    model = dialog.list.rows_model
    row = next(number for number, one in enumerate(model.rows) if one.title == "memory")
    told = model.data(model.index(row), Qt.ItemDataRole.AccessibleTextRole)
    assert told == "memory, could be better 3.2 GiB Close other programs."


def test_that_the_self_test_runs_when_it_is_wanted(dialog, runner) -> None:
    dialog.test.click()
    assert runner.last_job == DoctorJob(self_test=True)
    assert not dialog.test.isEnabled()
    runner.start()
    assert "ten seconds or more" in dialog.state.text()
    runner.progress("self-test", 0.5, "sampling")
    assert dialog.bar.value() == 500
    runner.finish((*FINDINGS, Finding("self-test", "a round in 9.1 s")))
    assert "self-test" in {row.title for row in dialog.list.rows_model.rows}
    assert dialog.test.isEnabled()
    assert not dialog.bar.isVisible()


def test_that_the_self_test_can_be_stopped_and_the_findings_stay(dialog, runner) -> None:
    dialog.test.click()
    dialog.stop.click()
    assert runner.stopped == [runner.last]
    runner.end_cancelled()
    assert dialog.state.text() == "Stopped."
    assert len(dialog.findings) == 3


def test_that_a_failure_is_told_and_it_can_look_again(cold, runner) -> None:
    runner.fail("The engine stopped.", Failure.HOST_DIED)
    assert cold.state.text() == "The engine stopped."
    assert "Look again" in cold.empty.text()
    cold.again.click()
    runner.finish(FINDINGS)
    assert cold.list.isVisible()


def test_that_everything_is_copied_as_text(dialog) -> None:
    dialog.copy.click()
    copied = QGuiApplication.clipboard().text()
    assert copied == findings_text(FINDINGS)
    assert "[problem] bitsandbytes: not installed\n    Run the installer <again>." in copied


def test_that_answers_after_closing_are_harmless(cold, runner) -> None:
    asked = runner.last
    cold.reject()
    assert runner.stopped == [asked]
    runner.finish(FINDINGS, asked)
    assert cold.findings == ()


def test_that_every_button_is_seen_at_twice_the_text_size(dialog, qtbot) -> None:
    font = dialog.font()
    font.setPointSizeF(font.pointSizeF() * 2)
    dialog.setFont(font)
    dialog.resize(1240, 760)
    qtbot.wait(20)
    assert dialog.width() <= 1280
    for button in dialog.findChildren(QPushButton):
        if button.isVisible():
            assert dialog.rect().contains(button.mapTo(dialog, QPoint(button.width() - 1, button.height() - 1)))
