"""From a task to pivots with any model of tokens: the prompt, the token loop, and what of an answer can be used."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile
from threading import RLock
from typing import Any, Literal, Self

from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.domain.pivot_grammar import PivotSyntaxError, parse_pivot
from crystal_studio.engines.llm.decoding import Decoding, Grammar, decode
from crystal_studio.engines.llm.pivot_constraint import grammar_of
from crystal_studio.engines.llm.plausibility import best_first
from crystal_studio.engines.llm.prompted_form import Layout, answer_in, beginning_of, disarmed, prompted, turn_ends
from crystal_studio.engines.llm.token_rows import TokenModel
from crystal_studio.engines.llm.trained_form import prompt_of
from crystal_studio.ports.context import JobContext
from crystal_studio.ports.language_model import WritingTask

_MAX_PROMPT_TOKENS = 1500
_THINKING_TOKENS = 1024
_DRAWN_FOR_ONE = 2


@dataclass(frozen=True)
class Writing:
    """How a model is asked.

    Attributes:
        form: "trained" for our adapter's short prompt, "prompted" for any other instruct model.
        layout: chat layout of the prompted form.
        constrained: whether only pivots within the limits can be written.
        thinks: whether the model may think aloud first; the thinking is cut, and decoding is then free.
        max_tokens: longest pivot.
        guessed: tokens of a free text that are looked up in the prompt at a step; see `Decoding`. Off: it halves the
            steps of a prompted text but not the processor's time (measured under llama.cpp on one core: 26 steps
            became 12, 1.5 s stayed 1.5 s).
    """

    form: Literal["trained", "prompted"] = "trained"
    layout: Layout = "plain"
    constrained: bool = True
    thinks: bool = False
    max_tokens: int = 96
    guessed: int = 0

    @classmethod
    def chosen(cls, options: Mapping[str, Any]) -> Writing:
        """The fields that a card's options name."""
        return cls(**{name: value for name, value in options.items() if name in cls.__dataclass_fields__})

    @property
    def is_constrained(self) -> bool:
        """Whether a grammar rules; thinking is free."""
        return self.constrained and not self.thinks

    @property
    def budget(self) -> int:
        """Most tokens of an answer."""
        return self.max_tokens + (_THINKING_TOKENS if self.thinks else 0)

    def prompt(self, task: WritingTask) -> str:
        """The whole prompt, disarmed."""
        return disarmed(prompt_of(task)) if self.form == "trained" else prompted(task, self.layout)


class PivotWriter:
    """Implements `ports.language_model.LanguageModel` over a model of tokens.

    Args:
        model: what writes.
        writing: how it is asked.
    """

    def __init__(self, model: TokenModel, writing: Writing) -> None:
        self._model = model
        self.writing = writing
        self._busy = RLock()

    @property
    def identity(self) -> str:
        """Name of the model and its adapter."""
        return self._model.identity

    def rewritten(self, **changes: Any) -> Self:
        """The same weights asked in another way, such as ``constrained=False``."""
        other = copy.copy(self)
        other.writing = replace(self.writing, **changes)
        return other

    def write_pivots(self, task: WritingTask, count: int, seed: int, context: JobContext) -> list[str]:
        """Write alternatives in one batch: one greedy, the others drawn; all drawn when repairing.

        Under the constraint twice as many are drawn as asked, and the plausible ones come first (`best_first`).

        Raises:
            JobCancelled: stopped between two tokens.
            UserCorrectable: the message is too long for the model.
        """
        context.check_cancelled()
        writing, model = self.writing, self._model
        prompt = model.tokens(writing.prompt(task))
        if len(prompt) > _MAX_PROMPT_TOKENS:
            raise UserCorrectable("The message is too long for the language model. Say it in fewer words.")
        grammar = Grammar(model.vocabulary, grammar_of(task.limits)) if writing.is_constrained else None
        drawn = _DRAWN_FOR_ONE * count if writing.is_constrained else count
        stop = model.stop_tokens(turn_ends(writing.layout))
        decoding = Decoding(drawn, seed, writing.budget, stop, not task.complaints, writing.guessed)
        with self._busy:
            rows = self._decoded(prompt, decoding, grammar, context)
        answers = [answer_in(model.text(row)) for row in rows]
        if not writing.is_constrained:
            return answers
        return best_first([readable_part(answer) for answer in answers], task.description)[:count]

    def _decoded(
        self, prompt: Sequence[int], decoding: Decoding, grammar: Grammar | None, context: JobContext
    ) -> list[list[int]]:
        """All alternatives; a kind of model that can run out of a card's memory decodes them in parts."""
        begun = self._model.begin(
            common_beginning(self._always_first, prompt[:-1]), self._most_tokens(decoding.count, prompt)
        )
        return decode(begun, prompt, decoding, grammar, self._reporter(context))

    @property
    def _always_first(self) -> list[int]:
        """What every prompt begins with."""
        return self._model.tokens(beginning_of(self.writing.layout)) if self.writing.form == "prompted" else []

    def _most_tokens(self, rows: int, prompt: Sequence[int]) -> int:
        return len(prompt) + rows * (self.writing.budget + self.writing.guessed)

    def _reporter(self, context: JobContext) -> Callable[[int, list[int]], None]:
        """Streams the first alternative word by word; looks for a cancellation before every step."""
        shown = ""

        def report(length: int, tokens: list[int]) -> None:
            nonlocal shown
            context.check_cancelled()
            text = self._model.text(tokens)
            if len(text) > len(shown) and not text.endswith("\ufffd"):
                context.partial("token", text[len(shown) :])
                shown = text
            context.progress("writing", min(length / self.writing.budget, 1.0))

        return report


def common_beginning(first: Sequence[int], second: Sequence[int]) -> list[int]:
    """Tokens that both begin with; the last of a text may change when the text goes on."""
    pairs = takewhile(lambda pair: pair[0] == pair[1], zip(first, second, strict=False))
    return [token for token, _ in pairs]


def readable_part(text: str) -> str:
    """The longest run of whole sentences that the pivot grammar reads; the text itself where it reads none.

    A grammar of tokens cannot know that a later sentence names an element foreign to the formula, and the last
    sentence may be cut where the tokens ran out.
    """
    sentences = text.split(". ")
    for length in range(len(sentences), 0, -1):
        part = ". ".join(sentences[:length])
        candidate = part if part.endswith(".") else part + "."
        try:
            parse_pivot(candidate)
        except PivotSyntaxError:
            continue
        return candidate
    return text
