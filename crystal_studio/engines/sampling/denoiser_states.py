"""From start states to the tensors that the reverse process starts from, and from its tensors to crystals.

Shapes: B draws, N atoms (padded), C species classes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from crystal_studio.domain.crystal import Crystal
from crystal_studio.domain.elements import BY_SYMBOL, ELEMENTS
from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.engines.diffusion import lattice
from crystal_studio.engines.diffusion.process import Crystals, Process, from_matrices
from crystal_studio.engines.diffusion.reverse import start_noise
from crystal_studio.engines.nets.embeddings import SPECIES_CLASSES
from crystal_studio.engines.sampling.denoiser_cell import canonical_cell, in_cell_of
from crystal_studio.ports.sampler import StartState

LARGEST_CHOSEN = 94
"""Plutonium: no element behind it is ever chosen, for the training data hold none."""


@dataclass(frozen=True)
class Starts:
    """A batch of starts.

    Attributes:
        clean: parents and prototypes in their canonical cells; placeholders where a draw starts from noise.
        locked_BN: atoms whose species is given.
        replaced_BN: atoms whose species is to be found, whatever the noise.
        allowed_BNC: classes that each atom may become.
        from_noise_B: draws that start from pure noise.
        t_B: noise level of each start, 0 to T.
    """

    clean: Crystals
    locked_BN: Tensor
    replaced_BN: Tensor
    allowed_BNC: Tensor
    from_noise_B: Tensor
    t_B: Tensor

    def noised(self, process: Process, generator: torch.Generator) -> Crystals:
        """The noisy crystals to go back from."""
        noisy = process.noise(self.clean, self.t_B, self.locked_BN, self.replaced_BN, generator).crystals
        return start_noise(noisy, self.from_noise_B, generator)


def gather(states: Sequence[StartState], process: Process) -> Starts:
    """Tensors of a batch of start states.

    Raises:
        UserCorrectable: a state does not fit together, or its masks leave no element for an atom.
    """
    rows = [_Row(state) for state in states]
    width = max(state.num_atoms for state in states)
    mask_BN = torch.arange(width)[None, :] < torch.tensor([state.num_atoms for state in states])[:, None]
    replaced_BN = _padded([row.replaced for row in rows], width).bool()
    from_noise_B = torch.tensor([row.cell is None for row in rows])
    frac_BN3 = torch.stack([_padded_frac(row, width) for row in rows])
    lattice_B33 = torch.stack([row.lattice for row in rows])
    return Starts(
        clean=from_matrices(_padded([row.classes for row in rows], width), frac_BN3, lattice_B33, mask_BN),
        locked_BN=_padded([row.locked for row in rows], width).bool() & mask_BN,
        replaced_BN=replaced_BN & mask_BN,
        allowed_BNC=torch.stack([row.allowed for row in rows]).unsqueeze(1).expand(-1, width, -1),
        from_noise_B=from_noise_B,
        t_B=torch.tensor([row.time(process.steps) for row in rows]),
    )


def to_crystals(drawn: Crystals) -> list[Crystal]:
    """Crystals of a finished batch, their lattice matrices made positive definite."""
    lattice_B33 = lattice.made_positive(drawn.lattice_B33, drawn.atoms_B).double().numpy()
    crystals = []
    for row, atoms in enumerate(drawn.atoms_B.tolist()):
        species = tuple(ELEMENTS[int(number) - 1].symbol for number in drawn.species_BN[row, :atoms])
        frac_coords = drawn.frac_BN3[row, :atoms].double().numpy() % 1.0
        crystals.append(Crystal(lattice_B33[row], species, frac_coords))
    return crystals


def in_their_cells(drawn: list[Crystal], states: Sequence[StartState], starts: Starts) -> list[Crystal]:
    """Draws in the cell choice of their start crystals; where no noise touched a start (alpha -> 0), that start."""
    kept = []
    for crystal, state, t in zip(drawn, states, starts.t_B.tolist(), strict=True):
        if state.crystal is None:
            kept.append(crystal)
        else:
            kept.append(state.crystal.with_species(crystal.species) if t == 0 else in_cell_of(state.crystal, crystal))
    return kept


class _Row:
    """One start state, its species as classes and its cell in canonical form."""

    def __init__(self, state: StartState) -> None:
        _check(state)
        self.state = state
        self.cell = None if state.crystal is None else canonical_cell(state.crystal)
        self.allowed = _allowed(state)
        own = [None] * state.num_atoms if self.cell is None else [BY_SYMBOL[s].number for s in self.cell.species]
        self.locked = [symbol is not None for symbol in state.species]
        self.classes = [
            BY_SYMBOL[symbol].number if symbol is not None else number or 0
            for symbol, number in zip(state.species, own, strict=True)
        ]
        self.replaced = [
            not locked and not bool(self.allowed[number])
            for locked, number in zip(self.locked, self.classes, strict=True)
        ]
        if not all(self.locked) and not bool(self.allowed.any()):
            raise UserCorrectable("No element is left for an atom: all allowed ones are excluded. Allow another.")

    @property
    def lattice(self) -> Tensor:
        """Symmetric lattice matrix in angstrom, a unit one where there is no cell."""
        return torch.eye(3) if self.cell is None else torch.from_numpy(np.array(self.cell.lattice)).float()

    def time(self, steps: int) -> int:
        """Steps of noise; at least one where a species is still to be found."""
        if self.cell is None:
            return steps
        return max(round(self.state.strength * steps), int(any(self.replaced)))


def _check(state: StartState) -> None:
    if len(state.species) != state.num_atoms or state.num_atoms < 1:
        raise UserCorrectable(f"A start of {state.num_atoms} atoms needs as many species, and at least one.")
    if state.crystal is not None and len(state.crystal) != state.num_atoms:
        raise UserCorrectable(
            f"The start crystal has {len(state.crystal)} atoms, but {state.num_atoms} are asked for. "
            "Start from noise or from a prototype of that size."
        )
    if not 0 <= state.strength <= 1:
        raise UserCorrectable(f"A denoising strength of {state.strength} is outside 0 to 1.")


def _allowed(state: StartState) -> Tensor:
    symbols = state.allowed or {element.symbol for element in ELEMENTS[:LARGEST_CHOSEN]}
    allowed = torch.zeros(SPECIES_CLASSES, dtype=torch.bool)
    for symbol in symbols - state.excluded:
        number = BY_SYMBOL[symbol].number
        if number < SPECIES_CLASSES:
            allowed[number] = True
    return allowed


def _padded(rows: Sequence[Sequence[int]], width: int) -> Tensor:
    return torch.tensor([[*(int(value) for value in row), *([0] * (width - len(row)))] for row in rows])


def _padded_frac(row: _Row, width: int) -> Tensor:
    frac_N3 = torch.zeros(width, 3)
    if row.cell is not None:
        frac_N3[: len(row.cell)] = torch.from_numpy(np.array(row.cell.frac_coords)).float()
    return frac_N3
