"""The harness of the window's tests keeps its promises."""

from __future__ import annotations

from PySide6.QtWidgets import QLabel

from crystal_studio.domain.node_query import NodeQuery
from crystal_studio.services.jobs import WarmUpJob


def test_that_a_fake_round_lands_in_the_project_and_in_the_session(state, new_node, store) -> None:
    root = new_node("a cubic oxide")
    child = new_node("a wider gap", root)
    assert [outline.id for outline in state.search(NodeQuery())] == [root.id, child.id]
    assert [node.id for node in store.nodes()] == [root.id, child.id]
    assert [one.id for one in state.page(root.id)] == [child.id]


def test_that_the_runner_answers_only_when_told(runner, qtbot) -> None:
    with qtbot.waitSignal(runner.queued):
        job = runner.submit(WarmUpJob())
    heard: list[object] = []
    runner.finished.connect(lambda job_id, result: heard.append((job_id, result)))
    assert heard == []
    runner.finish({"a": "b"})
    assert heard == [(job, {"a": "b"})]


def test_that_a_widget_can_be_shown(qtbot) -> None:
    label = QLabel("a crystal")
    qtbot.addWidget(label)
    label.show()
    qtbot.waitExposed(label)
    assert not label.grab().isNull()


def test_that_a_qt_warning_would_fail_its_test(request) -> None:
    assert request.config.getini("qt_log_level_fail") == "WARNING"
    assert all("support" in ignored for ignored in request.config.getini("qt_log_ignore"))
