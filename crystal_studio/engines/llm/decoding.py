"""The token loop: alternatives in one batch, the first greedy, the others drawn from a seeded generator."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.engines.llm.token_rows import Begun

_COOLEST = 0.7
_WARMER = 0.25  # each further alternative is drawn more freely: a small model tends to repeat its favourite
_HOTTEST = 1.5
_TOP_P = 0.95
_LIKELY = 1e-3  # of the weight of the likeliest token: sorting what is above spares sorting the whole vocabulary
_LOOKED_UP = (3, 2)  # so many last tokens are looked for, the longest first


@dataclass(frozen=True)
class Decoding:
    """How to decode.

    Attributes:
        count: alternatives.
        seed: decides every draw; alternative i does not depend on how many others there are.
        max_tokens: of each alternative.
        stop: tokens that end an alternative and are not part of it.
        first_greedy: whether the first alternative is the likeliest text; else it is drawn like the others.
        start: number of the first alternative, where the others are decoded apart from these.
        guessed: how many tokens of a text without a grammar are looked up in what stands before it, so that one step
            of the model can confirm several. Source: prompt lookup decoding, Saxena 2023.
    """

    count: int
    seed: int
    max_tokens: int
    stop: frozenset[int]
    first_greedy: bool = True
    guessed: int = 0
    start: int = 0


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
    begun: Begun,
    prompt: Sequence[int],
    decoding: Decoding,
    grammar: Grammar | None,
    on_token: Callable[[int, list[int]], None],
) -> list[list[int]]:
    """Decode all alternatives together.

    Args:
        begun: the first tokens of the prompt, not all of it.
        prompt: token numbers.
        grammar: hard constraint, None for free text.
        on_token: called before every step with the length of the longest alternative and the first alternative so far;
            may raise to cancel.

    Returns:
        Token numbers of each alternative, without prompt and stop token.
    """
    on_token(0, [])
    numbers = range(decoding.start, decoding.start + decoding.count)
    rows = [_row(decoding, number, grammar) for number in numbers]
    decode_rows(
        begun,
        [prompt] * len(rows),
        rows,
        lambda: on_token(max(len(row.tokens) for row in rows), rows[0].tokens),
        decoding.guessed,
    )
    return [row.tokens for row in rows]


def decode_rows(
    begun: Begun,
    prompts: Sequence[Sequence[int]],
    rows: Sequence[Row],
    on_step: Callable[[], None],
    guessed: int = 0,
) -> None:
    """Write all rows to their ends, together; equal prompts are computed once.

    Args:
        begun: first tokens that all prompts share, not a whole one.
        prompts: token numbers, of each row.
        rows: fresh.
        on_step: called before every step; may raise to cancel.
        guessed: see `Decoding`.
    """
    going = {index: row for index, row in enumerate(rows) if not row.finished}
    # What the grammar forces before any choice is fed with the prompt, once for all rows where it is the same.
    begins = {index: (*prompts[index], *row.tokens) for index, row in going.items()}
    spots = {text: spot for spot, text in enumerate(dict.fromkeys(begins.values()))}
    if not going:
        return
    fed = begun.rows({index: -2 - spots[text] for index, text in begins.items()})
    scored = _allowed_to_any(going.values())
    scores_NV = fed.advance({-2 - spot: text[begun.length :] for text, spot in spots.items()}, scored)
    # No grammar takes back what all rows have in common.
    ahead = {index: row.choose(scores_NV[spots[begins[index]]], scored)[0] for index, row in going.items()}
    while True:
        on_step()
        going = {index: row for index, row in going.items() if not row.finished}
        if not going:
            return
        guesses = {index: row.guess(prompts[index], guessed) for index, row in going.items()}
        scored = _allowed_to_any(going.values())
        places = {index: 1 + len(guess) for index, guess in guesses.items()}
        scores_NV = fed.advance({index: [*ahead[index], *guesses[index]] for index in going}, scored, places)
        first = 0
        for index, row in going.items():
            ahead[index], wrong = row.choose_along(scores_NV[first : first + places[index]], scored, guesses[index])
            first += places[index]
            if wrong and not row.finished:
                fed.forget(index, wrong)


def _allowed_to_any(rows: Iterable[Row]) -> NDArray[np.int64] | None:
    """Ascending numbers of the tokens that any of the rows may take next; None for every token."""
    allowed = [row.allowed for row in rows if row.allowed is not None]
    return np.unique(np.concatenate(allowed)) if allowed else None


def _row(decoding: Decoding, index: int, grammar: Grammar | None) -> Row:
    """One of the alternatives, fresh."""
    greedy = index == 0 and decoding.first_greedy
    temperature = 0.0 if greedy else min(_COOLEST + _WARMER * index, _HOTTEST)
    drawing = Drawing((decoding.seed, index), temperature, decoding.max_tokens, decoding.stop)
    return Row(drawing, grammar.matcher() if grammar else None)


@dataclass(frozen=True)
class Drawing:
    """How one text is drawn.

    Attributes:
        seed: decides every draw.
        temperature: of the draws; 0 for the likeliest text.
        max_tokens: where the text is cut.
        stop: tokens that end the text and are not part of it.
    """

    seed: tuple[int, ...]
    temperature: float
    max_tokens: int
    stop: frozenset[int]


class Row:
    """One text under way.

    Attributes:
        tokens: so far, without a stop token.
        finished: whether nothing more can follow.
        is_whole: whether it came to its end, by a stop token or because its grammar has no more; else it was cut.
        allowed: ascending numbers of the tokens that may come next; None for every token.
    """

    def __init__(self, drawing: Drawing, matcher: Any | None) -> None:
        """Begin a text.

        Args:
            drawing: how it is drawn.
            matcher: hard constraint, with the methods of llguidance's matcher, and perhaps `take_back`, which says
                after a token how many of the last ones do not count; None for free text.
        """
        self.tokens: list[int] = []
        self.finished = False
        self.is_whole = False
        self.allowed: NDArray[np.int64] | None = None
        self._drawing = drawing
        self._generator = np.random.default_rng(drawing.seed)
        self._matcher = matcher
        self._take_back: Callable[[], int] = getattr(matcher, "take_back", lambda: 0)
        self._standing = 0  # tokens before the first one that was taken back since the last choice
        self._take_forced()

    def choose(self, scores_S: NDArray[np.float64], scored: NDArray[np.int64] | None) -> tuple[list[int], int]:
        """Choose the next token from the scores of the tokens `scored`.

        Returns:
            The tokens that are still to be fed, and how many of those fed before have to be forgotten: none, unless the
            grammar took some back. The last that stands is then fed again, where nothing else tells what may follow it.
        """
        before = self._standing = len(self.tokens)
        if self.allowed is None or scored is None:
            self._take(self._draw(scores_S))
        else:
            self._take(int(self.allowed[self._draw(scores_S[np.searchsorted(scored, self.allowed)])]))
        self._take_forced()
        first = self._standing if len(self.tokens) > self._standing else self._standing - 1
        return self.tokens[first:], before - first

    def guess(self, prompt: Sequence[int], most: int) -> list[int]:
        """What followed the last tokens where they stood before; nothing under a grammar, which forces its own."""
        if not most or self._matcher is not None:
            return []
        before = [*prompt, *self.tokens]
        room = min(most, self._drawing.max_tokens - len(self.tokens) - 1)
        return next((found for size in _LOOKED_UP if (found := _followed(before, size, room))), [])

    def choose_along(
        self, scores_NS: NDArray[np.float64], scored: NDArray[np.int64] | None, guess: Sequence[int]
    ) -> tuple[list[int], int]:
        """Choose tokens for as long as the guess is what is chosen.

        Args:
            scores_NS: behind the last token, and behind each guessed one.
            scored: the tokens that have a score.
            guess: tokens that were fed already.

        Returns:
            The tokens that are still to be fed, and how many of those fed have to be forgotten.
        """
        if not guess:
            return self.choose(scores_NS[0], scored)
        chosen: list[int] = []
        while not self.finished and list(guess[: len(chosen)]) == chosen and len(chosen) < len(scores_NS):
            chosen += self.choose(scores_NS[len(chosen)], scored)[0]
        agreed = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(chosen, guess, strict=False)))
        return chosen[agreed:], len(guess) - agreed

    def _take(self, token: int) -> None:
        if token in self._drawing.stop:
            self.finished = self.is_whole = True
        if self.finished:
            return
        self.tokens.append(token)
        if self._matcher is not None:
            self._matcher.consume_token(token)
            if taken_back := self._take_back():
                del self.tokens[-taken_back:]
                self._standing = min(self._standing, len(self.tokens))
            self.finished = self.is_whole = (
                self._matcher.is_stopped()
            )  # also where it ran out of fuel: what is unfinished is refused
        self.finished |= len(self.tokens) == self._drawing.max_tokens

    def _take_forced(self) -> None:
        """Take what the grammar forces, and find what it allows behind that; limits that nothing meets end the text."""
        while self._matcher is not None and not self.finished:
            forced = self._matcher.compute_ff_tokens()
            if not forced:
                self.allowed = self._allowed_by(self._matcher)
                forced = self.allowed.tolist() if len(self.allowed) == 1 else []
                self.finished = len(self.allowed) == 0
            for token in forced:
                self._generator.random()  # every token has its random number, whether it needs it or not
                self._take(token)
            if not forced:
                return

    def _allowed_by(self, matcher: Any) -> NDArray[np.int64]:
        packed = np.frombuffer(matcher.compute_bitmask(), dtype=np.uint8)
        return np.flatnonzero(np.unpackbits(packed, bitorder="little"))

    def _draw(self, scores_S: NDArray[np.float64]) -> int:
        """Place of the next token: the best score, or one drawn among the likely tokens that hold `_TOP_P` together."""
        if not self._drawing.temperature:
            return int(np.argmax(scores_S))
        weights_S = np.exp((scores_S - scores_S.max()) / self._drawing.temperature)
        needed = _TOP_P * weights_S.sum()
        likely = np.flatnonzero(weights_S > _LIKELY)
        if weights_S[likely].sum() < needed:
            likely = np.arange(len(weights_S))
        order = likely[np.argsort(-weights_S[likely], kind="stable")]
        heaped = np.cumsum(weights_S[order])
        kept = int(np.searchsorted(heaped, needed)) + 1
        place = np.searchsorted(heaped[:kept], self._generator.random() * heaped[:kept][-1], side="right")
        return int(order[min(place, kept - 1)])


def _followed(before: Sequence[int], size: int, most: int) -> list[int]:
    """The tokens behind the latest earlier place of the last `size` tokens; a text that repeats itself goes on so."""
    tail = list(before[-size:])
    for start in range(len(before) - size - 1, -1, -1):
        if before[start] == tail[0] and list(before[start : start + size]) == tail:
            found = list(before[start + size :])
            return [found[place % len(found)] for place in range(max(most, 0))]
    return []
