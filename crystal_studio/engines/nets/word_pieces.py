"""The word pieces that BERT reads; the vocabulary is that of the checkpoint's own text encoder."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")


@dataclass(frozen=True)
class WordPieces:
    """A vocabulary whose first entry pads; texts are cut to ``max_tokens``."""

    vocabulary: tuple[str, ...]
    lowercase: bool = True
    max_tokens: int = 256

    def encode_batch(self, texts: Sequence[str]) -> Tensor:
        """Indices (B, L) with the start and end tokens, padded with zeros to the longest text."""
        return torch.tensor([row.ids for row in self._pieces.encode_batch(list(texts))], dtype=torch.long)

    def save(self, path: Path) -> None:
        """Write the vocabulary as JSON."""
        body = {"max_tokens": self.max_tokens, "lowercase": self.lowercase, "vocabulary": list(self.vocabulary)}
        path.write_text(json.dumps(body, ensure_ascii=False, indent=0), encoding="utf-8")

    @classmethod
    def load(cls, path: Path) -> WordPieces:
        """Inverse of `save`."""
        body = json.loads(path.read_text(encoding="utf-8"))
        return cls(tuple(body["vocabulary"]), bool(body["lowercase"]), int(body["max_tokens"]))

    @cached_property
    def _pieces(self) -> Any:
        from tokenizers import BertWordPieceTokenizer

        index = {word: position for position, word in enumerate(self.vocabulary)}
        pieces = BertWordPieceTokenizer(index, lowercase=self.lowercase)
        pieces.enable_truncation(self.max_tokens)
        pieces.enable_padding(pad_id=0, pad_token=SPECIAL[0])
        return pieces
