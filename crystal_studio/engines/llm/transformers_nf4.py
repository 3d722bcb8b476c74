"""A Hugging Face model on the CPU or CUDA, in four bits, eight, or as it is, as the port wants it.

The module has the name of the precision that is usual; a card's option ``precision`` names another.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from crystal_studio.engines.devices.sparing import CardSparing, loaded_where_it_fits, memory_in_words
from crystal_studio.engines.llm.adapted_model import AdaptedModel, load_adapted
from crystal_studio.engines.llm.beginnings import Beginnings, CachedBeginning
from crystal_studio.engines.llm.decoding import Decoding, Grammar, vocabulary_of
from crystal_studio.engines.llm.packed_rows import PackedRows
from crystal_studio.engines.llm.writing import PivotWriter, Writing
from crystal_studio.ports.context import JobContext


class TransformersModel:
    """Implements `token_rows.TokenModel`.

    Args:
        identity: shown on each message.
        model: a causal language model in evaluation mode.
        tokenizer: its fast tokenizer.
    """

    def __init__(self, identity: str, model: Any, tokenizer: Any) -> None:
        self._identity = identity
        self._model = model
        self._tokenizer = tokenizer
        self._vocabulary = vocabulary_of(tokenizer, model.config.vocab_size)
        self.beginnings = Beginnings()

    @property
    def identity(self) -> str:
        """Name of the model and its adapter."""
        return self._identity

    @property
    def on_card(self) -> bool:
        """Whether it is on a graphics card."""
        return bool(self._model.device.type != "cpu")

    def move_to(self, model: Any) -> None:
        """Go on with the same weights on another device."""
        self._model = model
        self.beginnings = Beginnings()

    @property
    def vocabulary(self) -> Any:
        """llguidance's view of the tokenizer."""
        return self._vocabulary

    def tokens(self, text: str) -> list[int]:
        """Numbers of a text."""
        numbers: list[int] = self._tokenizer(text, add_special_tokens=False)["input_ids"]
        return numbers

    def text(self, tokens: Sequence[int]) -> str:
        """The text of token numbers."""
        text: str = self._tokenizer.decode(list(tokens), skip_special_tokens=False)
        return text

    def stop_tokens(self, words: Sequence[str]) -> frozenset[int]:
        """The token that ends a text, and those of the words that are tokens of their own."""
        known = self._tokenizer.get_vocab()
        return frozenset({self._tokenizer.eos_token_id} | {known[word] for word in words if word in known})

    def begin(self, first: Sequence[int], most_tokens: int) -> CachedBeginning:
        """Keys and values of the first tokens, remembered where they were computed before."""
        return CachedBeginning(self._model, self.beginnings.cache_of(self._model, first), PackedRows)


class TransformersNF4(PivotWriter):
    """Writes pivots with a causal language model.

    Args:
        identity: shown on each message.
        model: a causal language model in evaluation mode.
        tokenizer: its fast tokenizer.
        writing: how it is asked.
        on_processor: loads the same model onto the processor, for when the graphics card runs out of memory.
    """

    def __init__(
        self,
        identity: str,
        model: Any,
        tokenizer: Any,
        writing: Writing,
        on_processor: Callable[[], Any] | None = None,
    ) -> None:
        named = TransformersModel(identity, model, tokenizer)
        super().__init__(named, writing)
        self.sparing = CardSparing(
            named.on_card and on_processor is not None,
            lambda: named.move_to(on_processor() if on_processor else model),
            "written",
            "text",
        )

    def _decoded(
        self, prompt: Sequence[int], decoding: Decoding, grammar: Grammar | None, context: JobContext
    ) -> list[list[int]]:
        """All alternatives, as many at once as the graphics card has memory for; each is the same in any company."""
        write = super()._decoded

        def part(begin: int, end: int) -> list[list[int]]:
            return write(prompt, replace(decoding, start=begin, count=end - begin), grammar, context)

        self.sparing.most = decoding.count
        with memory_in_words("the language model"):
            parts = self.sparing.run(decoding.count, part, lambda notice: context.partial("notice", notice))
        return [row for rows in parts for row in rows]


def create(folder: Path, options: Mapping[str, Any]) -> TransformersNF4:
    """Factory for ``model.toml``.

    Args:
        folder: the card's folder; the model itself where no base is named.
        options: those of `load_adapted`, and the fields of `Writing`.

    Raises:
        Unavailable: weights or libraries are missing, or the adapter does not fit the base.
    """

    def load(device: str) -> AdaptedModel:
        return load_adapted(folder, {**options, "device": device})

    with memory_in_words("the language model"):
        loaded, has_left = loaded_where_it_fits(load, str(options.get("device", "auto")))
    written = TransformersNF4(*loaded, Writing.chosen(options), lambda: load("cpu").model)
    if has_left:
        written.sparing.left_at_once()
    return written
