"""Crystals on disk."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Protocol

from crystal_studio.domain.crystal import Crystal
from crystal_studio.domain.exported import LabelledCrystal, WritingStyle
from crystal_studio.domain.imported import ReadFile, RefusedFile


class CrystalFiles(Protocol):
    """Reads crystals under limits of time and memory, and writes them."""

    def read(self, path: Path) -> Crystal:
        """Read the first crystal of a file.

        Raises:
            UserCorrectable: missing, too large, damaged, disordered; says what to do.
        """

    def read_all(self, paths: Iterable[Path]) -> Iterator[ReadFile | RefusedFile]:
        """Every crystal of every file, in order, and what could not be read with its reason; raises nothing."""

    def read_text(self, text: str, name: str) -> Iterator[ReadFile | RefusedFile]:
        """The same of a text that was pasted; `name` is what it is called."""

    def write(
        self, path: Path, crystals: Sequence[LabelledCrystal], style: WritingStyle
    ) -> tuple[tuple[int, ...], ...]:
        """Write a new file; returns the orders of `WrittenFile`.

        Raises:
            UserCorrectable: this format does not hold them, no symmetry is found, or the disk refuses.
        """

    def to_cif(self, crystal: Crystal, title: str = "", comment: str = "") -> str:
        """CIF text in P1 as generated; equal crystals give equal bytes."""
