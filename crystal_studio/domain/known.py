"""Which known crystals a crystal is the same as."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class MatchKind(StrEnum):
    """What two crystals share."""

    COMPOUND = "compound"  # elements and structure
    PROTOTYPE = "prototype"  # the structure alone, whatever the elements


@dataclass(frozen=True)
class ReferenceMatch:
    """One entry of a reference set that a crystal matches.

    Attributes:
        reference_set: name of the set.
        identifier: of the entry in its set.
        name: mineral or structure type, "" where the set gives none.
        formula: reduced formula of the entry.
        rms: RMS displacement over (volume / atoms) ** (1/3).
        kind: whether the elements agree as well.
    """

    reference_set: str
    identifier: str
    name: str
    formula: str
    rms: float
    kind: MatchKind = MatchKind.COMPOUND


@dataclass(frozen=True)
class SearchedSet:
    """A reference set that was searched in full: its name, what it holds, and how many entries."""

    name: str
    kind: MatchKind
    entries: int


@dataclass(frozen=True)
class Known:
    """What a search of the reference sets found.

    Attributes:
        searched: the sets searched in full; no match in them means that the crystal is not there.
        matches: compounds before prototypes, nearest first.
        problems: sentences about sets that could not be searched in full.
    """

    searched: tuple[SearchedSet, ...] = ()
    matches: tuple[ReferenceMatch, ...] = ()
    problems: tuple[str, ...] = ()

    @property
    def compounds(self) -> tuple[ReferenceMatch, ...]:
        """Matches in elements and structure."""
        return tuple(match for match in self.matches if match.kind is MatchKind.COMPOUND)

    @property
    def prototypes(self) -> tuple[ReferenceMatch, ...]:
        """Matches in structure alone."""
        return tuple(match for match in self.matches if match.kind is MatchKind.PROTOTYPE)

    @property
    def sentence(self) -> str:
        """For a person: the matches, or what was searched in vain."""
        parts = [f"matches {_title(match)}" for match in self.compounds]
        parts += [f"structure type {_title(match)}" for match in self.prototypes]
        matched = {match.reference_set for match in self.matches}
        parts += [_missed(searched) for searched in self.searched if searched.name not in matched]
        if not self.compounds and not any(searched.kind is MatchKind.COMPOUND for searched in self.searched):
            parts.append("no set of known crystals is imported (`references import amcsd` adds the minerals)")
        return "; ".join([*parts, *self.problems])


def _title(match: ReferenceMatch) -> str:
    where = f"{match.reference_set} {match.identifier}, RMS {match.rms:.3f}"
    if not match.name:
        return f"{match.formula} ({where})"
    return (
        f"{match.name} ({where})" if match.kind is MatchKind.PROTOTYPE else f"{match.name} ({match.formula}, {where})"
    )


def _missed(searched: SearchedSet) -> str:
    what = "prototypes" if searched.kind is MatchKind.PROTOTYPE else "crystals"
    return f"not among the {searched.entries:,} {what} of {searched.name}"


@dataclass(frozen=True)
class ReferenceSet:
    """An imported set of known crystals, or the prototypes that are always there.

    Attributes:
        name: short name, unique.
        kind: what a match in it says.
        entries: crystals that can be matched.
        left_out: reason -> how many were left out for it.
        source: file, folder or package it was read from.
        citation: what to cite, and under which terms it may be used.
        size_bytes: of its index on disk, 0 where it needs none.
        created: ISO 8601, UTC; "" where it was not imported.
        fingerprint: SHA-256 of what was read.
    """

    name: str
    kind: MatchKind
    entries: int
    left_out: Mapping[str, int] = field(default_factory=dict)
    source: str = ""
    citation: str = ""
    size_bytes: int = 0
    created: str = ""
    fingerprint: str = ""
