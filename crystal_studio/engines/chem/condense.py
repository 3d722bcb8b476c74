"""A crystal condensed to the facts that Robocrystallographer writes down.

The order of steps and every threshold are those of robocrys 0.2.13's `StructureCondenser` with its default options;
each expensive step is done once and handed on: one neighbour search, one bonded graph, one set of fingerprints.
Source: Ganose and Jain, MRS Communications 9, 874 (2019).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crystal_studio.engines.chem.coordination import SharedNeighbours
from crystal_studio.engines.chem.mineral import mineral_of
from crystal_studio.engines.chem.robocrys_import import robocrys_parts
from crystal_studio.engines.chem.site_facts import site_facts

if TYPE_CHECKING:
    from pymatgen.core import Structure

Component = dict[str, Any]

_SYMPREC_ANGSTROM = 0.01


def condense(structure: Structure) -> dict[str, Any]:
    """The condensed structure, in the layout robocrys' `StructureDescriber` reads.

    Raises:
        ValueError: layers of different orientation, which Robocrystallographer cannot describe.
    """
    from pymatgen.analysis.dimensionality import get_structure_components
    from pymatgen.symmetry.analyzer import SpacegroupAnalyzer

    structure = structure.get_sorted_structure()
    structure.translate_sites(range(len(structure)), [1, 1, 1])
    symmetry = SpacegroupAnalyzer(structure, symprec=_SYMPREC_ANGSTROM)
    conventional = symmetry.get_conventional_standard_structure()
    shared = SharedNeighbours(conventional)
    bonded = shared.bonded_structure()
    components = get_structure_components(bonded, inc_orientation=True, inc_site_ids=True, inc_molecule_graph=True)
    sites = site_facts(bonded, shared.site_fingerprints(), _SYMPREC_ANGSTROM)
    summary, makeup = _component_summary(components, sites)
    return {
        "formula": _formula(conventional, components),
        "spg_symbol": symmetry.get_space_group_symbol(),
        "crystal_system": symmetry.get_crystal_system(),
        "mineral": _mineral(shared, components),
        "dimensionality": max(component["dimensionality"] for component in components),
        "sites": sites.get_all_site_summaries(),
        "distances": sites.get_all_bond_distance_summaries(),
        "angles": sites.get_all_connectivity_angle_summaries(),
        "nnn_distances": sites.get_all_nnn_distance_summaries(),
        "components": summary,
        "component_makeup": makeup,
        "vdw_heterostructure_info": _heterostructure(components),
    }


def _mineral(shared: SharedNeighbours, components: list[Component]) -> dict[str, Any]:
    """Mineral name of the crystal, or else of the crystal with each molecule shrunk to one atom."""
    mineral = mineral_of(shared)
    if mineral["type"] or not any(_is_molecule(component) for component in components):
        return mineral | {"simplified": not mineral["type"]}
    simplified = robocrys_parts().component.get_reconstructed_structure(components)
    return mineral_of(SharedNeighbours(simplified)) | {"simplified": True}


def _is_molecule(component: Component) -> bool:
    """Only components of several atoms change when each molecule becomes one atom."""
    return component["dimensionality"] == 0 and len(component["site_ids"]) > 1


def _formula(structure: Structure, components: list[Component]) -> str:
    parts = robocrys_parts()
    common: str | None = parts.common_formulas.get(structure.composition.reduced_formula)
    return common or str(parts.component.get_formula_from_components(components))


def _component_summary(components: list[Component], sites: Any) -> tuple[dict[int, dict[str, Any]], list[int]]:
    """Inequivalent components and which of them each component is.

    Molecules stay unnamed: stock names them through Open Babel, which is not among our dependencies.
    """
    parts = robocrys_parts().component
    distinct = _inequivalent(components)
    summary = {
        index: {
            "formula": parts.get_component_formula(component),
            "dimensionality": component["dimensionality"],
            "orientation": component["orientation"],
            "molecule_name": None,
            "sites": sites.get_inequivalent_site_indices(component["site_ids"]),
        }
        for index, component in enumerate(distinct)
    }
    makeup = [index for index, component in enumerate(distinct) for _ in range(component["count"])]
    return summary, makeup


def _inequivalent(components: list[Component]) -> list[Component]:
    """Structurally inequivalent components; the stock function copies even a lone framework atom by atom."""
    if len(components) == 1:
        return [components[0] | {"count": 1}]
    distinct: list[Component] = robocrys_parts().component.get_structure_inequiv_components(components)
    return distinct


def _heterostructure(components: list[Component]) -> Any:
    if not any(component["dimensionality"] == 2 for component in components):
        return None
    return robocrys_parts().component.get_vdw_heterostructure_information(components)
