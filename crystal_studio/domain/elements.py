"""Facts about the chemical elements, looked up by symbol."""

from __future__ import annotations

from dataclasses import dataclass

from crystal_studio.domain.element_table import ROWS


@dataclass(frozen=True)
class Element:
    """One chemical element.

    Units: mass u; radii angstrom; energies eV; crustal abundance mg/kg (None where the source has no figure).
    Source: see `element_table`.
    """

    number: int
    symbol: str
    name: str
    mass: float
    group: int
    row: int
    electronegativity: float | None
    atomic_radius_angstrom: float | None
    covalent_radius_angstrom: float | None
    ionization_energy_ev: float | None
    electron_affinity_ev: float | None
    crustal_abundance_ppm: float | None
    mendeleev_number: int
    common_oxidation_states: tuple[int, ...]
    iupac_ordering: int


ELEMENTS: tuple[Element, ...] = tuple(Element(*row) for row in ROWS)
BY_SYMBOL: dict[str, Element] = {element.symbol: element for element in ELEMENTS}
SYMBOLS: tuple[str, ...] = tuple(BY_SYMBOL)
_SPELLINGS = {"aluminium": "Al", "sulphur": "S", "caesium": "Cs"}
BY_NAME: dict[str, Element] = {element.name: element for element in ELEMENTS} | {
    name: BY_SYMBOL[symbol] for name, symbol in _SPELLINGS.items()
}
