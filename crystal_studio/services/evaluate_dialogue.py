"""Were the instructions of a dialogue met at the pivot?

Held-out dialogues carry the truth that their author wrote down; each pivot is judged from its own text alone.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from math import sqrt
from pathlib import Path
from typing import Any

from crystal_studio.domain.composition import Composition
from crystal_studio.domain.elements import BY_SYMBOL, SYMBOLS
from crystal_studio.domain.errors import JobCancelled, StudioError, UserCorrectable
from crystal_studio.domain.intent import Limits
from crystal_studio.domain.pivot import Pivot
from crystal_studio.domain.pivot_grammar import parse_pivot
from crystal_studio.services.dialogue_structure import comparison_reasons, structure_reasons

MORE_ABUNDANT = "more_abundant"
_NOBODY = "none"
_Z_95 = 1.959964


@dataclass(frozen=True)
class DialogueParent:
    """The crystal that feedback is about: Robocrystallographer's text and what else the model is told."""

    description: str
    formula: str
    space_group: int
    band_gap_ev: float | None


@dataclass(frozen=True)
class Expectation:
    """What the pivot must say.

    Attributes:
        limits: composition, space group, crystal system, dimensionality and prototype, as a person's hard limits.
        space_group_ranges: pairs (first, last), one of which must hold the space group; empty for any.
        bonds: "longer" or "shorter" than the parent's, None for any.
        different_from_parent: whether formula, space group, prototype or dimensionality must differ.
    """

    limits: Limits = field(default_factory=Limits)
    space_group_ranges: tuple[tuple[int, int], ...] = ()
    bonds: str | None = None
    different_from_parent: bool = False


@dataclass(frozen=True)
class Dialogue:
    """One message, its parent where it is feedback, and the truth.

    Attributes:
        author: "hand" or "script".
        kind: "wish", "gap", "replace", "distance", ...
    """

    id: str
    author: str
    kind: str
    message: str
    parent: DialogueParent | None
    expect: Expectation


@dataclass(frozen=True)
class DialogueScore:
    """Verdict on one pivot: whether the grammar reads it in full, whether all is met, and what is not."""

    parses: bool
    met: bool
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True)
class DialogueOutcome:
    """One dialogue's pivot with its verdict; plain data, so that a run can be stored and resumed."""

    id: str
    author: str
    kind: str
    pivot: str
    pivot_source: str
    parses: bool
    met: bool
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True)
class Share:
    """So many of so many, with Wilson's 95 % interval."""

    met: int
    of: int

    @property
    def value(self) -> float:
        """The share, 0 to 1; 0 of nothing."""
        return self.met / self.of if self.of else 0.0

    @property
    def interval(self) -> tuple[float, float]:
        """Wilson's score interval at 95 %.

        Source: Wilson, J. Am. Stat. Assoc. 22, 209 (1927).
        """
        if not self.of:
            return 0.0, 1.0
        scale = 1 + _Z_95**2 / self.of
        centre = (self.value + _Z_95**2 / (2 * self.of)) / scale
        half = _Z_95 * sqrt(self.value * (1 - self.value) / self.of + _Z_95**2 / (4 * self.of**2)) / scale
        return max(0.0, centre - half), min(1.0, centre + half)

    def to_dict(self) -> dict[str, Any]:
        """Plain data for ``--json``."""
        return {"met": self.met, "of": self.of, "share": self.value, "interval_95": list(self.interval)}


@dataclass(frozen=True)
class DialogueReport:
    """Every outcome of a run, and the shares drawn from them."""

    outcomes: tuple[DialogueOutcome, ...]

    @property
    def met(self) -> Share:
        """Dialogues whose instructions are all met."""
        return _share(self.outcomes)

    @property
    def parses(self) -> Share:
        """Pivots that the grammar reads in full."""
        return Share(sum(outcome.parses for outcome in self.outcomes), len(self.outcomes))

    def met_by(self, attribute: str) -> dict[str, Share]:
        """Share met for each value of "kind", "author" or "pivot_source"."""
        values = sorted({getattr(outcome, attribute) for outcome in self.outcomes})
        return {
            value: _share([outcome for outcome in self.outcomes if getattr(outcome, attribute) == value])
            for value in values
        }

    @property
    def source_shares(self) -> dict[str, float]:
        """Share of the pivots that each source wrote: model, repaired, draft."""
        counts = Counter(outcome.pivot_source for outcome in self.outcomes)
        return {source: count / len(self.outcomes) for source, count in sorted(counts.items())}

    def to_dict(self) -> dict[str, Any]:
        """Plain data for ``--json``."""
        shares = {
            f"by_{name}": {value: share.to_dict() for value, share in self.met_by(name).items()}
            for name in ("kind", "author", "pivot_source")
        }
        return {
            "n": len(self.outcomes),
            "met": self.met.to_dict(),
            "parses": self.parses.to_dict(),
            "pivot_source": self.source_shares,
            **shares,
        }


Writer = Callable[[Dialogue], tuple[str, str]]


def read_dialogues(path: Path) -> list[Dialogue]:
    """Read dialogues from JSON lines; the first line is a header without an id.

    Raises:
        UserCorrectable: missing or damaged.
    """
    try:
        rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
        return [dialogue_from_dict(row) for row in rows if "id" in row]
    except OSError as error:
        raise UserCorrectable(f"The dialogues '{path.name}' cannot be read. Check that the file is there.") from error
    except (ValueError, KeyError, TypeError) as error:
        raise UserCorrectable(f"The dialogues '{path.name}' are damaged ({error}). Restore the file.") from error


def dialogue_from_dict(row: Mapping[str, Any]) -> Dialogue:
    """One dialogue from a row of the file."""
    parent = row.get("parent")
    return Dialogue(
        row["id"],
        row["source"],
        row["kind"],
        row["message"],
        parent and DialogueParent(parent["description"], parent["formula"], parent["space_group"], parent["band_gap"]),
        _expectation(row["expect"]),
    )


def score_pivot(dialogue: Dialogue, pivot_text: str) -> DialogueScore:
    """Judge a pivot against the dialogue's truth."""
    try:
        pivot = parse_pivot(pivot_text)
        composition = pivot.composition
        parent = parse_pivot(dialogue.parent.description) if dialogue.parent else None
    except UserCorrectable as error:
        return DialogueScore(False, False, (str(error),))
    unread = tuple(f"not read: {sentence}" for sentence in pivot.unread)
    reasons = unread + _reasons(dialogue.expect, pivot, composition, parent)
    return DialogueScore(not unread, not reasons, reasons)


def evaluate_dialogues(
    dialogues: Sequence[Dialogue],
    writer: Writer,
    *,
    done: Iterable[DialogueOutcome] = (),
    on_outcome: Callable[[DialogueOutcome], None] = lambda outcome: None,
) -> DialogueReport:
    """Have every dialogue's pivot written and judged.

    Args:
        writer: dialogue -> (pivot text, "model", "repaired" or "draft"). One of our errors counts as not met.
        done: outcomes of an earlier, interrupted run; their dialogues are not written again.
        on_outcome: called with each new outcome, so that the caller can store it.

    Raises:
        JobCancelled: stopped; what was handed to `on_outcome` can be passed as `done`.
    """
    known = {outcome.id: outcome for outcome in done}
    for dialogue in dialogues:
        if dialogue.id not in known:
            known[dialogue.id] = _judged(dialogue, writer)
            on_outcome(known[dialogue.id])
    return DialogueReport(tuple(known[dialogue.id] for dialogue in dialogues))


def outcome_to_dict(outcome: DialogueOutcome) -> dict[str, Any]:
    """Plain data, for storing."""
    return asdict(outcome)


def outcome_from_dict(row: Mapping[str, Any]) -> DialogueOutcome:
    """Inverse of `outcome_to_dict`."""
    return DialogueOutcome(**{**row, "reasons": tuple(row["reasons"])})


def _judged(dialogue: Dialogue, writer: Writer) -> DialogueOutcome:
    try:
        text, source = writer(dialogue)
        score = score_pivot(dialogue, text)
    except JobCancelled:
        raise
    except StudioError as error:
        text, source, score = "", _NOBODY, DialogueScore(False, False, (str(error),))
    return DialogueOutcome(
        dialogue.id, dialogue.author, dialogue.kind, text, str(source), score.parses, score.met, score.reasons
    )


def _share(outcomes: Sequence[DialogueOutcome]) -> Share:
    return Share(sum(outcome.met for outcome in outcomes), len(outcomes))


def _expectation(row: Mapping[str, Any]) -> Expectation:
    limits = Limits(
        required=frozenset(row.get("required", ())),
        any_of=tuple(frozenset(group) for group in row.get("any_of", ())),
        excluded=frozenset(row.get("excluded", ())),
        allowed=frozenset(row.get("allowed", ())),
        replaced=_replaced(row.get("replaced")),
        anonymous=tuple(row.get("anonymous") or ()),
        formula=row.get("formula"),
        space_group=row.get("space_group"),
        crystal_system=row.get("crystal_system"),
        dimensionality=row.get("dimensionality"),
        prototype=row.get("prototype"),
        num_elements=row.get("num_elements"),
    )
    ranges = tuple((first, last) for first, last in row.get("space_group_ranges", ()))
    return Expectation(limits, ranges, row.get("bonds"), row.get("different_from_parent", False))


def _replaced(row: Mapping[str, Any] | None) -> tuple[tuple[str, frozenset[str]], ...]:
    if row is None:
        return ()
    substitutes = row["substitutes"]
    named = more_abundant_than(row["old"]) if substitutes == MORE_ABUNDANT else frozenset(substitutes)
    return ((row["old"], named),)


def more_abundant_than(symbol: str) -> frozenset[str]:
    """Elements more abundant in the Earth's crust (mg/kg) than one element, by SMACT's figures."""
    least = BY_SYMBOL[symbol].crustal_abundance_ppm or 0.0
    return frozenset(name for name in SYMBOLS if (BY_SYMBOL[name].crustal_abundance_ppm or 0.0) > least)


def _reasons(expect: Expectation, pivot: Pivot, composition: Composition, parent: Pivot | None) -> tuple[str, ...]:
    found = list(expect.limits.violations(composition))
    if parent is not None:
        for old, substitutes in expect.limits.replaced:
            found += _substitution_reasons(old, substitutes, composition, parent.composition)
    found += structure_reasons(expect.limits, expect.space_group_ranges, pivot)
    if parent is not None:
        found += comparison_reasons(pivot, parent, expect.bonds, expect.different_from_parent)
    return tuple(found)


def _substitution_reasons(
    old: str, substitutes: frozenset[str], composition: Composition, parent: Composition
) -> list[str]:
    """One element leaves, the others stay, and something new that is permitted comes in."""
    elements, before = set(composition.elements), set(parent.elements)
    found = [f"{old} is still there"] if old in elements else []
    found += [f"{symbol} was not to be replaced" for symbol in sorted(before - elements - {old})]
    if not elements - before:
        found.append("no new element came in")
    found += [f"{symbol} is no permitted substitute" for symbol in sorted(elements - before - substitutes)]
    return found
