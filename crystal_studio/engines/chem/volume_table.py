"""Volume that one atom of each element takes up in a crystal, in cubic angstrom.

Fitted by non-negative least squares to the relative error of the cell volumes of the 14,561 training crystals with 20
atoms or fewer (Materials Project, CC BY 4.0; Jain et al., APL Materials 1, 011002 (2013)):

    A = counts of each element per crystal; V = cell volumes
    volumes, _ = scipy.optimize.nnls(A / V[:, None], numpy.ones(len(V)))

Over the same crystals the ratio of true to expected volume has its 0.1, 0.5, 50, 99.5 and 99.9 percentiles at 0.72,
0.78, 1.01, 2.66 and 14.9 (the upper tail is layers and chains set far apart in a box).
"""

from __future__ import annotations

# fmt: off
ATOMIC_VOLUME_ANGSTROM3: dict[str, float] = {
    "H": 6.1, "He": 15.0, "Li": 12.0, "Be": 7.9, "B": 6.4, "C": 9.4, "N": 8.7, "O": 8.1, "F": 11.6, "Na": 20.9,
    "Mg": 21.1, "Al": 16.3, "Si": 15.4, "P": 16.9, "S": 22.2, "Cl": 30.2, "K": 37.5, "Ca": 27.7, "Sc": 19.7,
    "Ti": 14.5, "V": 14.0, "Cr": 10.9, "Mn": 12.0, "Fe": 10.8, "Co": 9.8, "Ni": 9.5, "Cu": 12.1, "Zn": 16.4,
    "Ga": 18.0, "Ge": 18.6, "As": 21.2, "Se": 28.0, "Br": 37.3, "Kr": 66.7, "Rb": 46.4, "Sr": 30.4, "Y": 26.9,
    "Zr": 20.7, "Nb": 16.8, "Mo": 16.4, "Tc": 14.7, "Ru": 12.9, "Rh": 12.9, "Pd": 14.8, "Ag": 20.4, "Cd": 24.7,
    "In": 26.2, "Sn": 26.6, "Sb": 28.4, "Te": 36.0, "I": 49.7, "Xe": 75.0, "Cs": 53.7, "Ba": 39.0, "La": 31.3,
    "Ce": 28.1, "Pr": 31.1, "Nd": 30.3, "Pm": 31.7, "Sm": 28.9, "Eu": 31.1, "Gd": 26.3, "Tb": 27.0, "Dy": 26.3,
    "Ho": 26.3, "Er": 25.3, "Tm": 24.9, "Yb": 26.2, "Lu": 23.9, "Hf": 18.8, "Ta": 16.6, "W": 18.3, "Re": 15.2,
    "Os": 13.7, "Ir": 13.8, "Pt": 15.7, "Au": 19.5, "Hg": 28.2, "Tl": 32.4, "Pb": 31.8, "Bi": 31.3, "Ac": 42.4,
    "Th": 30.6, "Pa": 23.5, "U": 22.0, "Np": 21.4, "Pu": 22.0,
}
# fmt: on
