"""Chemistry on pymatgen, spglib, smact and robocrys; each library is imported where it is first needed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from crystal_studio.engines.chem.checks import SmactChecker
    from crystal_studio.engines.chem.comparer import MatcherComparer
    from crystal_studio.engines.chem.comparison import SiteComparer
    from crystal_studio.engines.chem.describer import Robocrystallographer
    from crystal_studio.engines.chem.files import LimitedFiles
    from crystal_studio.engines.chem.inspector import SpglibInspector
    from crystal_studio.engines.chem.reference_library import IndexedReferences
    from crystal_studio.engines.chem.symmetry import SpglibSymmetrizer


def create_describer() -> Robocrystallographer:
    """Robocrystallographer, offline."""
    from crystal_studio.engines.chem.describer import Robocrystallographer

    return Robocrystallographer()


def create_checker() -> SmactChecker:
    """The validity checks."""
    from crystal_studio.engines.chem.checks import SmactChecker

    return SmactChecker()


def create_symmetrizer() -> SpglibSymmetrizer:
    """Symmetry by spglib."""
    from crystal_studio.engines.chem.symmetry import SpglibSymmetrizer

    return SpglibSymmetrizer()


def create_files() -> LimitedFiles:
    """Files, read by a limited child process."""
    from crystal_studio.engines.chem.files import LimitedFiles

    return LimitedFiles()


def create_comparer() -> MatcherComparer:
    """`StructureMatcher`."""
    from crystal_studio.engines.chem.comparer import MatcherComparer

    return MatcherComparer()


def create_crystal_comparer() -> SiteComparer:
    """Two crystals side by side."""
    from crystal_studio.engines.chem.comparison import SiteComparer

    return SiteComparer()


def create_references(folder: Path, amcsd_pin: Path) -> IndexedReferences:
    """The reference sets in a folder, and the prototypes of AFLOW."""
    from crystal_studio.engines.chem.reference_library import IndexedReferences

    return IndexedReferences(folder, amcsd_pin)


def create_inspector() -> SpglibInspector:
    """Symmetry, sites, cells and powder patterns."""
    from crystal_studio.engines.chem.inspector import SpglibInspector

    return SpglibInspector()
