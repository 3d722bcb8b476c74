"""The logic of the conversation: what is shown, whom a message answers, which job belongs to which bubble."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import replace
from time import monotonic

from PySide6.QtCore import QObject, Signal

from crystal_studio.domain.errors import StudioError, UserCorrectable
from crystal_studio.domain.history import Node
from crystal_studio.domain.pivot import PivotSource
from crystal_studio.domain.sampling_engine import SamplingEngine
from crystal_studio.domain.trajectory import Frame
from crystal_studio.host.protocol import Failed, Failure
from crystal_studio.services.jobs import DesignJob, Job, Lane, PromoteJob, RepairJob
from crystal_studio.ui.chat.mentions import resolved
from crystal_studio.ui.chat.rounds import ChatJob, Round, Stage, Target, Wish
from crystal_studio.ui.jobs.runner import JobRunner
from crystal_studio.ui.session_state import SessionState


def new_seed() -> int:
    """A seed drawn anew; it is stored with the job, so the round can be run again."""
    return secrets.randbelow(2**31)


class ChatPresenter(QObject):
    """Talks to the session and to the job runner, and to nothing else.

    Signals:
        conversation_changed: the rounds shown, or the current one of them, changed.
        job_changed: id of a job that was added, moved on or was taken away (`job` then gives None).
        target_changed: whom the next message answers changed.
        text_returned: a message whose job did not succeed, to be put back into the box.
        frames_arrived: tuple of `Frame` of the running job.
        lane_changed: state of the model lane.
        refused: why something that was clicked cannot be done.
    """

    conversation_changed = Signal()
    job_changed = Signal(str)
    target_changed = Signal()
    text_returned = Signal(str)
    frames_arrived = Signal(tuple)
    lane_changed = Signal(str)
    refused = Signal(str)

    def __init__(
        self,
        state: SessionState,
        jobs: JobRunner,
        parent: QObject | None = None,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        super().__init__(parent)
        self.state = state
        self.lane = ""
        self._runner = jobs
        self._clock = clock
        self._jobs: dict[str, ChatJob] = {}
        self._chosen: Target | None = None
        self._generation = 0
        self._is_following = False
        self._leaf_seen: dict[str, str] = {}
        self._connections = [
            state.current_changed.connect(self._moved),
            state.node_added.connect(self._node_added),
            state.marks_changed.connect(self._marked),
            jobs.queued.connect(self._queued),
            jobs.started.connect(self._started),
            jobs.progressed.connect(self._progressed),
            jobs.partial.connect(self._partial),
            jobs.finished.connect(self._finished),
            jobs.failed.connect(self._failed),
            jobs.cancelled.connect(self._cancelled),
            jobs.lane_changed.connect(self._lane_moved),
        ]
        self._remember_leaf()

    def close(self) -> None:
        """Listen no more."""
        for connection in self._connections:
            QObject.disconnect(connection)
        self._connections = []

    # What is shown

    def rounds(self, most: int) -> list[Round]:
        """The end of the path from the root to the current node, at most so many rounds."""
        current = self.state.current
        if current is None:
            return []
        path, places = self.state.branch(current.id, most), dict(self.state.way(current.id))
        self.state.read_ahead([one.parent for one in path if one.parent])
        of = self.state.num_answers
        return [Round(one, max(places[one.id], 0), max(of(one.parent), 1), one.id == current.id) for one in path]

    def num_rounds(self) -> int:
        """How many rounds lead to the current node."""
        return len(self.state.way(self.state.current.id)) if self.state.current else 0

    def later_leaf(self) -> tuple[str, int] | None:
        """The node last seen below the current one, and how many rounds further on it is."""
        current = self.state.current
        leaf = self._leaf_seen.get(current.id) if current else None
        if current is None or leaf is None or leaf == current.id:
            return None
        return leaf, self.state.outline(leaf).round - current.round

    def jobs(self) -> list[ChatJob]:
        """Jobs that have a bubble, oldest first."""
        return list(self._jobs.values())

    def job(self, job_id: str) -> ChatJob | None:
        """A job that has a bubble."""
        return self._jobs.get(job_id)

    def elapsed(self, job: ChatJob) -> float:
        """Seconds since the present part of a job began."""
        return self._clock() - job.part_began

    def recent_messages(self) -> list[str]:
        """What the person wrote in this project, newest first, each once."""
        waiting = [job.message for job in self._jobs.values()]
        written = [one.message for one in reversed(self.state.recent())] + waiting
        return [text for text in dict.fromkeys(reversed(written)) if text]

    def attempt(self, does: Callable[[str], object], subject: str) -> None:
        """Do what was clicked, or say why it cannot be done."""
        try:
            does(subject)
        except StudioError as error:
            self.refused.emit(str(error))

    # Where the person goes

    def show(self, node_id: str) -> None:
        """Make a node the current one."""
        self.state.set_current(node_id)

    def show_sibling(self, node_id: str, step: int) -> None:
        """Go to another answer to the same parent, and there to where the person last was."""
        sibling = self.state.sibling(node_id, step)
        if sibling is not None:
            self.state.set_current(self._leaf_seen.get(sibling, sibling))

    def toggle_star(self, node_id: str) -> None:
        """Make a node a favourite, or no longer."""
        mark = self.state.mark(node_id)
        self.state.set_mark(node_id, replace(mark, starred=not mark.starred))

    # Whom the next message answers

    @property
    def target(self) -> Target:
        """Whom the next message answers."""
        if self._chosen is not None:
            return self._chosen
        return Target(self.state.current.id if self.state.current else None)

    def answer(self, node_id: str) -> None:
        """The next message answers this node, which becomes the current one."""
        self.state.set_current(node_id)
        self._choose(None)

    def begin_new_wish(self) -> None:
        """The next message answers nobody."""
        self._choose(Target(None, is_chosen=True))

    def edit(self, node_id: str) -> str:
        """The next message takes the place of a node's message beside it; gives the message."""
        outline = self.state.outline(node_id)
        self._choose(Target(outline.parent, edited=node_id, is_chosen=True))
        return outline.message

    def forget_choice(self) -> None:
        """The next message answers the current node again."""
        self._choose(None)

    # Jobs

    def send(self, wish: Wish) -> str:
        """Submit a message; gives the id of its job.

        Raises:
            UserCorrectable: the message is empty, or mentions a node that is not there.
        """
        text, mentioned = resolved(wish.text, self.state)
        if not text:
            raise UserCorrectable("The message is empty. Say what you want, or what to change.")
        job = DesignJob(
            project=self.state.path,
            message=text,
            parent=mentioned or self.target.node,
            seed=wish.seed,
            candidates=wish.candidates,
            strength=wish.strength,
            limits=wish.limits,
            goals=wish.goals,
            engine=wish.engine,
        )
        self._choose(None)
        return self._submit(job)

    def regenerate(self, node_id: str) -> str:
        """Run a node's round again with another seed, as a sibling of it; gives the id of the job."""
        node = self.state.node(node_id)
        candidates = node.parameters.get("candidates", len(node.candidates))
        job = DesignJob(
            project=self.state.path,
            message=node.message or None,
            parent=node.parent,
            seed=new_seed(),
            candidates=int(candidates),
            strength=node.strength,
            pivot=node.pivot if node.pivot_source is PivotSource.PERSON else None,
            limits=node.intent.limits,
            goals=node.intent.goals,
            engine=SamplingEngine.of_round(node.parameters),
        )
        return self._submit(job)

    def stop(self, job_id: str) -> None:
        """Stop a job, waiting or running; its bubble says so at once."""
        job = self._jobs.get(job_id)
        if job is None or job.stage not in (Stage.WAITING, Stage.RUNNING):
            return
        job.stage = Stage.STOPPING
        self.job_changed.emit(job_id)
        self._runner.cancel(job_id)

    def retry(self, job_id: str) -> str:
        """Queue a job that did not succeed again; gives the new id."""
        old = self._jobs.get(job_id)
        try:
            new_id = self._runner.retry(job_id)
        except UserCorrectable:
            if old is None:
                raise
            new_id = self._submit(old.job)  # the runner remembers only so many jobs
        self.dismiss(job_id)
        return new_id

    def dismiss(self, job_id: str) -> None:
        """Take the bubble of a job away."""
        if self._jobs.pop(job_id, None) is not None:
            self.job_changed.emit(job_id)

    def put_back(self, job_id: str) -> None:
        """Put the message of a job back into the box, to answer the same node."""
        job = self._jobs.get(job_id)
        if job is None or not job.message:
            return
        self._choose_answered(job.answers)
        self.text_returned.emit(job.message)

    def _submit(self, job: Job) -> str:
        job_id = self._runner.submit(job)
        self._queued(job_id, job)
        return job_id

    def _choose(self, target: Target | None) -> None:
        if target != self._chosen:
            self._chosen = target
            self.target_changed.emit()

    def _choose_answered(self, node_id: str | None) -> None:
        is_current = node_id == (self.state.current.id if self.state.current else None)
        self._choose(None if is_current else Target(node_id, is_chosen=True))

    # What the session says

    def _moved(self, _node: Node | None) -> None:
        self._remember_leaf()
        if not self._is_following:
            self._generation += 1
        self._chosen = None
        self.conversation_changed.emit()
        self.target_changed.emit()

    def _remember_leaf(self) -> None:
        """Where the person last was below each node of the branch."""
        current = self.state.current
        if current is None:
            return
        path = [one for one, _ in self.state.way(current.id)]
        below = self._leaf_seen.get(current.id)
        leaf = below if below is not None else current.id
        for node_id in path:
            self._leaf_seen[node_id] = leaf

    def _node_added(self, _outline: object) -> None:
        self.conversation_changed.emit()

    def _marked(self, _node_id: str) -> None:
        self.conversation_changed.emit()

    # What the runner says

    def _queued(self, job_id: str, job: object) -> None:
        is_ours = isinstance(job, DesignJob | PromoteJob | RepairJob) and job.project == self.state.path
        if not is_ours or job_id in self._jobs:
            return
        self._jobs[job_id] = ChatJob(job_id, job, self._generation, part_began=self._clock())
        self.job_changed.emit(job_id)

    def _started(self, job_id: str) -> None:
        if (job := self._jobs.get(job_id)) and job.stage is Stage.WAITING:
            job.stage, job.part_began = Stage.RUNNING, self._clock()
            self.job_changed.emit(job_id)

    def _progressed(self, job_id: str, part: str, fraction: float, note: str) -> None:
        job = self._jobs.get(job_id)
        if job is None:
            return
        if part != job.part:
            job.part, job.part_began, job.note = part, self._clock(), ""
        job.fraction, job.note = min(max(fraction, 0.0), 1.0), note or job.note
        job.stage = Stage.RUNNING if job.stage is Stage.WAITING else job.stage
        self.job_changed.emit(job_id)

    def _partial(self, job_id: str, kind: str, payload: object) -> None:
        job = self._jobs.get(job_id)
        if job is None:
            return
        if isinstance(payload, str) and job.take(kind, payload):
            self.job_changed.emit(job_id)
        elif kind == "frames" and isinstance(payload, tuple):
            self._frames(job, payload)

    def _frames(self, job: ChatJob, frames: tuple[Frame, ...]) -> None:
        """Frames of a job sent before the person moved on are not shown: they would hide what is looked at."""
        if frames and not frames[-1].is_written:  # how far writing is, its progress says
            job.note = f"{frames[-1].step}/{frames[-1].steps}"
            self.job_changed.emit(job.id)
        if job.generation == self._generation and job.stage is Stage.RUNNING:
            job.is_drawn = True
            self.frames_arrived.emit(frames)

    def _finished(self, job_id: str, result: object) -> None:
        job = self._jobs.get(job_id)
        if job is None or not isinstance(result, Node):
            return
        self.state.add(result)
        is_shown = self.state.current is not None and self.state.current.id == result.id
        if is_shown or job.generation == self._generation:
            self.dismiss(job_id)
            self._follow(result.id)
        else:
            job.stage, job.node = Stage.READY, result
            self.job_changed.emit(job_id)

    def _follow(self, node_id: str) -> None:
        if self.state.current is not None and self.state.current.id == node_id:
            return
        self._is_following = True
        chosen = self._chosen
        try:
            self.state.set_current(node_id)
        finally:
            self._is_following = False
        if chosen is not None:  # what the person is about to answer stays, whatever came out meanwhile
            self._choose(chosen)

    def _failed(self, job_id: str, failure: object) -> None:
        job = self._jobs.get(job_id)
        if job is None or not isinstance(failure, Failed):
            return
        job.stage, job.failure = Stage.FAILED, failure
        self._draw_current_again(job)
        self.job_changed.emit(job_id)
        if failure.failure is Failure.USER_CORRECTABLE and job.message:
            self.text_returned.emit(job.message)

    def _cancelled(self, job_id: str) -> None:
        if job := self._jobs.get(job_id):
            job.stage = Stage.STOPPED
            self._draw_current_again(job)
            self.job_changed.emit(job_id)

    def _draw_current_again(self, job: ChatJob) -> None:
        """Take away the unfinished crystal of a job that came to nothing."""
        if job.is_drawn and job.generation == self._generation:
            self.state.show_crystal(self.state.crystal)

    def _lane_moved(self, lane: str, state: str) -> None:
        if lane == Lane.MODEL.value:
            self.lane = state
            self.lane_changed.emit(state)
