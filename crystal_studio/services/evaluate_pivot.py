"""The pivot is given: is its crystal found by one draw, and is what is drawn what the pivot asks for?

One draw under the short pivot (formula, prototype, space group) and one under the full text; no ranking, no relaxer.
The number of atoms is given, as in column A. Beside them, what the person is shown who asked for a formula and a space
group: the first of a few draws that has exactly that group (enforced), and the first draw before its symmetry was
imposed (not enforced).

Source: models.md section 6, accept only where the symmetry search finds exactly the group at 0.1 and 0.01 angstrom.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from crystal_studio.domain.candidate import Start
from crystal_studio.domain.composition import Composition
from crystal_studio.domain.crystal import Crystal
from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.domain.pivot import Pivot
from crystal_studio.domain.pivot_grammar import PivotSyntaxError, headline, parse_pivot
from crystal_studio.ports.context import JobContext
from crystal_studio.ports.prototype_library import DecoratedPrototype, PrototypeLibrary
from crystal_studio.ports.sampler import SampleRequest, StartState
from crystal_studio.services.engines import Engines
from crystal_studio.services.evaluate import EvaluationRow, Stopwatch, seed_of
from crystal_studio.services.evaluate_csp import noise_state

EXACT_SYMPRECS_ANGSTROM = (0.1, 0.01)
_MORE_TEMPLATES = 10  # asked for, so that some of them have the given number of atoms


@dataclass(frozen=True)
class PivotSettings:
    """What is evaluated.

    Attributes:
        attempts: draws of which the first with exactly the space group asked for is shown.
        strength: denoising strength alpha of prototype starts.

    Raises:
        UserCorrectable: a number is out of its range.
    """

    seed: int = 0
    strength: float = 0.1
    attempts: int = 5

    def __post_init__(self) -> None:
        if self.attempts < 1 or not 0 < self.strength <= 1:
            raise UserCorrectable("Attempts must be at least 1, the strength above 0 and at most 1.")

    def to_dict(self) -> dict[str, Any]:
        """Plain data for the journal."""
        return asdict(self)


@dataclass(frozen=True)
class Asked:
    """What the pivot of a row says.

    Attributes:
        text: its headline.
        space_group: None where neither text nor data set names one.
        prototype: its name, "-derived" or "-like" included; None where the text names none.
    """

    text: str
    formula: str
    space_group: int | None
    prototype: str | None


@dataclass(frozen=True)
class _Drawn:
    """A draw before and after its start's symmetry was given back to it."""

    free: Crystal
    finished: Crystal


class PivotEvaluation:
    """Draws each row under its short pivot and under its full text."""

    def __init__(self, engines: Engines, settings: PivotSettings) -> None:
        self._engines = engines
        self._settings = settings

    def outcomes(self, rows: Sequence[EvaluationRow], context: JobContext) -> list[dict[str, Any]]:
        """One plain outcome for each row."""
        return [self._outcome(row, context) for row in rows]

    def _outcome(self, row: EvaluationRow, context: JobContext) -> dict[str, Any]:
        context.check_cancelled()
        watch = Stopwatch()
        asked = asked_of(row)
        with watch("templates"):
            states = pivot_states(row, asked, self._engines.prototypes, self._settings)
        with watch("draw"):
            short = self._drawn(row, asked.text, states, context)
            full = self._drawn(row, row.text, states[:1], context)
        with watch("compare"):
            found = {"short": self._compared(short[0], row), "full": self._compared(full[0], row)}
        with watch("symmetry"):
            as_asked = {
                "first": self._is_exact(short[0].finished, asked),
                "enforced": self._any_is_exact(row, asked, short, context),
                "not_enforced": self._is_as_asked(short[0].free, asked),
            }
        return {"id": row.identifier, "start": states[0].origin, **found, **as_asked, "seconds": watch.shared(1)}

    def _drawn(self, row: EvaluationRow, text: str, states: Sequence[StartState], context: JobContext) -> list[_Drawn]:
        """One seed for both texts, so that only the text differs."""
        seed = seed_of(self._settings.seed, "pivot", row.identifier)
        crystals = self._engines.sampler.sample(SampleRequest(text, tuple(states), seed), context)
        return [_Drawn(one, self._finished(state, one)) for state, one in zip(states, crystals, strict=True)]

    def _any_is_exact(self, row: EvaluationRow, asked: Asked, drawn: Sequence[_Drawn], context: JobContext) -> bool:
        """Whether a draw has exactly the group, or one of the crystals then built on its Wyckoff positions."""
        if any(self._is_exact(one.finished, asked) for one in drawn):
            return True
        states = built_states(row, asked, self._engines.prototypes, self._settings)
        built = self._drawn(row, asked.text, states, context) if states else []
        return any(self._is_exact(one.finished, asked) for one in built)

    def _finished(self, state: StartState, crystal: Crystal) -> Crystal:
        if state.crystal is None:
            return self._engines.symmetrizer.symmetrized(crystal)
        return self._engines.symmetrizer.impose(crystal, state.crystal)

    def _compared(self, drawn: _Drawn, row: EvaluationRow) -> dict[str, Any]:
        return {"rms": self._engines.comparer.rms_distance(drawn.finished, row.crystal)}

    def _is_exact(self, crystal: Crystal, asked: Asked) -> bool:
        """Formula and space group as asked, the group at every tolerance."""
        groups = (self._engines.symmetrizer.space_group(crystal, symprec) for symprec in EXACT_SYMPRECS_ANGSTROM)
        return crystal.formula == asked.formula and all(group.number == asked.space_group for group in groups)

    def _is_as_asked(self, crystal: Crystal, asked: Asked) -> bool:
        """Formula and space group as asked, the group at 0.1 angstrom as CrysText judges it."""
        group = self._engines.symmetrizer.space_group(crystal, EXACT_SYMPRECS_ANGSTROM[0])
        return crystal.formula == asked.formula and group.number == asked.space_group


def asked_of(row: EvaluationRow) -> Asked:
    """The short pivot of a row: formula and space group, and the prototype where its text names one."""
    pivot = _pivot_of(row.text)
    group = row.space_group or (pivot.space_group.number if pivot and pivot.space_group else None)
    name, relation = (pivot.prototype, pivot.relation or "structured") if pivot else (None, "structured")
    prototype = f"{name}-{relation}" if name and relation != "structured" else name
    formula = row.crystal.formula
    return Asked(headline(formula, group, name, relation), formula, group, prototype)


def pivot_states(
    row: EvaluationRow, asked: Asked, prototypes: PrototypeLibrary, settings: PivotSettings
) -> list[StartState]:
    """The templates asked for, those of the prototype named first.

    Where no template has the space group, crystals built on its Wyckoff positions; where none can be built, one
    template of any group, or noise. No template has the row's own formula.
    """
    found: dict[str, DecoratedPrototype] = {}
    choices = [(asked.space_group, asked.prototype)] if asked.prototype else []
    for group, prototype in [*choices, (asked.space_group, None)]:
        for one in _fitting(row, prototypes, group, prototype, settings.attempts):
            found.setdefault(one.label, one)
    of_the_group = [template_state(template, settings.strength) for template in found.values()][: settings.attempts]
    built = of_the_group or built_states(row, asked, prototypes, settings)
    others = _fitting(row, prototypes, None, None, 1) if not built else []
    return built or [template_state(template, settings.strength) for template in others] or [noise_state(row)]


def built_states(
    row: EvaluationRow, asked: Asked, prototypes: PrototypeLibrary, settings: PivotSettings
) -> list[StartState]:
    """Crystals on Wyckoff positions with the row's number of atoms; empty where the group cannot hold them."""
    composition = row.crystal.composition
    if asked.space_group is None:
        return []
    try:
        drafts = prototypes.drafts(
            composition.reduced,
            settings.attempts,
            space_group=asked.space_group,
            seed=seed_of(settings.seed, "draft", row.identifier),
            max_atoms=row.crystal.num_sites,
            formula_units=composition.factor,
        )
    except UserCorrectable:
        return []  # told by its origin: another start is drawn from
    return [start_from(draft.crystal, draft.label, settings.strength) for draft in drafts]


def _fitting(
    row: EvaluationRow, prototypes: PrototypeLibrary, group: int | None, prototype: str | None, count: int
) -> list[DecoratedPrototype]:
    """Likeliest first; those with the row's number of atoms before any other."""
    size = row.crystal.num_sites
    found = prototypes.decorate(
        Composition.from_species(row.crystal.species),
        count * _MORE_TEMPLATES,
        space_group=group,
        prototype=prototype,
        max_atoms=size,
        exclude_formulas=frozenset({row.formula}),
    )
    return sorted(found, key=lambda one: one.crystal.num_sites != size)[:count]


def template_state(template: DecoratedPrototype, strength: float) -> StartState:
    """A start from a decorated prototype, all species given."""
    return start_from(template.crystal, template.label, strength, template.share)


def start_from(crystal: Crystal, origin: str, strength: float, share: float | None = None) -> StartState:
    """A start from a crystal, all species given."""
    return StartState(
        Start.PROTOTYPE, origin, crystal, crystal.num_sites, crystal.species, strength=strength, share=share
    )


def _pivot_of(text: str) -> Pivot | None:
    """The text as a pivot; None where it has no headline of the known form."""
    try:
        return parse_pivot(text, strict=False)
    except PivotSyntaxError:
        return None
