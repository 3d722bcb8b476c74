"""Comparison of two crystals as the field computes it."""

from __future__ import annotations

from crystal_studio.domain.crystal import Crystal
from crystal_studio.engines.chem.bridge import to_structure


class MatcherComparer:
    """pymatgen's `StructureMatcher` with the tolerances of published match rates.

    Source: Xie et al., Crystal Diffusion Variational Autoencoder, ICLR 2022; Jiao et al., DiffCSP, NeurIPS 2023.
    """

    def __init__(self, stol: float = 0.5, angle_tol_degree: float = 10.0, ltol: float = 0.3) -> None:
        from pymatgen.core.structure_matcher import StructureMatcher

        self._matcher = StructureMatcher(stol=stol, angle_tol=angle_tol_degree, ltol=ltol)

    def rms_distance(self, first: Crystal, second: Crystal) -> float | None:
        """Normalised RMS displacement, None when the two do not match."""
        if first.formula != second.formula:
            return None
        result = self._matcher.get_rms_dist(to_structure(first), to_structure(second))
        return None if result is None else float(result[0])
