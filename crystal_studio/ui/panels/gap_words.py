"""Band gaps in words and as intervals: what is known, how surely, and what was wished."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import isfinite

from crystal_studio.domain.intent import Direction, Goal, Quantity
from crystal_studio.domain.measured import Measured
from crystal_studio.services.goals import is_met, near_tolerance
from crystal_studio.ui.notation import number_text, with_unit

# Perdew, Int. J. Quantum Chem. 28, 497 (1985): semilocal gaps fall short of the fundamental gap, often by a third to a
# half; Borlido et al., npj Comput. Mater. 6, 96 (2020) measure it over 472 solids for the functionals named here.
_METHODS = {
    "PBE": "PBE: usually well below experiment.",
    "SCAN": "SCAN: usually below experiment, by less than PBE.",
    "HSE": "HSE: usually closer to experiment than PBE.",
    "GLLB-SC": "GLLB-SC: usually closer to experiment than PBE.",
}
STRANGE = "Unlike what the model was trained on: the value and its interval are guesses."
_LARGEST_DRAWN_EV = 100.0


@dataclass(frozen=True)
class Wish:
    """A goal for the band gap.

    Attributes:
        text: in words, with whether the value meets it.
        low: lower end of what meets it in eV, None where open.
        high: upper end, None where open.
    """

    text: str
    low: float | None
    high: float | None


def is_drawable(value: float | None) -> bool:
    """Whether a value can stand on an axis in eV."""
    return value is not None and isfinite(value) and abs(value) <= _LARGEST_DRAWN_EV


def method_sentence(method: str) -> str:
    """How values of a method compare with experiment."""
    return _METHODS.get(method, f"{method or 'Unknown method'}: compare with experiment before relying on it.")


def likely(gap: Measured) -> tuple[float, float]:
    """The 68 % interval; a band gap is not negative."""
    return max(0.0, gap.value - gap.sigma), gap.value + gap.sigma


def nearly_sure(gap: Measured) -> tuple[float, float] | None:
    """The 95 % interval, None where it is not known."""
    return None if gap.low is None or gap.high is None else (gap.low, gap.high)


def electronvolts(value: float | None) -> str:
    """A value in eV with two decimals."""
    return with_unit(value, "eV")


def interval(ends: tuple[float, float]) -> str:
    """An interval in eV."""
    return f"{number_text(ends[0])} to {electronvolts(ends[1])}"


def wishes(goals: Iterable[Goal], value: float | None, parent_ev: float | None) -> list[Wish]:
    """The goals for the band gap, judged on a value; "higher" and "lower" compare with the parent."""
    return [_wish(goal, value, parent_ev) for goal in goals if goal.quantity is Quantity.BAND_GAP]


def _wish(goal: Goal, value: float | None, parent_ev: float | None) -> Wish:
    words, low, high = _bounds(goal, parent_ev)
    met = is_met(goal, value, parent_ev)
    verdict = {True: "met by the best estimate", False: "not met by the best estimate", None: "cannot be judged here"}
    return Wish(f"Goal: {words} ({verdict[met]}).", low, high)


def _bounds(goal: Goal, parent_ev: float | None) -> tuple[str, float | None, float | None]:
    target = goal.target
    if target is not None and goal.direction is Direction.AT_LEAST:
        return f"at least {target:g} eV", target, None
    if target is not None and goal.direction is Direction.AT_MOST:
        return f"at most {target:g} eV", None, target
    if target is not None and goal.direction is Direction.NEAR:
        tolerance = near_tolerance(goal.quantity, target)
        return f"near {target:g} eV (within {tolerance:g} eV)", target - tolerance, target + tolerance
    words = "wider" if goal.direction in (Direction.HIGHER, Direction.AT_LEAST) else "narrower"
    if parent_ev is None:
        return words, None, None
    ends = (parent_ev, None) if words == "wider" else (None, parent_ev)
    return f"{words} than the parent's {electronvolts(parent_ev)}", *ends
