"""Stage ``dialogues``: what people ask and the pivot that answers it, mined from real crystals of `train`.

A wish is told about a crystal and answered by it. Feedback is mined as pairs of real crystals: one element swapped in
the same prototype, polymorphs with a wider or narrower gap or longer bonds, another dimensionality, space group or
crystal system. Where nature offers no longer-bonded polymorph the target is the parent itself, strained by 2 to 6 %.
In a third of the dialogues some of the limits are missing, as when the listener did not hear them: the message is then
all that tells them, and the model learns to read it.

    python -m crystal_studio.training.dialogues --data FOLDER --output runs/dialogues
"""

from __future__ import annotations

import argparse
import json
import os
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from crystal_studio.domain.elements import BY_SYMBOL
from crystal_studio.domain.intent import Limits
from crystal_studio.domain.pivot import BondLengths, Pivot
from crystal_studio.engines.llm.trained_form import prompt_of, substitutes_by_likeness, target_of, telling_bonds
from crystal_studio.ports.language_model import WritingTask
from crystal_studio.training import dialogues_phrases as phrases
from crystal_studio.training.data import DATA_VARIABLE
from crystal_studio.training.dialogues_materials import (
    Material,
    Swap,
    forbidden_formulas,
    is_toxic,
    more_abundant_than,
    polymorphs,
    read_materials,
    swaps,
)
from crystal_studio.training.dialogues_wishes import wish

SHARES = {
    "wish": 0.34,
    "swap": 0.30,
    "gap": 0.18,
    "gap_swap": 0.05,
    "distance": 0.15,
    "symmetry": 0.05,
    "dimension": 0.04,
}
_LEAST_GAP_CHANGE_EV = 0.15
_LEAST_CHANGE = 0.01  # of volume and of bond length
_CHOSEN = 0.8  # share of the swaps whose formula the program chooses
_HALF_HEARD = 1 / 3  # share of the dialogues
BENCHMARK = Path("resources/evaluation/dialogues.jsonl")


@dataclass(frozen=True)
class TrainingDialogue:
    """One request and its answer.

    Attributes:
        told: the limits that the message tells; the task has those of them that the listener heard.
    """

    kind: str
    task: WritingTask
    target: str
    told: Limits

    def to_dict(self) -> dict[str, str]:
        """What the next stage reads: the prompt in trained form and the target."""
        return {"kind": self.kind, "prompt": prompt_of(self.task), "target": self.target}


@dataclass(frozen=True)
class Mine:
    """Materials of one split and the pairs found among them."""

    materials: list[Material]
    wanted: list[float]
    polymorphs: list[tuple[Material, Material]]
    swaps: list[Swap]

    @classmethod
    def dig(cls, materials: list[Material]) -> Mine:
        """Find all pairs; `wanted` weighs a material by how sensible it is to propose."""
        return cls(materials, [_weight(each) for each in materials], polymorphs(materials), swaps(materials))


def build(mine: Mine, count: int, seed: int) -> list[TrainingDialogue]:
    """So many dialogues in random order; one seed decides them all."""
    if not mine.materials:
        return []
    generator = random.Random(seed)
    makers: dict[str, Callable[[Mine, random.Random], TrainingDialogue | None]] = {
        "wish": _wish,
        "swap": _swap,
        "gap": _gap,
        "gap_swap": _gap_by_swap,
        "distance": _distance,
        "symmetry": _symmetry,
        "dimension": _dimension,
    }
    found: list[TrainingDialogue] = []
    failures = 0
    while len(found) < count and failures < 20 * count:
        kind = generator.choices(list(SHARES), list(SHARES.values()))[0]
        made = makers[kind](mine, generator)
        if made is None:
            failures += 1
            continue
        if generator.random() < _HALF_HEARD:
            made = replace(made, task=replace(made.task, limits=half_heard(made.task.limits, generator)))
        found.append(made)
    return found


def _weight(material: Material) -> float:
    gap = material.band_gap_ev
    likely = 0.4 if gap is None else (0.3 if gap < 0.1 else 2.0 if gap < 2 else 3.0)
    return likely * (1.0 if material.stable else 0.25)


def _wish(mine: Mine, generator: random.Random) -> TrainingDialogue | None:
    target = generator.choices(mine.materials, mine.wanted)[0]
    message, limits = wish(target, generator)
    return TrainingDialogue("wish", WritingTask(message, limits), target_of(target.pivot), limits)


def _feedback(kind: str, parent: Material, message: str, limits: Limits, target: str) -> TrainingDialogue:
    gap = parent.band_gap_ev
    predicted = () if gap is None else (("band gap", f"{gap:.2f} eV"),)
    told = replace(limits, formula=None) if limits.replaced else limits  # the program chose the formula of a swap
    return TrainingDialogue(kind, WritingTask(message, limits, parent.text, predicted), target, told)


def half_heard(limits: Limits, generator: random.Random) -> Limits:
    """What a listener has left of limits that misses about half of them, and any formula."""

    def is_heard(_: object = None) -> bool:
        return generator.random() < 0.5

    return Limits(
        required=frozenset(filter(is_heard, sorted(limits.required))),
        any_of=tuple(filter(is_heard, limits.any_of)),
        excluded=frozenset(filter(is_heard, sorted(limits.excluded))),
        replaced=tuple(filter(is_heard, limits.replaced)),
        anonymous=limits.anonymous if is_heard() else (),
        space_group=limits.space_group if is_heard() else None,
        crystal_system=limits.crystal_system if is_heard() else None,
        dimensionality=limits.dimensionality if is_heard() else None,
        prototype=limits.prototype if is_heard() else None,
        num_elements=limits.num_elements if is_heard() else None,
    )


def _pick_swap(candidates: Sequence[Swap], generator: random.Random) -> Swap:
    """One of a few drawn, the sensible ones more often, since several answers are real."""
    drawn = [generator.choice(candidates) for _ in range(8)]
    weights = [_weight(each.parent) * _weight(each.target) ** 2 for each in drawn]
    return generator.choices(drawn, weights)[0]


def _swap(mine: Mine, generator: random.Random) -> TrainingDialogue | None:
    if not mine.swaps:
        return None
    chosen = _pick_swap(mine.swaps, generator)
    old, new = chosen.old, chosen.new
    draw = generator.random()
    abundant = more_abundant_than(old)
    among = frozenset(BY_SYMBOL)
    if new in abundant and draw < 0.6:
        patterns: tuple[str, ...] = phrases.REPLACE_ABUNDANT
        among = abundant
    elif is_toxic(old) and not is_toxic(new) and draw < 0.8:
        patterns = phrases.REPLACE_SAFER
        among = frozenset(symbol for symbol in BY_SYMBOL if not is_toxic(symbol))
    elif draw < 0.75:
        patterns = phrases.REPLACE_NAMED
        among = frozenset({new})
    else:
        patterns = phrases.REPLACE_OPEN
    words = {"old": phrases.name_of(old, generator), "new": phrases.name_of(new, generator)}
    message = _capitalised(generator.choice(patterns).format(**words), generator)
    limits = _limits_of_swap(chosen, among, generator)
    return _feedback("swap", chosen.parent, message, limits, target_of(chosen.target.pivot))


def _limits_of_swap(chosen: Swap, among: frozenset[str], generator: random.Random) -> Limits:
    """As the program narrows them: everyone else keeps place and amount, and mostly it chose the formula itself."""
    whole, old = chosen.parent.composition, chosen.old
    near = substitutes_by_likeness(old, among - {old})[: generator.randint(1, 5)]
    return Limits(
        required=frozenset(whole.elements) - {old},
        excluded=frozenset({old}),
        replaced=((old, frozenset({chosen.new, *near})),),
        formula=chosen.target.composition.formula if generator.random() < _CHOSEN else None,
        anonymous=whole.anonymous,
    )


def _gap_change(parent: Material, target: Material) -> float:
    if parent.band_gap_ev is None or target.band_gap_ev is None:
        return 0.0
    return target.band_gap_ev - parent.band_gap_ev


def _gap(mine: Mine, generator: random.Random) -> TrainingDialogue | None:
    if not mine.polymorphs:
        return None
    parent, target = generator.choice(mine.polymorphs)
    change = _gap_change(parent, target)
    if abs(change) < _LEAST_GAP_CHANGE_EV:
        return None
    wider = generator.choice(phrases.GAP_WIDER if change > 0 else phrases.GAP_NARROWER)
    keeping = generator.choice(phrases.KEEPING).format(formula=parent.composition.formula)
    limits = Limits(formula=parent.composition.formula)
    message = phrases.roughened(wider + keeping, generator)
    return _feedback("gap", parent, message, limits, target_of(target.pivot))


def _gap_by_swap(mine: Mine, generator: random.Random) -> TrainingDialogue | None:
    if not mine.swaps:
        return None
    chosen = _pick_swap(mine.swaps, generator)
    change = _gap_change(chosen.parent, chosen.target)
    if abs(change) < _LEAST_GAP_CHANGE_EV:
        return None
    patterns = phrases.GAP_WIDER if change > 0 else phrases.GAP_NARROWER
    message = phrases.roughened(generator.choice(patterns) + generator.choice(phrases.CHANGING), generator)
    return _feedback("gap_swap", chosen.parent, message, Limits(), target_of(chosen.target.pivot))


def _distance(mine: Mine, generator: random.Random) -> TrainingDialogue | None:
    """Half from real polymorphs of another volume, half the parent itself under strain."""
    longer = generator.random() < 0.7
    message = phrases.roughened(generator.choice(phrases.LONGER if longer else phrases.SHORTER), generator)
    if mine.polymorphs and generator.random() < 0.5:
        parent, target = generator.choice(mine.polymorphs)
        ratios = (target.volume_per_atom_angstrom3 / parent.volume_per_atom_angstrom3, _bond_ratio(parent, target))
        if min(ratio - 1 if longer else 1 - ratio for ratio in ratios) < _LEAST_CHANGE:
            return None
        text = target_of(target.pivot, telling_bonds(target.pivot))
    else:
        parent = generator.choices(mine.materials, mine.wanted)[0]
        factor = 1 + generator.uniform(0.02, 0.06) * (1 if longer else -1)
        bonds = _strained(parent.pivot, factor)
        if not bonds:
            return None
        text = target_of(parent.pivot, bonds)
    return _feedback("distance", parent, message, Limits(formula=parent.composition.formula), text)


def _bond_ratio(parent: Material, target: Material) -> float:
    """Target over parent for the bond that both summaries state; 1 where they state different ones."""
    old, new = telling_bonds(parent.pivot), telling_bonds(target.pivot)
    if not (old and new) or old[0].first[:2] != new[0].first[:2] or old[0].second[:2] != new[0].second[:2]:
        return 1.0
    return (new[0].shortest_angstrom + new[0].longest_angstrom) / (old[0].shortest_angstrom + old[0].longest_angstrom)


def _strained(pivot: Pivot, factor: float) -> tuple[BondLengths, ...]:
    return tuple(
        BondLengths(each.first, each.second, each.shortest_angstrom * factor, each.longest_angstrom * factor)
        for each in telling_bonds(pivot)
    )


def _symmetry(mine: Mine, generator: random.Random) -> TrainingDialogue | None:
    if not mine.polymorphs:
        return None
    parent, target = generator.choice(mine.polymorphs)
    group = target.pivot.space_group
    if group is None or parent.space_group == group.number:
        return None
    formula = parent.composition.formula
    if generator.random() < 0.5 or parent.pivot.crystal_system == group.crystal_system:
        message = generator.choice(phrases.SYMMETRY).format(symbol=group.symbol)
        limits = Limits(formula=formula, space_group=group.number)
    else:
        message = generator.choice(phrases.SYSTEM).format(system=group.crystal_system)
        limits = Limits(formula=formula, crystal_system=group.crystal_system)
    return _feedback("symmetry", parent, message, limits, target_of(target.pivot))


def _dimension(mine: Mine, generator: random.Random) -> TrainingDialogue | None:
    pairs = [pair for pair in mine.polymorphs if pair[0].dimensionality != pair[1].dimensionality]
    if not pairs:
        return None
    parent, target = generator.choice(pairs)
    words = phrases.LAYERED.get(target.dimensionality, phrases.THREE_DIMENSIONAL)
    message = generator.choice(phrases.DIMENSION).format(layered=generator.choice(words))
    keeps = generator.random() < 0.5
    limits = Limits(formula=parent.composition.formula if keeps else None, dimensionality=target.dimensionality)
    return _feedback("dimension", parent, message, limits, target_of(target.pivot))


def _capitalised(message: str, generator: random.Random) -> str:
    return phrases.roughened(message[:1].upper() + message[1:], generator)


def save(dialogues: Sequence[TrainingDialogue], path: Path) -> None:
    """Write one JSON object a line."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [json.dumps(each.to_dict(), ensure_ascii=False) + "\n" for each in dialogues]
    path.write_text("".join(lines), encoding="utf-8")


def main(arguments: Sequence[str] | None = None) -> None:
    """Command line of the stage."""
    parser = argparse.ArgumentParser(prog="python -m crystal_studio.training.dialogues", description=__doc__)
    parser.add_argument("--data", default=os.environ.get(DATA_VARIABLE, "data"), help=f"folder (or ${DATA_VARIABLE})")
    parser.add_argument("--output", default="runs/dialogues")
    parser.add_argument("--count", type=int, default=20_000)
    parser.add_argument("--val-count", type=int, default=300)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    folder, output = Path(options.data), Path(options.output)
    test = forbidden_formulas(folder, ("test",), BENCHMARK)
    both = test | forbidden_formulas(folder, ("val",))
    for split, forbidden, count in (("train", both, options.count), ("val", test, options.val_count)):
        dialogues = build(Mine.dig(read_materials(folder, split, forbidden)), count, options.seed)
        save(dialogues, output / f"{split}.jsonl")
        print(json.dumps({"split": split, "dialogues": len(dialogues)}))  # noqa: T201


if __name__ == "__main__":
    main()
