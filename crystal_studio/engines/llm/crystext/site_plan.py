"""Which sites may be written next, so that the asked composition can still come out.

The sites of a crystal are written element by element, those of an element by the letters of their Wyckoff positions.
A position without free coordinates holds one orbit, of one element; any other holds any number of orbits. All elements
must come out in the same number of formula units. Before each site, dynamic programming says which of them can still be
finished: what is left over is filled from the points (by how many of each size are unoccupied, since points of one size
are interchangeable) and, without limit, from the other positions. Sites that can only be finished to a crystal with
more symmetry than was asked for are left out too, by trying.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import product
from typing import NamedTuple

from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.domain.symmetry import SpaceGroup
from crystal_studio.engines.chem.exact_group import can_have_exactly
from crystal_studio.engines.chem.short_cif import SiteChoice, site_choices
from crystal_studio.ports.crystal_writer import CrystalTask

Points = tuple[int, ...]  # how many points of each size are unoccupied
_MOST_TRIED = 500  # crystals looked at behind one site; after that it is allowed, and the whole text is judged


class Site(NamedTuple):
    """An element on a Wyckoff position, both by their index."""

    element: int
    choice: int


@dataclass(frozen=True)
class Written:
    """The sites written so far.

    Attributes:
        units: numbers of formula units that can still come out.
        element: index of the element under way.
        atoms: of that element so far, in the primitive cell.
        first_choice: index of the first position that the element may take next.
        occupied: points that are taken.
        sites: all of them.
    """

    units: tuple[int, ...]
    element: int = 0
    atoms: int = 0
    first_choice: int = 0
    occupied: frozenset[int] = frozenset()
    sites: tuple[Site, ...] = ()


class SitePlan:
    """All ways to put a compound on the Wyckoff positions of a space group, one site at a time.

    Args:
        amounts: atoms of each element in a formula unit.
        choices: the positions, in the order of their letters.
        units: numbers of formula units in the primitive cell that are tried.
        is_exact: whether a crystal on these sites can have the group and no more; by default whatever it is.
    """

    def __init__(
        self,
        amounts: Sequence[int],
        choices: Sequence[SiteChoice],
        units: Sequence[int],
        is_exact: Callable[[Sequence[Site]], bool] = lambda sites: True,
    ) -> None:
        self._amounts = tuple(amounts)
        self.choices = tuple(choices)
        self._sizes = tuple(sorted({choice.sites_in_primitive for choice in choices if choice.is_point}))
        self._most_atoms = max(units) * max(amounts)
        self._fillings = cache(self._find_fillings)
        self._is_finishable = cache(self._find_is_finishable)
        self._is_exact = is_exact
        self._leads_to_exact = cache(self._find_leads_to_exact)
        start = Written(tuple(units))
        self.start = replace(start, units=tuple(unit for unit in units if self._leads_to(unit, start)))

    def next_sites(self, written: Written) -> list[Site]:
        """Sites that may be written next, by element and letter."""
        return [site for site in self._countable_sites(written) if self._leads_to_exact(self._after(written, site))]

    def after(self, written: Written, site: Site) -> Written:
        """What is written when a site of `next_sites` has been added."""
        return self._after(written, site)

    def may_end(self, written: Written) -> bool:
        """Whether the sites so far are a whole crystal."""
        return self._is_complete(written) and self._is_exact(written.sites)

    def can_be_exact(self) -> bool:
        """Whether some crystal of the plan has the group and no more."""
        return self._leads_to_exact(self.start)

    def _is_complete(self, written: Written) -> bool:
        """Whether the composition has come out."""
        last = len(self._amounts) - 1
        return written.element == last and any(written.atoms == unit * self._amounts[last] for unit in written.units)

    def _countable_sites(self, written: Written) -> list[Site]:
        """Sites after which the composition can still come out."""
        elements = range(written.element, min(written.element + 2, len(self._amounts)))
        sites = (Site(element, choice) for element in elements for choice in range(len(self.choices)))
        return [site for site in sites if self._after(written, site).units]

    def _find_leads_to_exact(self, written: Written) -> bool:
        """Whether one of the crystals that can follow has the group and no more; general positions are tried first."""
        tried = 0
        waiting = [written]
        while waiting and tried < _MOST_TRIED:
            state = waiting.pop()
            finished = tuple(site for site in state.sites if site.element < state.element)
            # What relates all atoms relates those of each element: whatever follows cannot make the group larger.
            if (finished and self._is_exact(finished)) or self.may_end(state):
                return True
            tried += 1
            waiting += [self._after(state, site) for site in self._countable_sites(state)]
        return bool(waiting)

    def _after(self, written: Written, site: Site) -> Written:
        """The same, with no number of formula units left where the site cannot be written."""
        choice = self.choices[site.choice]
        units: tuple[int, ...] = written.units
        atoms, first = written.atoms, written.first_choice
        if site.element > written.element:
            units = tuple(unit for unit in units if atoms == unit * self._amounts[written.element])
            atoms = first = 0
        if site.choice < first or site.choice in written.occupied:
            return replace(written, units=())
        taken = {site.choice} if choice.is_point else set()
        following = Written(
            units,
            site.element,
            atoms + choice.sites_in_primitive,
            site.choice + choice.is_point,
            written.occupied | taken,
            (*written.sites, site),
        )
        return replace(following, units=tuple(unit for unit in units if self._leads_to(unit, following)))

    def _leads_to(self, unit: int, written: Written) -> bool:
        """Whether a crystal of so many formula units can follow."""
        left = unit * self._amounts[written.element] - written.atoms
        own = self._points(written.occupied, written.first_choice)
        return any(
            self._is_finishable(unit, written.element + 1, rest)
            for rest in self._after_filling(left, written.first_choice, own, self._points(written.occupied, 0))
        )

    def _find_is_finishable(self, unit: int, element: int, points: Points) -> bool:
        """Whether the elements from one on find their places, with so many points unoccupied."""
        if element == len(self._amounts):
            return True
        left = unit * self._amounts[element]
        return any(
            self._is_finishable(unit, element + 1, rest) for rest in self._after_filling(left, 0, points, points)
        )

    def _after_filling(self, atoms: int, first_choice: int, own: Points, points: Points) -> Iterator[Points]:
        """The points left when an element has put its atoms on some of its own points, and the rest elsewhere."""
        if atoms < 0:
            return
        for used in product(*(range(count + 1) for count in own)):
            on_points = sum(count * size for count, size in zip(used, self._sizes, strict=True))
            if on_points <= atoms and atoms - on_points in self._fillings(first_choice):
                yield tuple(count - less for count, less in zip(points, used, strict=True))

    def _find_fillings(self, first_choice: int) -> frozenset[int]:
        """Numbers of atoms that orbits of positions which hold any number of them, from one position on, add up to."""
        sizes = {choice.sites_in_primitive for choice in self.choices[first_choice:] if not choice.is_point}
        found = {0}
        for atoms in range(1, self._most_atoms + 1):
            if any(atoms - size in found for size in sizes):
                found.add(atoms)
        return frozenset(found)

    def _points(self, occupied: frozenset[int], first_choice: int) -> Points:
        """Unoccupied points of each size, from one position on."""
        free = [
            choice.sites_in_primitive
            for index, choice in enumerate(self.choices)
            if choice.is_point and index >= first_choice and index not in occupied
        ]
        return tuple(free.count(size) for size in self._sizes)


def plan_of(task: CrystalTask) -> SitePlan:
    """The plan of a task.

    Raises:
        UserCorrectable: no number of formula units fits the group's positions, or all that fit make a higher symmetry.
    """
    units = units_of(task)
    choices = site_choices(task.space_group)

    def is_exact(sites: Sequence[Site]) -> bool:
        lettered = tuple((site.element, choices[site.choice].letter) for site in sites)
        return can_have_exactly(task.space_group, lettered)

    plan = SitePlan([count for _, count in task.composition.reduced.amounts], choices, units, is_exact)
    group = SpaceGroup(task.space_group)
    if not plan.start.units:
        tried = f"{units[0]} formula unit" if units == [1] else f"{_listed(units)} formula units"
        raise UserCorrectable(
            f"{task.composition.formula} fits no Wyckoff positions of space group {group.symbol} ({group.number}): "
            f"{tried} in the primitive cell were tried. Choose another group, or allow more atoms."
        )
    if not plan.can_be_exact():
        raise UserCorrectable(
            f"Every way to put {task.composition.formula} on the Wyckoff positions of {group.symbol} ({group.number}) "
            f"has a higher symmetry. Choose another group, or allow more atoms than {task.num_atoms or task.max_atoms}."
        )
    return plan


def units_of(task: CrystalTask) -> list[int]:
    """Numbers of formula units in the primitive cell that a task allows.

    Raises:
        UserCorrectable: there is none.
    """
    size, formula = task.composition.reduced.num_atoms, task.composition.formula
    if task.num_atoms is None:
        if size > task.max_atoms:
            raise UserCorrectable(
                f"A formula unit of {formula} has {size} atoms; up to {task.max_atoms} are written. "
                "Ask for a simpler compound, or allow more atoms."
            )
        return list(range(1, task.max_atoms // size + 1))
    if task.num_atoms < 1 or task.num_atoms % size:
        raise UserCorrectable(
            f"{task.num_atoms} atoms are no whole number of formula units of {formula}, which has {size}. "
            f"Ask for a multiple of {size}."
        )
    return [task.num_atoms // size]


def _listed(numbers: Sequence[int]) -> str:
    return f"{numbers[0]} to {numbers[-1]}" if len(numbers) > 2 else " and ".join(map(str, numbers))
