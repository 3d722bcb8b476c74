"""The queue: one row a job, cancelled or tried again one by one."""

from __future__ import annotations

import pytest

from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.host.protocol import Failure
from crystal_studio.services.jobs import DesignJob, SymmetryJob, WarmUpJob
from crystal_studio.ui.history.queue_panel import QueuePanel


@pytest.fixture
def panel(qtbot, state, runner):
    made = QueuePanel(state, runner)
    qtbot.addWidget(made)
    made.resize(340, 400)
    made.show()
    qtbot.waitExposed(made)
    yield made
    made.close_panel()


@pytest.fixture
def submit(state, runner):
    return lambda message="a cubic oxide": runner.submit(DesignJob(state.path, message, None, 7))


def test_that_a_job_is_listed_with_its_message_while_it_waits(panel, submit) -> None:
    row = panel.rows[submit("a lead-free perovskite")]
    assert row._title.text() == "a lead-free perovskite"
    assert row.state.text() == "waiting"
    assert row.isVisible()


def test_that_progress_is_shown_in_words_and_as_a_bar(panel, submit, runner) -> None:
    job = submit()
    runner.start()
    runner.progress("sampling", 0.4, "12 of 30")
    assert panel.rows[job].state.text() == "running: sampling (12 of 30)"
    assert panel.rows[job].progress.value() == 40


def test_that_cancel_stops_exactly_the_job_of_its_row(panel, submit, runner) -> None:
    first, second, third = submit("one"), submit("two"), submit("three")
    panel.rows[second].cancel.click()
    assert runner.stopped == [second]
    runner.end_cancelled(second)
    assert list(panel.rows) == [first, third]


def test_that_a_finished_job_leaves_the_list(panel, submit, runner) -> None:
    submit()
    runner.finish(object())
    assert panel.rows == {}


def test_that_a_failed_job_stays_with_its_reason_and_can_be_tried_again(panel, submit, runner) -> None:
    failed = submit("two")
    other = submit("three")
    runner.fail("No candidate passed. Loosen a limit.", job_id=failed)
    row = panel.rows[failed]
    assert row.state.text() == "failed: No candidate passed. Loosen a limit."
    assert not row.cancel.isVisible()
    row.retry.click()
    assert list(panel.rows) == [other, runner.last]
    assert runner.last_job.message == "two"


def test_that_a_job_whose_host_died_is_called_interrupted(panel, submit, runner) -> None:
    job = submit()
    runner.fail("The engine stopped.", Failure.HOST_DIED)
    assert panel.rows[job].state.text().startswith("interrupted")


def test_that_a_failed_job_can_be_dismissed(panel, submit, runner) -> None:
    job = submit()
    runner.fail("It did not work out.")
    panel.rows[job].dismiss.click()
    assert panel.rows == {}


def test_that_a_retry_that_is_refused_says_why(panel, submit, runner, monkeypatch) -> None:
    job = submit()
    runner.fail("It did not work out.")

    def refuse(_job_id: str) -> str:
        raise UserCorrectable("That job is no longer known. Send it again.")

    monkeypatch.setattr(runner, "retry", refuse)
    panel.rows[job].retry.click()
    assert "no longer known" in panel._message.text()
    assert job in panel.rows


def test_that_what_panels_ask_for_is_not_listed_but_loading_models_is(panel, runner, new_node) -> None:
    runner.submit(SymmetryJob(new_node().crystal))
    assert panel.rows == {}
    loading = runner.submit(WarmUpJob())
    assert list(panel.rows) == [loading]


def test_that_a_very_long_failure_does_not_widen_the_panel(panel, submit, runner) -> None:
    submit("x" * 500)
    runner.fail("y" * 5000)
    assert panel.minimumSizeHint().width() < 340
    assert not panel.grab().isNull()


def test_that_only_the_latest_failures_are_kept(panel, submit, runner) -> None:
    for _ in range(40):
        submit()
        runner.fail("It did not work out.")
    assert len(panel.rows) == 30
