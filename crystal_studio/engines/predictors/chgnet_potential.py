"""CHGNet's energies, forces and stresses, and an ASE calculator over them (Deng et al. 2023).

This module imports torch, ASE and CHGNet; load it only where a crystal is to be relaxed.

Source: B. Deng et al., Nature Machine Intelligence 5, 1031 (2023).
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import pickle
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from ase import Atoms
from ase.calculators.calculator import Calculator
from chgnet.model.model import BatchedGraph, CHGNet
from numpy.typing import NDArray
from pymatgen.core import Lattice, Structure

from crystal_studio.domain.crystal import Crystal
from crystal_studio.domain.errors import Unavailable, UserCorrectable

Array = NDArray[np.float64]
_LARGEST_ATOMIC_NUMBER = 94
_BATCH = 16
# chgnet 0.4.2 reads a volume out of a tensor under autograd; harmless, and a warning of torch 2.13 on every first call.
warnings.filterwarnings("ignore", message="Converting a tensor with requires_grad=True to a scalar")


class Potential:
    """CHGNet with the checks that keep one strange crystal from breaking a batch."""

    def __init__(self, weights: Path, sha256: str) -> None:
        self._model = _load(weights, sha256)

    def energies_per_atom_ev(self, crystals: Sequence[Crystal]) -> list[float]:
        """Energy of each crystal, eV/atom; infinite for one that the potential cannot judge."""
        graphs = [self._graph(crystal) for crystal in crystals]
        judged = [index for index, graph in enumerate(graphs) if graph is not None]
        energies = [float("inf")] * len(crystals)
        if judged:
            with torch.no_grad():
                found = self._model.predict_graph([graphs[i] for i in judged], task="e", batch_size=_BATCH)
            for index, prediction in zip(judged, [found] if isinstance(found, dict) else found, strict=True):
                value = float(prediction["e"])
                energies[index] = value if np.isfinite(value) else float("inf")
        return energies

    def evaluate(self, crystal: Crystal) -> tuple[float, Array, Array]:
        """Energy (eV/cell), forces (N, 3) eV/angstrom and stress (3, 3) eV/angstrom^3.

        Raises:
            UserCorrectable: an isolated atom, an element beyond plutonium, or numbers that ran away.
        """
        graph = self._graph(crystal)
        if graph is None:
            raise UserCorrectable(
                f"CHGNet cannot relax {crystal.formula}: an atom has no neighbour within 6 Å or an element is beyond "
                "plutonium. Start from a denser crystal or leave it unrelaxed."
            )
        energy, forces, stress = self._differentiated(graph)
        if not (np.isfinite(energy) and np.isfinite(forces).all() and np.isfinite(stress).all()):
            raise UserCorrectable(
                f"Relaxing {crystal.formula} ran away. Its atoms are too close: start from another one."
            )
        return energy, forces, stress

    def _differentiated(self, graph: Any) -> tuple[float, Array, Array]:
        """Energy (eV/cell), forces and stress from one pass backwards.

        chgnet 0.4.2's own prediction goes back twice and keeps a graph for training, which takes half as long again;
        until it has a mode for prediction, its inner parts are called here.
        """
        net = self._model
        batch = BatchedGraph.from_graphs(
            [graph],
            bond_basis_expansion=net.bond_basis_expansion,
            angle_basis_expansion=net.angle_basis_expansion,
            compute_stress=True,
        )
        found = net._compute(batch)
        count = int(found["atoms_per_graph"])
        energy = found["e"].sum() * count
        positions, strain = batch.atom_positions[0], batch.strains[0]
        slopes = torch.autograd.grad(energy, [positions, strain])
        force, stress = -slopes[0], slopes[1] / batch.volumes[0]
        composition = net.composition_model([graph]).sum() * count
        return (
            float(energy.detach() + composition.detach()),
            force.numpy().astype(np.float64),
            stress.detach().numpy().astype(np.float64),
        )

    def _graph(self, crystal: Crystal) -> Any | None:
        """CHGNet's graph, None where there is no sensible one."""
        structure = Structure(Lattice(crystal.lattice), list(crystal.species), crystal.frac_coords)
        if max(structure.atomic_numbers) > _LARGEST_ATOMIC_NUMBER:
            return None
        # chgnet 0.4.2 writes bond_graph_error.cif into the working folder when it fails; it shall not.
        structure.to = lambda *_, **__: ""
        try:
            return self._model.graph_converter(structure)
        except (ValueError, RuntimeError):
            return None


class PotentialCalculator(Calculator):  # type: ignore[misc]
    """The potential as ASE's optimizers want it."""

    implemented_properties: ClassVar[list[str]] = ["energy", "forces", "stress", "free_energy"]

    def __init__(self, potential: Potential) -> None:
        super().__init__()
        self._potential = potential

    def calculate(
        self, atoms: Atoms | None = None, properties: list[str] | None = None, system_changes: list[str] | None = None
    ) -> None:
        """Fill `results` for the atoms; energies eV, forces eV/angstrom, stress in ASE's Voigt order."""
        super().calculate(atoms, properties, system_changes or [])
        energy, forces, stress = self._potential.evaluate(crystal_of(self.atoms))
        voigt = stress[[0, 1, 2, 1, 0, 0], [0, 1, 2, 2, 2, 1]]
        self.results = {"energy": energy, "free_energy": energy, "forces": forces, "stress": voigt}


def atoms_of(crystal: Crystal) -> Atoms:
    """The crystal as ASE's atoms."""
    return Atoms(list(crystal.species), cell=crystal.lattice, scaled_positions=crystal.frac_coords, pbc=True)


def crystal_of(atoms: Atoms) -> Crystal:
    """The crystal of ASE's atoms, fractional coordinates in [0, 1)."""
    return Crystal(atoms.cell.array, tuple(atoms.get_chemical_symbols()), atoms.get_scaled_positions())


def _load(weights: Path, sha256: str) -> CHGNet:
    """Check the hash, read the checkpoint as plain tensors (never as a pickle that may run code), build the net.

    Raises:
        Unavailable: the file is missing, is another one, or does not fit the installed chgnet.
    """
    try:
        content = weights.read_bytes()
    except OSError as error:
        raise Unavailable(f"CHGNet's weights are missing ({weights.name}). Install chgnet 0.4.2 again.") from error
    if hashlib.sha256(content).hexdigest() != sha256:
        raise Unavailable(f"CHGNet's weights ({weights.name}) are not the expected file. Install chgnet 0.4.2 again.")
    try:
        checkpoint = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)["model"]
        with contextlib.redirect_stdout(io.StringIO()):  # its constructor prints
            # The bias is off as in CHGNet.load for 0.3.0 (github.com/CederGroupHub/chgnet/issues/79).
            model = CHGNet(**checkpoint["model_args"], mlp_out_bias=False, version="0.3.0")
        model.load_state_dict(checkpoint["state_dict"])
    except (pickle.UnpicklingError, KeyError, TypeError, RuntimeError) as error:
        raise Unavailable("CHGNet's weights do not fit the installed chgnet. Install chgnet 0.4.2 again.") from error
    model.graph_converter.set_isolated_atom_response("error")
    return model.eval().requires_grad_(False)
