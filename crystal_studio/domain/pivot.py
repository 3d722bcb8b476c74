"""The pivot: a Robocrystallographer-style description as data that can be checked."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from crystal_studio.domain.composition import Composition
from crystal_studio.domain.pivot_grammar_formula import read_formula
from crystal_studio.domain.symmetry import SpaceGroup

if TYPE_CHECKING:
    from crystal_studio.domain.pivot_grammar_sentences import Sentence


class PivotSource(StrEnum):
    """Who wrote a pivot."""

    MODEL = "model"
    REPAIRED = "repaired"
    DRAFT = "draft"
    PERSON = "person"
    DESCRIBED = "described"


@dataclass(frozen=True)
class BondLengths:
    """Bond lengths stated between two kinds of site.

    Attributes:
        first: label as written, such as ``Sr(1)`` or ``Sr``.
        second: label of the neighbour.
        shortest_angstrom: smallest length stated.
        longest_angstrom: largest length stated.
    """

    first: str
    second: str
    shortest_angstrom: float
    longest_angstrom: float


@dataclass(frozen=True)
class Neighbours:
    """So many atoms of one label around a site."""

    count: int
    label: str
    equivalent: bool = True


@dataclass(frozen=True)
class LocalEnvironment:
    """How one site is bonded.

    Attributes:
        site: label such as ``Ti(1)``.
        geometry: "octahedral", "6-coordinate", "distorted trigonal planar"; None for a named polyhedron.
        polyhedron: formula of the polyhedron such as ``TiO6``, None where there is none.
        shape: "octahedra", "tetrahedra", ...; None where there is no polyhedron.
        connectivity: subset of ("corner", "edge", "face"), empty where the polyhedra are isolated.
        neighbours: what surrounds the site.
    """

    site: str
    geometry: str | None
    polyhedron: str | None
    shape: str | None
    connectivity: tuple[str, ...]
    neighbours: tuple[Neighbours, ...]

    @property
    def coordination(self) -> int:
        """Number of neighbours stated."""
        return sum(neighbour.count for neighbour in self.neighbours)


@dataclass(frozen=True)
class Pivot:
    """A description that both a language model and Robocrystallographer can write.

    Attributes:
        formula: as written in the text.
        space_group: None when the text leaves it open.
        prototype: mineral or prototype name as Robocrystallographer writes it ("(Cubic) Perovskite"), or None.
        relation: how the prototype is stated: "structured" (is it), "derived" (other elements on its sites) or "like"
            (a distorted copy); None without a prototype.
        dimensionality: 0 to 3; None when not stated.
        components: sentence fragment on layers, ribbons or molecules ("two GaTe sheets oriented in the (0, 0, 1)
            direction"), None for a three-dimensional crystal.
        environments: local environments, in the order of the text.
        bond_lengths: bond lengths, in the order of the text.
        unread: sentences the grammar did not understand; empty for a text that parses in full.
        sentences: the sentences after the headline and the components, each as data that writes itself back; a pivot
            without them is written from its environments and bond lengths.
    """

    formula: str
    space_group: SpaceGroup | None = None
    prototype: str | None = None
    relation: str | None = None
    dimensionality: int | None = None
    components: str | None = None
    environments: tuple[LocalEnvironment, ...] = ()
    bond_lengths: tuple[BondLengths, ...] = ()
    unread: tuple[str, ...] = ()
    sentences: tuple[Sentence, ...] = ()

    @property
    def composition(self) -> Composition:
        """The composition the formula states.

        Raises:
            UserCorrectable: not a formula.
        """
        return read_formula(self.formula)

    @property
    def crystal_system(self) -> str | None:
        """Crystal system of the stated space group."""
        return self.space_group.crystal_system if self.space_group else None
