"""What became of a file that was read."""

from __future__ import annotations

from dataclasses import dataclass

from crystal_studio.domain.crystal import Crystal


@dataclass(frozen=True)
class SharedSite:
    """A site that several species share, or that is partly empty.

    Attributes:
        index: the atom of `ReadFile.crystal` that stands for it.
        occupancies: symbol -> share, in sum at most 1.
    """

    index: int
    occupancies: dict[str, float]


@dataclass(frozen=True)
class ReadFile:
    """One crystal of a file, and how it was read.

    Attributes:
        name: the file's name, with the number of the crystal where it holds several.
        crystal: ordered; where the file is disordered, the likeliest species of each site, for viewing only.
        shared: sites that are not simply filled; empty for an ordered crystal.
        reader: which library read it.
        steps: sentences on what was done, each reader that was tried with its outcome.
        warnings: sentences that the person should read, every warning of a reader among them.
        sha256: of the file's bytes as they lie on the disk.
    """

    name: str
    crystal: Crystal
    shared: tuple[SharedSite, ...]
    reader: str
    steps: tuple[str, ...]
    warnings: tuple[str, ...]
    sha256: str = ""

    @property
    def is_ordered(self) -> bool:
        """Whether the models can work with it."""
        return not self.shared


@dataclass(frozen=True)
class RefusedFile:
    """A file, or a crystal of it, that was not taken, and why."""

    name: str
    reason: str


@dataclass(frozen=True)
class Imported:
    """What an import did.

    Attributes:
        nodes: ids of the roots that were made, in the order of `read`'s ordered crystals.
        read: all crystals that could be read; disordered ones make no node.
        refused: what could not be.
    """

    nodes: tuple[str, ...]
    read: tuple[ReadFile, ...]
    refused: tuple[RefusedFile, ...]
