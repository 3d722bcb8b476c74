"""`SceneOptions` as plain data for the settings file, and back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.scene.colours import ColourScheme
from crystal_studio.scene.drawable import Style
from crystal_studio.scene.options import BondRule, LabelKind, SceneOptions
from crystal_studio.scene.radii import RadiusKind

_KINDS = {"style": Style, "scheme": ColourScheme, "labels": LabelKind, "rule": BondRule, "radius": RadiusKind}
_SWITCHES = ("boundary", "complete", "cell", "bonds", "weak_bonds")
_NUMBERS = ("bond_factor", "sphere_scale")


def options_to_plain(options: SceneOptions) -> dict[str, Any]:
    """What is worth keeping for the next crystal: not the supercell nor the hidden elements, which belong to one."""
    plain: dict[str, Any] = {name: str(getattr(options, name)) for name in _KINDS}
    plain |= {name: getattr(options, name) for name in (*_SWITCHES, *_NUMBERS)}
    plain["colours"] = {symbol: list(rgb) for symbol, rgb in options.colours.items()}
    plain["cutoffs_angstrom"] = {"-".join(pair): cutoff for pair, cutoff in options.cutoffs_angstrom.items()}
    return plain


def options_from_plain(plain: Mapping[str, Any]) -> tuple[SceneOptions, tuple[str, ...]]:
    """Inverse of `options_to_plain`; what cannot be read has its default and is named in the second part."""
    fields: dict[str, Any] = {}
    unreadable = []
    for name, read in _READERS.items():
        if name not in plain:
            continue
        try:
            value = read(plain[name])
            SceneOptions(**{**fields, name: value})
        except (UserCorrectable, ValueError, TypeError, AttributeError):
            unreadable.append(name)
        else:
            fields[name] = value
    return SceneOptions(**fields), tuple(unreadable)


def _switch(value: object) -> bool:
    if not isinstance(value, bool):
        raise TypeError("a switch is true or false")
    return value


def _colours(value: Mapping[str, Any]) -> dict[str, tuple[int, int, int]]:
    made = {}
    for symbol, (red, green, blue) in value.items():
        if not all(isinstance(one, int) and 0 <= one <= 255 for one in (red, green, blue)):
            raise ValueError("a colour has three numbers from 0 to 255")
        made[symbol] = (red, green, blue)
    return made


def _cutoffs(value: Mapping[str, Any]) -> dict[tuple[str, str], float]:
    made = {}
    for pair, cutoff in value.items():
        first, second = pair.split("-")
        made[first, second] = float(cutoff)
    return made


_READERS: dict[str, Callable[[Any], Any]] = {
    **_KINDS,
    **dict.fromkeys(_SWITCHES, _switch),
    **dict.fromkeys(_NUMBERS, float),
    "colours": _colours,
    "cutoffs_angstrom": _cutoffs,
}
