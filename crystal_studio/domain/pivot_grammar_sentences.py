"""The sentences of a pivot as data; each writes itself back, word for word."""

from __future__ import annotations

from dataclasses import dataclass

from crystal_studio.domain.pivot import BondLengths, LocalEnvironment, Neighbours
from crystal_studio.domain.pivot_grammar_words import listed, number_word, ordinal_word

PLURALS = {
    "octahedra": "octahedra",
    "tetrahedra": "tetrahedra",
    "trigonal pyramid": "trigonal pyramids",
    "square pyramid": "square pyramids",
    "trigonal bipyramid": "trigonal bipyramids",
    "pentagonal pyramid": "pentagonal pyramids",
    "hexagonal pyramid": "hexagonal pyramids",
    "pentagonal bipyramid": "pentagonal bipyramids",
    "hexagonal bipyramid": "hexagonal bipyramids",
    "cuboctahedra": "cuboctahedra",
}
SINGULARS = {plural: singular for singular, plural in PLURALS.items()}


@dataclass(frozen=True)
class SiteCount:
    """``There are two inequivalent Al sites.``

    Attributes:
        component: ``the MoTe2 sheet``, ``each Sn cluster``; None in a crystal of one framework.
    """

    count: int
    element: str
    component: str | None = None

    def write(self) -> str:
        """The sentence."""
        opening = f"In {self.component}, there" if self.component else "There"
        return f"{opening} are {number_word(self.count)} inequivalent {self.element} sites."


@dataclass(frozen=True)
class SharedPolyhedra:
    """``corners with twelve equivalent In(1)Se6 octahedra``.

    Attributes:
        connectivity: corner, edge or face.
        label: site in the middle of the polyhedra shared with.
        ligands: what surrounds it, such as ``Se6``.
        shape: plural.
    """

    connectivity: str
    count: int
    label: str
    ligands: str
    shape: str
    equivalent: bool = True

    def write(self) -> str:
        """The fragment."""
        if self.count == 1:
            article = "an" if self.connectivity == "edge" else "a"
            shape = SINGULARS[self.shape]
            return f"{article} {self.connectivity} with one {self.label}{self.ligands} {shape}"
        equivalent = "equivalent " if self.equivalent else ""
        return (
            f"{self.connectivity}s with {number_word(self.count)} {equivalent}{self.label}{self.ligands} {self.shape}"
        )


@dataclass(frozen=True)
class Polyhedron:
    """``a mixture of distorted edge and corner-sharing OKMn3 trigonal pyramids``.

    Attributes:
        formula: centre and ligands.
        shape: plural.
        distorted: whether the order parameter is low.
        sharing: subset of (corner, edge, face) shared with polyhedra of its own kind, in the order of the text.
        shared: polyhedra of every kind it shares something with; empty where `sharing` says it.
    """

    formula: str
    shape: str
    distorted: bool = False
    sharing: tuple[str, ...] = ()
    shared: tuple[SharedPolyhedra, ...] = ()

    @property
    def connectivity(self) -> tuple[str, ...]:
        """Which of corner, edge and face are shared with any polyhedron."""
        found = {*self.sharing, *(shared.connectivity for shared in self.shared)}
        return tuple(kind for kind in ("corner", "edge", "face") if kind in found)

    def write(self) -> str:
        """The fragment after ``to form``."""
        mixture = "a mixture of " if len(self.sharing) > 1 else ""
        distorted = "distorted " if self.distorted else ""
        sharing = f"{listed(self.sharing)}-sharing " if self.sharing else ""
        shares = f" that share {listed([shared.write() for shared in self.shared])}" if self.shared else ""
        return f"{mixture}{distorted}{sharing}{self.formula} {self.shape}{shares}"


@dataclass(frozen=True)
class Site:
    """``In the first Ru site, Ru(2) is bonded in a 4-coordinate geometry to five equivalent Si(1) atoms.``

    Attributes:
        label: such as ``Ru(2)``.
        neighbours: what it is bonded to; empty for a lone atom.
        geometry: such as ``distorted linear``; None where `polyhedron` says it.
        polyhedron: what it forms, None without one.
        component: ``the MoTe2 sheet``, ``each Sn cluster``, ``two of the NaCl sheets``; None for most.
        ordinal: 1 for ``In the first Ru site``; None where the element has one site.
    """

    label: str
    neighbours: tuple[Neighbours, ...]
    geometry: str | None = None
    polyhedron: Polyhedron | None = None
    component: str | None = None
    ordinal: int | None = None

    @property
    def element(self) -> str:
        """Symbol of the site."""
        return element_of(self.label)

    def write(self) -> str:
        """The sentence."""
        place = f"In {self.component}, " if self.component else ""
        if self.ordinal:
            place += f"In the {ordinal_word(self.ordinal)} {self.element} site, "
        bonded = _write_neighbours(self.neighbours)
        if self.polyhedron:
            return f"{place}{self.label} is bonded to {bonded} to form {self.polyhedron.write()}."
        return f"{place}{self.label} is bonded in {_article(self.geometry or '')} geometry to {bonded}."


@dataclass(frozen=True)
class Lengths:
    """Bond lengths between two labels, in one of five forms.

    Attributes:
        form: single, both, all, two_sets or spread.
        shortest_angstrom: the only length of the first three forms.
        longest_angstrom: equal to it there.
        shorter_count: how many are shorter, in two_sets.
        longer_count: how many are longer, in two_sets.
    """

    first: str
    second: str
    form: str
    shortest_angstrom: float
    longest_angstrom: float
    shorter_count: int = 0
    longer_count: int = 0

    def write(self) -> str:
        """The sentence."""
        pair, shortest, longest = f"{self.first}-{self.second}", self.shortest_angstrom, self.longest_angstrom
        if self.form == "single":
            return f"The {pair} bond length is {shortest:.2f} Å."
        if self.form in ("both", "all"):
            return f"{self.form.title()} {pair} bond lengths are {shortest:.2f} Å."
        if self.form == "spread":
            return f"There are a spread of {pair} bond distances ranging from {shortest:.2f}-{longest:.2f} Å."
        verb = "is" if self.shorter_count == 1 else "are"
        lengths = "length" if self.longer_count == 1 else "lengths"
        return (
            f"There {verb} {number_word(self.shorter_count)} shorter ({shortest:.2f} Å) and "
            f"{number_word(self.longer_count)} longer ({longest:.2f} Å) {pair} bond {lengths}."
        )


@dataclass(frozen=True)
class Tilt:
    """Tilt angles between corner-sharing octahedra, in whole degrees."""

    smallest_degree: int
    largest_degree: int

    def write(self) -> str:
        """The sentence."""
        smallest, largest = self.smallest_degree, self.largest_degree
        if smallest == largest == 0:
            return "The corner-sharing octahedra are not tilted."
        if smallest == largest:
            return f"The corner-sharing octahedral tilt angles are {smallest}°."
        return f"The corner-sharing octahedral tilt angles range from {smallest}-{largest}°."


Sentence = SiteCount | Site | Lengths | Tilt


def site_of(environment: LocalEnvironment) -> Site:
    """The sentence that states a local environment."""
    if environment.polyhedron is None or environment.shape is None:
        return Site(environment.site, environment.neighbours, environment.geometry)
    sharing = tuple(sorted(environment.connectivity, key=("edge", "corner", "face").index))
    polyhedron = Polyhedron(environment.polyhedron, environment.shape, sharing=sharing)
    return Site(environment.site, environment.neighbours, None, polyhedron)


def sentence_of_lengths(lengths: BondLengths) -> Lengths:
    """The sentence that states bond lengths."""
    form = "all" if lengths.shortest_angstrom == lengths.longest_angstrom else "spread"
    return Lengths(lengths.first, lengths.second, form, lengths.shortest_angstrom, lengths.longest_angstrom)


def element_of(label: str) -> str:
    """``Ru`` of ``Ru(2)``."""
    return label.partition("(")[0]


def _write_neighbours(neighbours: tuple[Neighbours, ...]) -> str:
    if not neighbours:
        return "no atoms"
    parts = [
        f"{number_word(each.count)} {'equivalent ' if each.equivalent and each.count != 1 else ''}{each.label}"
        for each in neighbours
    ]
    return f"{listed(parts)} {'atom' if neighbours[-1].count == 1 else 'atoms'}"


def _article(geometry: str) -> str:
    return f"an {geometry}" if geometry[:1] in "aeiou" or geometry.startswith("L-") else f"a {geometry}"
