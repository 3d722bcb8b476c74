"""What running a node again gave."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """How the crystal of a replay stands to the stored one."""

    IDENTICAL = "identical"
    WITHIN_TOLERANCE = "within tolerance"
    DIFFERENT = "different"


@dataclass(frozen=True)
class Replayed:
    """A node run again from what is stored with it.

    Attributes:
        node: its id.
        verdict: how the two crystals stand to each other.
        tolerance: the tolerance that held, in words, "" where the crystals are identical or different.
        numbers: what was measured: largest differences of lattice and positions, of gap and alignment.
        reasons: what differs between then and now (model hash, version of a library, device, program), or in the
            round itself (pivot, chosen candidate); never empty for DIFFERENT.
        seconds: how long it took.
    """

    node: str
    verdict: Verdict
    tolerance: str
    numbers: dict[str, float]
    reasons: tuple[str, ...]
    seconds: float
