"""The conversation as a person sees and drives it."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from time import process_time

import pytest
from outlined import OutlineStore
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QColor, QPalette

from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.domain.history import Node
from crystal_studio.domain.outline import NodeOutline
from crystal_studio.domain.pivot import PivotSource
from crystal_studio.host.protocol import Failure
from crystal_studio.services.jobs import DesignJob, Repair, RepairJob, RepairKind
from crystal_studio.ui import theme
from crystal_studio.ui.chat.chat_panel import ChatPanel
from crystal_studio.ui.chat.conversation import PAGE
from crystal_studio.ui.chat.presenter import ChatPresenter
from crystal_studio.ui.chat.rounds import MOST_STREAMED
from crystal_studio.ui.chat.welcome import EXAMPLES
from crystal_studio.ui.session_state import SessionState


@pytest.fixture
def panel(state, runner, qtbot) -> Iterator[ChatPanel]:
    made = ChatPanel(state, runner)
    qtbot.addWidget(made)
    made.resize(420, 800)
    made.show()
    qtbot.waitExposed(made)
    yield made
    made.close_panel()


def send(panel: ChatPanel, qtbot, text: str) -> str:
    """Type and press Enter; gives the id of the job."""
    panel.composer.box.setFocus()
    panel.composer.box.put("")
    qtbot.keyClicks(panel.composer.box, text)
    qtbot.keyClick(panel.composer.box, Qt.Key.Key_Return)
    return panel.presenter.jobs()[-1].id


def click(qtbot, widget) -> None:
    qtbot.mouseClick(widget, Qt.MouseButton.LeftButton)


def test_that_an_example_wish_is_sent_by_a_click(panel, runner, qtbot) -> None:
    assert panel.welcome.isVisible()
    assert len(panel.welcome.examples) == 3
    click(qtbot, panel.welcome.examples[0])
    assert isinstance(runner.last_job, DesignJob)
    assert runner.last_job.message == EXAMPLES[0]
    assert runner.last_job.parent is None
    assert not panel.welcome.isVisible()


def test_that_a_running_job_shows_its_state_and_the_text_as_it_is_written(panel, runner, qtbot) -> None:
    job = send(panel, qtbot, "a cubic oxide")
    view = panel.jobs.views[job]
    assert view.status.text() == "waiting"
    runner.lane_changed.emit("model", "loading")
    runner.start()
    qtbot.waitUntil(lambda: view.status.text() == "loading models")
    runner.progress("writing", 0.5)
    runner.say("token", "MgO ")
    runner.say("token", "crystallizes")
    qtbot.waitUntil(lambda: view.written.toPlainText() == "MgO crystallizes")
    assert view.status.text().startswith("writing the description")
    runner.progress("sampling", 0.3, "12/40")
    qtbot.waitUntil(lambda: view.status.text() == "sampling 12/40")
    assert view.bar.value() == 300
    for part in ("checking", "relaxing", "describing"):
        runner.progress(part, 0.0)
        qtbot.waitUntil(lambda part=part: part in view.status.text())


def test_that_the_answer_is_shown_with_its_numbers_and_the_name_of_the_model(
    panel, runner, state, node_of, store, qtbot
) -> None:
    send(panel, qtbot, "a cubic oxide")
    node = node_of("a cubic oxide")
    runner.finish(node)
    assert state.current.id == node.id
    assert panel.jobs.views == {}
    view = panel.conversation.views[node.id]
    qtbot.waitUntil(lambda: view.is_filled)
    assert view.message.body.toPlainText() == "a cubic oxide"
    assert f"{node.band_gap.value:.2f} eV" in view.card.gap.text()
    assert f"({node.space_group.number})" in view.card.group.text()
    assert "checks passed" in view.card.checks.text()
    assert view.card.author.text()


def test_that_each_card_names_the_model_that_wrote(state, runner, node_of, store, qtbot) -> None:
    node = dataclasses.replace(
        node_of(), id="f" * 32, models={"language_model": "small-writer@12ab"}, pivot_source=PivotSource.MODEL
    )
    store.commit(node)
    state.add(node)
    state.set_current(node.id)
    panel = ChatPanel(state, runner)
    qtbot.addWidget(panel)
    view = panel.conversation.views[node.id]
    assert view.card.author.text() == "small-writer"
    qtbot.waitUntil(lambda: view.is_filled)
    assert view.card.author.text().startswith("small-writer · ")
    assert view.card.author.text().endswith(" s")
    panel.close_panel()


def test_that_stop_says_so_at_once_and_stops_only_its_own_job(panel, runner, qtbot) -> None:
    first, second = send(panel, qtbot, "a cubic oxide"), send(panel, qtbot, "a layered sulfide")
    runner.start(first)
    view = panel.jobs.views[first]
    click(qtbot, view.stop)
    assert view.status.text() == "stopping"
    assert not view.stop.isEnabled()
    assert runner.stopped == [first]
    runner.end_cancelled(first)
    assert view.status.text().startswith("stopped")
    assert panel.jobs.views[second].status.text() == "waiting"
    click(qtbot, panel.jobs.views[second].stop)
    assert runner.stopped == [first, second]


def test_that_a_message_that_cannot_be_acted_on_comes_back_into_the_box(panel, runner, qtbot) -> None:
    job = send(panel, qtbot, "an oxide that sings")
    assert panel.composer.text == ""
    runner.fail("No oxide sings. Ask for another property.")
    view = panel.jobs.views[job]
    assert panel.composer.text == "an oxide that sings"
    assert "No oxide sings" in view.reason.body.toPlainText()
    click(qtbot, view.dismiss)
    assert panel.jobs.views == {}


def test_that_a_failure_does_not_overwrite_what_is_typed_meanwhile(panel, runner, qtbot) -> None:
    job = send(panel, qtbot, "an oxide that sings")
    qtbot.keyClicks(panel.composer.box, "a nitride")
    runner.fail("No oxide sings. Ask for another property.")
    assert panel.composer.text == "a nitride"
    assert not panel.jobs.views[job].put_back.isHidden()


@pytest.mark.parametrize(
    ("failure", "words"),
    [(Failure.HOST_DIED, "engine stopped"), (Failure.UNAVAILABLE, "not there"), (Failure.BUG, "fault")],
)
def test_that_a_failed_job_can_be_tried_again(panel, runner, qtbot, failure, words) -> None:
    job = send(panel, qtbot, "a cubic oxide")
    runner.fail("What was wrong. What to do.", failure, "studio.log in the folder of logs")
    view = panel.jobs.views[job]
    assert words in view.status.text()
    assert "What to do." in view.reason.body.toPlainText()
    assert ("studio.log" in view.log.toPlainText() and not view.log.isHidden()) == (failure is Failure.BUG)
    click(qtbot, view.retry)
    assert len(runner.jobs) == 2
    assert runner.last_job.message == "a cubic oxide"
    assert list(panel.jobs.views) == [runner.last]


def test_that_an_answer_does_not_pull_away_somebody_who_has_moved_on(panel, runner, state, new_node, node_of, qtbot):
    first, other = new_node("a cubic oxide"), new_node("a cubic sulfide")
    state.set_current(first.id)
    job = send(panel, qtbot, "a wider gap")
    runner.start()
    state.set_current(other.id)
    answer = node_of("a wider gap", first)
    with qtbot.assertNotEmitted(panel.frames_arrived):
        runner.say("frames", ())
    runner.finish(answer)
    assert state.current.id == other.id
    view = panel.jobs.views[job]
    assert "is ready" in view.status.text()
    click(qtbot, view.show_node)
    assert state.current.id == answer.id
    assert panel.jobs.views == {}


def test_that_intermediate_crystals_are_passed_on_while_one_waits(
    panel, runner, new_node, frames_of, state, qtbot
) -> None:
    node = new_node()
    state.set_current(node.id)
    send(panel, qtbot, "a wider gap")
    runner.start()
    frames = frames_of(node, 4)
    with qtbot.waitSignal(panel.frames_arrived) as caught:
        runner.say("frames", frames)
    assert caught.args == [frames]
    new_current = new_node("a cubic sulfide")
    state.set_current(new_current.id)
    with qtbot.assertNotEmitted(panel.frames_arrived):
        runner.say("frames", frames)


def test_that_an_edited_message_becomes_a_sibling(panel, runner, state, new_node, node_of, qtbot) -> None:
    root = new_node("a cubic oxide")
    child = new_node("a wider gap", root)
    state.set_current(child.id)
    click(qtbot, panel.conversation.views[child.id].edit)
    assert panel.composer.text == "a wider gap"
    assert "rewrites" in panel.composer.target_line.text()
    send(panel, qtbot, "a narrower gap")
    assert runner.last_job.parent == root.id
    sibling = node_of("a narrower gap", root)
    runner.finish(sibling)
    view = panel.conversation.views[sibling.id]
    assert not view.switcher.isHidden()
    assert view.position.text() == "2/2"
    click(qtbot, view.previous)
    assert state.current.id == child.id
    assert panel.conversation.views[child.id].position.text() == "1/2"


def test_that_going_back_to_a_sibling_goes_to_where_one_was_below_it(panel, state, new_node, qtbot) -> None:
    root = new_node("a cubic oxide")
    first, second = new_node("a wider gap", root), new_node("a narrower gap", root)
    leaf = new_node("denser", first)
    for node in (leaf, second):
        state.set_current(node.id)
    click(qtbot, panel.conversation.views[second.id].previous)
    assert state.current.id == leaf.id


def test_that_regenerate_asks_the_same_with_another_seed(panel, runner, state, new_node, qtbot) -> None:
    root = new_node("a cubic oxide")
    child = new_node("a wider gap", root, seed=11, strength=0.3)
    state.set_current(child.id)
    view = panel.conversation.views[child.id]
    qtbot.waitUntil(lambda: view.is_filled)
    click(qtbot, view.regenerate)
    job = runner.last_job
    assert (job.message, job.parent, job.strength, job.candidates) == ("a wider gap", root.id, 0.3, 3)
    assert job.seed != child.seed
    assert job.limits == child.intent.limits


def test_that_a_click_on_a_card_shows_its_crystal_and_later_rounds_stay_within_reach(
    panel, state, new_node, qtbot
) -> None:
    root = new_node("a cubic oxide")
    child = new_node("a wider gap", root)
    state.set_current(child.id)
    click(qtbot, panel.conversation.views[root.id].card)
    assert state.current.id == root.id
    assert list(panel.conversation.views) == [root.id]
    assert panel.conversation.later.isVisible()
    click(qtbot, panel.conversation.later)
    assert state.current.id == child.id
    card = panel.conversation.views[root.id].card
    qtbot.keyClick(card, Qt.Key.Key_Return)
    assert state.current.id == root.id


def test_that_a_mention_decides_whom_a_message_answers(panel, runner, state, new_node, qtbot) -> None:
    root, other = new_node("a cubic oxide"), new_node("a cubic sulfide")
    state.set_current(root.id)
    send(panel, qtbot, f"@{other.id[:8]} a wider gap")
    assert runner.last_job.parent == other.id
    assert runner.last_job.message == "a wider gap"
    panel.composer.box.put("@00000000 a wider gap")
    panel.composer.submit()
    assert "No node" in panel.composer.message.text()
    assert panel.composer.text == "@00000000 a wider gap"
    assert len(runner.jobs) == 1


def test_that_a_star_is_stored_with_the_node(panel, state, new_node, store, qtbot) -> None:
    node = new_node()
    state.set_current(node.id)
    click(qtbot, panel.conversation.views[node.id].star)
    assert store.marks()[node.id].starred
    assert panel.conversation.views[node.id].star.text() == "★"


def test_that_a_repair_asked_for_elsewhere_has_a_bubble_too(panel, runner, state, new_node) -> None:
    node = new_node()
    state.set_current(node.id)
    job = runner.submit(RepairJob(state.path, node.id, Repair(RepairKind.RELAX)))
    assert "relax" in panel.jobs.views[job].job.title
    runner.submit(DesignJob(state.path.with_name("other.cstudio"), "a cubic oxide", None, 1))
    assert list(panel.jobs.views) == [job]


class LongBranch(OutlineStore):
    """A store with one node answered again and again."""

    def __init__(self, first: Node, rounds: int) -> None:
        super().__init__()
        self.kept = {first.id: first}
        for index in range(1, rounds):
            parent = next(reversed(self.kept.values()))
            changed = {"parent": parent.id, "round": index + 1, "message": f"step {index}"}
            self.kept[f"{index:032x}"] = dataclasses.replace(first, id=f"{index:032x}", **changed)
        for node in self.kept.values():
            self.put(NodeOutline.of(node))

    def node(self, node_id: str) -> Node:
        return self.kept[node_id]


def test_that_a_branch_of_two_hundred_rounds_opens_at_once(runner, node_of, project, qtbot) -> None:
    store = LongBranch(node_of("a cubic oxide"), 200)
    nodes = list(store.kept.values())
    state = SessionState(project, store)
    panel = ChatPanel(state, runner)
    qtbot.addWidget(panel)
    panel.resize(420, 800)
    panel.show()
    qtbot.waitExposed(panel)
    begun = process_time()
    state.set_current(nodes[-1].id)
    panel.grab()
    spent = process_time() - begun
    assert nodes[-1].id in panel.conversation.views
    qtbot.waitUntil(lambda: len(panel.conversation.views) == PAGE, timeout=30_000)
    assert panel.conversation.earlier.text() == f"{200 - PAGE} earlier rounds"
    click(qtbot, panel.conversation.earlier)
    qtbot.waitUntil(lambda: len(panel.conversation.views) > PAGE + 3, timeout=30_000)
    views = panel.conversation.views
    places = [panel.conversation.layout().indexOf(views[node.id]) for node in nodes if node.id in views]
    assert places == list(range(1, len(views) + 1))
    panel.close_panel()
    assert spent < 0.3


def test_that_what_is_typed_is_told_and_taken_up_again(state, runner, qtbot) -> None:
    from crystal_studio.ui.chat.chat_settings import ChatSettings

    panel = ChatPanel(state, runner, ChatSettings(draft="a cubic"))
    qtbot.addWidget(panel)
    assert panel.composer.text == "a cubic"
    with qtbot.waitSignal(panel.draft_changed) as caught:
        panel.composer.box.insertPlainText("Now ")
    assert caught.args == ["Now a cubic"]
    send(panel, qtbot, "a cubic oxide")
    qtbot.keyClicks(panel.composer.box, "and then")
    runner.start()
    runner.progress("sampling", 0.5)
    assert panel.composer.text == "and then"
    told: list[str] = []
    panel.draft_changed.connect(told.append)
    panel.close_panel()
    assert told == ["and then"]


def test_that_an_unfinished_crystal_goes_when_its_job_is_stopped(
    panel, runner, state, new_node, frames_of, qtbot
) -> None:
    node = new_node()
    state.set_current(node.id)
    send(panel, qtbot, "a wider gap")
    runner.start()
    runner.say("frames", frames_of(node, 2))
    with qtbot.waitSignal(state.crystal_changed) as caught:
        runner.end_cancelled()
    assert caught.args == [node.crystal]


def test_that_steps_are_counted_from_the_frames_where_no_message_says_them(
    panel, runner, new_node, frames_of, qtbot
) -> None:
    node = new_node()
    job = send(panel, qtbot, "a cubic oxide")
    runner.start()
    runner.progress("sampling", 0.2)
    runner.say("frames", frames_of(node, 40)[:12])
    runner.progress("sampling", 0.3)
    qtbot.waitUntil(lambda: panel.jobs.views[job].status.text() == "sampling 12/40")


def test_that_the_time_left_follows_from_the_pace_of_the_part(state, runner, qtbot) -> None:
    now = [100.0]
    presenter = ChatPresenter(state, runner, clock=lambda: now[0])
    runner.submit(DesignJob(state.path, "a cubic oxide", None, 1))
    runner.start()
    runner.progress("sampling", 0.0)
    now[0] += 10
    runner.progress("sampling", 0.25)
    job = presenter.job(runner.last)
    assert presenter.elapsed(job) == 10
    runner.progress("checking", 0.0)
    assert presenter.elapsed(job) == 0
    presenter.close()


def test_that_jobs_left_from_last_time_can_be_tried_again(panel, runner, state, qtbot) -> None:
    job = DesignJob(state.path, "a cubic oxide", None, 1)
    runner.jobs["left"] = job
    runner.queued.emit("left", job)
    runner.fail("The program ended while this was running.", Failure.HOST_DIED, job_id="left")
    click(qtbot, panel.jobs.views["left"].retry)
    assert runner.last_job is job
    assert runner.last != "left"


def test_that_a_repaired_crystal_is_not_written_again(panel, state, new_node, store, qtbot) -> None:
    root = new_node("a cubic oxide")
    repaired = dataclasses.replace(
        root, id="e" * 32, parent=root.id, round=2, message="Relax.", parameters={"repair": "relax"}
    )
    store.commit(repaired)
    state.add(repaired)
    state.set_current(repaired.id)
    view = panel.conversation.views[repaired.id]
    qtbot.waitUntil(lambda: view.is_filled)
    assert not view.regenerate.isEnabled()
    assert view.edit.isHidden()


def test_that_what_cannot_be_done_is_said_beneath_the_box(panel, runner, state, new_node, monkeypatch, qtbot) -> None:
    node = new_node()
    state.set_current(node.id)

    def refuse(_job: object) -> str:
        raise UserCorrectable("The window is closing. Open the project again to go on.")

    monkeypatch.setattr(runner, "submit", refuse)
    click(qtbot, panel.conversation.views[node.id].regenerate)
    assert "closing" in panel.composer.message.text()
    panel.composer.put("a wider gap")
    panel.composer.submit()
    assert "closing" in panel.composer.message.text()
    assert panel.composer.text == "a wider gap"


def test_that_text_follows_the_theme(panel, qapp, qtbot) -> None:
    send(panel, qtbot, "a cubic oxide")
    label = next(iter(panel.jobs.views.values())).status
    theme.switch.use(qapp, theme.Mode.DARK)
    assert label.palette().color(QPalette.ColorRole.WindowText) == QColor(theme.DARK.text)
    theme.switch.use(qapp, theme.Mode.LIGHT)
    assert label.palette().color(QPalette.ColorRole.WindowText) == QColor(theme.LIGHT.text)


def test_that_a_flood_of_tokens_does_not_hold_up_the_window(panel, runner, qtbot) -> None:
    job = send(panel, qtbot, "a cubic oxide")
    runner.start()
    begun = process_time()
    for index in range(5000):
        runner.say("token", f"word{index} ")
    assert process_time() - begun < 0.5
    view = panel.jobs.views[job]
    qtbot.waitUntil(lambda: view.written.toPlainText().endswith("word4999 "))
    assert len(view.job.text) <= MOST_STREAMED


def test_that_reading_back_is_not_disturbed_but_a_message_of_ones_own_is_seen(
    panel, runner, state, new_node, qtbot
) -> None:
    nodes = [new_node("a cubic oxide")]
    for index in range(5):
        nodes.append(new_node(f"wider {index}", nodes[-1]))
    state.set_current(nodes[-1].id)
    bar = panel.scroll.verticalScrollBar()
    qtbot.waitUntil(lambda: not panel.conversation.is_growing)
    qtbot.waitUntil(lambda: bar.maximum() > 200 and bar.value() == bar.maximum())
    bar.setValue(0)
    new_node("a cubic sulfide")
    panel.presenter.toggle_star(nodes[0].id)
    qtbot.wait(60)
    assert bar.value() < 60
    send(panel, qtbot, "denser")
    qtbot.waitUntil(lambda: bar.value() == bar.maximum())


def test_that_what_is_read_stays_where_it_is_while_earlier_rounds_are_added(runner, node_of, project, qtbot) -> None:
    store = LongBranch(node_of("a cubic oxide"), PAGE + 10)
    state = SessionState(project, store)
    panel = ChatPanel(state, runner)
    qtbot.addWidget(panel)
    panel.resize(420, 600)
    panel.show()
    qtbot.waitExposed(panel)
    state.set_current(next(reversed(store.kept)))
    qtbot.waitUntil(lambda: not panel.conversation.is_growing, timeout=30_000)
    panel.scroll.verticalScrollBar().setValue(0)
    first = panel.conversation.views[list(store.kept)[10]]
    before = first.mapTo(panel, QPoint(0, 0)).y()
    click(qtbot, panel.conversation.earlier)
    qtbot.waitUntil(lambda: len(panel.conversation.views) == PAGE + 10, timeout=30_000)
    qtbot.waitUntil(lambda: not panel.conversation.is_growing, timeout=30_000)
    qtbot.waitUntil(lambda: abs(first.mapTo(panel, QPoint(0, 0)).y() - before) < 60)
    panel.close_panel()
