"""What one round of the design loop is asked for, and what is heard in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.domain.history import Node
from crystal_studio.domain.intent import Direction, Goal, Intent, Limits, Quantity
from crystal_studio.domain.sampling_engine import SamplingEngine
from crystal_studio.ports.describer import Symmetrizer
from crystal_studio.services.listen import ParentFacts, listen, merge
from crystal_studio.services.set_by_hand import sound_goals, sound_limits

MOST_CANDIDATES = 200
MOST_PIVOT_CHARACTERS = 20_000
MOST_GUIDANCE = 20.0
_SEED_STRIDE = 1_000_003  # keeps the seeds of rounds and redraws apart


@dataclass(frozen=True)
class DesignRequest:
    """One round.

    Attributes:
        message: wish or feedback; None lets the predicted values alone drive the round. May be empty where a pivot is
            given.
        parent: the node that is answered, None for a first wish.
        seed: seed of the whole run; every round derives its own.
        candidates: N.
        strength: denoising strength alpha in (0, 1] of parent and prototype starts.
        parameters: stored with the node besides those of the round.
        pivot: a pivot that the person wrote, used as it stands; None to have it written.
        limits: hard limits set by the person in place of those heard; None for those heard.
        goals: likewise.
        guidance: scale of the text's guidance; None for the model's own.
        writing_seed: seed of the words where they are not to change with `seed`; None for `seed`.
        engine: which model draws the candidates.

    Raises:
        UserCorrectable: a number is out of its range, or nothing is asked for.
    """

    message: str | None
    parent: Node | None
    seed: int
    candidates: int = 10
    strength: float = 0.1
    parameters: Mapping[str, Any] = field(default_factory=dict)
    pivot: str | None = None
    limits: Limits | None = None
    goals: tuple[Goal, ...] | None = None
    guidance: float | None = None
    writing_seed: int | None = None
    engine: SamplingEngine = SamplingEngine.DIFFUSION

    def __post_init__(self) -> None:
        if not 0 < self.strength <= 1:
            raise UserCorrectable(f"The strength is {self.strength:g}. Give a number above 0 and at most 1.")
        if not 1 <= self.candidates <= MOST_CANDIDATES:
            raise UserCorrectable(f"{self.candidates} candidates cannot be drawn. Ask for 1 to {MOST_CANDIDATES}.")
        for seed in (self.seed, self.writing_seed):
            if seed is not None and not 0 <= seed < 2**63:
                raise UserCorrectable(f"The seed is {seed}. Give a whole number from 0 to {2**63 - 1}.")
        if self.guidance is not None and not 0 <= self.guidance <= MOST_GUIDANCE:
            raise UserCorrectable(f"The guidance scale is {self.guidance:g}. Give 0 to {MOST_GUIDANCE:g}.")
        if self.pivot is not None and len(self.pivot) > MOST_PIVOT_CHARACTERS:
            raise UserCorrectable(
                f"The pivot has {len(self.pivot):,} characters; at most {MOST_PIVOT_CHARACTERS:,} are read. Shorten it."
            )
        if self.message is None and self.parent is None and not self.has_pivot:
            raise UserCorrectable("The first round needs a wish in words.")

    @property
    def round_seed(self) -> int:
        """Seed of this round."""
        return _of_round(self.seed, self.parent)

    @property
    def round_writing_seed(self) -> int:
        """Seed of the words of this round."""
        return _of_round(self.seed if self.writing_seed is None else self.writing_seed, self.parent)

    @property
    def has_pivot(self) -> bool:
        """Whether the person wrote a pivot."""
        return self.pivot is not None and bool(self.pivot.strip())

    @property
    def has_message(self) -> bool:
        """Whether anything was said in words."""
        return self.message is not None and bool(self.message.strip())


def run_seed(node: Node) -> int:
    """The seed of the whole run that a round was part of."""
    return (node.seed - (node.round - 1) * _SEED_STRIDE) % 2**63


def _of_round(seed: int, parent: Node | None) -> int:
    return (seed + (parent.round if parent else 0) * _SEED_STRIDE) % 2**63


def heard(request: DesignRequest, symmetrizer: Symmetrizer) -> Intent:
    """Limits and goals in force: those of the message joined with the parent's that persist, or those set by hand.

    Raises:
        UserCorrectable: the message cannot be understood, or what was set by hand cannot be met; says what to change.
    """
    intent = _heard_in_words(request, symmetrizer)
    if request.limits is not None:
        intent = replace(intent, limits=sound_limits(request.limits))
    if request.goals is not None:
        intent = replace(intent, goals=sound_goals(request.goals))
    return intent


def _heard_in_words(request: DesignRequest, symmetrizer: Symmetrizer) -> Intent:
    parent = request.parent
    if request.has_pivot and not request.has_message:
        return _intent_of_pivot(parent)
    if parent is None:
        return listen(request.message or "", None)
    if request.message is None:
        return _intent_from_predictions(parent)
    facts = ParentFacts(
        formula=parent.crystal.formula,
        space_group=parent.space_group.number,
        band_gap_ev=parent.band_gap.value if parent.band_gap else None,
        unit_distance_angstrom=symmetrizer.unit_distance_angstrom(parent.crystal),
    )
    return merge(parent.intent, listen(request.message, facts))


def _intent_of_pivot(parent: Node | None) -> Intent:
    """A pivot without a word: what was excluded stays so and goals stay; the pivot itself says the rest."""
    if parent is None:
        return Intent("")
    before = parent.intent
    limits = Limits(excluded=before.limits.excluded, max_atoms=before.limits.max_atoms)
    return Intent("", limits, before.goals, ("an edited pivot",))


def _intent_from_predictions(parent: Node) -> Intent:
    """The paper's first feedback: nothing but predicted values; the goals so far, judged against the parent."""
    value = f"{parent.band_gap.value:.2f} eV" if parent.band_gap else "unknown"
    message = f"The predicted band gap is {value}."
    goals = parent.intent.goals or (Goal(Quantity.ENERGY, Direction.LOWER),)
    limits = replace(parent.intent.limits, formula=None, replaced=())
    return Intent(message, limits, goals, ("predicted values",))
