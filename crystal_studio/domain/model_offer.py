"""A model that is not installed and could be: what it is for, what it needs, and how a person gets it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from crystal_studio.domain.model_card import ModelKind

PRECISIONS = ("4 bit", "8 bit", "16 bit", "32 bit")


@dataclass(frozen=True)
class ModelOffer:
    """An entry of the catalogue; the program fetches none of them, a person does.

    Attributes:
        id: the model's id once it is imported.
        name: as its authors call it.
        kind: the job it does.
        jobs: what it does in the studio, in a person's words.
        source: where to fetch it, such as "huggingface: Qwen/Qwen3-4B-Instruct-2507".
        licence: as its authors state it.
        size_mb: of the download, in MB of 10^6 bytes.
        memory_mb: precision (one of `PRECISIONS`) -> MB of 10^6 bytes that the loaded weights take.
        how: what to do to install it, with the command.
        lacks: why this version cannot use it, in a sentence; "" where it can.
    """

    id: str
    name: str
    kind: ModelKind
    jobs: tuple[str, ...]
    source: str
    licence: str
    size_mb: int
    memory_mb: Mapping[str, int]
    how: str
    lacks: str = ""
