"""Texts of a run of the stage ``grpo`` under the constraint of the product, and their probabilities under it.

The policy that is improved is then the one that the product draws from: of the tokens that the constraint leaves, and
of nothing else. A token that it forces has probability one, whatever the model thinks of it, and teaches nothing.
The reinforcement of a masked policy needs the masked probabilities: Huang and Ontañón, "A closer look at invalid action
masking in policy gradient algorithms", FLAIRS 2022, arXiv:2006.14171.

Letters of the shapes: B texts, L tokens of the longest text, A tokens that may come at a place, at most.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import reduce
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from crystal_studio.engines.llm.beginnings import Beginnings, CachedBeginning
from crystal_studio.engines.llm.crystext.reading import Dialect
from crystal_studio.engines.llm.crystext.site_matcher import LineGrammars, SiteGrammar
from crystal_studio.engines.llm.crystext.writer import form_of
from crystal_studio.engines.llm.decoding import Drawing, Row, decode_rows, vocabulary_of
from crystal_studio.engines.llm.separate_rows import SeparateRows
from crystal_studio.engines.llm.writing import common_beginning
from crystal_studio.ports.crystal_writer import CrystalTask

_MOST_ROWS = 96  # of a batch

Allowed = tuple[NDArray[np.int64], ...]


class ConstrainedTexts:
    """Draws texts of what prompts ask for, and remembers which tokens could have been taken at each place.

    Args:
        tokenizer: of the policy.
        vocabulary_size: width of its logits.
        tasks: prompt -> what it asks for.
        dialect: of the texts.
        temperature: of the draws.
        max_tokens: longest text, without its end.
    """

    def __init__(
        self,
        tokenizer: Any,
        vocabulary_size: int,
        tasks: Mapping[str, CrystalTask],
        dialect: Dialect,
        temperature: float,
        max_tokens: int,
    ) -> None:
        self._grammars = LineGrammars(vocabulary_of(tokenizer, vocabulary_size))
        prompts = tokenizer(list(tasks), add_special_tokens=False)["input_ids"]
        self._tasks = dict(zip(map(tuple, prompts), tasks.values(), strict=True))
        self._end = int(tokenizer.eos_token_id)
        self._dialect = dialect
        self._temperature = temperature
        self._max_tokens = max_tokens
        self._allowed: dict[tuple[int, ...], Allowed] = {}

    def drawn(self, policy: Any, prompts: Sequence[Sequence[int]], seed: tuple[int, ...]) -> list[list[int]]:
        """One text for each prompt, with its end where it came to one.

        What is remembered of earlier texts is forgotten.

        Args:
            policy: a causal language model.
            prompts: token numbers.
            seed: decides every draw, with the number of the text.
        """
        self._allowed.clear()
        grammars = {prompt: self._grammar(prompt) for prompt in dict.fromkeys(map(tuple, prompts))}
        texts: list[list[int]] = []
        for start in range(0, len(prompts), _MOST_ROWS):
            batch = [tuple(prompt) for prompt in prompts[start : start + _MOST_ROWS]]
            rows = [
                Row(self._drawing((*seed, start + place)), grammars[prompt].matcher())
                for place, prompt in enumerate(batch)
            ]
            shared = reduce(common_beginning, (list(prompt[:-1]) for prompt in batch))
            begun = CachedBeginning(policy, Beginnings().cache_of(policy, shared), SeparateRows)
            decode_rows(begun, batch, rows, lambda: None)
            texts += [self._text(prompt, row, grammars[prompt]) for prompt, row in zip(batch, rows, strict=True)]
        return texts

    def log_probabilities(
        self, logits_BLV: Tensor, prompts: Sequence[Any], texts: Sequence[Any]
    ) -> tuple[Tensor, Tensor]:
        """Logarithm of the probability of each token among those that could be taken, and the entropy of their choice.

        Args:
            logits_BLV: that score the tokens of the texts, divided by the temperature.
            prompts: token numbers of each row.
            texts: token numbers of each row, drawn for that prompt by the last call of `drawn`.

        Returns:
            Both of shape (B, L); zero behind the end of a text.
        """
        size, length, _ = logits_BLV.shape
        allowed = [self._allowed[(*prompt, *text)] for prompt, text in zip(prompts, texts, strict=True)]
        width = max(len(choice) for of_text in allowed for choice in of_text)
        choices_BLA = np.zeros((size, length, width), dtype=np.int64)
        is_choice_BLA = np.zeros((size, length, width), dtype=np.bool_)
        is_choice_BLA[:, :, 0] = True  # behind an end: a choice of one
        place_BL = np.zeros((size, length), dtype=np.int64)
        for row, (of_text, text) in enumerate(zip(allowed, texts, strict=True)):
            for step, (choice, token) in enumerate(zip(of_text, text, strict=True)):
                choices_BLA[row, step, : len(choice)] = choice
                is_choice_BLA[row, step, : len(choice)] = True
                place_BL[row, step] = np.searchsorted(choice, token)
        device = logits_BLV.device
        scores_BLA = logits_BLV.gather(2, torch.from_numpy(choices_BLA).to(device)).float()
        scores_BLA = scores_BLA.masked_fill(~torch.from_numpy(is_choice_BLA).to(device), torch.finfo(torch.float32).min)
        logs_BLA = scores_BLA.log_softmax(dim=-1)
        entropy_BL = -(logs_BLA.exp() * logs_BLA).sum(dim=-1)
        return logs_BLA.gather(2, torch.from_numpy(place_BL)[..., None].to(device))[..., 0], entropy_BL

    def _grammar(self, prompt: tuple[int, ...]) -> SiteGrammar:
        return SiteGrammar(self._grammars, form_of(self._tasks[prompt], self._dialect), takes_back=False)

    def _drawing(self, seed: tuple[int, ...]) -> Drawing:
        return Drawing(seed, self._temperature, self._max_tokens, frozenset({self._end}))

    def _text(self, prompt: tuple[int, ...], row: Row, grammar: SiteGrammar) -> list[int]:
        """The tokens of a row and its end; what could have been taken at each place is remembered."""
        text = [*row.tokens, self._end] if row.is_whole else row.tokens
        self._allowed[(*prompt, *text)] = tuple(self._choices(grammar.matcher(), text))
        return text

    def _choices(self, matcher: Any, text: Sequence[int]) -> list[NDArray[np.int64]]:
        """The tokens that could be taken at each place of a text, ascending, as `Row` takes them."""
        choices: list[NDArray[np.int64]] = []
        while len(choices) < len(text):
            if matcher.is_stopped():
                return [*choices, np.array([self._end])]
            forced = matcher.compute_ff_tokens()
            bits = np.unpackbits(np.frombuffer(matcher.compute_bitmask(), dtype=np.uint8), bitorder="little")
            found = [np.array([token]) for token in forced] or [np.flatnonzero(bits)]
            for token in text[len(choices) : len(choices) + len(found)]:
                if token != self._end:
                    matcher.consume_token(token)
            choices += found[: len(text) - len(choices)]
        return choices
