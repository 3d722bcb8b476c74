"""Checks in words: what each one is called, its numbers with units, its threshold."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite

from crystal_studio.domain.composition import Composition
from crystal_studio.domain.validity import CheckResult
from crystal_studio.services.jobs import Repair, RepairKind
from crystal_studio.ui.notation import number_text, one_line, unit_of, with_unit

CHARGE_SUMS = "charge_sums"
_NAMES = {
    "min_distance": "Shortest distance",
    "volume": "Cell volume",
    "smact": "Charge neutrality (SMACT)",
    CHARGE_SUMS: "Charges that sum to zero (SMACT)",
    "metallicity": "Metallicity (SMACT)",
    "distance_over_radii": "Distances over covalent radii",
    "density": "Density",
    "size_in_training": "Size within the training data",
    "limits": "Limits of the message",
    "prototype": "Usual prototype",
    "relaxes": "Relaxes without change",
}
_THRESHOLD, _LOWEST, _HIGHEST = "threshold", "lowest", "highest"
_PER_CENT = {"share", "volume change"}
_SPACE_GROUP = "space group"


@dataclass(frozen=True)
class Figures:
    """The numbers of a check.

    Attributes:
        values: name and number with unit.
        threshold: what they are compared with, "" where nothing is.
    """

    values: tuple[tuple[str, str], ...]
    threshold: str


def name_of(check: CheckResult) -> str:
    """What a check is called."""
    return _NAMES.get(check.name, one_line(check.name[:80]).replace("_", " ").capitalize() or "Check")


def weight_of(check: CheckResult) -> str:
    """Whether failing it makes a crystal invalid."""
    return "required" if check.required else "advice"


def figures(check: CheckResult) -> Figures:
    """Numbers with their units, apart from what they are compared with."""
    values: list[tuple[str, str]] = []
    bounds: dict[str, str] = {}
    for key, number in check.numbers.items():
        name, unit = unit_of(one_line(key[:60]))
        bound = next((word for word in (_THRESHOLD, _LOWEST, _HIGHEST) if name.split(" ")[0] == word), None)
        if bound:
            bounds[bound] = with_unit(number, unit, _decimals(number))
        else:
            values.append((name, _figure(name, number, unit)))
    return Figures(tuple(values), _in_words(bounds))


def verdict(checks: tuple[CheckResult, ...]) -> str:
    """All checks in one sentence."""
    if not checks:
        return "This crystal was not checked."
    failed = [name_of(check).lower() for check in checks if check.required and check.passed is False]
    advice = sum(1 for check in checks if not check.required and check.passed is False)
    if failed:
        return f"Not valid: {', '.join(failed)}."
    flagged = f"; {advice} {'piece' if advice == 1 else 'pieces'} of advice to read" if advice else ""
    return f"Valid: every required check passed{flagged}."


def charge_rows(check: CheckResult, composition: Composition) -> list[tuple[str, str, str, str]]:
    """Element, atoms, mean charge and total of each element, and their sum; empty where no charges were found."""
    counts = dict(composition.reduced.amounts)
    charges = {symbol: check.numbers[symbol] for symbol in counts if symbol in check.numbers}
    if set(charges) != set(counts) or not all(map(isfinite, charges.values())):
        return []
    rows = [
        (symbol, str(counts[symbol]), _charge(charge), _charge(charge * counts[symbol]))
        for symbol, charge in charges.items()
    ]
    total = sum(charge * counts[symbol] for symbol, charge in charges.items())
    return [*rows, ("sum", str(sum(counts.values())), "", _charge(total))]


def offer(repair: Repair) -> str:
    """A repair as the text of a button."""
    if repair.kind is RepairKind.SWAP_ELEMENT:
        return f"Swap {one_line(repair.old[:20])} for {one_line(repair.new[:20])}"
    return repair.kind.value.capitalize()


def meaning(repair: Repair) -> str:
    """What a repair does, for a tool tip."""
    if repair.kind is RepairKind.SCALE_VOLUME:
        return "Scale the cell evenly to the volume that is usual for these elements; the result is a new node."
    if repair.kind is RepairKind.RELAX:
        return "Move atoms and cell to the nearest minimum of the potential; the result is a new node."
    return f"Put {repair.new[:20]} on every site of {repair.old[:20]}; the result is a new node."


def _figure(name: str, number: float, unit: str) -> str:
    if name in _PER_CENT and isfinite(number):
        return f"{100 * number:+.1f} %".replace("-", "−") if name == "volume change" else f"{100 * number:.0f} %"
    if name == _SPACE_GROUP and isfinite(number):
        return f"No. {number:.0f}"
    return with_unit(number, unit, _decimals(number))


def _decimals(number: float) -> int:
    return 0 if isfinite(number) and number == int(number) and abs(number) < 1e7 else 2


def _in_words(bounds: dict[str, str]) -> str:
    if _LOWEST in bounds and _HIGHEST in bounds:
        return f"{bounds[_LOWEST]} to {bounds[_HIGHEST]}"
    return next(iter(bounds.values()), "")


def _charge(charge: float) -> str:
    rounded = round(charge, 2) + 0.0
    return f"+{rounded:g}" if rounded > 0 else number_text(rounded, 0 if rounded == int(rounded) else 2)
