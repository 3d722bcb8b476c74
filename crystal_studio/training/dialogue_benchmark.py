"""The scripted share of the held-out dialogues; the hand-written ones in the file are kept as they are.

    python -m crystal_studio.training.dialogue_benchmark --data FOLDER --output resources/evaluation/dialogues.jsonl

No phrase of this module may be used for training. Parents are crystals of `test` whose formula does not occur in
`train`. Source of the parents' texts and gaps: Materials Project (CC BY 4.0; Jain et al. 2013, Horton et al. 2025).
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from crystal_studio.domain.composition import Composition
from crystal_studio.domain.elements import BY_SYMBOL, ELEMENTS
from crystal_studio.domain.symmetry import CRYSTAL_SYSTEMS, SpaceGroup
from crystal_studio.training.dialogue_parents import Parent, read_parents

SEED = 20261121
HEADER = {
    "about": "Held-out dialogues of Crystal Studio. Rows by hand or by crystal_studio/training/dialogue_benchmark.py.",
    "parents": "Descriptions, space groups and PBE gaps (eV) from the Materials Project, CC BY 4.0 (Jain et al., "
    "APL Mater. 1, 011002 (2013); Horton et al., Nat. Mater. (2025)); texts by Robocrystallographer.",
}
FAMILIES = {
    "halide": ("F", "Cl", "Br", "I"),
    "chalcogenide": ("S", "Se", "Te"),
    "pnictide": ("N", "P", "As", "Sb", "Bi"),
}
UNWANTED = frozenset({"Be", "Tc", "Pm", "Po", "At", "Rn", "Hg"})
METAL_BELOW = 2.1  # Pauling electronegativity
DIMENSION_WORDS = {0: "zero-dimensional", 1: "one-dimensional", 2: "two-dimensional", 3: "three-dimensional"}

Row = dict[str, Any]
Draft = tuple[str, Row]


def _name(symbol: str) -> str:
    return BY_SYMBOL[symbol].name


def _is_scarce_metal(symbol: str) -> bool:
    element = BY_SYMBOL[symbol]
    return 0 < (element.crustal_abundance_ppm or 0) < 25 and (element.electronegativity or 0) < METAL_BELOW


def _swap_candidates(symbol: str, parent: Parent) -> list[str]:
    """Elements of the same group, not in the parent, that somebody might want."""
    group = BY_SYMBOL[symbol].group
    found = [element.symbol for element in ELEMENTS if element.group == group and 2 <= element.row <= 6]
    return [name for name in found if name not in parent.elements and name not in UNWANTED]


def _wish_elements(parent: Parent, draw: random.Random) -> Draft:
    banned = draw.choice([s for s in ("Pb", "Cd", "Hg", "As", "Tl", "Be") if s not in parent.elements])
    listed = " + ".join(parent.elements)
    message = draw.choice(
        (
            f"Elements on hand: {listed}. Combine all of them into one phase; {_name(banned)} is forbidden here.",
            f"Target system {listed}. Every one of these must show up, {banned} must not.",
            f"Propose a phase in which {listed} all occur. Absolutely nothing with {_name(banned)}.",
        )
    )
    return message, {"required": list(parent.elements), "excluded": [banned]}


def _wish_family(parent: Parent, draw: random.Random) -> Draft | None:
    family = next((name for name, group in FAMILIES.items() if parent.elements[-1] in group), None)
    if family is None:
        return None
    cation = parent.elements[0]
    message = draw.choice(
        (
            f"Screening {family}s of {_name(cation)} this week, {parent.system} ones only. Your first pick?",
            f"One {parent.system} {cation} {family}, please.",
            f"For a {family} project: the cell ought to be {parent.system} and {_name(cation)} ought to be inside.",
        )
    )
    expect = {"required": [cation], "any_of": [list(FAMILIES[family])], "crystal_system": parent.system}
    return message, expect


def _wish_count(parent: Parent, draw: random.Random) -> Draft | None:
    count = len(parent.elements)
    word = {2: "binary", 3: "ternary", 4: "quaternary"}.get(count)
    if word is None:
        return None
    first, last = parent.elements[0], parent.elements[-1]
    message = draw.choice(
        (
            f"Which {word} phases pair {_name(first)} with {_name(last)}? Show me the best one.",
            f"Show a {word} solid holding both {first} and {last}.",
        )
    )
    return message, {"required": [first, last], "num_elements": count}


def _wish_formula(parent: Parent, draw: random.Random) -> Draft:
    group = SpaceGroup(parent.space_group)
    message = draw.choice(
        (
            f"Build {parent.formula} for me, space group number {group.number}.",
            f"{parent.formula}, symmetry {group.symbol}. Go.",
            f"I read about {parent.formula} crystallising in {group.symbol}; reproduce it.",
        )
    )
    return message, {"formula": parent.formula, "space_group": group.number}


def _wish_dimension(parent: Parent, draw: random.Random) -> Draft | None:
    if parent.dimensionality == 3:
        return None
    word, anion = DIMENSION_WORDS[parent.dimensionality], parent.elements[-1]
    message = draw.choice(
        (
            f"Our topic is {word} bonding. Pick a solid of that sort with {_name(anion)} in it.",
            f"{word.capitalize()} crystal wanted, {anion}-bearing.",
        )
    )
    return message, {"required": [anion], "dimensionality": parent.dimensionality}


def _gap(parent: Parent, draw: random.Random) -> Draft:
    keep = draw.random() < 0.6
    way = draw.choice(("larger", "smaller")) if parent.band_gap_ev > 1 else "larger"
    message = draw.choice(
        (
            f"{parent.band_gap_ev:.1f} eV is not what I need; aim for a {way} gap",
            f"Gap should come out {way} than this one",
            f"Next attempt: {way} Eg",
        )
    )
    if keep:
        tail = draw.choice(
            (f", staying with {parent.formula}.", ". Formula frozen.", " while every atom count is kept.")
        )
        return message + tail, {"formula": parent.formula, "different_from_parent": True}
    return message + ".", {"different_from_parent": True}


def _replace(parent: Parent, draw: random.Random) -> Draft | None:
    old = draw.choice(parent.elements)
    swapped = parent.pivot.composition.replaced
    options = [
        name for name in _swap_candidates(old, parent) if swapped({old: name}).formula not in parent.trained_formulas
    ]
    if not options:
        return None
    new = draw.choice(options)
    message = draw.choice(
        (
            f"Wherever {_name(old)} sits, seat {_name(new)}.",
            f"{old} leaves, {new} enters.",
            f"Do the {old}/{new} substitution completely.",
            f"Rerun this with {_name(new)} in the role of {_name(old)}.",
        )
    )
    return message, {"replaced": {"old": old, "substitutes": [new]}, "excluded": [old]}


def _replace_scarce(parent: Parent, draw: random.Random) -> Draft | None:
    scarce = [symbol for symbol in parent.elements if _is_scarce_metal(symbol)]
    if not scarce:
        return None
    old = draw.choice(scarce)
    message = draw.choice(
        (
            f"Supply risk: {_name(old)}. Trade it for an element the crust holds more of.",
            f"{old} is rare. A more earth-abundant stand-in for {old}?",
            f"Procurement complains about {_name(old)}; any element that is less scarce may take over.",
        )
    )
    return message, {"replaced": {"old": old, "substitutes": "more_abundant"}, "excluded": [old]}


def _distance(parent: Parent, draw: random.Random) -> Draft | None:
    if not parent.pivot.bond_lengths or parent.dimensionality != 3:
        return None
    message = draw.choice(
        (
            f"Spread the polyhedra of {parent.formula} farther apart.",
            f"Still {parent.formula}, though with elongated bonds.",
            f"Loosen the packing in {parent.formula}: all contacts a bit longer.",
        )
    )
    return message, {"formula": parent.formula, "bonds": "longer"}


def _exclude(parent: Parent, draw: random.Random) -> Draft:
    gone = draw.choice(parent.elements)
    kept = draw.choice([symbol for symbol in parent.elements if symbol != gone])
    message = draw.choice(
        (
            f"Ban {_name(gone)}. {kept} survives.",
            f"Next one has to be {gone}-free and must retain {_name(kept)}.",
            f"Strike {gone} from the recipe, hold on to {kept}.",
        )
    )
    return message, {"excluded": [gone], "required": [kept]}


def _include(parent: Parent, draw: random.Random) -> Draft | None:
    options = _swap_candidates(parent.elements[-1], parent) + _swap_candidates(parent.elements[0], parent)
    if not options:
        return None
    new, kept = draw.choice(options), parent.elements[-1]
    message = draw.choice(
        (
            f"Mix {_name(new)} into it; {_name(kept)} is not to vanish.",
            f"Additional ingredient: {new}. Retain {kept}.",
            f"I would love to see {new} and {kept} together in the follow-up.",
        )
    )
    return message, {"required": [new, kept]}


def _symmetry(parent: Parent, draw: random.Random) -> Draft:
    system = draw.choice([name for name in CRYSTAL_SYSTEMS[1:] if name != parent.system])
    message = draw.choice(
        (
            f"Any {system} form of {parent.formula}?",
            f"{parent.formula} again, only {system} now.",
            f"Switch the lattice from {parent.system} to {system}; atoms and ratios are fixed.",
        )
    )
    return message, {"formula": parent.formula, "crystal_system": system}


def _dimensionality(parent: Parent, draw: random.Random) -> Draft:
    target = 2 if parent.dimensionality == 3 else 3
    kept = draw.choice(parent.elements)
    message = draw.choice(
        (
            f"Its bonding should be {DIMENSION_WORDS[target]} and {_name(kept)} should persist.",
            f"Now a {DIMENSION_WORDS[target]} relative of it, {kept} included.",
        )
    )
    return message, {"required": [kept], "dimensionality": target}


def _stoichiometry(parent: Parent, draw: random.Random) -> Draft:
    gone = draw.choice(parent.elements)
    ratio = ":".join(map(str, parent.pivot.composition.anonymous))
    message = draw.choice(
        (
            f"Freeze the {ratio} proportions, yet lose the {_name(gone)}.",
            f"An analogue with identical {ratio} atom ratios and no {gone}.",
        )
    )
    return message, {"anonymous": list(parent.pivot.composition.anonymous), "excluded": [gone]}


Phrase = Callable[[Parent, random.Random], Draft | None]
PLAN: tuple[tuple[str, int, Phrase], ...] = (
    ("wish", 12, _wish_elements),
    ("wish", 10, _wish_family),
    ("wish", 8, _wish_count),
    ("wish", 8, _wish_formula),
    ("wish", 6, _wish_dimension),
    ("gap", 14, _gap),
    ("replace", 10, _replace),
    ("replace", 8, _replace_scarce),
    ("distance", 8, _distance),
    ("exclude", 8, _exclude),
    ("include", 6, _include),
    ("symmetry", 6, _symmetry),
    ("dimensionality", 3, _dimensionality),
    ("stoichiometry", 4, _stoichiometry),
)


def scripted_rows(parents: Sequence[Parent], seed: int = SEED) -> Iterator[Row]:
    """The plan's dialogues, each about another parent; wishes carry no parent."""
    draw = random.Random(seed)
    pool = draw.sample(list(parents), len(parents))
    number = 0
    for kind, count, phrase in PLAN:
        for _ in range(count):
            parent, (message, expect) = _next_fitting(pool, phrase, draw)
            number += 1
            yield {
                "id": f"script-{number:03d}",
                "source": "script",
                "kind": kind,
                "message": message,
                "parent": None if kind == "wish" else parent.to_row(),
                "expect": expect,
            }


def _next_fitting(pool: list[Parent], phrase: Phrase, draw: random.Random) -> tuple[Parent, Draft]:
    """Take the first parent out of the pool that the phrase fits."""
    for index, parent in enumerate(pool):
        draft = phrase(parent, draw) if len(parent.elements) > 1 else None
        if draft is not None:
            return pool.pop(index), draft
    raise ValueError("The pool of parents is used up. Give more crystals of the test split.")


def hand_rows(path: Path) -> list[Row]:
    """The hand-written rows of an existing file."""
    rows = (json.loads(line) for line in path.read_text(encoding="utf-8").splitlines())
    return [row for row in rows if row.get("source") == "hand"]


def write_dialogues(data: Path, output: Path) -> None:
    """Rewrite the scripted rows of a benchmark file beside its hand-written ones."""
    hand = hand_rows(output)
    taken = {Composition.parse(row["parent"]["formula"]).formula for row in hand if row["parent"]}
    parents = [parent for parent in read_parents(data) if parent.formula not in taken]
    lines = [json.dumps(row, ensure_ascii=False) for row in (HEADER, *hand, *scripted_rows(parents))]
    output.write_text("\n".join(lines) + "\n", encoding="utf-8")


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with crystals/*.jsonl.gz")
    parser.add_argument("--output", type=Path, default=Path("resources/evaluation/dialogues.jsonl"))
    given = parser.parse_args()
    write_dialogues(given.data, given.output)


if __name__ == "__main__":
    main()
