"""A wish for a given crystal: some of its facts are told, in many words; what is told becomes a limit."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from crystal_studio.domain.elements import BY_SYMBOL
from crystal_studio.domain.intent import Limits
from crystal_studio.training import dialogues_phrases as phrases
from crystal_studio.training.dialogues_materials import Material

_CLASSES = {
    "O": ("oxide",), "S": ("sulfide", "sulphide"), "Se": ("selenide",), "Te": ("telluride",), "N": ("nitride",),
    "F": ("fluoride",), "Cl": ("chloride",), "Br": ("bromide",), "I": ("iodide",), "P": ("phosphide",),
    "As": ("arsenide",), "Sb": ("antimonide",), "C": ("carbide",), "Si": ("silicide",), "Ge": ("germanide",),
    "B": ("boride",), "H": ("hydride",), "Bi": ("bismuthide",),
}  # fmt: skip
_HALOGENS = frozenset({"F", "Cl", "Br", "I"})
_CHALCOGENS = frozenset({"S", "Se", "Te"})
_FAMILIES: dict[str, frozenset[str]] = {
    "an alkali metal": frozenset({"Li", "Na", "K", "Rb", "Cs"}),
    "an alkaline-earth metal": frozenset({"Be", "Mg", "Ca", "Sr", "Ba"}),
    "a rare earth": frozenset({"Sc", "Y"} | {s for s, e in BY_SYMBOL.items() if 57 <= e.number <= 71}),
    "a halogen": _HALOGENS,
    "a chalcogen": _CHALCOGENS | {"O"},
}
_NUMBERS = {2: "binary", 3: "ternary", 4: "quaternary"}
_COMMON_FOES = ("Pb", "Cd", "Hg", "As", "Tl", "Co", "Li", "O", "F", "Cl", "Ba")


@dataclass
class _Wish:
    """A wish under construction."""

    adjectives: list[str] = field(default_factory=list)
    noun: str = ""
    tails: list[str] = field(default_factory=list)
    required: set[str] = field(default_factory=set)
    any_of: list[frozenset[str]] = field(default_factory=list)
    excluded: set[str] = field(default_factory=set)
    structure: dict[str, object] = field(default_factory=dict)


def wish(target: Material, generator: random.Random) -> tuple[str, Limits]:
    """A wish that the target meets, and the hard limits in it."""
    made = _Wish(noun=generator.choice(phrases.PLAIN_NOUNS))
    _tell_gap(made, target, generator)
    _tell_class(made, target, generator)
    _tell_elements(made, target, generator)
    _tell_structure(made, target, generator)
    if generator.random() < 0.12:
        _tell_exclusion(made, target, generator)
    kind = phrases.with_article(" ".join([*made.adjectives, made.noun]), generator)
    pattern = generator.choice(phrases.WISHES)
    if not pattern.startswith("{kind}"):
        kind = kind[0].lower() + kind[1:] if kind[:2] in ("A ", "An") else kind
    message = pattern.format(kind=kind, tails="".join(made.tails))
    structure: dict[str, object] = made.structure
    limits = Limits(
        required=frozenset(made.required),
        any_of=tuple(made.any_of),
        excluded=frozenset(made.excluded),
        space_group=_whole(structure.get("space_group")),
        crystal_system=_text(structure.get("crystal_system")),
        dimensionality=_whole(structure.get("dimensionality")),
        prototype=_text(structure.get("prototype")),
        num_elements=_whole(structure.get("num_elements")),
    )
    return phrases.roughened(message, generator), limits


def _tell_gap(made: _Wish, target: Material, generator: random.Random) -> None:
    gap = target.band_gap_ev
    if gap is None or generator.random() < 0.3:
        return
    numbers = {"gap": f"{gap:.1f}", "low": f"{max(gap - 0.5, 0.1):.1f}", "high": f"{gap + 0.5:.1f}"}
    if gap < 0.05:
        made.noun = generator.choice(phrases.METAL_NOUNS)
        return
    words = phrases.WIDE if gap >= 2.5 else phrases.NARROW if gap < 0.8 else phrases.MEDIUM
    nouns = phrases.WIDE_NOUNS if gap >= 2.5 else phrases.MEDIUM_NOUNS
    if generator.random() < 0.7:
        made.noun = generator.choice(nouns)
    if generator.random() < 0.6:
        phrase = generator.choice(words).format(**numbers)
        made.tails.append(f" with {'an' if phrase[0] in 'aeiou' else 'a'} {phrase}")


def _tell_class(made: _Wish, target: Material, generator: random.Random) -> None:
    anion = max(target.composition.elements, key=lambda symbol: BY_SYMBOL[symbol].electronegativity or 0.0)
    if anion not in _CLASSES or generator.random() < 0.4:
        return
    draw = generator.random()
    if anion in _HALOGENS and draw < 0.35:
        made.any_of.append(_HALOGENS)
        word = "halide"
    elif anion in _CHALCOGENS and draw < 0.35:
        made.any_of.append(_CHALCOGENS)
        word = "chalcogenide"
    else:
        made.required.add(anion)
        word = generator.choice(_CLASSES[anion])
    if made.noun in phrases.PLAIN_NOUNS and draw < 0.5:
        made.noun = word
    else:
        made.adjectives.append(word)


def _tell_elements(made: _Wish, target: Material, generator: random.Random) -> None:
    left = [symbol for symbol in target.composition.elements if symbol not in made.required]
    least = 0 if made.required or made.any_of else 1
    told = generator.sample(left, generator.randint(min(least, len(left)), len(left)))
    family = next((name for name, group in _FAMILIES.items() if told and told[0] in group), None)
    if family and generator.random() < 0.12:
        made.any_of.append(_FAMILIES[family])
        made.tails.insert(0, f" with {family}")
        told = told[1:]
    if told:
        made.required.update(told)
        made.tails.append(
            _joined(generator.choice(phrases.CONTAINING), made).format(elements=phrases.listed(told, generator))
        )
    if generator.random() < 0.06 and len(target.composition.elements) in _NUMBERS:
        made.adjectives.insert(0, _NUMBERS[len(target.composition.elements)])
        made.structure["num_elements"] = len(target.composition.elements)


def _joined(pattern: str, made: _Wish) -> str:
    """A second "with" reads as "and"."""
    return pattern.replace(" with ", " and ", 1) if made.tails and pattern.startswith(" with ") else pattern


def _tell_structure(made: _Wish, target: Material, generator: random.Random) -> None:
    draw = generator.random()
    group = target.pivot.space_group
    prototype = target.pivot.prototype
    if target.dimensionality < 3 and draw < 0.6:
        made.adjectives.insert(0, generator.choice(phrases.LAYERED.get(target.dimensionality, ("low-dimensional",))))
        made.structure["dimensionality"] = target.dimensionality
    elif prototype and draw < 0.4:
        name = prototype.lower().replace("(cubic) ", "")
        made.tails.append(generator.choice(phrases.PROTOTYPES).format(name=name))
        made.structure["prototype"] = name
    elif group and draw < 0.5:
        made.tails.append(generator.choice(phrases.GROUPS).format(symbol=group.symbol))
        made.structure["space_group"] = group.number
    elif group and draw < 0.62:
        made.adjectives.insert(0, group.crystal_system)
        made.structure["crystal_system"] = group.crystal_system


def _tell_exclusion(made: _Wish, target: Material, generator: random.Random) -> None:
    foes = [symbol for symbol in _COMMON_FOES if symbol not in target.composition.elements]
    told = generator.sample(foes, generator.choice((1, 1, 2)))
    made.excluded.update(told)
    made.tails.append(generator.choice(phrases.WITHOUT).format(elements=phrases.listed(told, generator)))


def _whole(value: object) -> int | None:
    return value if isinstance(value, int) else None


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
