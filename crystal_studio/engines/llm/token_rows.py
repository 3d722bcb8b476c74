"""What the token loop asks of a model, whichever library runs it.

Letters of the shapes: N places that are scored, V tokens of the vocabulary.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray


class TokenRows(Protocol):
    """Texts under way that share their first tokens."""

    def advance(
        self,
        tokens_of: Mapping[int, Sequence[int]],
        scored: NDArray[np.int64] | None,
        places: Mapping[int, int] | None = None,
    ) -> NDArray[np.float64]:
        """Feed the next tokens of some rows.

        Args:
            tokens_of: row -> its next tokens, at least one. A row that was fed before and is not named has ended,
                unless others still have to go on from it.
            scored: ascending numbers of the tokens that need a score; None for all.
            places: row -> behind how many of its last tokens scores are wanted; one for a row that is not named.

        Returns:
            Scores, shape (N, V) or (N, len(scored)), in the order of `tokens_of` and of a row's tokens.
        """

    def forget(self, row: int, count: int) -> None:
        """Take back the last tokens of a row."""


class Begun(Protocol):
    """First tokens of all prompts, already computed."""

    @property
    def length(self) -> int:
        """How many they are."""

    def rows(self, continued: Mapping[int, int]) -> TokenRows:
        """Texts that go on from here; `continued` says which row goes on from the tokens of which other."""


class TokenModel(Protocol):
    """A causal language model with its tokenizer."""

    @property
    def identity(self) -> str:
        """Name of the model and its adapter."""

    @property
    def vocabulary(self) -> Any:
        """llguidance's view of the tokenizer."""

    def tokens(self, text: str) -> list[int]:
        """Numbers of a text; control words count as the tokens they name, and none is added."""

    def text(self, tokens: Sequence[int]) -> str:
        """The text of token numbers; an unfinished character becomes U+FFFD."""

    def stop_tokens(self, words: Sequence[str]) -> frozenset[int]:
        """The token that ends a text, and those of the words that are tokens of their own."""

    def begin(self, first: Sequence[int], most_tokens: int) -> Begun:
        """Compute the first tokens, or remember them.

        Args:
            first: tokens that all prompts begin with, not a whole prompt.
            most_tokens: of the prompt and all its continuations together.
        """
