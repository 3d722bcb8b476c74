"""The token loop: alternatives in one batch, the first greedy, the others drawn from a seeded generator."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crystal_studio.domain.errors import UserCorrectable

_COOLEST = 0.7
_WARMER = 0.25  # each further alternative is drawn more freely: a small model tends to repeat its favourite
_HOTTEST = 1.5
_TOP_P = 0.95


@dataclass(frozen=True)
class Decoding:
    """How to decode.

    Attributes:
        count: alternatives.
        seed: decides every draw; alternative i does not depend on how many others there are.
        max_tokens: of each alternative.
        stop: tokens that end an alternative and are not part of it.
        first_greedy: whether the first alternative is the likeliest text; else it is drawn like the others.
    """

    count: int
    seed: int
    max_tokens: int
    stop: frozenset[int]
    first_greedy: bool = True


class Grammar:
    """A llguidance grammar over one tokenizer; each alternative gets its own matcher.

    Raises:
        UserCorrectable: the grammar is too large to compile.
    """

    def __init__(self, vocabulary: Any, text: str) -> None:
        import llguidance

        # The formula's expression is larger than the default fuel allows; it still takes under half a second.
        fuel = llguidance.LLParserLimits(initial_lexer_fuel=50_000_000, step_lexer_fuel=20_000_000)
        self._start = llguidance.LLMatcher(vocabulary, text, limits=fuel)
        if self._start.is_error():
            raise UserCorrectable(
                f"These limits are too much for the language model's grammar ({self._start.get_error()[:200]}). "
                "Name fewer elements, or a formula."
            )

    def matcher(self) -> Any:
        """A fresh matcher at the start of the text."""
        return self._start.deep_copy()


def vocabulary_of(tokenizer: Any, size: int) -> Any:
    """llguidance's view of a tokenizer; `size` is the width of the model's logits."""
    import llguidance.hf

    return llguidance.hf.from_tokenizer(tokenizer, n_vocab=size)


def decode(
    model: Any,
    prompt: Sequence[int],
    decoding: Decoding,
    grammar: Grammar | None,
    on_token: Callable[[int, list[int]], None],
) -> list[list[int]]:
    """Decode all alternatives together.

    Args:
        model: a causal language model.
        prompt: token numbers.
        grammar: hard constraint, None for free text.
        on_token: called before every step with the number of steps taken and the first alternative so far; may raise
            to cancel.

    Returns:
        Token numbers of each alternative, without prompt and stop token.
    """
    import torch

    rows = [_Row(decoding, index, grammar) for index in range(decoding.count)]
    with torch.inference_mode():
        tokens = torch.tensor([list(prompt)], device=model.device)
        on_token(0, [])
        output = model(input_ids=tokens, use_cache=True, logits_to_keep=1)
        cache = output.past_key_values
        cache.batch_repeat_interleave(decoding.count)
        logits_BV = output.logits[:, -1].repeat(decoding.count, 1)
        for step in range(decoding.max_tokens):
            chosen = [row.choose(scores) for row, scores in zip(rows, _on_cpu(logits_BV), strict=True)]
            on_token(step + 1, rows[0].tokens)
            if all(row.finished for row in rows):
                break
            fed_B1 = torch.tensor(chosen, device=model.device)[:, None]
            logits_BV = model(input_ids=fed_B1, past_key_values=cache, use_cache=True).logits[:, -1]
    return [row.tokens for row in rows]


def _on_cpu(logits_BV: Any) -> NDArray[np.float64]:
    """Logits in float64 on the CPU, where the draws are made: one seed gives one text on every device."""
    array: NDArray[np.float64] = logits_BV.double().cpu().numpy()
    return array


class _Row:
    """One alternative under way."""

    def __init__(self, decoding: Decoding, index: int, grammar: Grammar | None) -> None:
        self.tokens: list[int] = []
        self.finished = False
        self._stop = decoding.stop
        self._greedy = index == 0 and decoding.first_greedy
        self._temperature = min(_COOLEST + _WARMER * index, _HOTTEST)
        self._generator = np.random.default_rng((decoding.seed, index))
        self._matcher = grammar.matcher() if grammar else None

    def choose(self, logits_V: NDArray[np.float64]) -> int:
        """Choose the next token; once finished, a stop token that only keeps the batch in step."""
        if not self.finished:
            allowed = self._allowed(len(logits_V))
            if allowed is not None and not allowed.any():
                self.finished = True  # limits that nothing can meet: the text ends here and will be refused
            else:
                self._take(self._draw(logits_V if allowed is None else np.where(allowed, logits_V, -np.inf)))
        return next(iter(self._stop)) if self.finished else self.tokens[-1]

    def _take(self, token: int) -> None:
        if token in self._stop:
            self.finished = True
            return
        self.tokens.append(token)
        if self._matcher is not None:
            self._matcher.consume_token(token)
            self.finished = self._matcher.is_stopped()  # also where it ran out of fuel: what is unfinished is refused

    def _allowed(self, size: int) -> NDArray[np.bool_] | None:
        if self._matcher is None:
            return None
        packed = np.frombuffer(self._matcher.compute_bitmask(), dtype=np.uint8)
        return np.unpackbits(packed, bitorder="little")[:size].astype(np.bool_)

    def _draw(self, logits_V: NDArray[np.float64]) -> int:
        if self._greedy:
            return int(np.argmax(logits_V))
        scaled = np.exp((logits_V - logits_V.max()) / self._temperature)
        order = np.argsort(-scaled, kind="stable")
        share = scaled[order] / scaled.sum()
        kept = int(np.searchsorted(np.cumsum(share), _TOP_P)) + 1
        return int(self._generator.choice(order[:kept], p=share[:kept] / share[:kept].sum()))
