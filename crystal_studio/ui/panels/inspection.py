"""Questions about a crystal or two, answered by the science host: only the newest answer arrives, and each is kept."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import fields

from PySide6.QtCore import QObject, QTimer, Signal

from crystal_studio.domain.crystal import Crystal
from crystal_studio.host.protocol import Failed
from crystal_studio.services.jobs import CellJob, CompareJob, DiffractionJob, SitesJob, SymmetryJob
from crystal_studio.ui.jobs.runner import JobRunner

Question = SymmetryJob | SitesJob | CellJob | DiffractionJob | CompareJob
_ANSWERS_KEPT = 64
_PATIENCE_MS = 60


def key_of(question: Question) -> Hashable:
    """What makes two questions the same: crystals compare by content, the rest by value."""
    values = (getattr(question, item.name) for item in fields(question))
    return type(question), *(one.content_hash if isinstance(one, Crystal) else one for one in values)


class Answers:
    """The answers of late, which several inspections may share."""

    def __init__(self) -> None:
        self._kept: OrderedDict[Hashable, object] = OrderedDict()

    def __contains__(self, key: Hashable) -> bool:
        return key in self._kept

    def recall(self, key: Hashable) -> object:
        """A kept answer, which is kept longer for that."""
        self._kept.move_to_end(key)
        return self._kept[key]

    def keep(self, key: Hashable, answer: object) -> None:
        """Keep an answer, and let the oldest go."""
        self._kept[key] = answer
        while len(self._kept) > _ANSWERS_KEPT:
            self._kept.popitem(last=False)


class Inspection(QObject):
    """Asks one question at a time; a new one takes the place of the old, whose answer is dropped.

    Signals:
        answered: (question, result).
        failed: a sentence for the person.
        busy_changed: whether an answer is awaited.
    """

    answered = Signal(object, object)
    failed = Signal(str)
    busy_changed = Signal(bool)

    def __init__(self, jobs: JobRunner, parent: QObject | None = None, answers: Answers | None = None) -> None:
        super().__init__(parent)
        self._jobs = jobs
        self._answers = Answers() if answers is None else answers
        self._asked: Question | None = None
        self._job_id: str | None = None
        # A slider or a played trajectory asks many times a second: only the question that stands still is sent.
        self._patience = QTimer(self, singleShot=True, interval=_PATIENCE_MS)
        self._patience.timeout.connect(self._submit)
        jobs.finished.connect(self._take)
        jobs.failed.connect(self._give_up)
        jobs.cancelled.connect(self._forget_cancelled)

    @property
    def is_busy(self) -> bool:
        """Whether an answer is awaited."""
        return self._asked is not None

    def ask(self, question: Question) -> None:
        """Ask; an answer known from before arrives at once."""
        key = key_of(question)
        if self._asked is not None and key_of(self._asked) == key:
            self._asked = question
            return
        self.drop()
        if key in self._answers:
            self.answered.emit(question, self._answers.recall(key))
            return
        self._asked = question
        self.busy_changed.emit(True)
        self._patience.start()

    def drop(self) -> None:
        """Await no answer any more."""
        if self._asked is None:
            return
        job_id, self._job_id, self._asked = self._job_id, None, None
        self._patience.stop()
        if job_id is not None:
            self._jobs.cancel(job_id)
        self.busy_changed.emit(False)

    def close(self) -> None:
        """Drop the question and listen no longer."""
        self.drop()
        self._jobs.finished.disconnect(self._take)
        self._jobs.failed.disconnect(self._give_up)
        self._jobs.cancelled.disconnect(self._forget_cancelled)

    def _submit(self) -> None:
        if self._asked is not None:
            self._job_id = self._jobs.submit(self._asked)

    def _take(self, job_id: str, result: object) -> None:
        if job_id != self._job_id or self._asked is None:
            return
        question = self._end()
        self._answers.keep(key_of(question), result)
        self.answered.emit(question, result)

    def _give_up(self, job_id: str, failure: Failed) -> None:
        if job_id == self._job_id and self._asked is not None:
            self._end()
            self.failed.emit(failure.message)

    def _forget_cancelled(self, job_id: str) -> None:
        if job_id == self._job_id and self._asked is not None:
            self._end()
            self.failed.emit("This was stopped. Ask again to have it worked out.")

    def _end(self) -> Question:
        question = self._asked
        assert question is not None
        self._asked = self._job_id = None
        self.busy_changed.emit(False)
        return question
