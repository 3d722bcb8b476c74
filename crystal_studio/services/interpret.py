"""From a message to a pivot: the language model writes, grammar and limits judge, a draft is the last resort."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product
from math import exp
from random import Random

from crystal_studio.domain.composition import Composition
from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.domain.history import Node
from crystal_studio.domain.intent import Intent, Limits
from crystal_studio.domain.pivot import Pivot, PivotSource
from crystal_studio.domain.pivot_grammar import PivotSyntaxError, headline, parse_pivot
from crystal_studio.domain.symmetry import SpaceGroup, is_of_class
from crystal_studio.ports.context import JobContext
from crystal_studio.ports.language_model import LanguageModel, WritingTask
from crystal_studio.ports.prototype_library import PrototypeLibrary
from crystal_studio.services.least_change import least_change, only_named, plain_anions, unasked, unmoved, usual_amounts
from crystal_studio.services.listen_composition import ANOTHER_COMPOSITION
from crystal_studio.services.swaps import adds_up

ALTERNATIVES = 4
MAX_SITES = 20


@dataclass(frozen=True)
class Answered:
    """The crystal that a message answers, as far as words go.

    Attributes:
        description: Robocrystallographer's text.
        formula: reduced formula.
        space_group: number.
        band_gap_ev: predicted, None where unknown.
    """

    description: str
    formula: str
    space_group: int
    band_gap_ev: float | None

    @classmethod
    def node(cls, node: Node) -> Answered:
        """What a node's crystal is in words."""
        gap = node.band_gap.value if node.band_gap else None
        return cls(node.description, node.crystal.formula, node.space_group.number, gap)


@dataclass(frozen=True)
class WrittenPivot:
    """A pivot that passed, who wrote it, and what was refused on the way."""

    text: str
    pivot: Pivot
    source: PivotSource
    refused: tuple[str, ...] = ()


def problems(text: str, limits: Limits) -> tuple[str, ...]:
    """Why a pivot text cannot be used, one sentence each; empty when it can."""
    try:
        pivot = parse_pivot(text)
    except PivotSyntaxError as error:
        return (str(error),)
    found = [*limits.violations(pivot.composition), *_structure_violations(pivot, limits)]
    if pivot.composition.reduced.num_atoms > min(limits.max_atoms or MAX_SITES, MAX_SITES):
        found.append(f"{pivot.formula} has more than {limits.max_atoms or MAX_SITES} atoms a formula unit")
    return tuple(found)


def writing_task(intent: Intent, parent: Answered | None, complaints: Sequence[str] = ()) -> WritingTask:
    """What the language model is told: the message, the limits heard, and the parent with its predicted values."""
    predicted: tuple[tuple[str, str], ...] = ()
    if parent is not None and parent.band_gap_ev is not None:
        predicted = (("band gap", f"{parent.band_gap_ev:.2f} eV"),)
    return WritingTask(
        message=intent.message,
        limits=intent.limits,
        description=parent.description if parent else None,
        predicted=predicted,
        complaints=tuple(complaints),
    )


def write_pivot(
    intent: Intent,
    parent: Answered | None,
    language_model: LanguageModel,
    prototypes: PrototypeLibrary,
    seed: int,
    context: JobContext,
) -> WrittenPivot:
    """The pivot for a message: the model's own, else its one repair, else a grounded draft.

    What nobody asked to change stays where it can, and a pivot that only says the parent again where a change was
    asked for is the last that is taken.

    Raises:
        UserCorrectable: not even a draft meets the limits.
    """
    refused: tuple[str, ...] = ()
    second_best: WrittenPivot | None = None
    nearest = _exchanged(_nearest(intent, parent), parent, prototypes, seed)
    for source in (PivotSource.MODEL, PivotSource.REPAIRED):
        task = writing_task(nearest, parent, refused)
        texts = language_model.write_pivots(task, ALTERNATIVES, seed, context)
        passing = [text for text in texts if not problems(text, intent.limits)]
        if not passing:
            refused += problems(texts[0], intent.limits)
            continue
        text = _most_buildable(passing, nearest, parent, prototypes)
        written = WrittenPivot(text, parse_pivot(text), source, refused)
        if not (complaints := _unmoved(text, intent, parent)):
            return written
        second_best = second_best or written
        refused += complaints
    return _last_resort(intent, parent, prototypes, refused, second_best)


def person_pivot(text: str, limits: Limits) -> WrittenPivot:
    """A pivot that the person wrote, used as it stands.

    Raises:
        UserCorrectable: it cannot be read (says in which sentence), or it breaks a limit.
    """
    text = text.strip()
    try:
        pivot = parse_pivot(text)
    except PivotSyntaxError as error:
        raise UserCorrectable(_place(text, error)) from error
    found = problems(text, limits)
    if found:
        raise UserCorrectable(f"The pivot breaks a limit: {'; '.join(found)}. Change the pivot, or the limit.")
    return WrittenPivot(text, pivot, PivotSource.PERSON)


def _place(text: str, error: PivotSyntaxError) -> str:
    """The mistake with the number of its sentence and of its first character, both counted from one."""
    shown = error.sentence if len(error.sentence) <= 160 else error.sentence[:157] + "..."
    start = text.find(error.sentence)
    number = 1 + sum(end.end() <= start for end in re.finditer(r"\.\s+(?=[A-Z])", text))
    where = f"Sentence {number} of the pivot (from character {start + 1})" if start >= 0 else "The pivot"
    return f"{where} cannot be read: '{shown}'. Expected {error.expected.rstrip('.')}."


def draft_pivot(intent: Intent, parent: Answered | None, prototypes: PrototypeLibrary) -> str:
    """A grounded pivot from the prototype model alone.

    Raises:
        UserCorrectable: no composition known to the model meets the limits.
    """
    near = Composition.parse(parent.formula) if parent else None
    near_group = parent.space_group if parent else None
    for limits in (_exchanged(_nearest(intent, parent), parent, prototypes, 0).limits, intent.limits):
        ideas = prototypes.ideas(limits, intent.goals, 8, near=near, near_space_group=near_group)
        texts = [headline(idea.formula, SpaceGroup(idea.space_group), idea.prototype) for idea in ideas]
        if passing := [text for text in texts if not problems(text, limits)]:
            return min(passing, key=lambda text: (bool(_unmoved(text, intent, parent)), _repeats(text, parent)))
    raise UserCorrectable(
        "No crystal known to the models meets all of these limits together. Drop one of them, or name a formula."
    )


def _draft(
    intent: Intent, parent: Answered | None, prototypes: PrototypeLibrary, refused: tuple[str, ...]
) -> WrittenPivot:
    text = draft_pivot(intent, parent, prototypes)
    return WrittenPivot(text, parse_pivot(text), PivotSource.DRAFT, refused)


def _last_resort(
    intent: Intent,
    parent: Answered | None,
    prototypes: PrototypeLibrary,
    refused: tuple[str, ...],
    second_best: WrittenPivot | None,
) -> WrittenPivot:
    """A draft; where the model only said the parent again, that, unless the draft does better."""
    if second_best is None:
        return _draft(intent, parent, prototypes, refused)
    try:
        draft = _draft(intent, parent, prototypes, refused)
    except UserCorrectable:
        return second_best
    return second_best if _unmoved(draft.text, intent, parent) else draft


def _nearest(intent: Intent, parent: Answered | None) -> Intent:
    """The intent under which nothing of the parent changes that nobody asked to change, and a prototype is whole."""
    intent = replace(intent, limits=usual_amounts(intent.limits))
    if parent is None:
        return replace(intent, limits=only_named(plain_anions(intent.limits)))
    is_free = ANOTHER_COMPOSITION in intent.heard
    return replace(intent, limits=least_change(intent.limits, Composition.parse(parent.formula), is_free=is_free))


def _exchanged(intent: Intent, parent: Answered | None, prototypes: PrototypeLibrary, seed: int) -> Intent:
    """The intent with the formula of one exchange where a choice was left open, drawn by the votes of known crystals.

    Everyone else keeps place and amount: lithium for thallium in Tl3BO3 is Li3BO3, not Li3B3O. Another seed may give
    another of the likeliest elements.
    """
    limits = intent.limits
    if parent is None or limits.formula or not limits.replaced:
        return intent
    whole = Composition.parse(parent.formula)
    if limits.anonymous != whole.anonymous:
        return intent
    olds = [old for old, _ in limits.replaced]
    choices = product(*(sorted(substitutes) for _, substitutes in limits.replaced))
    votes = [
        (built[0].score, made.formula)
        for made in (whole.replaced(dict(zip(olds, choice, strict=True))) for choice in choices)
        if not limits.violations(made)
        and (built := prototypes.decorate(made, 1, space_group=limits.space_group, prototype=limits.prototype))
    ]
    if not votes:
        return intent
    best = max(score for score, _ in votes)
    weights = [exp(score - best) for score, _ in votes]
    ((_, formula),) = Random(seed).choices(votes, weights)
    return replace(intent, limits=replace(limits, formula=formula))


def _unmoved(text: str, intent: Intent, parent: Answered | None) -> tuple[str, ...]:
    """Why the text is not the change asked for, as far as the parent's description can be read."""
    if parent is None or not intent.goals:
        return ()
    try:
        before = parse_pivot(parent.description)
    except PivotSyntaxError:
        return ()
    return unmoved(parse_pivot(text), before, intent.goals, parent.band_gap_ev)


def _structure_violations(pivot: Pivot, limits: Limits) -> list[str]:
    found = []
    group = pivot.space_group
    if limits.space_group and (group is None or group.number != limits.space_group):
        found.append(f"the space group is not {SpaceGroup(limits.space_group).symbol}")
    if limits.crystal_system and pivot.crystal_system != limits.crystal_system:
        found.append(f"the crystal system is not {limits.crystal_system}")
    if pivot.crystal_system in limits.excluded_systems:
        found.append(f"the crystal system is {pivot.crystal_system}, which is excluded")
    if group is not None and not is_of_class(group.number, limits.symmetry_class):
        found.append(f"the space group {group.symbol} is not {limits.symmetry_class}")
    if limits.dimensionality is not None and pivot.dimensionality not in (None, limits.dimensionality):
        found.append(f"the structure is not {limits.dimensionality}-dimensional")
    if limits.prototype and limits.prototype not in (pivot.prototype or "").lower():
        found.append(f"the prototype is not {limits.prototype}")
    return found


def _most_buildable(texts: Sequence[str], intent: Intent, parent: Answered | None, prototypes: PrototypeLibrary) -> str:
    """The alternative to build: it changes what it should and nothing needless, claims no layers unasked, can exist.

    Args:
        intent: the message with its limits narrowed to the nearest compounds, which an alternative may miss.
    """
    limits = intent.limits

    def score(text: str) -> tuple[bool, bool, bool, int, bool, bool, int, float]:
        pivot = parse_pivot(text)
        group = pivot.space_group.number if pivot.space_group else None
        built = prototypes.decorate(pivot.composition, 1, space_group=group, max_atoms=MAX_SITES)
        asked = pivot.dimensionality in (None, limits.dimensionality)
        buildable = built[0].score if built else float("-inf")
        is_moved, is_near = not _unmoved(text, intent, parent), not problems(text, limits)
        kept, is_neutral = _kept(pivot, limits, parent), adds_up(pivot.composition)
        needless = unasked(pivot.composition, limits) if parent is None else 0
        return is_moved, not _repeats(text, parent), is_near, kept, asked, is_neutral, -needless, buildable

    return max(texts, key=score)


def _kept(pivot: Pivot, limits: Limits, parent: Answered | None) -> int:
    """Elements of the parent that stay where one of them has to go: nobody asked the others to leave."""
    before = set(Composition.parse(parent.formula).elements) if parent else set()
    return len(before & set(pivot.composition.elements)) if before & limits.excluded else 0


def _repeats(text: str, parent: Answered | None) -> bool:
    """Whether the pivot only says again what the parent already is."""
    pivot = parse_pivot(text)
    if parent is None or pivot.space_group is None:
        return False
    return pivot.composition.formula == parent.formula and pivot.space_group.number == parent.space_group
