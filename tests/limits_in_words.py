"""Limits as one line of text, so that tests compare what was heard with what a person would say."""

from __future__ import annotations

from crystal_studio.domain.composition import Composition
from crystal_studio.domain.intent import Limits


def limits_sentence(limits: Limits) -> str:
    """Compact text of limits: ``contains Sr, Ti, O; not Pb; formula SrTiO3; space group 221``."""
    parts = []
    if limits.required:
        parts.append(f"contains {_listed(limits.required)}")
    parts += [f"contains one of {_listed(group)}" for group in limits.any_of]
    if limits.excluded:
        parts.append(f"not {_listed(limits.excluded)}")
    if limits.allowed:
        parts.append(f"only {_listed(limits.allowed)}")
    parts += [f"{old} replaced by one of {_listed(group)}" for old, group in limits.replaced]
    if limits.formula:
        parts.append(f"formula {limits.formula}")
    if limits.anonymous and not limits.formula:
        parts.append("stoichiometry " + ":".join(map(str, limits.anonymous)))
    parts += _structure_parts(limits)
    return "; ".join(parts)


def _structure_parts(limits: Limits) -> list[str]:
    parts = []
    if limits.space_group:
        parts.append(f"space group {limits.space_group}")
    if limits.crystal_system:
        parts.append(limits.crystal_system)
    parts += [f"not {system}" for system in sorted(limits.excluded_systems)]
    if limits.symmetry_class:
        parts.append(limits.symmetry_class)
    if limits.dimensionality is not None:
        parts.append(f"{limits.dimensionality}-dimensional")
    if limits.prototype:
        parts.append(f"{limits.prototype} structure")
    if limits.num_elements:
        parts.append(f"{limits.num_elements} elements")
    if limits.max_atoms:
        parts.append(f"at most {limits.max_atoms} atoms")
    return parts


def _listed(symbols: frozenset[str]) -> str:
    order = {symbol: place for place, symbol in enumerate(Composition.from_species(symbols).elements)}
    return ", ".join(sorted(symbols, key=order.__getitem__))
