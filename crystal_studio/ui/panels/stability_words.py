"""Stability in words: where a crystal stands above the convex hull, and whether it is known."""

from __future__ import annotations

from enum import StrEnum
from math import isfinite

from crystal_studio.domain.history import Node
from crystal_studio.domain.known import Known, MatchKind, ReferenceMatch
from crystal_studio.domain.measured import Measured
from crystal_studio.ui.notation import formula_text, number_text, one_line, with_unit

# Above this many eV/atom a generated crystal no longer counts as stable: Zeni et al., Nature 639, 624 (2025). Half of
# the metastable crystals known lie within 0.015, nine in ten within 0.067: Sun et al., Sci. Adv. 2, e1600225 (2016).
NEAR_HULL_EV_PER_ATOM = 0.1
_ROUNDED_TO_HULL = 0.005
_DECIMALS = 3


class HullPlace(StrEnum):
    """Where an energy stands."""

    ON = "on the hull"
    NEAR = "within 0.1 eV/atom of the hull"
    ABOVE = "more than 0.1 eV/atom above the hull"

    @classmethod
    def of(cls, energy_ev_per_atom: float) -> HullPlace:
        """The place of an energy above the hull."""
        if energy_ev_per_atom < _ROUNDED_TO_HULL:
            return cls.ON
        return cls.NEAR if energy_ev_per_atom <= NEAR_HULL_EV_PER_ATOM else cls.ABOVE


_MEANING = {
    HullPlace.ON: "no mixture of other phases is predicted to be lower in energy.",
    HullPlace.NEAR: "metastable; most crystals that were ever made lie here or on the hull.",
    HullPlace.ABOVE: "it is predicted to fall apart into other phases.",
}


def hull_energy(measured: Measured | None) -> float | None:
    """The value, None where it is unknown or no number."""
    return measured.value if measured is not None and isfinite(measured.value) else None


def verdict(measured: Measured | None) -> str:
    """Where the crystal stands, in one sentence."""
    energy = hull_energy(measured)
    if energy is None:
        return "The energy above the hull is not known for this node."
    place = HullPlace.of(energy)
    return f"Predicted {place.value}: {_MEANING[place]}"


def interval(measured: Measured) -> str:
    """The value with its 95 % interval, or with its sigma where that is all there is."""
    value = with_unit(measured.value, measured.unit, _DECIMALS)
    ends = interval_ends(measured)
    if ends is None:
        return f"{value} ± {number_text(measured.sigma, _DECIMALS)} (68 %)"
    return f"{value}, 95 % interval {number_text(ends[0], _DECIMALS)} to {number_text(ends[1], _DECIMALS)}"


def interval_ends(measured: Measured) -> tuple[float, float] | None:
    """Both ends of the 95 % interval, where both are numbers."""
    if measured.low is None or measured.high is None or not (isfinite(measured.low) and isfinite(measured.high)):
        return None
    return measured.low, measured.high


def doubt(measured: Measured) -> str:
    """What else the interval allows; "" where it allows nothing else."""
    ends, energy = interval_ends(measured), hull_energy(measured)
    if ends is None or energy is None:
        return ""
    own = HullPlace.of(energy)
    others = [place.value for place in dict.fromkeys(map(HullPlace.of, (ends[0], energy, ends[1]))) if place is not own]
    return f"By its interval it may also be {' or '.join(others)}." if others else ""


def relaxation(node: Node) -> str:
    """Whether the crystal is relaxed, strained on purpose, or as drawn."""
    if node.relaxed:
        return "Relaxed: atoms and cell were moved to the nearest minimum of the potential."
    strained = next((one_line(note[:400]) for note in node.notes if note.startswith("strained")), "")
    if strained:
        return f"Not relaxed, because that would undo what was asked for: {strained}."
    return "As drawn, not relaxed: the atoms may not be at rest."


def energy_per_atom(node: Node) -> str:
    """Energy of the chosen candidate at the relaxer's potential."""
    energy = node.candidates[node.chosen].energy_per_atom_ev if 0 <= node.chosen < len(node.candidates) else None
    return with_unit(energy, "eV/atom", _DECIMALS)


def known_verdict(known: Known | None) -> str:
    """Whether the crystal is known."""
    if known is None:
        return "It was not looked up whether this crystal is known."
    if known.compounds:
        return "Known: it matches a crystal of the reference sets in elements and structure."
    sets = [searched for searched in known.searched if searched.kind is MatchKind.COMPOUND]
    if not sets:
        kind = "The structure type is known; whether" if known.prototypes else "Whether"
        return f"{kind} the compound is new cannot be said: no set of known crystals is imported."
    listed = ", ".join(f"{searched.entries:,} of {one_line(searched.name[:60])}" for searched in sets)
    of_known_type = ", of a known structure type" if known.prototypes else ""
    return f"New{of_known_type}: not among the known crystals ({listed})."


def match_line(match: ReferenceMatch) -> str:
    """One entry that matches."""
    what = "same compound" if match.kind is MatchKind.COMPOUND else "same structure type"
    name = one_line(match.name[:120]) or "no name given"
    return f"{what}: {name}, {formula_text(one_line(match.formula[:60]))}"


def match_source(match: ReferenceMatch) -> str:
    """Where it is listed, and how near it is."""
    where = f"{one_line(match.reference_set[:80])} {one_line(match.identifier[:80])}"
    return f"{where}, RMS displacement {number_text(match.rms, 3)}"
