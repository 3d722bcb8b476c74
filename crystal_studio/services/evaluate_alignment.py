"""Does the alignment score know a text's crystal? Retrieval among many, and against spoiled copies of itself.

Source: recall among all pairs as Crystal CLIP reports it (Park et al., Nat. Commun. 16, 2025).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from crystal_studio.domain.crystal import Crystal
from crystal_studio.domain.elements import BY_SYMBOL, ELEMENTS, Element
from crystal_studio.ports.aligner import Aligner
from crystal_studio.ports.context import JobContext
from crystal_studio.services.evaluate import EvaluationRow, Figure, mean_with_interval, seed_of

_NOBLE_GASES = 18
_TEXTS_IN_BATCH = 50

Spoil = Callable[[Crystal, np.random.Generator], Crystal]


@dataclass(frozen=True)
class AlignmentTable:
    """What was measured.

    Attributes:
        rows: texts, and crystals that each of them could mean.
        recall_at_1: share of texts whose own crystal scores highest of all.
        recall_at_10: share of texts whose own crystal is among the ten highest.
        over: spoiled copy -> share of texts that prefer their own crystal to that copy of it; ties count half.
    """

    rows: int
    recall_at_1: Figure
    recall_at_10: Figure
    over: Mapping[str, Figure]

    def to_dict(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "n": self.rows,
            "recall_at_1": self.recall_at_1.to_dict(),
            "recall_at_10": self.recall_at_10.to_dict(),
            "over": {name: figure.to_dict() for name, figure in self.over.items()},
        }


def alignment_table(rows: Sequence[EvaluationRow], aligner: Aligner, seed: int, context: JobContext) -> AlignmentTable:
    """Score every text with every crystal, and with a copy of its own crystal spoiled in each way."""
    crystals = [row.crystal for row in rows]
    ranks: list[int] = []
    own: list[float] = []
    for first in range(0, len(rows), _TEXTS_IN_BATCH):
        context.check_cancelled()
        context.progress("texts", first / len(rows), f"{first} of {len(rows)}")
        batch = rows[first : first + _TEXTS_IN_BATCH]
        for index, scores in enumerate(aligner.scores([row.text for row in batch], crystals), first):
            own.append(scores[index])
            ranks.append(sum(score >= scores[index] for score in scores))  # of equals, the own one is the last
    return AlignmentTable(
        rows=len(rows),
        recall_at_1=mean_with_interval([float(rank <= 1) for rank in ranks]),
        recall_at_10=mean_with_interval([float(rank <= 10) for rank in ranks]),
        over={name: _preferred(rows, own, spoil, aligner, seed) for name, spoil in SPOILED.items()},
    )


def alignment_text(table: AlignmentTable) -> str:
    """The table for a person."""
    lines = [f"{table.rows} texts, each against {table.rows} crystals"]
    figures = {"own crystal first": table.recall_at_1, "own crystal among ten": table.recall_at_10}
    figures |= {f"own crystal over its copy, {name}": figure for name, figure in table.over.items()}
    lines += [f"{name:<52} {_percent(figure)}" for name, figure in figures.items()]
    return "\n".join(lines)


def _preferred(
    rows: Sequence[EvaluationRow], own: Sequence[float], spoil: Spoil, aligner: Aligner, seed: int
) -> Figure:
    generators = [np.random.default_rng(seed_of(seed, "spoil", row.identifier)) for row in rows]
    copies = [spoil(row.crystal, generator) for row, generator in zip(rows, generators, strict=True)]
    spoiled = [aligner.score(row.text, [copy])[0] for row, copy in zip(rows, copies, strict=True)]
    return mean_with_interval([float(np.sign(a - b) + 1) / 2 for a, b in zip(own, spoiled, strict=True)])


def with_one_element_swapped(crystal: Crystal, generator: np.random.Generator) -> Crystal:
    """One element, drawn at random, replaced by the nearest of its group that the crystal does not hold."""
    old = str(generator.choice(sorted(set(crystal.species))))
    new = min(_substitutes(crystal, BY_SYMBOL[old]), key=lambda one: (abs(one.row - BY_SYMBOL[old].row), one.number))
    return crystal.with_species([new.symbol if symbol == old else symbol for symbol in crystal.species])


def with_atoms_moved(crystal: Crystal, generator: np.random.Generator) -> Crystal:
    """Every atom moved by a normal draw of a tenth of the mean distance between atoms along each axis."""
    step_angstrom = 0.1 * (crystal.volume_angstrom3 / crystal.num_sites) ** (1 / 3)
    moved = crystal.cart_coords + generator.normal(scale=step_angstrom, size=(crystal.num_sites, 3))
    return Crystal(crystal.lattice, crystal.species, moved @ np.linalg.inv(crystal.lattice))


def with_cell_strained(crystal: Crystal, generator: np.random.Generator) -> Crystal:
    """The cell deformed by a symmetric strain with entries of 10 %, fractional coordinates kept."""
    strain = generator.normal(scale=0.1, size=(3, 3))
    return Crystal(crystal.lattice @ (np.eye(3) + (strain + strain.T) / 2), crystal.species, crystal.frac_coords)


SPOILED: Mapping[str, Spoil] = {
    "one element swapped within its group": with_one_element_swapped,
    "atoms moved by a tenth of their distance": with_atoms_moved,
    "cell strained by a tenth": with_cell_strained,
}


def _substitutes(crystal: Crystal, old: Element) -> list[Element]:
    """Elements of the same group, noble gases apart; any other element where the crystal holds the whole group."""
    others = [one for one in ELEMENTS if one.symbol not in crystal.species and one.group != _NOBLE_GASES]
    return [one for one in others if one.group == old.group] or others


def _percent(figure: Figure) -> str:
    if figure.value is None or figure.low is None or figure.high is None:
        return "-"
    return f"{100 * figure.value:.1f} % [{100 * figure.low:.1f}, {100 * figure.high:.1f}]"
