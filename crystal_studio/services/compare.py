"""Two nodes set side by side, and what changed on each edge of a branch."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

from crystal_studio.domain.comparison import Comparison, Side, Surroundings
from crystal_studio.domain.edge_change import EdgeChange
from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.domain.history import Node
from crystal_studio.domain.word_diff import Stretch, word_diff
from crystal_studio.ports.crystal_comparer import CrystalComparer
from crystal_studio.ports.history_store import HistoryStore


def compare(first: Node, second: Node, comparer: CrystalComparer) -> Comparison:
    """Every difference of the second node from the first."""
    return comparer.compare(side_of(first), side_of(second))


def side_of(node: Node) -> Side:
    """What a comparison needs of a node."""
    return Side(node.crystal, node.space_group, node.band_gap, node.e_above_hull, node.pivot, node.id)


def parent_of(node: Node, store: HistoryStore) -> Node:
    """The node that a node answers.

    Raises:
        UserCorrectable: it is a root.
    """
    if node.parent is None:
        raise UserCorrectable(f"Node {node.id[:8]} is a root and has no parent to compare with. Name two nodes.")
    return store.node(node.parent)


def changes_along(node_id: str, store: HistoryStore, with_volumes: bool = True) -> list[tuple[str, EdgeChange]]:
    """Id of each node on the path from the root, but the root itself, with what changed from its parent to it.

    Raises:
        UserCorrectable: no such node.
    """
    path = store.branch(node_id)
    crystals = [store.crystal(one.id) for one in path] if with_volumes else []
    return [
        (child.id, EdgeChange.between(parent, child, (crystals[step], crystals[step + 1]) if crystals else None))
        for step, (parent, child) in enumerate(pairwise(path))
    ]


def pivot_changes(comparison: Comparison) -> tuple[Stretch, ...]:
    """The words of both pivots, those that went before those that came."""
    return word_diff(comparison.first.pivot, comparison.second.pivot)


@dataclass(frozen=True)
class CoordinationChange:
    """Mean number of neighbours of an element, and of the element that took its sites.

    Attributes:
        element: in the first crystal, None for one that came without taking the sites of another.
        becomes: in the second crystal, None for one that went and left its sites to an element that was there.
        before, after: mean number of neighbours.
    """

    element: str | None
    becomes: str | None
    before: float | None
    after: float | None


@dataclass(frozen=True)
class BondChange:
    """Mean length of the bonds between two elements, and between those that took their sites.

    Attributes:
        bond: symbols in the first crystal, None for a bond that came.
        becomes: symbols in the second, None for a bond that went.
        before_angstrom, after_angstrom: mean length.
    """

    bond: tuple[str, str] | None
    becomes: tuple[str, str] | None
    before_angstrom: float | None
    after_angstrom: float | None


def coordination_changes(comparison: Comparison) -> list[CoordinationChange]:
    """One for each element of the two, in order of the first formula."""
    after = {around.element: around for around in comparison.surroundings_second}
    heirs = _heirs(comparison)
    found = []
    for around in comparison.surroundings_first:
        heir = after.pop(heirs.get(around.element, ""), None)
        found.append(_coordination_change(around, heir))
    return found + [CoordinationChange(None, around.element, None, around.coordination) for around in after.values()]


def _coordination_change(before: Surroundings, after: Surroundings | None) -> CoordinationChange:
    if after is None:
        return CoordinationChange(before.element, None, before.coordination, None)
    return CoordinationChange(before.element, after.element, before.coordination, after.coordination)


def bond_changes(comparison: Comparison) -> list[BondChange]:
    """One for each pair of bonded elements of the two, the less electronegative element first."""
    heirs = _heirs(comparison)
    after = _bonds(comparison.surroundings_second, comparison.second.crystal.composition.elements)
    found = []
    for bond, length in _bonds(comparison.surroundings_first, comparison.first.crystal.composition.elements).items():
        one, other = (heirs.get(symbol, "") for symbol in bond)
        heir = (one, other) if (one, other) in after else (other, one)
        length_after = after.pop(heir, None)
        found.append(BondChange(bond, None if length_after is None else heir, length, length_after))
    return found + [BondChange(None, bond, None, length) for bond, length in after.items()]


def _bonds(surroundings: Iterable[Surroundings], order: tuple[str, ...]) -> dict[tuple[str, str], float]:
    """Pair of elements, in the order of the formula -> mean length in angstrom."""
    found: dict[tuple[str, str], float] = {}
    for around in surroundings:
        for other, length in around.bonds_angstrom.items():
            if order.index(around.element) <= order.index(other):
                found[around.element, other] = length
    return found


def _heirs(comparison: Comparison) -> dict[str, str]:
    """Element of the first -> that on its sites in the second: itself where it stayed, else the most frequent new one.

    Without matched sites each element answers only to itself.
    """
    there = set(comparison.second.crystal.composition.elements)
    heirs = {symbol: symbol for symbol in comparison.first.crystal.composition.elements if symbol in there}
    counts = Counter((move.before, move.after) for move in comparison.moves if move.before not in there)
    for (before, after), _ in counts.most_common():
        if before not in heirs and after not in heirs.values():
            heirs[before] = after
    return heirs
