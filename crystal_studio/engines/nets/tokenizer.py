"""Words of a crystal description: elements, counts, space groups, rounded numbers and plain words."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

import torch
from torch import Tensor

from crystal_studio.domain.composition import Composition, is_formula
from crystal_studio.domain.elements import SYMBOLS as ELEMENT_SYMBOLS
from crystal_studio.domain.space_group_table import SYMBOLS as GROUP_SYMBOLS

PAD, UNKNOWN, START = "<pad>", "<unk>", "<cls>"
_MONOCLINIC = re.compile(r"^([A-Z])1(.+)1$")
_GROUPS = {symbol: n for n, symbol in enumerate(GROUP_SYMBOLS, 1)}
_GROUPS |= {_MONOCLINIC.sub(r"\1\2", symbol): n for symbol, n in _GROUPS.items()}
_GROUP_BEFORE = re.compile(r"(?<![\w/-])([A-Z]\S*) (?=space group|symmetry)")
_GROUP_AFTER = re.compile(r"space group (?:number |no\. |is )*(\d{1,3}\b|[A-Z][\w/-]*)")
_SITE_LABEL = re.compile(r"(?<=[A-Za-z])\((?:\d+)(?:,\d+)*\)(?!\d)")
_TOKEN = re.compile(
    r"(?P<group><sg\d+>)"
    r"|(?P<formula>(?<![A-Za-z])(?:\((?:[A-Z][a-z]?\d*)+\)\d*|[A-Z][a-z]?\d*)+(?![A-Za-z]))"
    r"|(?P<decimal>\d+\.\d+)|(?P<integer>\d+)|(?P<word>[A-Za-z]+)"
)
_ENGLISH = frozenset({"In", "I", "As", "At", "Be", "He", "No"})
_AFTER_FORMULA = frozenset({"is", "crystallizes", "has", "atom", "atoms", "site", "sites", "crystal", "structure"})
_LARGEST_COUNT = 60


def words_of(text: str) -> list[str]:
    """Tokens of a text as strings.

    A formula becomes its elements in electronegativity order, each followed by its reduced count; a space group
    becomes one token whatever its spelling; decimals are rounded to one place; site labels are dropped.
    """
    marked = _GROUP_AFTER.sub(lambda m: f"space group {_group_token(m[1])}", text)
    marked = _GROUP_BEFORE.sub(lambda m: f"{_group_token(m[1])} ", marked)
    marked = _SITE_LABEL.sub("", marked)
    tokens: list[str] = []
    for match in _TOKEN.finditer(marked):
        tokens.extend(_expand(match, marked))
    return tokens


@dataclass(frozen=True)
class Tokenizer:
    """A fixed vocabulary; index 0 pads, 1 is any unknown word, 2 starts every text."""

    vocabulary: tuple[str, ...]
    max_tokens: int = 64

    @cached_property
    def index(self) -> dict[str, int]:
        """Word -> index."""
        return {word: position for position, word in enumerate(self.vocabulary)}

    def __len__(self) -> int:
        return len(self.vocabulary)

    def encode(self, text: str) -> list[int]:
        """Indices of a text, the start token first, cut to ``max_tokens``."""
        words = [START, *words_of(text)][: self.max_tokens]
        return [self.index.get(word, 1) for word in words]

    def encode_batch(self, texts: Sequence[str]) -> Tensor:
        """Indices (B, L), padded with zeros to the longest text."""
        return pad_tokens([self.encode(text) for text in texts])

    def save(self, path: Path) -> None:
        """Write the vocabulary as JSON."""
        body = {"max_tokens": self.max_tokens, "vocabulary": list(self.vocabulary)}
        path.write_text(json.dumps(body, ensure_ascii=False, indent=0), encoding="utf-8")

    @classmethod
    def load(cls, path: Path) -> Tokenizer:
        """Inverse of `save`."""
        body = json.loads(path.read_text(encoding="utf-8"))
        return cls(tuple(body["vocabulary"]), int(body["max_tokens"]))

    @classmethod
    def fit(cls, texts: Iterable[str], size: int = 2000, max_tokens: int = 64, minimum: int = 5) -> Tokenizer:
        """Elements, counts and space groups always; then words seen ``minimum`` times or more, most common first."""
        counts = Counter(word for text in texts for word in words_of(text))
        fixed = [PAD, UNKNOWN, START, *ELEMENT_SYMBOLS]
        fixed += [f"<n{n}>" for n in range(2, _LARGEST_COUNT + 1)]
        fixed += [f"<sg{n}>" for n in range(1, len(GROUP_SYMBOLS) + 1)]
        known = set(fixed)
        ordered = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
        words = [word for word, count in ordered if count >= minimum and word not in known]
        return cls(tuple([*fixed, *words][:size]), max_tokens)


def pad_tokens(rows: Sequence[Sequence[int]]) -> Tensor:
    """Stack rows of indices into (B, L) with zeros behind the shorter ones."""
    longest = max(len(row) for row in rows)
    return torch.tensor([[*row, *([0] * (longest - len(row)))] for row in rows], dtype=torch.long)


def _group_token(name: str) -> str:
    number = int(name) if name.isdigit() else _GROUPS.get(_MONOCLINIC.sub(r"\1\2", name))
    return f"<sg{number}>" if number is not None and 1 <= number <= len(GROUP_SYMBOLS) else name


def _expand(match: re.Match[str], text: str) -> list[str]:
    if match["formula"] is not None:
        return _formula_words(match["formula"], text[match.end() :])
    if match["decimal"] is not None:
        return [f"{float(match['decimal']):.1f}"]
    if match["word"] is not None:
        return [match["word"].lower()]
    return [match[0]]


def _formula_words(word: str, rest: str) -> list[str]:
    following = re.match(r" ([a-z]+)", rest)
    if word in _ENGLISH and following and following[1] not in _AFTER_FORMULA:
        return [word.lower()]
    return list(_formula_tokens(word))


@lru_cache(maxsize=65_536)
def _formula_tokens(word: str) -> tuple[str, ...]:
    if not is_formula(word):
        return (word.lower(),)
    tokens: list[str] = []
    for symbol, count in Composition.parse(word).reduced.amounts:
        tokens += [symbol] if count == 1 else [symbol, f"<n{min(count, _LARGEST_COUNT)}>"]
    return tuple(tokens)
