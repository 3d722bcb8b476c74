"""What came of packing a project, and of merging a bundle into one."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Packed:
    """A bundle that was written.

    Attributes:
        file: the bundle.
        num_nodes: how many nodes it holds, hidden ones among them.
        num_cifs: how many crystals are in it as CIF as well.
        size_bytes: of the file.
    """

    file: Path
    num_nodes: int
    num_cifs: int
    size_bytes: int


@dataclass(frozen=True)
class Merged:
    """A bundle that was taken into a project.

    Attributes:
        new: ids of the nodes that were added, parents before children.
        num_known: nodes that were there already.
        conflicts: a sentence for each node whose id another node of the project has.
    """

    new: tuple[str, ...]
    num_known: int
    conflicts: tuple[str, ...] = ()
