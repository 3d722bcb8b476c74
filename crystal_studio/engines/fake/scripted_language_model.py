"""A language model that says what it was told to say."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import cycle, islice

from crystal_studio.engines.fake.script import Script, Stall
from crystal_studio.ports.context import JobContext
from crystal_studio.ports.language_model import WritingTask

_ROCK_SALT = "NaCl is Halite, Rock Salt structured and crystallizes in the cubic Fm-3m space group."


class ScriptedLanguageModel:
    """Plays back texts; with none left it keeps the named formula, the parent's text, or says rock salt.

    Attributes:
        tasks: every task received.
    """

    identity = "scripted"

    def __init__(self) -> None:
        self._script: Script[str | Sequence[str]] = Script()
        self.tasks: list[WritingTask] = []

    def enqueue(self, outcomes: Iterable[str | Sequence[str] | Exception | Stall]) -> None:
        """Append outcomes of the next calls: a text, a batch of alternatives, an exception or a stall."""
        self._script.enqueue(outcomes)

    def write_pivots(self, task: WritingTask, count: int, seed: int, context: JobContext) -> list[str]:
        """`count` texts; a batch that is too short is repeated.

        Raises:
            JobCancelled: stopped between two words.
        """
        self.tasks.append(task)
        played = self._script.play(context)
        answer = _default(task) if played is None else played
        texts = [answer] if isinstance(answer, str) else list(answer)
        _stream(texts[0], context)
        return list(islice(cycle(texts), count))


def _default(task: WritingTask) -> str:
    if task.limits.formula:
        return f"{task.limits.formula} crystallizes in the cubic Fm-3m space group."
    return task.description or _ROCK_SALT


def _stream(text: str, context: JobContext) -> None:
    words = text.split(" ")
    for index, word in enumerate(words):
        context.check_cancelled()
        context.partial("token", word if index == 0 else f" {word}")
        context.progress("writing", (index + 1) / len(words))
