"""What is done with models: verified, tried, chosen, removed, packed and unpacked; how each ended is remembered."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Signal

from crystal_studio.domain.model_card import ModelCard, ModelKind
from crystal_studio.domain.trial import Trial
from crystal_studio.services.jobs import Job
from crystal_studio.services.jobs_models import (
    ChooseModelJob,
    PackModelsJob,
    RemoveModelJob,
    TryModelJob,
    UnpackModelsJob,
    VerifyModelJob,
)
from crystal_studio.ui.models.asking import Asking, Hearing
from crystal_studio.ui.models.kind_words import seconds_text, size_text
from crystal_studio.ui.models.model_rows import NOTHING_HEARD, Key, ModelNews

_LONGEST_ANSWER = 300


class ModelTasks(QObject):
    """One task a model at a time; those of different models wait for each other in their lane.

    Attributes:
        news: what was heard of each model.

    Signals:
        news_changed: something was heard.
        checked: a model was verified or tried, which the report does not tell yet.
        stock_changed: what is installed, or what does which job, is no longer what the report says.
        told: a sentence about something that is not one model's alone, and whether it tells of a failure.
    """

    news_changed = Signal()
    checked = Signal()
    stock_changed = Signal()
    told = Signal(str, bool)

    def __init__(self, asking: Asking, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._asking = asking
        self.news: dict[Key, ModelNews] = {}
        self._running: dict[Key, str] = {}
        self._file_job = ""

    def is_busy(self, key: Key) -> bool:
        """Whether something is under way with a model."""
        return key in self._running

    @property
    def is_packing(self) -> bool:
        """Whether a file is being written or read."""
        return bool(self._file_job)

    def verify(self, keys: Sequence[Key]) -> None:
        """Hash the files of models."""
        for kind, name in keys:
            self._run((kind, name), VerifyModelJob(ModelKind(kind), name), "verifying", self._verified)

    def try_out(self, key: Key) -> None:
        """Have a model do its part of a round."""
        self._run(key, TryModelJob(ModelKind(key[0]), key[1]), "test run", self._tried)

    def choose(self, key: Key) -> None:
        """Let a model do the job of its kind from now on."""
        self._run(key, ChooseModelJob(ModelKind(key[0]), key[1]), "taking over the job", self._chosen)

    def remove(self, key: Key) -> None:
        """Delete a model of the person's own."""
        self._run(key, RemoveModelJob(ModelKind(key[0]), key[1]), "removing", self._removed)

    def pack(self, names: Sequence[str], target: Path) -> None:
        """Write models into one file."""
        self._run_file(PackModelsJob(tuple(names), target), f"Packing {target.name}", self._packed)

    def unpack(self, file: Path) -> None:
        """Take in the models of a file."""
        self._run_file(UnpackModelsJob(file), f"Unpacking {file.name}", self._unpacked)

    def stop(self, keys: Sequence[Key]) -> None:
        """Stop what is under way with models."""
        for key in keys:
            if key in self._running:
                self._asking.cancel(self._running[key])

    def stop_file(self) -> None:
        """Stop packing or unpacking."""
        self._asking.cancel(self._file_job)

    def _run(self, key: Key, job: Job, doing: str, done: Callable[[Key, Any], None]) -> None:
        if key in self._running:
            return

        def end(said: str = "", is_good: bool = True) -> None:
            self._running.pop(key, None)
            self._hear(key, ModelNews("", None, said, is_good))

        def finish(result: object) -> None:
            end()
            done(key, result)

        self._hear(key, ModelNews(f"waits: {doing}"))
        hearing = Hearing(
            done=finish,
            failed=lambda why: end(why, is_good=False),
            stopped=end,
            started=lambda: self._hear(key, ModelNews(doing)),
            progressed=lambda _part, fraction, _message: self._hear(key, ModelNews(doing, fraction)),
        )
        job_id = self._asking.ask(job, hearing)
        if job_id:
            self._running[key] = job_id
            self.news_changed.emit()

    def _run_file(self, job: Job, doing: str, done: Callable[[Any], None]) -> None:
        if self._file_job:
            self.told.emit("A file is being written or read already. Wait for it, or stop it.", True)
            return

        def end(said: str = "", failed: bool = False) -> None:
            self._file_job = ""
            self.told.emit(said, failed)

        def finish(result: object) -> None:
            end()
            done(result)

        def progress(part: str, fraction: float, _message: str) -> None:
            self.told.emit(f"{doing}: {part} {round(100 * fraction)} %", False)

        hearing = Hearing(
            done=finish,
            failed=lambda why: end(why, failed=True),
            stopped=lambda: end("Stopped; nothing of it was kept."),
            progressed=progress,
        )
        self._file_job = self._asking.ask(job, hearing)
        if self._file_job:
            self.told.emit(f"{doing} …", False)

    def _verified(self, key: Key, problem: str | None) -> None:
        said = problem or "Every file is the one that its card names."
        self._hear(key, ModelNews(said=said, is_good=problem is None))
        self.checked.emit()

    def _tried(self, key: Key, trial: Trial) -> None:
        answer = " ".join(trial.text.split())
        shown = answer if len(answer) <= _LONGEST_ANSWER else f"{answer[:_LONGEST_ANSWER]}…"
        told = f"Test run: {seconds_text(trial.seconds)}, {size_text(trial.memory_mb)} of memory. {shown}"
        self._hear(key, ModelNews(said=told))
        self.checked.emit()

    def _chosen(self, key: Key, _result: object) -> None:
        self._hear(key, ModelNews(said="It does its job from now on, also after the next start."))
        self.stock_changed.emit()

    def _removed(self, key: Key, _result: object) -> None:
        self.news.pop(key, None)
        self.told.emit(f"{key[1]} is removed.", False)
        self.stock_changed.emit()

    def _packed(self, file: Path) -> None:
        self.told.emit(f"Written: {file}. It can be unpacked on another machine.", False)

    def _unpacked(self, cards: Sequence[ModelCard]) -> None:
        names = ", ".join(card.id for card in cards) or "nothing"
        self.told.emit(f"Installed from the file: {names}.", False)
        self.stock_changed.emit()

    def _hear(self, key: Key, news: ModelNews) -> None:
        before = self.news.get(key, NOTHING_HEARD)
        # What ended before stays in the row until the next thing has.
        self.news[key] = replace(news, said=before.said, is_good=before.is_good) if news.doing else news
        self.news_changed.emit()
