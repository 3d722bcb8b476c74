"""Robocrystallographer's description of a crystal, offline and fast."""

from __future__ import annotations

import re
import warnings

from crystal_studio.domain.crystal import Crystal
from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.domain.pivot_grammar import mend_misprints
from crystal_studio.engines.chem.bridge import to_structure
from crystal_studio.engines.chem.geometry import shortest_distance_angstrom

MAX_ATOMS = 300
MIN_DISTANCE_ANGSTROM = 0.5

_CONNECTIVITY_ORDER = ("edge", "corner", "face")  # as in the texts the models are trained on
_CONNECTIVITIES = re.compile(r"(a mixture of (?:distorted )?)((?:corner|edge|face)[a-z, ]*)(-sharing)")
_DIRECTION = r"\(-?\d+(?:, -?\d+){2}\)"
_DIRECTIONS = re.compile(rf"(oriented in the )({_DIRECTION}(?:(?:,? and|,) {_DIRECTION})+)( directions)")


class Robocrystallographer:
    """Writes the stock text of robocrys 0.2.13, its misprints mended."""

    def describe(self, crystal: Crystal) -> str:
        """The description.

        Raises:
            UserCorrectable: too many atoms, atoms on top of each other, or layers of several orientations.
        """
        _refuse_hopeless(crystal)
        from crystal_studio.engines.chem.condense import condense
        from crystal_studio.engines.chem.robocrys_import import robocrys_parts

        writer = robocrys_parts().describer()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # CrystalNN warns of each element without a tabulated radius
            try:
                return mend(writer.describe(condense(to_structure(crystal))))
            except (ValueError, RuntimeError, ArithmeticError, LookupError, TypeError, AttributeError) as error:
                # The library states no errors of its own: an open Voronoi cell is a RuntimeError, no symmetry a
                # TypeError or AttributeError, layers of several orientations a ValueError.
                raise UserCorrectable(
                    f"Robocrystallographer cannot describe this {crystal.formula} ({error}). "
                    "Relax the crystal or choose another candidate."
                ) from error


def mend(text: str) -> str:
    """The text without the misprints of robocrys 0.2.13; facts are untouched.

    Beside the misprints the pivot grammar knows, two lists come out of sets of strings, so that their order changes
    from one process to the next: connectivities and directions. They are sorted.
    """
    text = mend_misprints(text)
    text = _CONNECTIVITIES.sub(_sorted_connectivities, text)
    return _DIRECTIONS.sub(_sorted_directions, text)


def _sorted_connectivities(match: re.Match[str]) -> str:
    words = [word for word in _CONNECTIVITY_ORDER if word in match[2]]
    return match[1] + _listed(words) + match[3]


def _sorted_directions(match: re.Match[str]) -> str:
    return match[1] + _listed(sorted(re.findall(_DIRECTION, match[2]))) + match[3]


def _listed(words: list[str]) -> str:
    """Joined as inflect joins: "a", "a and b", "a, b, and c"."""
    if len(words) < 3:
        return " and ".join(words)
    return ", ".join(words[:-1]) + ", and " + words[-1]


def _refuse_hopeless(crystal: Crystal) -> None:
    if len(crystal) > MAX_ATOMS:
        raise UserCorrectable(
            f"The cell has {len(crystal)} atoms; descriptions are written for up to {MAX_ATOMS}. "
            "Use the primitive cell."
        )
    shortest = shortest_distance_angstrom(crystal)
    if shortest < MIN_DISTANCE_ANGSTROM:
        raise UserCorrectable(
            f"Two atoms are {shortest:.2f} Å apart; a description needs at least {MIN_DISTANCE_ANGSTROM} Å. "
            "Check the cell and the positions."
        )
