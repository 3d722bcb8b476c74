"""Geometry and neighbours of every site, each fact worked out once."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from crystal_studio.engines.chem.robocrys_import import robocrys_parts

if TYPE_CHECKING:
    from pymatgen.core import Structure
    from pymatgen.core.graphs import StructureGraph
    from pymatgen.core.sites import PeriodicSite

Image = tuple[int, int, int]


class Bond(NamedTuple):
    """A bonded neighbour, with the fields (and so the hash order) of pymatgen's `ConnectedSite`."""

    site: PeriodicSite
    jimage: Image
    index: int  # type: ignore[assignment]  # the name of pymatgen's field, which hides tuple.index
    weight: Any
    dist: float


class Bonds:
    """The bonds of a structure graph, each site looked up once and moved to other images by adding integers.

    Args:
        graph: the bonded structure.
    """

    def __init__(self, graph: StructureGraph) -> None:
        self.structure: Structure = graph.structure
        self._graph = graph.graph
        self._of_site: dict[int, list[Bond]] = {}
        self._moved: dict[tuple[int, Image], list[Bond]] = {}

    def get_connected_sites(self, n: int, jimage: Image = (0, 0, 0)) -> list[Bond]:
        """Bonds of site `n` in cell `jimage`, nearest first, in the very order pymatgen gives them."""
        key = (n, jimage)
        if key not in self._moved:
            moved = {bond._replace(jimage=_add(bond.jimage, jimage)) for bond in self._bonds_of(n)}
            self._moved[key] = sorted(moved, key=lambda bond: bond.dist)
        return self._moved[key]

    def _bonds_of(self, n: int) -> list[Bond]:
        """Bonds of site `n` in the home cell, in the order of the graph's edges."""
        if n not in self._of_site:
            ends = [(v, data["to_jimage"], data) for _, v, data in self._graph.out_edges(n, data=True)]
            ends += [(u, np.multiply(-1, data["to_jimage"]), data) for u, _, data in self._graph.in_edges(n, data=True)]
            found: dict[tuple[int, Image], Bond] = {}
            for index, image, data in ends:
                to_image: Image = (int(image[0]), int(image[1]), int(image[2]))
                if (index, to_image) not in found:
                    found[index, to_image] = self._bond(n, index, to_image, data.get("weight"))
            self._of_site[n] = list(found.values())
        return self._of_site[n]

    def _bond(self, n: int, index: int, image: Image, weight: Any) -> Bond:
        site = self.structure[index]
        return Bond(site, image, index, weight, self.structure[n].distance(site, jimage=image))


def _add(first: Image, second: Image) -> Image:
    return (first[0] + second[0], first[1] + second[1], first[2] + second[2])


def site_facts(graph: StructureGraph, fingerprints: list[dict[str, float]], symprec_angstrom: float) -> Any:
    """A robocrys `SiteAnalyzer` that works every fact out once.

    Args:
        graph: the bonded structure.
        fingerprints: order parameters of each site, which the stock class would compute anew.
        symprec_angstrom: tolerance for the symmetry labels.
    """
    return _analyzer_class()(graph, fingerprints, symprec_angstrom)


@cache
def _analyzer_class() -> Any:
    stock = robocrys_parts().site_analyzer

    class RememberingSiteAnalyzer(stock):  # type: ignore[misc, valid-type]
        """`SiteAnalyzer` with given fingerprints and remembered geometries and neighbours."""

        def __init__(self, graph: StructureGraph, fingerprints: list[dict[str, float]], symprec: float) -> None:
            from pymatgen.symmetry.analyzer import SpacegroupAnalyzer

            self.bonded_structure = Bonds(graph)
            self.use_iupac_formula = True
            self.minimum_geometry_op = 0.4
            self.site_fingerprints = fingerprints
            self._geometries: dict[int, dict[str, Any]] = {}
            self._next: dict[tuple[int, bool], list[dict[str, Any]]] = {}
            orbits = SpacegroupAnalyzer(graph.structure, symprec=symprec).get_symmetry_dataset().equivalent_atoms
            self.equivalent_sites = self._calculate_equivalent_sites()
            self.symmetry_labels = self._calculate_symmetry_labels(orbits.tolist())

        def get_site_geometry(self, site_index: int) -> dict[str, Any]:
            if site_index not in self._geometries:
                self._geometries[site_index] = super().get_site_geometry(site_index)
            return self._geometries[site_index]

        def get_next_nearest_neighbors(
            self, site_index: int, inc_inequivalent_site_index: bool = True
        ) -> list[dict[str, Any]]:
            key = (site_index, inc_inequivalent_site_index)
            if key not in self._next:
                self._next[key] = super().get_next_nearest_neighbors(site_index, inc_inequivalent_site_index)
            return self._next[key]

    return RememberingSiteAnalyzer
