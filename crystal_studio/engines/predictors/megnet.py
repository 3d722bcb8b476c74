"""MatGL's multi-fidelity MEGNet for band gaps, run with NumPy from its converted weights.

Source: C. Chen et al., Chem. Mater. 31, 3564 (2019), equations 1 to 6, figure 1; C. Chen et al., Nat. Comput. Sci. 1,
46 (2021) for the fidelity as the state. Each atom averages the bonds that end at it, as when the weights were trained;
MatGL 4 averages those that begin at it (`averages = "leaving"`), which gives other numbers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crystal_studio.domain.crystal import Crystal
from crystal_studio.domain.elements import ELEMENTS
from crystal_studio.domain.errors import Unavailable
from crystal_studio.domain.measured import Measured
from crystal_studio.engines.predictors.neighbours import Neighbours, neighbours_of

Array = NDArray[np.float64]
FIDELITIES = ("PBE", "GLLB-SC", "HSE", "SCAN")
QUANTITIES = {"band_gap": "PBE", "band_gap_hse": "HSE"}
_ABSENT = frozenset({"Po", "At", "Rn", "Fr", "Ra"})
_ROW_OF_ELEMENT = {
    symbol: row for row, symbol in enumerate(e.symbol for e in ELEMENTS if e.number < 95 and e.symbol not in _ABSENT)
}
_CUTOFF_ANGSTROM = 5.0
_GAUSSIAN_DECAY = 0.5
_BLOCKS = 3
_SET2SET_STEPS = 3
# The target was standardised for training.
_MEAN_EV, _SPREAD_EV = 1.57419002, 1.85749567


class Megnet:
    """The network: atoms, bonds and the fidelity exchange messages in three blocks, then are read out together.

    Shapes: bonds (E, .), atoms (N, .), state (1, .).
    """

    def __init__(self, tensors: Mapping[str, NDArray[Any]], averages: str = "arriving") -> None:
        self._tensors = {name: np.asarray(value, dtype=np.float64) for name, value in tensors.items()}
        self._averages_leaving = averages == "leaving"

    def gap_ev(self, crystal: Crystal, fidelity: str) -> float:
        """The band gap in eV, not cut off at zero.

        Raises:
            Unavailable: an element is unknown to the network.
        """
        unknown = sorted(set(crystal.species) - _ROW_OF_ELEMENT.keys())
        if unknown:
            raise Unavailable(f"MEGNet does not know {unknown[0]}. Use the default predictor.")
        pairs = neighbours_of(crystal, _CUTOFF_ANGSTROM)
        bonds, atoms, state = self._encoded(crystal, pairs, FIDELITIES.index(fidelity))
        for block in range(_BLOCKS):
            updated = self._block(block, bonds, atoms, state, pairs)
            bonds, atoms, state = bonds + updated[0], atoms + updated[1], state + updated[2]
        together = np.concatenate([self._set2set("node_s2s", atoms), self._set2set("edge_s2s", bonds), state[0]])
        return float(self._layers("output_proj", together, activate_last=False)[0]) * _SPREAD_EV + _MEAN_EV

    def _encoded(self, crystal: Crystal, pairs: Neighbours, fidelity: int) -> tuple[Array, Array, Array]:
        offsets = pairs.distance_angstrom[:, None] - self._tensors["bond_expansion.rbf.centers"]
        rows = [_ROW_OF_ELEMENT[symbol] for symbol in crystal.species]
        return (
            self._layers("edge_encoder", np.exp(-_GAUSSIAN_DECAY * offsets**2)),
            self._layers("node_encoder", self._tensors["embedding.layer_node_embedding.weight"][rows]),
            self._layers("state_encoder", self._tensors["embedding.layer_state_embedding.weight"][[fidelity]]),
        )

    def _block(
        self, block: int, bonds: Array, atoms: Array, state: Array, pairs: Neighbours
    ) -> tuple[Array, Array, Array]:
        if block:
            bonds = self._layers(f"blocks.{block}.edge_func", bonds)
            atoms = self._layers(f"blocks.{block}.node_func", atoms)
            state = self._layers(f"blocks.{block}.state_func", state)
        ends = [atoms[pairs.centre], atoms[pairs.neighbour], bonds, np.repeat(state, len(bonds), axis=0)]
        bonds = self._layers(f"blocks.{block}.conv.edge_func", np.hstack(ends))
        around = _mean_by(bonds, pairs.centre if self._averages_leaving else pairs.neighbour, len(atoms))
        atoms = self._layers(
            f"blocks.{block}.conv.node_func", np.hstack([atoms, around, np.repeat(state, len(atoms), axis=0)])
        )
        means = [bonds.mean(0, keepdims=True), atoms.mean(0, keepdims=True)]
        return bonds, atoms, self._layers(f"blocks.{block}.conv.state_func", np.hstack([state, *means]))

    def _set2set(self, name: str, rows: Array) -> Array:
        """A sum over rows that does not depend on their order (Vinyals et al. 2016), shape (2 * width,)."""
        tensors = {part: self._tensors[f"{name}.lstm.{part}_l0"] for part in ("weight_ih", "weight_hh")}
        bias = self._tensors[f"{name}.lstm.bias_ih_l0"] + self._tensors[f"{name}.lstm.bias_hh_l0"]
        width = rows.shape[1]
        asked, hidden, cell = np.zeros(2 * width), np.zeros(width), np.zeros(width)
        for _ in range(_SET2SET_STEPS):
            gates = tensors["weight_ih"] @ asked + tensors["weight_hh"] @ hidden + bias
            enter, forget, candidate, leave = np.split(gates, 4)
            cell = _sigmoid(forget) * cell + _sigmoid(enter) * np.tanh(candidate)
            hidden = _sigmoid(leave) * np.tanh(cell)
            weights = np.exp(rows @ hidden - (rows @ hidden).max())
            asked = np.concatenate([hidden, weights @ rows / weights.sum()])
        return asked

    def _layers(self, name: str, values: Array, activate_last: bool = True) -> Array:
        """Dense layers, numbered 0, 2, 4 in the checkpoint, with a softplus that is 0 at 0."""
        numbers = [number for number in (0, 2, 4) if f"{name}.layers.{number}.weight" in self._tensors]
        for number in numbers:
            weight, bias = (self._tensors[f"{name}.layers.{number}.{part}"] for part in ("weight", "bias"))
            values = values @ weight.T + bias
            if activate_last or number != numbers[-1]:
                values = np.logaddexp(0.0, values) - np.log(2.0)
        return values


class MegnetGaps:
    """Implements `ports.predictor.PropertyModel`: the gap as PBE and as HSE would give it."""

    quantities: tuple[str, ...] = tuple(QUANTITIES)

    def __init__(self, network: Megnet, half_widths_ev: tuple[float, float]) -> None:
        self._network = network
        self._half_widths_ev = half_widths_ev
        self._gap_ev = lru_cache(maxsize=256)(network.gap_ev)

    def predictor(self, quantity: str) -> MegnetPredictor:
        """The predictor of one fidelity.

        Raises:
            Unavailable: it is not a band gap.
        """
        if quantity not in QUANTITIES:
            raise Unavailable(f"MEGNet predicts {' and '.join(QUANTITIES)}, not '{quantity}'. Name another model.")
        return MegnetPredictor(self, quantity)

    def predict(self, quantity: str, crystal: Crystal) -> Measured:
        """The gap with the half-widths that were measured on `val` for PBE."""
        fidelity = QUANTITIES[quantity]
        value = max(0.0, self._gap_ev(crystal, fidelity))
        sigma, wide = self._half_widths_ev
        return Measured(value, "eV", sigma, fidelity, True, max(0.0, value - wide), value + wide)


class MegnetPredictor:
    """Implements `ports.predictor.Predictor` for one fidelity."""

    def __init__(self, gaps: MegnetGaps, quantity: str) -> None:
        self._gaps = gaps
        self.quantity = quantity

    def predict(self, crystals: Sequence[Crystal]) -> list[Measured]:
        """The gap of each crystal.

        Raises:
            Unavailable: an element is unknown to the network.
        """
        return [self._gaps.predict(self.quantity, crystal) for crystal in crystals]


def create(folder: Path, options: Mapping[str, Any]) -> MegnetGaps:
    """Load the converted weights from the card's folder.

    Raises:
        Unavailable: they are missing or damaged.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        network = Megnet(load_file(folder / str(options["file"])), str(options.get("averages", "arriving")))
    except (OSError, SafetensorError) as error:
        raise Unavailable("MEGNet's weights cannot be read. Import them again (`crystal-studio models`).") from error
    sigma, wide = options["half_widths_ev"]
    return MegnetGaps(network, (float(sigma), float(wide)))


def _mean_by(rows: Array, owners: NDArray[np.int64], count: int) -> Array:
    """Mean of the rows of each owner, zero where there is none, shape (count, width)."""
    total = np.zeros((count, rows.shape[1]))
    np.add.at(total, owners, rows)
    return total / np.maximum(np.bincount(owners, minlength=count), 1)[:, None]


def _sigmoid(values: Array) -> Array:
    return np.asarray(1 / (1 + np.exp(-values)))
