"""Hearing a message: hard limits and goals from plain English, by rules and without a model.

A message about a parent crystal that names no change of composition keeps the parent's formula: "increase the distance
between the units" is about this compound. A composition changes when an element, a family, a formula, a number of
elements, another stoichiometry or "another material" is named that the parent does not meet.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from crystal_studio.domain.composition import Composition
from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.domain.intent import Direction, Goal, Intent, Limits, Quantity
from crystal_studio.domain.symmetry import is_of_class
from crystal_studio.services.listen_background import without_background
from crystal_studio.services.listen_composition import composition_in
from crystal_studio.services.listen_elements import refuse_made_up
from crystal_studio.services.listen_formulas import HeardComposition
from crystal_studio.services.listen_goals import HeardGoal, goals_in, speaks_of_property
from crystal_studio.services.listen_spelling import readable
from crystal_studio.services.listen_structure import Structure, structure_in
from crystal_studio.services.listen_words import MATERIALS_WORDS, joined

MAX_CHARACTERS = 4000
_RELATIVE = (Direction.HIGHER, Direction.LOWER)


@dataclass(frozen=True)
class ParentFacts:
    """What the listener may know of the crystal that a message is about.

    Attributes:
        formula: reduced formula.
        space_group: number.
        band_gap_ev: predicted.
        prototype: Robocrystallographer's name, where it has one.
        unit_distance_angstrom: mean nearest distance between structural units.
    """

    formula: str
    space_group: int | None = None
    band_gap_ev: float | None = None
    prototype: str | None = None
    unit_distance_angstrom: float | None = None


def listen(message: str, parent: ParentFacts | None = None) -> Intent:
    """Understand one message.

    Args:
        message: English text of at most 4,000 characters.
        parent: the crystal it is feedback on; None for a first wish.

    Raises:
        UserCorrectable: empty, too long, nothing about materials in it, an element that does not exist, or limits that
            contradict each other.
    """
    text = _readable(message)
    refuse_made_up(text)
    text = without_background(text, is_answer=parent is not None)
    structure, left = structure_in(text, parent.space_group if parent else None, parent is not None)
    composition, left = composition_in(left, Composition.parse(parent.formula) if parent else None)
    heard = goals_in(
        left,
        parent.band_gap_ev if parent else None,
        parent.unit_distance_angstrom if parent else None,
        parent is not None,
    )
    phrases = (*composition.heard, *structure.heard, *(_goal_phrase(each.goal) for each in heard))
    if not phrases and not MATERIALS_WORDS.search(text):
        raise UserCorrectable(_NOTHING_HEARD if parent is None else _NO_FEEDBACK_HEARD)
    limits = _limits(composition, structure)
    if (further := structure.stoichiometry.further) and not composition.any_of:
        present = limits.required if parent is None else frozenset(Composition.parse(parent.formula).elements)
        limits = replace(limits, num_elements=max(1, len(present) + further))
        phrases = (*phrases, f"{limits.num_elements} elements")
    if parent is not None:
        wants_gap = any(each.goal.quantity is Quantity.BAND_GAP for each in heard)
        is_free = (
            composition.is_free
            or not (phrases or speaks_of_property(left))
            or _only_mentions(composition, structure, heard)
            or (structure.symmetry.keeps_space_group and wants_gap)
        )
        limits, phrases = _kept(limits, is_free, structure, parent, phrases)
    _check(limits)
    return Intent(message, limits, tuple(each.goal for each in heard), phrases)


def merge(parent_intent: Intent, new_intent: Intent) -> Intent:
    """The intent in force after a further message.

    Exclusions stay, and so does the absence of a replaced element, unless the new message asks for it. Required
    elements stay unless they were replaced or the message names new ones. Structure stays unless the message names
    another. A formula lock, a stoichiometry and a replacement last one message. Goals with a target stay while the
    message has none.
    """
    before, new = parent_intent.limits, new_intent.limits
    wanted = new.required | frozenset().union(*(group for _, group in new.replaced))
    if new.formula:
        wanted |= set(Composition.parse(new.formula).elements)
    excluded = (before.excluded - wanted) | new.excluded
    names_elements = bool(new.required or new.any_of or new.allowed) and not new.replaced
    kept = Limits() if names_elements or new.formula else before
    merged = replace(
        new,
        required=new.required | (kept.required - new.excluded),
        any_of=new.any_of + tuple(group for group in kept.any_of if group - excluded and group not in new.any_of),
        excluded=excluded,
        num_elements=new.num_elements or (kept.num_elements if not new.formula else None),
        max_atoms=new.max_atoms or before.max_atoms,
    )
    if new.formula:
        merged = _with_elements_met(merged, before, Composition.parse(new.formula))
    merged = _with_structure(merged, before, new)
    goals = new_intent.goals or tuple(goal for goal in parent_intent.goals if goal.direction not in _RELATIVE)
    return replace(new_intent, limits=merged, goals=goals)


_EXAMPLE = "for example 'an oxide insulator that contains strontium and titanium' or 'SrTiO3 with a wider band gap'"
_NOTHING_HEARD = f"Nothing about a material was heard. Say what it should contain, be or do, {_EXAMPLE}."
_NO_FEEDBACK_HEARD = (
    "Nothing to act on was heard. Name an element to add, avoid or replace, a property (band gap, distance between the "
    "units, density, volume, stability), a structure (space group, crystal system, prototype), or 'keep the "
    "composition'."
)


def _readable(message: str) -> str:
    if not message.strip():
        raise UserCorrectable(f"The message is empty. Say what you want, {_EXAMPLE}.")
    if len(message) > MAX_CHARACTERS:
        raise UserCorrectable(
            f"The message has {len(message):,} characters; at most {MAX_CHARACTERS:,} can be heard. Shorten it."
        )
    return readable(message)


def _limits(composition: HeardComposition, structure: Structure) -> Limits:
    symmetry, stoichiometry = structure.symmetry, structure.stoichiometry
    required = frozenset(composition.required).union(stoichiometry.elements) - frozenset(composition.excluded)
    does_not_count = stoichiometry.is_of_two and max(len(required), stoichiometry.num_elements or 2) > 2
    return Limits(
        required=required,
        any_of=tuple(group for group, _ in composition.any_of),
        excluded=frozenset(composition.excluded),
        allowed=composition.allowed,
        replaced=composition.replaced,
        formula=composition.formula,
        anonymous=composition.anonymous or (() if does_not_count else stoichiometry.anonymous) or structure.amounts,
        space_group=symmetry.space_group,
        crystal_system=symmetry.crystal_system,
        excluded_systems=frozenset(symmetry.excluded_systems),
        symmetry_class=symmetry.symmetry_class,
        dimensionality=structure.dimensionality,
        prototype=structure.prototype,
        num_elements=stoichiometry.num_elements,
        max_atoms=structure.max_atoms,
    )


def _only_mentions(composition: HeardComposition, structure: Structure, goals: list[HeardGoal]) -> bool:
    """Whether elements were named without a word that says what to do: "cadmium's toxicity is a problem"."""
    return bool(composition.required or composition.any_of) and not structure.heard and not goals


def _kept(
    limits: Limits,
    is_free: bool,
    structure: Structure,
    parent: ParentFacts,
    phrases: tuple[str, ...],
) -> tuple[Limits, tuple[str, ...]]:
    """The parent's formula where the message asks for no other composition.

    A structure kept while the gap changes leaves the composition free: nothing else is left to change the gap.
    """
    whole = Composition.parse(parent.formula)
    has_other_amounts = bool(structure.prototype_amounts) and structure.prototype_amounts != whole.anonymous
    if is_free or limits.formula or has_other_amounts or limits.violations(whole):
        return limits, phrases
    note = f"keeps {parent.formula} (no other composition was asked for)"
    return replace(limits, formula=parent.formula), (*phrases, note)


def _check(limits: Limits) -> None:
    """Contradictions that only show once everything is heard."""
    if limits.formula:
        formula = Composition.parse(limits.formula)
        broken = replace(limits, formula=None).violations(formula)
        if broken:
            raise UserCorrectable(
                f"The formula {limits.formula} contradicts the rest of the message: {broken[0]}. Drop one of the two."
            )
    if limits.num_elements and len(limits.required) > limits.num_elements:
        raise UserCorrectable(
            f"{limits.num_elements} elements were asked for, but {len(limits.required)} are named "
            f"({joined(limits.required)}). Drop one of the two."
        )


def _with_elements_met(merged: Limits, before: Limits, formula: Composition) -> Limits:
    """With the element limits of earlier messages that the formula now locked meets."""
    elements = set(formula.elements)
    return replace(
        merged,
        required=merged.required | (before.required & elements),
        any_of=merged.any_of
        + tuple(group for group in before.any_of if group & elements and group not in merged.any_of),
    )


def _with_structure(merged: Limits, before: Limits, new: Limits) -> Limits:
    """Structure of the new message where it names any, else that of before."""
    merged = replace(merged, symmetry_class=new.symmetry_class or before.symmetry_class)
    if merged.space_group and not is_of_class(merged.space_group, merged.symmetry_class):
        merged = replace(merged, symmetry_class=None)
    named = (new.space_group, new.crystal_system, new.prototype, new.dimensionality, new.excluded_systems or None)
    if any(value is not None for value in named):
        return merged
    prototype = before.prototype
    return replace(
        merged,
        space_group=before.space_group,
        crystal_system=before.crystal_system,
        excluded_systems=before.excluded_systems,
        prototype=prototype,
        dimensionality=before.dimensionality,
    )


def _goal_phrase(goal: Goal) -> str:
    words = goal.direction.value.replace("_", " ")
    target = "" if goal.target is None else f" {goal.target:g}"
    return f"{goal.quantity.value.replace('_', ' ')} {words}{target}"
