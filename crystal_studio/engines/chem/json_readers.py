"""JSON of pymatgen, of OPTIMADE and of our own, taken as plain numbers and words.

The libraries' own decoders would import whatever class a file names, so that they are not asked.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from crystal_studio.domain.crystal import Crystal
from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.engines.chem.reading import Reading, element_symbol, ordered_reading, same_composition

_NOT_ELEMENTS = {"X", "vacancy"}
_SAME_PLACE_ANGSTROM = 0.02
_READER = "Crystal Studio"


def json_structures(text: str) -> list[tuple[str, Any]]:
    """Name and data of each structure of a JSON text: one, a list of them, or an answer of an OPTIMADE server.

    Raises:
        UserCorrectable: there is none.
    """
    found = list(_structures(json.loads(text), ""))
    if not found:
        raise UserCorrectable(
            "The JSON holds no crystal. Give a structure of pymatgen or OPTIMADE, or a list of structures."
        )
    return found


def reading_of_json(data: Mapping[str, Any]) -> Reading:
    """The crystal of one structure.

    Raises:
        UserCorrectable: it has no sites of a crystal, or says two different things of them.
    """
    if "attributes" in data:
        return _from_optimade(data["attributes"])
    if "sites" in data:
        return _from_pymatgen(data)
    return ordered_reading(_READER, Crystal.from_dict(data))


def _structures(data: Any, name: str) -> Iterator[tuple[str, Any]]:
    """Lists, answers and entries, a few levels deep."""
    if isinstance(data, list):
        for one in data:
            yield from _structures(one, "")
    elif isinstance(data, dict):
        if _is_structure(data):
            yield name or _name(data), data
        for key in ("structure", "data"):
            if isinstance(data.get(key), dict | list) and not _is_structure(data):
                yield from _structures(data[key], _name(data))


def _is_structure(data: Mapping[str, Any]) -> bool:
    attributes = data.get("attributes")
    return (
        ("lattice" in data and "sites" in data)
        or {"lattice", "species", "frac"} <= data.keys()
        or (isinstance(attributes, dict) and "lattice_vectors" in attributes)
    )


def _name(data: Mapping[str, Any]) -> str:
    return next((str(data[key])[:60] for key in ("id", "entry_id", "material_id", "name") if data.get(key)), "")


def _from_pymatgen(data: Mapping[str, Any]) -> Reading:
    lattice = np.array(data["lattice"]["matrix"], dtype=np.float64)
    if lattice.shape != (3, 3):
        raise UserCorrectable("A crystal needs a 3x3 lattice and one position for each of its atoms.")
    frac = np.array([site["abc"] for site in data["sites"]], dtype=np.float64).reshape(-1, 3)
    sites = tuple(_shares((one["element"], one.get("occu", 1.0)) for one in site["species"]) for site in data["sites"])
    warnings = []
    if all("xyz" in site for site in data["sites"]):
        stated = np.array([site["xyz"] for site in data["sites"]], dtype=np.float64).reshape(-1, 3)
        if np.abs(frac @ lattice - stated).max(initial=0.0) > _SAME_PLACE_ANGSTROM:
            warnings.append("The file's Cartesian positions are others than its fractional ones, which are taken.")
    return Reading(_READER, lattice, sites, frac, tuple(warnings))


def _from_optimade(attributes: Mapping[str, Any]) -> Reading:
    """Source: the OPTIMADE specification 1.2, entry type `structures`."""
    if attributes.get("nperiodic_dimensions", 3) != 3:
        raise UserCorrectable("The OPTIMADE structure is not periodic in three directions, so it is no crystal.")
    lattice = np.array(attributes["lattice_vectors"], dtype=np.float64)
    if lattice.shape != (3, 3) or abs(np.linalg.det(lattice)) < 1e-6:
        raise UserCorrectable("The OPTIMADE structure has no complete cell. It needs three lattice vectors.")
    known = {one["name"]: _species(one) for one in attributes.get("species") or ()}
    names = attributes["species_at_sites"]
    sites = tuple(known[name] if known else {element_symbol(name): 1.0} for name in names)
    cart = np.array(attributes["cartesian_site_positions"], dtype=np.float64).reshape(-1, 3)
    if len(cart) != len(sites):
        raise UserCorrectable(f"The OPTIMADE structure has {len(sites)} species for {len(cart)} positions.")
    reading = Reading(_READER, lattice, sites, cart @ np.linalg.inv(lattice))
    _refuse_other_elements(reading, attributes)
    return reading


def _species(one: Mapping[str, Any]) -> dict[str, float]:
    """Symbol -> share; a vacancy leaves its share empty."""
    pairs = list(zip(one["chemical_symbols"], one["concentration"], strict=True))
    if any(symbol == "X" for symbol, _ in pairs):
        raise UserCorrectable("The OPTIMADE structure has atoms of an unknown element (X), so it cannot be read.")
    return _shares((symbol, share) for symbol, share in pairs if symbol not in _NOT_ELEMENTS)


def _refuse_other_elements(reading: Reading, attributes: Mapping[str, Any]) -> None:
    """The entry states its elements and their ratios: what was read must have them."""
    elements, ratios = attributes.get("elements"), attributes.get("elements_ratios")
    if not elements or not ratios or len(elements) != len(ratios):
        return
    stated = _shares(zip(elements, ratios, strict=True))
    if not stated or not same_composition(reading.amounts, stated):
        raise UserCorrectable(
            f"The OPTIMADE entry states {', '.join(map(str, elements))[:80]} in other shares than its sites have. "
            "Fetch it again."
        )


def _shares(pairs: Any) -> dict[str, float]:
    shares: dict[str, float] = {}
    for word, share in pairs:
        symbol = element_symbol(str(word))
        shares[symbol] = shares.get(symbol, 0.0) + float(share)
    return shares
