"""Numbers as vectors: time steps, periodic differences, distances, lattices and elements.

Shapes: B crystals, N atoms (padded), F features, K frequencies.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from crystal_studio.domain.elements import ELEMENTS

SPECIES_CLASSES = 104
"""Class 0 is the absorbing state (no element yet); class Z is the element of atomic number Z, up to 103."""

_LENGTH_PER_ATOM = 2.9
"""Mean edge of the cell of one atom, angstrom (training set): sqrt(trace(G) / 3) / N^(1/3)."""

_GROUPS, _ROWS = 18, 7
ELEMENT_FEATURES = _GROUPS + _ROWS + 7


def sinusoidal_time(time_B: Tensor, size: int) -> Tensor:
    """Sines and cosines (B, size) of times in [0, 1].

    Source: Vaswani et al. 2017, section 3.5, with the time scaled by 1000.
    """
    return sinusoids(1000.0 * time_B, size)


def sinusoids(position_B: Tensor, size: int) -> Tensor:
    """Sines and cosines (B, size) of positions, the slowest with a wavelength of 2 pi 10,000."""
    half = size // 2
    rates = torch.exp(torch.arange(half, device=position_B.device) * (-math.log(10_000.0) / max(half - 1, 1)))
    angles = position_B[:, None].float() * rates[None, :]
    return torch.cat([angles.sin(), angles.cos()], dim=-1)


def periodic_features(diff_BNN3: Tensor, frequencies: int) -> Tensor:
    """Sines and cosines (B, N, N, 6K) of 2 pi k d for k = 1..K: unchanged by whole lattice translations.

    Source: DiffCSP (Jiao et al. 2023), eq. 9; differs from it in leaving out k = 0, whose value is constant.
    """
    k = torch.arange(1, frequencies + 1, device=diff_BNN3.device, dtype=diff_BNN3.dtype)
    angles = (2 * math.pi) * diff_BNN3.unsqueeze(-1) * k
    return torch.cat([angles.sin(), angles.cos()], dim=-1).flatten(-2)


def radial_features(diff_BNN3: Tensor, lattice_B33: Tensor, count: int, cutoff_angstrom: float = 9.0) -> Tensor:
    """Gaussians (B, N, N, count) of the distance between near images, evenly spaced up to the cutoff (angstrom).

    The image is found by rounding the fractional difference: in a skewed cell it is not always the nearest one, and
    at a difference of half a cell either side may be taken.
    """
    nearest = diff_BNN3 - diff_BNN3.round()
    cart = torch.einsum("bijx,bxy->bijy", nearest, lattice_B33)
    distance = cart.square().sum(-1).clamp_min(1e-12).sqrt()
    centres = torch.linspace(0.0, cutoff_angstrom, count, device=diff_BNN3.device, dtype=diff_BNN3.dtype)
    width = cutoff_angstrom / count
    return torch.exp(-0.5 * ((distance.unsqueeze(-1) - centres) / width) ** 2)


def lattice_features(lattice_B33: Tensor, atoms_B: Tensor) -> Tensor:
    """Inner products of the lattice vectors and the entries of the matrix, both per atom volume: (B, 18).

    The inner products do not change with rotation; the entries do not either, because the matrix is the symmetric one.
    """
    relative = relative_lattice(lattice_B33, atoms_B)
    gram = relative @ relative.transpose(1, 2)
    identity = torch.eye(3, device=lattice_B33.device, dtype=lattice_B33.dtype)
    return torch.cat([(relative - identity).flatten(1), 0.5 * (gram - identity).flatten(1)], dim=-1)


def relative_lattice(lattice_B33: Tensor, atoms_B: Tensor) -> Tensor:
    """Lattice matrices in units of a typical edge for the number of atoms."""
    scale = _LENGTH_PER_ATOM * atoms_B.to(lattice_B33.dtype).clamp_min(1).pow(1 / 3)
    return lattice_B33 / scale[:, None, None]


def element_table(classes: int = SPECIES_CLASSES) -> Tensor:
    """Scaled facts about the elements (classes, F); row 0, the absorbing state, is zero.

    One-hot group and row, then electronegativity, radii, ionisation energy, electron affinity, Mendeleev number and
    whether it is a lanthanoid or actinoid; unknown facts are zero.
    """
    table = torch.zeros(classes, ELEMENT_FEATURES)
    for element in ELEMENTS[: classes - 1]:
        row = table[element.number]
        row[element.group - 1] = 1.0
        row[_GROUPS + min(element.row, _ROWS) - 1] = 1.0
        facts = (
            _scaled(element.electronegativity, 1.7, 0.6),
            _scaled(element.covalent_radius_angstrom, 1.5, 0.4),
            _scaled(element.atomic_radius_angstrom, 1.5, 0.4),
            _scaled(element.ionization_energy_ev, 8.0, 3.0),
            _scaled(element.electron_affinity_ev, 1.0, 1.0),
            _scaled(float(element.mendeleev_number), 50.0, 30.0),
            float(57 <= element.number <= 71 or 89 <= element.number <= 103),
        )
        row[_GROUPS + _ROWS :] = torch.tensor(facts)
    return table


class ElementEmbedding(nn.Module):
    """A learned vector per class plus a linear map of what is known of the element.

    Rare elements borrow from their neighbours in the periodic table through the second part.
    """

    table: Tensor

    def __init__(self, size: int, classes: int = SPECIES_CLASSES) -> None:
        super().__init__()
        self.learned = nn.Embedding(classes, size)
        self.known = nn.Linear(ELEMENT_FEATURES, size, bias=False)
        self.register_buffer("table", element_table(classes), persistent=False)
        nn.init.normal_(self.learned.weight, std=0.5)

    def forward(self, species_BN: Tensor) -> Tensor:
        """Vectors (B, N, size)."""
        out: Tensor = self.learned(species_BN) + self.known(self.table[species_BN])
        return out


def _scaled(value: float | None, centre: float, width: float) -> float:
    return 0.0 if value is None else (value - centre) / width
