"""Everything that is needed to run a node again, as named facts and as plain data."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from math import isfinite
from typing import Any

from crystal_studio.domain.candidate import Start
from crystal_studio.domain.crystal import Crystal
from crystal_studio.domain.elements import BY_SYMBOL
from crystal_studio.domain.history import Node
from crystal_studio.domain.mark import Mark
from crystal_studio.domain.measured import Measured
from crystal_studio.ui.notation import MISSING, formula_text, number_text, space_group_text, with_unit

_GRAM_PER_CM3 = 1.66053907  # one u per cubic angstrom; CODATA 2018
_ANSWERED, _IMPORTED = "(driven by the predicted values)", "(read from a file)"


@dataclass(frozen=True)
class Section:
    """Facts under one heading: (name, value)."""

    heading: str
    facts: tuple[tuple[str, str], ...]


def sections(node: Node, mark: Mark) -> tuple[Section, ...]:
    """All facts, in the order in which they are shown; sections without any are left out."""
    found = (
        Section("Node", _identity(node)),
        Section("Generation", _generation(node)),
        Section("Parameters", tuple((name, _plain(value)) for name, value in node.parameters.items())),
        Section("Models", tuple((kind.replace("_", " "), name) for kind, name in node.models.items())),
        Section("Crystal", _crystal(node)),
        Section("Seconds", _seconds(node.seconds)),
        Section("Notes of the round", tuple((str(i), note) for i, note in enumerate(node.notes, 1))),
        Section("Yours", _yours(mark)),
    )
    return tuple(section for section in found if section.facts)


def as_text(node: Node, mark: Mark) -> str:
    """All facts as lines of text."""
    parts = []
    for section in sections(node, mark):
        lines = "\n".join(f"  {name}: {value}" for name, value in section.facts)
        parts.append(f"{section.heading}\n{lines}")
    return "\n\n".join(parts) + "\n"


def as_json(node: Node, mark: Mark) -> str:
    """The node as JSON, coordinates included; numbers that are not finite become null."""
    crystal = node.crystal
    data = {
        "id": node.id,
        "parent": node.parent,
        "round": node.round,
        "created": node.created,
        "message": node.message,
        "pivot": node.pivot,
        "pivot_source": node.pivot_source.value,
        "seed": node.seed,
        "strength": node.strength,
        "start": node.start,
        "candidate": node.chosen,
        "parameters": dict(node.parameters),
        "models": dict(node.models),
        "limits": _limits(node),
        "goals": [asdict(goal) for goal in node.intent.goals],
        "crystal": crystal.to_dict(),
        "formula": crystal.formula,
        "relaxed": node.relaxed,
        "space_group": {"number": node.space_group.number, "symprec_angstrom": node.space_group.symprec_angstrom},
        "volume_angstrom3": crystal.volume_angstrom3,
        "density_g_cm3": density_g_cm3(crystal),
        "band_gap": _measured(node.band_gap),
        "e_above_hull": _measured(node.e_above_hull),
        "checks": [{**asdict(check), "numbers": dict(check.numbers)} for check in node.checks],
        "seconds": dict(node.seconds),
        "notes": list(node.notes),
        "mark": asdict(mark),
    }
    return json.dumps(_finite(data), indent=2, ensure_ascii=False, allow_nan=False)


def density_g_cm3(crystal: Crystal) -> float | None:
    """Mass over volume; None for a cell without volume."""
    volume = crystal.volume_angstrom3
    mass = sum(BY_SYMBOL[symbol].mass for symbol in crystal.species)
    return mass * _GRAM_PER_CM3 / volume if volume > 0 else None


def _identity(node: Node) -> tuple[tuple[str, str], ...]:
    return (
        ("id", node.id),
        ("parent", node.parent or "none (a root)"),
        ("round", str(node.round)),
        ("created", node.created.replace("T", " ").replace("+00:00", " UTC") or MISSING),
        ("message", node.message or (_IMPORTED if node.start == Start.FILE else _ANSWERED)),
    )


def _generation(node: Node) -> tuple[tuple[str, str], ...]:
    chosen = node.candidates[node.chosen]
    is_noised = chosen.start is not Start.WRITTEN
    facts = [
        ("seed", str(node.seed)),
        *([("strength α", number_text(node.strength, 3))] if is_noised else []),
        ("pivot by", node.pivot_source.value),
        ("pivot", node.pivot or MISSING),
        ("start", chosen.start.words),
    ]
    if chosen.origin:
        facts.append(("origin", chosen.origin_in_words))
    facts.append(("candidate", f"{node.chosen + 1} of {len(node.candidates)}"))
    facts.append(("alignment", number_text(node.alignment, 3)))
    return tuple(facts)


def _crystal(node: Node) -> tuple[tuple[str, str], ...]:
    crystal = node.crystal
    group, tolerance = node.space_group, node.space_group.symprec_angstrom
    found_at = f", found at {tolerance:g} Å" if tolerance is not None else ""
    lengths = ", ".join(number_text(length, 4) for length in crystal.lengths_angstrom)
    angles = ", ".join(number_text(angle) for angle in crystal.angles_degree)
    return (
        ("formula", formula_text(crystal.formula)),
        ("space group", f"{space_group_text(group.number)} (No. {group.number}{found_at})"),
        ("a, b, c", f"{lengths} Å"),
        ("α, β, γ", f"{angles}°"),
        ("volume", with_unit(crystal.volume_angstrom3, "Å³")),
        ("density", with_unit(density_g_cm3(crystal), "g/cm³")),
        ("atoms", str(crystal.num_sites)),
        ("relaxed", "yes" if node.relaxed else "no"),
    )


def _seconds(seconds: Mapping[str, float]) -> tuple[tuple[str, str], ...]:
    if not seconds:
        return ()
    return (*((part or "other", _duration(value)) for part, value in seconds.items()),
            ("total", _duration(sum(seconds.values()))))  # fmt: skip


def _duration(value: float) -> str:
    return with_unit(value, "s")


def _yours(mark: Mark) -> tuple[tuple[str, str], ...]:
    facts = (("name", mark.name), ("starred", "yes" if mark.starred else ""), ("note", mark.note))
    return tuple((name, value) for name, value in facts if value)


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(_finite(value), ensure_ascii=False)


def _limits(node: Node) -> dict[str, Any]:
    """The limits that are set; sets as sorted lists."""
    return {
        name: _listed(value) for name, value in asdict(node.intent.limits).items() if value not in (None, (), set())
    }


def _listed(value: Any) -> Any:
    if isinstance(value, frozenset | set):
        return sorted(value)
    return [_listed(item) for item in value] if isinstance(value, tuple | list) else value


def _measured(measured: Measured | None) -> dict[str, Any] | None:
    return asdict(measured) if measured else None


def _finite(value: Any) -> Any:
    """The same data with None for numbers that JSON does not have."""
    if isinstance(value, float):
        return value if isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): _finite(item) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_finite(item) for item in value]
    return value if value is None or isinstance(value, str | int | bool) else str(value)
