"""Dialogues and crystals as rows of tokens for the stage ``sft``."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crystal_studio.domain.errors import UserCorrectable

IGNORED = -100  # what torch's cross-entropy leaves out


@dataclass(frozen=True)
class Example:
    """Token numbers of one dialogue or crystal; the target starts at `start` and ends with the end-of-text token."""

    tokens: list[int]
    start: int

    def to_dict(self) -> dict[str, list[int]]:
        """What trl trains on: the prompt is read, and only the target is learned."""
        return {"input_ids": self.tokens, "labels": [IGNORED] * self.start + self.tokens[self.start :]}


def read_examples(path: Path, tokenizer: Any, max_tokens: int) -> list[Example]:
    """Tokenize the lines of a file; those longer than `max_tokens` are left out.

    Prompt and target are tokenized apart, as when the model writes: no token spans both.

    Raises:
        UserCorrectable: the stage that writes the file has not been run, or nothing in it is short enough.
    """
    if not path.exists():
        raise UserCorrectable(
            f"There is no '{path}'. Run the stage 'crystext' for crystals or 'dialogues' for dialogues first, or name "
            "their folder with --data."
        )
    found = []
    with path.open(encoding="utf-8") as lines:
        for row in map(json.loads, lines):
            prompt = tokenizer(row["prompt"], add_special_tokens=False)["input_ids"]
            target = tokenizer(separated(row["prompt"], row["target"]), add_special_tokens=False)["input_ids"]
            tokens = [*prompt, *target, tokenizer.eos_token_id]
            if len(tokens) <= max_tokens:
                found.append(Example(tokens, len(prompt)))
    if not found:
        raise UserCorrectable(f"No line of '{path}' has at most {max_tokens} tokens. Give a larger --row-tokens.")
    return found


def separated(prompt: str, target: str) -> str:
    """The target as it stands after the prompt: with a blank, except at the start of a line."""
    return target if prompt.endswith("\n") else f" {target}"
