"""Writes crystals with a causal language model: the rows of a batch are the crystals that are still to be written."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import reduce
from threading import RLock
from typing import Any

from crystal_studio.domain.crystal import Crystal
from crystal_studio.engines.devices.sparing import CardSparing, memory_in_words
from crystal_studio.engines.llm.beginnings import Beginnings, CachedBeginning
from crystal_studio.engines.llm.crystext.following import Following
from crystal_studio.engines.llm.crystext.plain_form import PlainForm
from crystal_studio.engines.llm.crystext.prompt import Layout, prompt_of
from crystal_studio.engines.llm.crystext.reading import Dialect, Reader, reader_of
from crystal_studio.engines.llm.crystext.refusal import Refused, crystal_of
from crystal_studio.engines.llm.crystext.short_form import ShortForm
from crystal_studio.engines.llm.crystext.site_matcher import Form, LineGrammars, SiteGrammar
from crystal_studio.engines.llm.crystext.site_plan import plan_of
from crystal_studio.engines.llm.decoding import Drawing, Row, decode_rows, vocabulary_of
from crystal_studio.engines.llm.separate_rows import SeparateRows
from crystal_studio.engines.llm.writing import common_beginning
from crystal_studio.ports.context import JobContext
from crystal_studio.ports.crystal_writer import CrystalTask, WrittenCrystal

_MOST_ROWS = 80  # of a batch


@dataclass(frozen=True)
class Manner:
    """How a model writes crystals.

    Attributes:
        layout: of the prompt, as its adapter was trained.
        dialect: of the text, as its adapter was trained.
        constrained: whether only what was asked for can be written; a site on top of another is written again.
        temperature: of the draws; 0 writes the likeliest text, at every attempt the same.
        max_tokens: longest text.
    """

    layout: Layout = "short"
    dialect: Dialect = "short"
    constrained: bool = True
    temperature: float = 1.0
    max_tokens: int = 450


@dataclass
class _Draft:
    """A crystal that is being written, attempt after attempt."""

    index: int
    task: CrystalTask
    prompt: tuple[int, ...]
    grammar: SiteGrammar | None
    crystal: Crystal | None = None
    text: str = ""
    attempts: int = 0
    tokens: int = 0
    refusals: list[str] = field(default_factory=list)

    @property
    def answer(self) -> WrittenCrystal:
        return WrittenCrystal(self.crystal, self.text, self.attempts, self.tokens, tuple(self.refusals))


class CrysTextWriter:
    """Implements `ports.crystal_writer.CrystalWriter`.

    Args:
        identity: name of the model and its adapter.
        model: a causal language model in evaluation mode.
        tokenizer: its fast tokenizer.
        on_processor: loads the same model onto the processor, for when the graphics card runs out of memory.
    """

    def __init__(
        self,
        identity: str,
        model: Any,
        tokenizer: Any,
        manner: Manner,
        on_processor: Callable[[], Any] | None = None,
    ) -> None:
        self._identity = identity
        self._model = model
        self._tokenizer = tokenizer
        self.manner = manner
        self._grammars = LineGrammars(vocabulary_of(tokenizer, model.config.vocab_size))
        self._stop = frozenset({int(tokenizer.eos_token_id)})
        self._beginnings = Beginnings()
        self._on_processor = on_processor
        self.sparing = self._spared(on_processor is not None and model.device.type != "cpu")
        self._busy = RLock()

    @property
    def identity(self) -> str:
        """Name of the model and its adapter."""
        return self._identity

    def rewritten(self, **changes: Any) -> CrysTextWriter:
        """The same weights writing in another manner, such as ``constrained=False``."""
        other = copy.copy(self)
        other.manner = replace(self.manner, **changes)
        other.sparing = other._spared(self.sparing.on_card)
        return other

    def write(
        self, tasks: Sequence[CrystalTask], seed: int, context: JobContext, attempts: int = 5
    ) -> list[WrittenCrystal]:
        """Write one crystal for each task; see the port. All refused texts are written again together.

        Raises:
            UserCorrectable: a composition fits no Wyckoff positions of its space group.
            JobCancelled: stopped between two tokens.
        """
        context.check_cancelled()
        with self._busy, reader_of(self.manner.dialect) as read:
            drafts = self._drafts(tasks)
            follow = Following(
                context, self._text, len(tasks), self.manner.max_tokens, shows_atoms=self.manner.dialect == "short"
            )
            for attempt in range(attempts):
                for batch in _batches([draft for draft in drafts if draft.crystal is None]):
                    rows = self._spared_rows(batch, (seed, attempt), follow, context)
                    for draft, row in zip(batch, rows, strict=True):
                        self._settle(draft, row, read)
                    follow.settled = sum(draft.crystal is not None for draft in drafts)
            follow.end()
        return [draft.answer for draft in drafts]

    def _drafts(self, tasks: Sequence[CrystalTask]) -> list[_Draft]:
        """One draft for each task; equal tasks share what was planned for them."""
        grammars = {task: self._grammar(task) for task in dict.fromkeys(tasks)}
        return [
            _Draft(index, task, tuple(self._tokens(prompt_of(task, self.manner.layout))), grammars[task])
            for index, task in enumerate(tasks)
        ]

    def _grammar(self, task: CrystalTask) -> SiteGrammar | None:
        form = form_of(task, self.manner.dialect)  # also of a free text: what cannot be is refused before it is written
        return SiteGrammar(self._grammars, form) if self.manner.constrained else None

    def _spared_rows(
        self, batch: Sequence[_Draft], seed: tuple[int, int], follow: Following, context: JobContext
    ) -> list[Row]:
        """The texts of a batch, as many at once as the graphics card has memory for."""
        with memory_in_words("the writer of crystals"):
            parts = self.sparing.run(
                len(batch),
                lambda begin, end: self._written_rows(batch[begin:end], seed, follow),
                lambda notice: context.partial("notice", notice),
            )
        return [row for rows in parts for row in rows]

    def _spared(self, on_card: bool) -> CardSparing:
        return CardSparing(on_card, self._leave_card, "written", "crystal")

    def _leave_card(self) -> None:
        if self._on_processor is not None:
            self._model = self._on_processor()
            self._beginnings = Beginnings()

    def _written_rows(self, batch: Sequence[_Draft], seed: tuple[int, int], follow: Following) -> list[Row]:
        """The texts of a batch, one for each draft."""
        follow.begin()
        draws = [draft.index for draft in batch]
        rows = [self._row(draft, (seed[0], draft.index, seed[1])) for draft in batch]
        prompts = [draft.prompt for draft in batch]
        shared = reduce(common_beginning, (list(prompt[:-1]) for prompt in prompts))
        begun = CachedBeginning(self._model, self._beginnings.cache_of(self._model, shared), SeparateRows)
        decode_rows(begun, prompts, rows, lambda: follow.step(draws, rows))
        return rows

    def _row(self, draft: _Draft, seed: tuple[int, ...]) -> Row:
        drawing = Drawing(seed, self.manner.temperature, self.manner.max_tokens, self._stop)
        return Row(drawing, None if draft.grammar is None else draft.grammar.matcher())

    def _settle(self, draft: _Draft, row: Row, read: Reader) -> None:
        """Take the crystal of a text, or note why it is refused."""
        draft.attempts += 1
        draft.tokens += len(row.tokens)
        draft.text = self._text(row.tokens)
        try:
            if not row.is_whole:
                raise Refused(f"It ran out of tokens: {len(row.tokens)} were written without an end.")
            draft.crystal = crystal_of(draft.text, draft.task, read)
        except Refused as reason:
            draft.refusals.append(str(reason))

    def _tokens(self, text: str) -> list[int]:
        numbers: list[int] = self._tokenizer(text, add_special_tokens=False)["input_ids"]
        return numbers

    def _text(self, tokens: Sequence[int]) -> str:
        text: str = self._tokenizer.decode(list(tokens), skip_special_tokens=False, clean_up_tokenization_spaces=False)
        return text


def form_of(task: CrystalTask, dialect: Dialect) -> Form:
    """How a crystal is written under the constraint.

    Raises:
        UserCorrectable: the composition fits no Wyckoff positions of the space group.
    """
    plan = plan_of(task)
    return ShortForm(task, plan) if dialect == "short" else PlainForm(task)


def _batches(drafts: Sequence[_Draft]) -> Iterator[Sequence[_Draft]]:
    for start in range(0, len(drafts), _MOST_ROWS):
        yield drafts[start : start + _MOST_ROWS]
