"""From a pivot to draws: start states (noise, parent, prototype), sampled in one batch, and crystals to be written."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from crystal_studio.domain.candidate import Start
from crystal_studio.domain.composition import Composition
from crystal_studio.domain.crystal import Crystal
from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.domain.intent import Direction, Goal, Limits, Quantity
from crystal_studio.ports.context import JobContext
from crystal_studio.ports.crystal_writer import WrittenCrystal
from crystal_studio.ports.describer import Symmetrizer
from crystal_studio.ports.prototype_library import DecoratedPrototype, PrototypeLibrary
from crystal_studio.ports.sampler import Sampler, SampleRequest, StartState
from crystal_studio.services.engines import Engines
from crystal_studio.services.interpret import MAX_SITES
from crystal_studio.services.proposal import Draw, Plan, Preference, Proposal, is_in_system
from crystal_studio.services.written_draws import WRITING_CRYSTALS, write_draws, written_plans

__all__ = ["Draw", "Drawn", "Plan", "Preference", "Proposal", "draw", "draw_all", "parent_mapping", "plans"]

# A refine round holds at least four of ten from the parent; the paper's noise starts keep two or three.
_PARENT_SHARE = 0.4
_NOISE_SHARE = 0.2
_GUESSED_SHARE = 0.25
_STRETCHES = (1.03, 1.05)
_JUDGED = 80  # prototypes that a preference chooses from


@dataclass(frozen=True)
class Drawn:
    """The draws of a batch.

    Attributes:
        draws: in the order of their plans; a crystal that could not be written is missing.
        answers: of the language model that wrote crystals.
    """

    draws: tuple[Draw, ...]
    answers: tuple[WrittenCrystal, ...] = ()


def plans(
    proposal: Proposal, prototypes: PrototypeLibrary, symmetrizer: Symmetrizer, preference: Preference | None = None
) -> list[Plan]:
    """One start per candidate: parent first, then prototypes, then noise, then what the language model writes.

    The likeliest prototypes are drawn; with a preference, the preferred ones of many. Where too few have the space
    group asked for, crystals built on its Wyckoff positions take their place.

    Raises:
        UserCorrectable: the composition does not fit into the largest cell the models know, or not into the space
            group asked for.
    """
    if proposal.pivot.composition.reduced.num_atoms > MAX_SITES:
        raise UserCorrectable(
            f"{proposal.pivot.formula} has more than {MAX_SITES} atoms a formula unit, more than the models were "
            "trained on. Ask for a simpler formula."
        )
    written = written_plans(proposal, prototypes)
    num_sampled = proposal.count - len(written)
    return (_sampled_plans(proposal, num_sampled, prototypes, symmetrizer, preference) if num_sampled else []) + written


def draw(
    proposal: Proposal, planned: Sequence[Plan], sampler: Sampler, symmetrizer: Symmetrizer, context: JobContext
) -> list[Draw]:
    """Sample every start in one batch.

    Draws that keep their start's symmetry get it back; every other one is moved onto the symmetry it has within
    0.1 angstrom, so that what is stored, described and written has the space group that is shown.
    """
    states = tuple(plan.state for plan in planned)
    crystals = sampler.sample(SampleRequest(proposal.text, states, proposal.seed, guidance=proposal.guidance), context)
    return [
        Draw(plan.state, _finished(plan, crystal, symmetrizer), index)
        for index, (plan, crystal) in enumerate(zip(planned, crystals, strict=True))
    ]


def draw_all(proposal: Proposal, planned: Sequence[Plan], engines: Engines, context: JobContext) -> Drawn:
    """Sample what is sampled, and have the language model write the rest; only engines that are needed are loaded."""
    to_sample = [plan for plan in planned if plan.task is None]
    to_write = [plan for plan in planned if plan.task is not None]
    draws = draw(proposal, to_sample, engines.sampler, engines.symmetrizer, context) if to_sample else []
    if not to_write:
        return Drawn(tuple(draws))
    context.progress(WRITING_CRYSTALS, 0.0)
    written = write_draws(to_write, proposal.seed, len(to_sample), engines.crystal_writer, context)
    symmetric = [replace(one, crystal=engines.symmetrizer.symmetrized(one.crystal)) for one in written.draws]
    return Drawn((*draws, *symmetric), written.answers)


def _sampled_plans(
    proposal: Proposal,
    count: int,
    prototypes: PrototypeLibrary,
    symmetrizer: Symmetrizer,
    preference: Preference | None,
) -> list[Plan]:
    found = list(_parent_plans(proposal, prototypes, symmetrizer))
    from_noise = min(round(_NOISE_SHARE * count), count - len(found))
    room = count - len(found) - from_noise
    templates = _prototype_states(proposal, prototypes, room, preference)
    drafts = _draft_states(proposal, prototypes, room, len(templates))
    templates = templates[: room - len(drafts)]
    found += [Plan(state, keeps_symmetry=True) for state in (*templates, *drafts)]
    return found + [Plan(state) for state in _noise_states(proposal, prototypes, count - len(found))]


def parent_mapping(parent: Crystal, composition: Composition) -> dict[str, str] | None:
    """Which element of the parent becomes which, where only elements differ; None for another stoichiometry."""
    old, new = parent.composition.reduced, composition.reduced
    gone = [pair for pair in old.amounts if pair[0] not in new.elements]
    come = [pair for pair in new.amounts if pair[0] not in old.elements]
    mapping = {symbol: symbol for symbol in old.elements if symbol in new.elements}
    for symbol, count in gone:
        match = next((pair for pair in come if pair[1] == count), None)
        if match is None:
            return None
        come.remove(match)
        mapping[symbol] = match[0]
    return mapping if old.replaced(mapping) == new else None


def _parent_plans(proposal: Proposal, prototypes: PrototypeLibrary, symmetrizer: Symmetrizer) -> Iterator[Plan]:
    if proposal.parent is None:
        return
    crystal = _smallest_cell(proposal.parent.crystal, symmetrizer)
    mapping = parent_mapping(crystal, proposal.pivot.composition)
    if mapping is None or crystal.num_sites > MAX_SITES:
        return
    species = tuple(mapping[symbol] for symbol in crystal.species)
    swapped = {old for old, new in mapping.items() if old != new}
    expected = prototypes.expected_volume_angstrom3
    growth = expected(Composition.from_species(species)) / expected(crystal.composition)
    resized = crystal.scaled_to(crystal.volume_angstrom3 * growth)
    shapes = _parent_shapes(crystal, proposal.goals)
    for index in range(max(1, round(_PARENT_SHARE * proposal.count))):
        stretch = shapes[index % len(shapes)]
        origin = f"node {proposal.parent.id[:8]}" + (f", stretched {stretch - 1:.0%}" if stretch > 1 else "")
        if origin in proposal.skip:
            continue  # a second batch looks elsewhere
        state = StartState(
            start=Start.PARENT,
            origin=origin,
            crystal=Crystal(resized.lattice * stretch, species, crystal.frac_coords),
            num_atoms=crystal.num_sites,
            # The sites of a replaced element start absorbed and may only be revealed as the new element.
            species=tuple(None if old in swapped else new for old, new in zip(crystal.species, species, strict=True)),
            allowed=frozenset(mapping[old] for old in swapped),
            excluded=proposal.limits.excluded,
            strength=proposal.strength,
        )
        # Half of the draws may leave the parent's symmetry; a stretched cell is not meant to shear as well.
        yield Plan(state, keeps_symmetry=stretch > 1 or index % 2 == 0)


def _smallest_cell(crystal: Crystal, symmetrizer: Symmetrizer) -> Crystal:
    """The primitive cell; the cell as it is where no symmetry is found within the tolerance."""
    try:
        return symmetrizer.primitive(crystal)
    except UserCorrectable:
        return crystal


def _parent_shapes(crystal: Crystal, goals: tuple[Goal, ...]) -> tuple[float, ...]:
    """Linear stretches to start from: only a wish for more distance asks for any."""
    wants_distance = any(
        goal.quantity in (Quantity.UNIT_DISTANCE, Quantity.VOLUME) and goal.direction is Direction.HIGHER
        for goal in goals
    )
    return (1.0, *_STRETCHES) if wants_distance else (1.0,)


def _prototype_states(
    proposal: Proposal, prototypes: PrototypeLibrary, count: int, preference: Preference | None
) -> list[StartState]:
    composition, group = proposal.pivot.composition, proposal.pivot.space_group
    limit = proposal.most_atoms
    wanted = _JUDGED if preference else count + len(proposal.skip)
    found: list[DecoratedPrototype] = []
    if group is not None:
        asked = prototypes.decorate(composition, wanted, space_group=group.number, max_atoms=limit)
        fresh = [prototype for prototype in asked if prototype.label not in proposal.skip]
        found += fresh if preference else fresh[: max(1, count // 2)]
    if proposal.limits.space_group is None:
        found += prototypes.decorate(composition, wanted + len(found), max_atoms=limit)
    kept: dict[str, DecoratedPrototype] = {}
    for prototype in found:
        if prototype.label not in proposal.skip and is_in_system(prototype.space_group, proposal.limits):
            kept.setdefault(prototype.label, prototype)
    order = list(kept.values())
    if preference and order:
        scores = preference(order)
        order = [order[index] for index in sorted(range(len(order)), key=lambda index: -scores[index])]
    return [_state_of(proposal, one.crystal, one.label, one.share) for one in order[:count]]


def _draft_states(proposal: Proposal, prototypes: PrototypeLibrary, room: int, num_templates: int) -> list[StartState]:
    """Crystals built on Wyckoff positions: as many as prototypes are missing in the space group asked for.

    A group that only the pivot names may be the language model's guess: a few, where no prototype has that group.

    Raises:
        UserCorrectable: the formula cannot have the space group that the person asked for.
    """
    composition, group = proposal.pivot.composition, proposal.pivot.space_group
    if group is None or room < 1:
        return []
    limit = proposal.most_atoms
    is_asked_for = proposal.limits.space_group == group.number
    if is_asked_for:
        wanted = room - num_templates
    else:
        is_known = bool(prototypes.decorate(composition, 1, space_group=group.number, max_atoms=limit))
        wanted = 0 if is_known else max(1, round(_GUESSED_SHARE * room))
    if wanted < 1:
        return []
    try:
        drafts = prototypes.drafts(
            composition,
            wanted,
            space_group=group.number,
            seed=proposal.seed,
            max_atoms=limit,
            taken=proposal.skip,
        )
    except UserCorrectable:
        if is_asked_for and not num_templates:
            raise
        return []  # the pivot's guess cannot be built; prototypes of other groups can
    return [_state_of(proposal, draft.crystal, draft.label) for draft in drafts]


def _state_of(proposal: Proposal, crystal: Crystal, label: str, share: float | None = None) -> StartState:
    return StartState(
        start=Start.PROTOTYPE,
        origin=label,
        crystal=crystal,
        num_atoms=crystal.num_sites,
        species=crystal.species,
        excluded=proposal.limits.excluded,
        strength=proposal.strength,
        share=share,
    )


def _noise_states(proposal: Proposal, prototypes: PrototypeLibrary, count: int) -> list[StartState]:
    """Pure noise with the pivot's composition; the formula units spread over the likely ones."""
    composition = proposal.pivot.composition.reduced
    group = proposal.pivot.space_group.number if proposal.pivot.space_group else None
    limit = proposal.most_atoms
    shares = prototypes.formula_units(composition, group) or prototypes.formula_units(composition)
    fitting = {units: share for units, share in shares.items() if units * composition.num_atoms <= limit} or {1: 1.0}
    generator = np.random.default_rng(proposal.seed)
    weights = np.array(list(fitting.values())) / sum(fitting.values())
    chosen = generator.choice(list(fitting), size=count, p=weights)
    return [_noise_state(composition.species(int(units)), proposal.limits) for units in chosen]


def _noise_state(species: tuple[str, ...], limits: Limits) -> StartState:
    return StartState(
        start=Start.NOISE,
        origin=f"noise, {len(species)} atoms",
        crystal=None,
        num_atoms=len(species),
        species=species,
        excluded=limits.excluded,
    )


def _finished(plan: Plan, crystal: Crystal, symmetrizer: Symmetrizer) -> Crystal:
    """A draw at its start's volume and with its symmetry.

    A start from a crystal has a better volume (of the parent, or of the volume model) than the noise on the lattice
    leaves after T·0.1; the shape of the cell is the denoiser's.
    """
    template = plan.state.crystal
    if template is not None:
        crystal = crystal.scaled_to(template.volume_angstrom3)
    if template is not None and plan.keeps_symmetry:
        return symmetrizer.impose(crystal, template)
    return symmetrizer.symmetrized(crystal)
