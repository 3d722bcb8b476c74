"""Crystal structure prediction: given what is in the cell, is the crystal found again?

Three columns that are never mixed. A: one draw, no ranking, no relaxer. B: ten draws, ranked by our own models. C: with
an interatomic potential whose training data include most test compounds. Each for noise starts, prototype starts (with
and without their prototype's symmetry enforced) and the mixture that ships.

Source: match rate and RMSE as CDVAE and DiffCSP (Jiao et al., NeurIPS 2023) compute them, over all rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from math import isfinite
from typing import Any, TypeVar

from crystal_studio.domain.candidate import Candidate, Start
from crystal_studio.domain.composition import Composition
from crystal_studio.domain.crystal import Crystal
from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.domain.validity import all_required_pass
from crystal_studio.ports.context import JobContext
from crystal_studio.ports.prototype_library import PrototypeLibrary
from crystal_studio.ports.sampler import SampleRequest, StartState
from crystal_studio.services.engines import Engines
from crystal_studio.services.evaluate import EvaluationRow, Stopwatch, TemplateRanking, seed_of
from crystal_studio.services.screen import RELAX_STEPS, SHORTLIST, SYMPREC_ANGSTROM, Weights, prior, relaxation_check

COLUMNS = ("A", "B", "C")
STARTS = ("noise", "prototype", "default")
DEFAULT = "default"
UNENFORCED = "prototype"  # never in column C: only draws with their symmetry enforced are given energies
ENFORCED = "prototype, symmetry enforced"
_LINES_OF = {"prototype": (UNENFORCED, ENFORCED)}
BASELINE_DRAWS = 20
_DRAWS_IN_BATCH = 64
_NOISE_SHARE = 0.2  # of the mixture that ships
_WEIGHTS = Weights()
_MORE_TEMPLATES = 3  # asked for, so that enough of them have the given number of atoms


@dataclass(frozen=True)
class CspSettings:
    """What is evaluated.

    Attributes:
        columns: of A, B, C.
        starts: of noise, prototype, default.
        draws: N of columns B and C.
        strength: denoising strength alpha of prototype starts.
        relax_best: how many of the ten with the best scores are relaxed in column C.
        relax_steps: relaxation steps of each.
        steps: denoising steps from T to 0, None for the model's default.

    Raises:
        UserCorrectable: there is no such column or start, or a number is out of its range.
    """

    seed: int = 0
    columns: tuple[str, ...] = COLUMNS
    starts: tuple[str, ...] = STARTS
    draws: int = 10
    strength: float = 0.1
    relax_best: int = SHORTLIST
    relax_steps: int = RELAX_STEPS
    steps: int | None = None

    def __post_init__(self) -> None:
        for given, known, what in ((self.columns, COLUMNS, "columns"), (self.starts, STARTS, "starts")):
            if not given or not set(given) <= set(known):
                raise UserCorrectable(f"'{','.join(given)}' are not {what}. Choose from {', '.join(known)}.")
        if not (self.draws > 0 and self.relax_best > 0 and self.relax_steps > 0 and 0 < self.strength <= 1):
            raise UserCorrectable("Draws and relaxations must be at least 1, the strength above 0 and at most 1.")
        if self.steps is not None and self.steps < 1:
            raise UserCorrectable(f"{self.steps} denoising steps are too few. Give 1 or more.")

    @property
    def draws_of_each(self) -> int:
        """Draws from each start: one where column A alone is asked for."""
        return 1 if set(self.columns) == {"A"} else self.draws

    def has_energies(self, line: str) -> bool:
        """Whether a line has column C: the mixture that ships, or every line where that was not asked for."""
        if "C" not in self.columns or line == UNENFORCED:
            return False
        return line == DEFAULT or DEFAULT not in self.starts

    @property
    def rows_in_batch(self) -> int:
        """Rows drawn together."""
        return max(1, _DRAWS_IN_BATCH // self.draws_of_each)

    def to_dict(self) -> dict[str, Any]:
        """Plain data for the journal; the model's own number of steps is left out, as older journals do."""
        return {name: value for name, value in asdict(self).items() if name != "steps" or value is not None}


@dataclass
class _Measured:
    """A draw with everything measured on it; filled column by column."""

    crystal: Crystal
    origin: str
    start: Start
    share: float | None = None
    rms: float | None = None
    valid: bool = False
    energy: float | None = None
    relaxed: tuple[Crystal, float] | None = None

    def to_dict(self) -> dict[str, Any]:
        energy = self.energy if self.energy is not None and isfinite(self.energy) else None
        found = {"rms": self.rms, "valid": self.valid, "share": self.share, "energy": energy}
        return {**found, "origin": self.origin}


_Draws = dict[str, list[_Measured]]
T = TypeVar("T")


class CspEvaluation:
    """Draws, ranks and compares; one call for each batch of rows with equal numbers of atoms."""

    def __init__(self, engines: Engines, baseline: TemplateRanking, settings: CspSettings) -> None:
        self._engines = engines
        self._baseline = baseline
        self._settings = settings

    def outcomes(self, rows: Sequence[EvaluationRow], context: JobContext) -> list[dict[str, Any]]:
        """One plain outcome for each row."""
        watch = Stopwatch()
        drawn = self._drawn(rows, watch, context)
        found = [self._outcome(row, draws, watch, context) for row, draws in zip(rows, drawn, strict=True)]
        seconds = watch.shared(len(rows))
        return [{**outcome, "seconds": seconds} for outcome in found]

    def _drawn(self, rows: Sequence[EvaluationRow], watch: Stopwatch, context: JobContext) -> list[_Draws]:
        with watch("templates"):
            templates = [template_states(row, self._engines.prototypes, self._settings) for row in rows]
        noise = [self._noise_states(row, len(states)) for row, states in zip(rows, templates, strict=True)]
        with watch("draw from noise"):
            from_noise = self._sampled(rows, noise, "noise", context)
        with watch("draw from prototypes"):
            from_templates = self._sampled(rows, templates, "prototype", context)
        with watch("symmetry"):
            symmetric = [[self._imposed(draw) for draw in zip(states, draws, strict=True)]
                         for states, draws in zip(templates, from_templates, strict=True)]  # fmt: skip
        return [
            {"noise": one, "prototype": two, "symmetric": three}
            for one, two, three in zip(from_noise, from_templates, symmetric, strict=True)
        ]

    def _noise_states(self, row: EvaluationRow, templates: int) -> list[StartState]:
        """As many as the noise start needs, or as the mixture that ships has room for."""
        settings = self._settings
        needed = settings.draws_of_each - _template_share(settings, templates) if "default" in settings.starts else 0
        return [noise_state(row)] * (settings.draws_of_each if "noise" in settings.starts else needed)

    def _sampled(
        self, rows: Sequence[EvaluationRow], states: Sequence[list[StartState]], kind: str, context: JobContext
    ) -> list[list[_Measured]]:
        """One batch for all rows. No text: the species are given, and one text serves all rows."""
        flat = tuple(state for of_row in states for state in of_row)
        if not flat:
            return [[] for _ in rows]
        seed = seed_of(self._settings.seed, kind, *(row.identifier for row in rows))
        crystals = iter(self._engines.sampler.sample(SampleRequest("", flat, seed, self._settings.steps), context))
        return [
            [_Measured(crystal, state.origin, state.start, state.share) for state, crystal in
             zip(of_row, islice(crystals, len(of_row)), strict=True)]
            for of_row in states
        ]  # fmt: skip

    def _imposed(self, draw: tuple[StartState, _Measured]) -> _Measured:
        state, drawn = draw
        if state.crystal is None:
            raise AssertionError("a prototype start has a crystal")
        crystal = self._engines.symmetrizer.impose(drawn.crystal, state.crystal)
        return _Measured(crystal, drawn.origin, drawn.start, drawn.share)

    def _outcome(self, row: EvaluationRow, draws: _Draws, watch: Stopwatch, context: JobContext) -> dict[str, Any]:
        context.check_cancelled()
        with watch("compare and check"):
            for drawn in (draw for of_start in draws.values() for draw in of_start):
                drawn.rms = self._engines.comparer.rms_distance(drawn.crystal, row.crystal)
                drawn.valid = all_required_pass(self._engines.checker.check(drawn.crystal, formula_is_named=True))
        self._judged(draws, watch)
        lines = _lines(draws, self._settings)
        starts = {}
        for name, line in lines.items():
            starts[name] = self._own_columns(line)
            if self._settings.has_energies(name):
                with watch("relax"):
                    starts[name]["C"] = self._relaxed_best(row, line, context)
        return {
            "id": row.identifier,
            "num_atoms": row.crystal.num_sites,
            "starts": starts,
            "draws": {name: [drawn.to_dict() for drawn in of_start] for name, of_start in draws.items()},
            **self._about_the_row(row, watch),
        }

    def _judged(self, draws: _Draws, watch: Stopwatch) -> None:
        """Energies of what column C ranks."""
        lines = _lines(draws, self._settings)
        ranked = [drawn for name, line in lines.items() if self._settings.has_energies(name) for drawn in line]
        judged = list({id(drawn): drawn for drawn in ranked if drawn.valid}.values())
        if judged:
            with watch("energies"):
                energies = self._engines.relaxer.energies([drawn.crystal for drawn in judged])
            for drawn, energy in zip(judged, energies, strict=True):
                drawn.energy = energy

    def _own_columns(self, line: Sequence[_Measured]) -> dict[str, Any]:
        """Columns A and B, and whether any draw of the line matches."""
        found: dict[str, Any] = {"any": any(drawn.rms is not None for drawn in line)}
        if "A" in self._settings.columns:
            found["A"] = _chosen(line[0]) if line else _NOTHING
        if "B" in self._settings.columns:
            found["B"] = _chosen(max(line, key=_own_rank)) if line else _NOTHING
        return found

    def _relaxed_best(self, row: EvaluationRow, line: Sequence[_Measured], context: JobContext) -> dict[str, Any]:
        """The best score after the best few were relaxed; relaxed where that keeps space group and volume."""
        judged = sorted(
            (drawn for drawn in line if drawn.energy is not None), key=lambda drawn: _cost(drawn, drawn.energy)
        )
        if not judged:
            return _chosen(line[0]) if line else _NOTHING
        best_few = judged[: self._settings.relax_best]
        outcomes = {id(drawn): self._relaxed(drawn, context) for drawn in best_few}
        best = min(best_few, key=lambda drawn: _cost(drawn, outcomes[id(drawn)][1]))
        crystal = outcomes[id(best)][0]
        if crystal is best.crystal:
            return _chosen(best)
        rms = self._engines.comparer.rms_distance(crystal, row.crystal)
        valid = all_required_pass(self._engines.checker.check(crystal, formula_is_named=True))
        return {"rms": rms, "valid": valid, "origin": best.origin, "relaxed": True}

    def _relaxed(self, drawn: _Measured, context: JobContext) -> tuple[Crystal, float]:
        """The crystal to show and the energy to rank it by, eV/atom; computed once for all lines that hold the draw."""
        if drawn.relaxed is None:
            energy = drawn.energy if drawn.energy is not None else float("inf")
            try:
                outcome = self._engines.relaxer.relax(drawn.crystal, self._settings.relax_steps, context)
            except UserCorrectable:
                # The potential cannot treat this crystal: it stays as drawn, with the energy it has.
                drawn.relaxed = drawn.crystal, energy
                return drawn.relaxed
            kept = self._holds(drawn, outcome.crystal)
            drawn.relaxed = (outcome.crystal if kept else drawn.crystal), outcome.energy_per_atom_ev
        return drawn.relaxed

    def _holds(self, drawn: _Measured, relaxed: Crystal) -> bool:
        symmetrizer = self._engines.symmetrizer
        before = symmetrizer.space_group(drawn.crystal, SYMPREC_ANGSTROM)
        candidate = Candidate(drawn.crystal, drawn.start, drawn.origin, space_group=before)
        verdict = relaxation_check(candidate, relaxed, symmetrizer.space_group(relaxed, SYMPREC_ANGSTROM))
        return verdict.passed is True

    def _about_the_row(self, row: EvaluationRow, watch: Stopwatch) -> dict[str, Any]:
        """The baseline on the same row, whether SMACT passes the true compound, and our own guess of Z."""
        with watch("baseline"):
            guesses = self._baseline.nearest(row.crystal.species, BASELINE_DRAWS, frozenset({row.formula}))
            distances = list(_until_match(self._engines, guesses, row.crystal))
        composition = row.crystal.composition
        units = self._engines.prototypes.formula_units(composition.reduced)
        return {
            "baseline": {
                "found": bool(guesses),
                "rms": distances[0] if distances else None,
                "any": bool(distances) and distances[-1] is not None,
            },
            "smact": all_required_pass(self._engines.checker.check(row.crystal)),
            "z_right": bool(units) and max(units, key=lambda z: units[z]) == composition.factor,
        }


_NOTHING: dict[str, Any] = {"rms": None, "valid": False, "origin": "nothing fits"}


def noise_state(row: EvaluationRow) -> StartState:
    """Pure noise with the row's atoms."""
    species = row.crystal.species
    return StartState(Start.NOISE, f"noise, {len(species)} atoms", None, len(species), species)


def template_states(row: EvaluationRow, prototypes: PrototypeLibrary, settings: CspSettings) -> list[StartState]:
    """The likeliest prototypes, those with the row's number of atoms first, none of the row's own compound."""
    if settings.starts == ("noise",):
        return []
    species = row.crystal.species
    wanted = settings.draws_of_each
    found = prototypes.decorate(
        Composition.from_species(species),
        wanted * _MORE_TEMPLATES,
        max_atoms=len(species),
        exclude_formulas=frozenset({row.formula}),
    )
    fitting = sorted(found, key=lambda prototype: prototype.crystal.num_sites != len(species))[:wanted]
    return [
        StartState(
            Start.PROTOTYPE,
            prototype.label,
            prototype.crystal,
            prototype.crystal.num_sites,
            prototype.crystal.species,
            strength=settings.strength,
            share=prototype.share,
        )
        for prototype in fitting
    ]


def _template_share(settings: CspSettings, templates: int) -> int:
    """How many of the mixture that ships start from prototypes: all but a fifth, where so many fit."""
    from_noise = round(_NOISE_SHARE * settings.draws_of_each)
    return min(templates, settings.draws_of_each - from_noise)


def line_of(line: str, draws: Mapping[str, Sequence[T]], settings: CspSettings) -> list[T]:
    """The draws behind a line of the table, from those of each start."""
    if line != DEFAULT:
        return list(draws[{ENFORCED: "symmetric"}.get(line, line)])
    share = _template_share(settings, len(draws["symmetric"]))
    return [*draws["symmetric"][:share], *draws["noise"][: settings.draws_of_each - share]]


def _lines(draws: _Draws, settings: CspSettings) -> _Draws:
    """The draws behind each line of the table."""
    names = [line for start in STARTS if start in settings.starts for line in _LINES_OF.get(start, (start,))]
    return {line: line_of(line, draws, settings) for line in names}


def _own_score(drawn: _Measured) -> float:
    """How usual the prototype is, weighed as the program weighs it.

    Alignment stays out: here the only text is the formula, which says nothing of the structure (on `val` it added 0.3
    points to the share of the votes, within the noise).
    """
    return prior(drawn.share, _WEIGHTS)


def _own_rank(drawn: _Measured) -> tuple[bool, float]:
    return drawn.valid, _own_score(drawn)


def _cost(drawn: _Measured, energy_per_atom_ev: float | None) -> float:
    """The lower the better: the energy against what our own models say of the draw."""
    energy = energy_per_atom_ev if energy_per_atom_ev is not None else float("inf")
    return _WEIGHTS.energy * energy - _own_score(drawn)


def _chosen(drawn: _Measured) -> dict[str, Any]:
    return {"rms": drawn.rms, "valid": drawn.valid, "origin": drawn.origin}


def _until_match(engines: Engines, guesses: Sequence[Crystal], truth: Crystal) -> Iterable[float | None]:
    """Distances up to and with the first match."""
    for guess in guesses:
        distance = engines.comparer.rms_distance(guess, truth)
        yield distance
        if distance is not None:
            return
