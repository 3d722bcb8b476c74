"""The AFLOW prototypes that come with pymatgen, matched whatever the elements.

Source: Mehl et al., The AFLOW Library of Crystallographic Prototypes: Part 1, Computational Materials Science 136,
S1-S828 (2017).
"""

from __future__ import annotations

import gzip
import json
from collections import Counter
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crystal_studio.domain.composition import Composition
from crystal_studio.domain.errors import Unavailable
from crystal_studio.domain.known import MatchKind, ReferenceMatch, ReferenceSet
from crystal_studio.engines.chem.bridge import to_structure
from crystal_studio.engines.chem.reference_cell import ReferenceCell

if TYPE_CHECKING:
    from pymatgen.core import Structure

NAME = "aflow"
CITATION = "Mehl et al., Computational Materials Science 136, S1-S828 (2017); as pymatgen ships them (MIT licence)"
_FILE = "aflow_prototypes.json.gz"
_TOLERANCES = (0.2, 0.3, 5.0)  # length (relative), site, angle (degree): StructureMatcher's own
_TIGHTENING = 0.8
_TIGHTEST_LENGTH = 0.01


class AflowPrototype:
    """One prototype; its structure is parsed only when a crystal could match it."""

    def __init__(self, row: dict[str, Any]) -> None:
        self._stored = row["snl"]
        tags = row["tags"]
        self.label: str = tags["aflow"]
        self.name: str = tags["mineral"] or _strukturbericht(tags["strukturbericht"]) or tags["aflow"]
        species = [site["species"][0]["element"] for site in self._stored["sites"]]
        self.composition = Composition.from_counts(Counter(species))
        self.num_sites = len(species)

    @cached_property
    def structure(self) -> Structure:
        """As stored: a primitive cell."""
        from pymatgen.core import Structure

        return Structure.from_dict(self._stored)


class AflowPrototypes:
    """All prototypes of the library."""

    def about(self) -> ReferenceSet:
        """What the set is."""
        source = "pymatgen"
        return ReferenceSet(NAME, MatchKind.PROTOTYPE, len(self._prototypes), source=source, citation=CITATION)

    def match(self, cell: ReferenceCell) -> ReferenceMatch | None:
        """The prototype that a crystal has.

        Tolerances are tightened until one is left, as pymatgen's `PrototypeDatabaseMatcher` does; differs from it in
        that where no tolerance leaves just one, as in distorted crystals, the nearest of the last few is taken.
        """
        anonymous = cell.crystal.composition.anonymous
        left = [
            prototype
            for prototype in self._prototypes
            if prototype.num_sites == cell.num_sites and prototype.composition.anonymous == anonymous
        ]
        target = to_structure(cell.crystal)
        matches = [_match(prototype, cell, target) for prototype in _narrowed(left, target)]
        return min(matches, key=lambda match: match.rms, default=None)

    @cached_property
    def _prototypes(self) -> tuple[AflowPrototype, ...]:
        found = find_spec("pymatgen.analysis.prototypes")  # found, not imported: its tables take a second to load
        path = Path(found.origin).with_name(_FILE) if found and found.origin else None
        try:
            rows = json.loads(gzip.decompress(path.read_bytes())) if path else None
        except (OSError, EOFError, ValueError) as error:
            raise Unavailable(
                f"pymatgen's AFLOW prototypes cannot be read ({error}). Install pymatgen again."
            ) from error
        if rows is None:
            raise Unavailable("This pymatgen has no AFLOW prototypes. Install the version that is required.")
        return tuple(AflowPrototype(row) for row in rows)


def _strukturbericht(tag: str) -> str:
    return "" if tag in {"", "None"} else f"Strukturbericht {tag}"


def _narrowed(prototypes: list[AflowPrototype], target: Structure) -> list[AflowPrototype]:
    """Those that fit under the tightest tolerances that leave any."""
    length, site, angle_degree = _TOLERANCES
    left = _fitting(prototypes, target, length, site, angle_degree)
    while len(left) > 1 and length >= _TIGHTEST_LENGTH:
        length, site, angle_degree = (value * _TIGHTENING for value in (length, site, angle_degree))
        tighter = _fitting(left, target, length, site, angle_degree)
        if not tighter:
            break
        left = tighter
    return left


def _fitting(
    prototypes: list[AflowPrototype], target: Structure, length: float, site: float, angle_degree: float
) -> list[AflowPrototype]:
    from pymatgen.core.structure_matcher import StructureMatcher

    matcher = StructureMatcher(ltol=length, stol=site, angle_tol=angle_degree, primitive_cell=False)
    return [prototype for prototype in prototypes if matcher.fit_anonymous(prototype.structure, target)]


def _match(prototype: AflowPrototype, cell: ReferenceCell, target: Structure) -> ReferenceMatch:
    """How well a fitting prototype fits, and whether the elements agree too."""
    from pymatgen.core.structure_matcher import StructureMatcher

    matcher = StructureMatcher(primitive_cell=False)
    formula = prototype.composition.formula
    found = matcher.get_rms_dist(prototype.structure, target) if formula == cell.crystal.formula else None
    if found is not None:
        return ReferenceMatch(NAME, prototype.label, prototype.name, formula, float(found[0]), MatchKind.COMPOUND)
    rms, _ = matcher.get_rms_anonymous(prototype.structure, target)
    return ReferenceMatch(NAME, prototype.label, prototype.name, formula, float(rms), MatchKind.PROTOTYPE)
