"""A Hugging Face model in 4-bit NormalFloat on the CPU or CUDA, with or without our adapter, as the port wants it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile
from pathlib import Path
from threading import RLock
from typing import Any, Literal

from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.domain.pivot_grammar import PivotSyntaxError, parse_pivot
from crystal_studio.engines.llm.adapted_model import load_adapted
from crystal_studio.engines.llm.decoding import Decoding, Grammar, decode, vocabulary_of
from crystal_studio.engines.llm.packed_rows import Beginnings
from crystal_studio.engines.llm.pivot_constraint import grammar_of
from crystal_studio.engines.llm.plausibility import best_first
from crystal_studio.engines.llm.prompted_form import Layout, answer_in, beginning_of, disarmed, prompted, turn_ends
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
    """

    form: Literal["trained", "prompted"] = "trained"
    layout: Layout = "plain"
    constrained: bool = True
    thinks: bool = False
    max_tokens: int = 96


class TransformersNF4:
    """Writes pivots with a causal language model.

    Args:
        identity: shown on each message.
        model: a causal language model in evaluation mode.
        tokenizer: its fast tokenizer.
    """

    def __init__(self, identity: str, model: Any, tokenizer: Any, writing: Writing) -> None:
        self._identity = identity
        self._model = model
        self._tokenizer = tokenizer
        self.writing = writing
        self._vocabulary = vocabulary_of(tokenizer, model.config.vocab_size)
        self._stop = self._stop_tokens()
        self._beginnings = Beginnings()
        self._always_first = self._tokens(beginning_of(writing.layout)) if writing.form == "prompted" else []
        self._busy = RLock()

    @property
    def identity(self) -> str:
        """Name of the model and its adapter."""
        return self._identity

    def rewritten(self, **changes: Any) -> TransformersNF4:
        """The same weights asked in another way, such as ``constrained=False``."""
        return TransformersNF4(self._identity, self._model, self._tokenizer, replace(self.writing, **changes))

    def write_pivots(self, task: WritingTask, count: int, seed: int, context: JobContext) -> list[str]:
        """Write alternatives in one batch: one greedy, the others drawn; all drawn when repairing.

        Under the constraint twice as many are drawn as asked, and the plausible ones come first (`best_first`).

        Raises:
            JobCancelled: stopped between two tokens.
            UserCorrectable: the message is too long for the model.
        """
        context.check_cancelled()
        prompt = self._tokens(self._prompt(task))
        if len(prompt) > _MAX_PROMPT_TOKENS:
            raise UserCorrectable("The message is too long for the language model. Say it in fewer words.")
        constrained = self.writing.constrained and not self.writing.thinks
        grammar = Grammar(self._vocabulary, grammar_of(task.limits)) if constrained else None
        drawn = _DRAWN_FOR_ONE * count if constrained else count
        decoding = Decoding(drawn, seed, self._budget, self._stop, first_greedy=not task.complaints)
        with self._busy:
            cache = self._beginnings.cache_of(self._model, common_beginning(self._always_first, prompt[:-1]))
            rows = decode(self._model, cache, prompt, decoding, grammar, self._reporter(context))
        answers = [answer_in(self._text(row)) for row in rows]
        if not constrained:
            return answers
        return best_first([readable_part(answer) for answer in answers], task.description)[:count]

    @property
    def _budget(self) -> int:
        return self.writing.max_tokens + (_THINKING_TOKENS if self.writing.thinks else 0)

    def _prompt(self, task: WritingTask) -> str:
        return disarmed(prompt_of(task)) if self.writing.form == "trained" else prompted(task, self.writing.layout)

    def _tokens(self, text: str) -> list[int]:
        numbers: list[int] = self._tokenizer(text, add_special_tokens=False)["input_ids"]
        return numbers

    def _stop_tokens(self) -> frozenset[int]:
        found = {self._tokenizer.eos_token_id}
        known = self._tokenizer.get_vocab()
        found |= {known[word] for word in turn_ends(self.writing.layout) if word in known}
        return frozenset(found)

    def _text(self, tokens: list[int]) -> str:
        text: str = self._tokenizer.decode(tokens, skip_special_tokens=False)
        return text

    def _reporter(self, context: JobContext) -> Callable[[int, list[int]], None]:
        """Streams the first alternative word by word; looks for a cancellation before every step."""
        shown = ""

        def report(length: int, tokens: list[int]) -> None:
            nonlocal shown
            context.check_cancelled()
            text = self._text(tokens)
            if len(text) > len(shown) and not text.endswith("\ufffd"):
                context.partial("token", text[len(shown) :])
                shown = text
            context.progress("writing", min(length / self._budget, 1.0))

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


def create(folder: Path, options: Mapping[str, Any]) -> TransformersNF4:
    """Factory for ``model.toml``.

    Args:
        folder: the card's folder; the model itself where no base is named.
        options: those of `load_adapted`, and the fields of `Writing`.

    Raises:
        Unavailable: weights or libraries are missing, or the adapter does not fit the base.
    """
    identity, model, tokenizer = load_adapted(folder, options)
    names = Writing.__dataclass_fields__
    writing = Writing(**{name: value for name, value in options.items() if name in names})
    return TransformersNF4(identity, model, tokenizer, writing)
