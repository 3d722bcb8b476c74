"""Chemeleon's own test: is the crystal among twenty draws for a short text such as "Cubic crystal of SrTiO3"?

The text is heard as any first wish: formula and crystal system by the listener; where no formula is heard, the
compounds that the prototype library proposes within the limits. The crystal itself is only looked at for the number of
atoms, in the variant that is given it, and to keep its own compound out of the templates.

Source: Park et al., Chemeleon, Nature Communications 16, 4379 (2025): pymatgen's default StructureMatcher, 20 draws.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from crystal_studio.domain.candidate import Start
from crystal_studio.domain.composition import Composition
from crystal_studio.domain.crystal import Crystal
from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.domain.intent import Intent, Limits
from crystal_studio.domain.pivot_grammar import headline
from crystal_studio.domain.symmetry import SpaceGroup
from crystal_studio.ports.context import JobContext
from crystal_studio.ports.describer import StructureComparer
from crystal_studio.ports.prototype_library import DecoratedPrototype
from crystal_studio.ports.sampler import SampleRequest, StartState
from crystal_studio.services.engines import Engines
from crystal_studio.services.evaluate import MAX_ATOMS, EvaluationRow, Stopwatch, seed_of
from crystal_studio.services.evaluate_pivot import template_state
from crystal_studio.services.listen import listen

TRUE, PREDICTED = "true", "predicted"
_FROM_NOISE = 0.2
_IDEAS = 4
_MORE_TEMPLATES = 10  # asked for, so that enough of them have the crystal system and the number of atoms


@dataclass(frozen=True)
class RecoverySettings:
    """What is evaluated.

    Attributes:
        atoms: "true" where the number of atoms in the primitive cell is given, "predicted" where the program guesses.
        draws: draws of which one has to match.
        strength: denoising strength alpha of prototype starts.

    Raises:
        UserCorrectable: a number is out of its range.
    """

    atoms: str = TRUE
    seed: int = 0
    draws: int = 20
    strength: float = 0.1

    def __post_init__(self) -> None:
        if self.atoms not in (TRUE, PREDICTED) or self.draws < 1 or not 0 < self.strength <= 1:
            raise UserCorrectable("Give 'true' or 'predicted' atoms, 1 draw or more and a strength above 0, at most 1.")

    def to_dict(self) -> dict[str, Any]:
        """Plain data for the journal."""
        return asdict(self)


class RecoveryEvaluation:
    """Hears each text, draws, and looks for the crystal among the draws.

    Args:
        comparer: with pymatgen's default tolerances, stricter than those of the match rate.
        prompts: identifier -> text.
    """

    def __init__(
        self, engines: Engines, comparer: StructureComparer, prompts: Mapping[str, str], settings: RecoverySettings
    ) -> None:
        self._engines = engines
        self._comparer = comparer
        self._prompts = prompts
        self._settings = settings

    def outcomes(self, rows: Sequence[EvaluationRow], context: JobContext) -> list[dict[str, Any]]:
        """One plain outcome for each row."""
        return [self._outcome(row, context) for row in rows]

    def _outcome(self, row: EvaluationRow, context: JobContext) -> dict[str, Any]:
        context.check_cancelled()
        watch = Stopwatch()
        intent = heard(self._prompts[row.identifier])
        with watch("templates"):
            states = self._states(row, intent)
        with watch("draw"):
            crystals = self._drawn(row, states, context)
        with watch("compare"):
            found = self._first_match(row, states, crystals)
        return {
            "id": row.identifier,
            "num_atoms": row.crystal.num_sites,
            "formula_heard": bool(intent and intent.limits.formula == row.crystal.formula),
            "system_heard": intent.limits.crystal_system if intent else None,
            "draws": len(states),
            "recovered": found is not None,
            "from": found,
            "seconds": watch.shared(1),
        }

    def _states(self, row: EvaluationRow, intent: Intent | None) -> list[StartState]:
        """Prototypes of the crystal system heard, likeliest first, and noise for a fifth of the draws or the rest."""
        size = row.crystal.num_sites if self._settings.atoms == TRUE else None
        if intent is None or (size or 0) > MAX_ATOMS:
            return []
        draws, limits = self._settings.draws, intent.limits
        formulas = self._formulas(row, intent)
        templates = [one for formula in formulas for one in self._templates(row, formula, limits, size)]
        room = draws - round(_FROM_NOISE * draws)
        chosen = [template_state(template, self._settings.strength) for template in templates[:room]]
        noise = [species for formula in formulas[:1] for species in self._species(formula, limits, size)]
        missing = draws - len(chosen) if noise else 0
        return chosen + [_noise_state(noise[index % len(noise)]) for index in range(missing)]

    def _formulas(self, row: EvaluationRow, intent: Intent) -> list[Composition]:
        """The formula heard, or those the prototype library proposes within the limits."""
        if intent.limits.formula:
            return [Composition.parse(intent.limits.formula)]
        ideas = self._engines.prototypes.ideas(
            intent.limits, intent.goals, _IDEAS, exclude_formulas=frozenset({row.formula})
        )
        return list(dict.fromkeys(Composition.parse(idea.formula) for idea in ideas))

    def _templates(
        self, row: EvaluationRow, composition: Composition, limits: Limits, size: int | None
    ) -> Iterator[DecoratedPrototype]:
        found = self._engines.prototypes.decorate(
            composition,
            self._settings.draws * _MORE_TEMPLATES,
            space_group=limits.space_group,
            max_atoms=size or MAX_ATOMS,
            exclude_formulas=frozenset({row.formula}),
        )
        for template in found:
            system = SpaceGroup(template.space_group).crystal_system
            if limits.crystal_system in (None, system) and size in (None, template.crystal.num_sites):
                yield template

    def _species(self, composition: Composition, limits: Limits, size: int | None) -> list[tuple[str, ...]]:
        """Cells to draw from noise: of the size given, or of the likely numbers of formula units, likeliest first."""
        each = composition.reduced.num_atoms
        if size is not None:
            return [composition.species(size // each)] if size % each == 0 else []
        shares = self._engines.prototypes.formula_units(composition, limits.space_group) or {1: 1.0}
        likely = sorted(shares, key=lambda units: -shares[units])
        return [composition.species(units) for units in likely if units * each <= MAX_ATOMS]

    def _drawn(self, row: EvaluationRow, states: Sequence[StartState], context: JobContext) -> list[Crystal]:
        if not states:
            return []
        seed = seed_of(self._settings.seed, "recovery", self._settings.atoms, row.identifier)
        request = SampleRequest(_pivot_text(states[0]), tuple(states), seed)
        crystals = self._engines.sampler.sample(request, context)
        return [self._finished(state, crystal) for state, crystal in zip(states, crystals, strict=True)]

    def _finished(self, state: StartState, crystal: Crystal) -> Crystal:
        if state.crystal is None:
            return self._engines.symmetrizer.symmetrized(crystal)
        return self._engines.symmetrizer.impose(crystal, state.crystal)

    def _first_match(self, row: EvaluationRow, states: Sequence[StartState], crystals: Sequence[Crystal]) -> str | None:
        """The origin of the first draw that is the crystal."""
        for state, crystal in zip(states, crystals, strict=True):
            if self._comparer.rms_distance(crystal, row.crystal) is not None:
                return state.origin
        return None


def heard(prompt: str) -> Intent | None:
    """What the program hears in the text; None where it would ask the person to say it otherwise."""
    try:
        return listen(prompt)
    except UserCorrectable:
        return None


def _noise_state(species: tuple[str, ...]) -> StartState:
    return StartState(Start.NOISE, f"noise, {len(species)} atoms", None, len(species), species)


def _pivot_text(state: StartState) -> str:
    """The headline that is known before anything is drawn: the formula."""
    species = tuple(symbol for symbol in state.species if symbol is not None)
    return headline(Composition.from_species(species).formula, None)
