"""The reward of CrysText-RL: what a written crystal is worth, part by part.

Source: CrysText (its multi-stage reward); the figures are those of its GRPO training. What is valid is decided by the
very checker that the panel shows. Differs from the paper in that only a valid crystal is compared with the truth: a
policy earns nothing by what the panel refuses, and atoms on top of each other cannot make the comparison endless.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import cache

from crystal_studio.domain.composition import Composition
from crystal_studio.domain.crystal import Crystal
from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.domain.validity import all_required_pass
from crystal_studio.engines.chem import create_checker, create_symmetrizer
from crystal_studio.engines.chem.comparer import MatcherComparer
from crystal_studio.engines.chem.geometry import reduction
from crystal_studio.engines.chem.symmetry import symmetry_dataset

PARSES, UNREADABLE, VALID, FORMULA = 0.5, -2.0, 0.5, 0.5
SYMPREC_ANGSTROM = 0.1
# Longest reduced lattice vector over the cube root of the volume: 6.0 at most among the training crystals. To compare
# a needle with a cube, the matcher would list every lattice point within its length.
_MAX_ELONGATION = 12.0
_MOST_PRIMITIVE_CELLS = 4  # in a conventional cell

Reader = Callable[[str], Crystal]


@dataclass(frozen=True)
class MatchTier:
    """Tolerances of `StructureMatcher`, and what a match within them is worth."""

    stol: float
    ltol: float
    angle_tol_degree: float
    reward: float


TIERS = (
    MatchTier(stol=0.9, ltol=0.7, angle_tol_degree=20.0, reward=0.25),
    MatchTier(stol=0.7, ltol=0.5, angle_tol_degree=15.0, reward=0.25),
    MatchTier(stol=0.5, ltol=0.3, angle_tol_degree=10.0, reward=1.0),
)


@dataclass(frozen=True)
class Wanted:
    """What a text was asked for.

    Attributes:
        composition: of any number of formula units.
        space_group: number, 1 to 230.
        truth: the crystal that the prompt was made of.
    """

    composition: Composition
    space_group: int
    truth: Crystal

    @classmethod
    def of(cls, truth: Crystal) -> Wanted:
        """What the prompt of a known crystal asks for (space group at symprec 0.1)."""
        group = create_symmetrizer().space_group(truth, SYMPREC_ANGSTROM)
        return cls(truth.composition, group.number, truth)


@dataclass(frozen=True)
class RewardParts:
    """The reward of one text, part by part.

    Attributes:
        parses: +0.5, or -2 and nothing else.
        valid: the required checks of the panel pass and a space group is found.
        formula: the reduced formula is the one asked for.
        loose: matches the truth within the first tier, `medium` the second, `strict` the third.
        space_group: our addition; 0 unless a weight is given for it.
    """

    parses: float
    valid: float = 0.0
    formula: float = 0.0
    loose: float = 0.0
    medium: float = 0.0
    strict: float = 0.0
    space_group: float = 0.0

    @property
    def total(self) -> float:
        """The reward."""
        return float(sum(getattr(self, each.name) for each in fields(self)))


PART_NAMES = tuple(each.name for each in fields(RewardParts))


def reward_parts(text: str, wanted: Wanted, read: Reader, space_group_weight: float = 0.0) -> RewardParts:
    """What a text is worth.

    Args:
        text: as the model wrote it.
        wanted: what it was asked for.
        read: the dialect; it refuses with `UserCorrectable`.
        space_group_weight: reward for the space group asked for; the paper has none.
    """
    try:
        crystal = read(text)
    except UserCorrectable:
        return RewardParts(UNREADABLE)
    valid, formula = validity_reward(crystal), formula_reward(crystal, wanted.composition)
    matches = match_rewards(crystal, wanted.truth) if valid and formula else (0.0, 0.0, 0.0)
    group = space_group_reward(crystal, wanted.space_group, space_group_weight) if space_group_weight else 0.0
    return RewardParts(PARSES, valid, formula, *matches, group)


def validity_reward(crystal: Crystal) -> float:
    """Whether the panel would show it as valid: 0.5 Å, a volume, and a space group that spglib finds.

    The prompt names the formula, and a formula that a person named is flagged by SMACT but never refused.
    """
    checks = create_checker().check(crystal, formula_is_named=True)
    is_valid = all_required_pass(checks) and symmetry_dataset(crystal, SYMPREC_ANGSTROM) is not None
    return VALID if is_valid else 0.0


def formula_reward(crystal: Crystal, composition: Composition) -> float:
    """Whether the reduced formula is the one asked for."""
    return FORMULA if crystal.composition.reduced == composition.reduced else 0.0


def match_rewards(crystal: Crystal, truth: Crystal) -> tuple[float, float, float]:
    """What each tier of `TIERS` gives.

    A match within a tier is one within every looser tier, and strict tolerances leave the matcher less to try.
    """
    if len(crystal) > _MOST_PRIMITIVE_CELLS * len(truth) or _elongation(crystal) > _MAX_ELONGATION:
        return 0.0, 0.0, 0.0
    is_match = False
    rewards = []
    for tier in reversed(TIERS):
        is_match = is_match or _comparer(tier).rms_distance(crystal, truth) is not None
        rewards.append(tier.reward if is_match else 0.0)
    strict, medium, loose = rewards
    return loose, medium, strict


def space_group_reward(crystal: Crystal, space_group: int, weight: float) -> float:
    """Whether spglib finds the space group asked for (symprec 0.1)."""
    return weight if create_symmetrizer().space_group(crystal, SYMPREC_ANGSTROM).number == space_group else 0.0


def _elongation(crystal: Crystal) -> float:
    """Longest reduced lattice vector over the cube root of the volume; 1 for a cube."""
    vectors = reduction(crystal.lattice) @ crystal.lattice
    return float((vectors**2).sum(axis=1).max() ** 0.5 / crystal.volume_angstrom3 ** (1 / 3))


@cache
def _comparer(tier: MatchTier) -> MatcherComparer:
    return MatcherComparer(tier.stol, tier.angle_tol_degree, tier.ltol)
