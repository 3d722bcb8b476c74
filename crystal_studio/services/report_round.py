"""One round of a report: the crystal with its picture, what was asked for, what changed, what was checked."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from crystal_studio.domain.candidate import Start
from crystal_studio.domain.comparison import Comparison, ValueChange, percent
from crystal_studio.domain.crystal import Crystal
from crystal_studio.domain.document import Beside, Block, Cell, Drawing, Facts, Heading, Paragraph, Table, Text, Tone
from crystal_studio.domain.elements import BY_SYMBOL
from crystal_studio.domain.history import Node
from crystal_studio.domain.intent import Goal, Quantity
from crystal_studio.domain.mark import Mark
from crystal_studio.domain.pivot import PivotSource
from crystal_studio.domain.validity import CheckResult
from crystal_studio.ports.draftsman import Draftsman
from crystal_studio.services.compare import coordination_changes
from crystal_studio.services.goals import is_met
from crystal_studio.services.report_words import (
    MISSING,
    formula_text,
    goal_text,
    group_text,
    measured_text,
    number_text,
    numbers_text,
    signed_text,
)

PBE_NOTE = "PBE: usually well below experiment, by 40 % or so"
_PICTURE_PIXELS, _PICTURE_MM = 380, 68.0
_GRAM_PER_CM3 = 1.66053907  # one u per cubic angstrom; CODATA 2018
_SOURCES = {
    PivotSource.MODEL: "written by the language model",
    PivotSource.REPAIRED: "written by the language model, its one repair",
    PivotSource.DRAFT: "a draft from the table of prototypes",
    PivotSource.PERSON: "written by a person",
}
_VERDICTS: dict[bool | None, Text] = {
    True: Text("passed", Tone.GOOD),
    False: Text("failed", Tone.BAD),
    None: Text("open", Tone.QUIET),
}


def round_blocks(
    node: Node,
    number: int,
    parent: Node | None,
    draftsman: Draftsman,
    comparison: Comparison | None,
    mark: Mark,
) -> Iterator[Block]:
    """Everything about one node.

    Args:
        node: whose crystal it is.
        number: its place on the path, from 1.
        parent: the node before it on the path.
        draftsman: draws the crystal.
        comparison: of parent and node in full, None where that was not made.
        mark: what a person has noted on it.
    """
    yield Heading(f"{number}. {formula_text(node.crystal.formula)}, {group_text(node.space_group)}")
    yield Paragraph(node.message or _unsaid(node), Tone.QUOTE)
    yield Beside(_picture(node, draftsman), Facts((*_noted(mark), *_facts(node))))
    if node.band_gap is not None and not node.band_gap.in_distribution:
        yield Paragraph("The crystal is unlike the training data; do not rely on the predicted gap.", Tone.WARNING)
    for note in node.notes:
        yield Paragraph(f"Note: {note}.", Tone.WARNING)
    if node.intent.heard or node.intent.goals:
        yield Heading("What was asked for", 2)
        yield Facts(tuple(_asked(node, parent)))
    if parent is not None:
        yield from _changes(parent, node, comparison)
    if node.pivot_source is not PivotSource.DESCRIBED:  # then it is the description below
        yield Heading(f"Pivot ({_SOURCES[node.pivot_source]})", 2)
        yield Paragraph(node.pivot or MISSING)
    yield Heading("The crystal in words", 2)
    yield Paragraph(node.description or MISSING)
    if node.checks:
        yield Heading("Checks", 2)
        yield Table(("check", "verdict", "what was found", "numbers"), tuple(map(_check, node.checks)))


def density_g_cm3(crystal: Crystal) -> float:
    """Mass of the cell over its volume."""
    return sum(BY_SYMBOL[symbol].mass for symbol in crystal.species) * _GRAM_PER_CM3 / crystal.volume_angstrom3


def volume_per_atom(crystal: Crystal) -> float:
    """In cubic angstrom."""
    return crystal.volume_angstrom3 / crystal.num_sites


def _unsaid(node: Node) -> str:
    """What led to a node to which nothing was said in words."""
    chosen = node.candidates[node.chosen]
    if chosen.start is Start.FILE:
        return f"No message: read from {chosen.origin}."
    if node.pivot_source is PivotSource.PERSON:
        return "No message: the pivot was written by hand."
    return "No message: driven by the predicted values alone."


def _picture(node: Node, draftsman: Draftsman) -> Drawing:
    crystal = node.crystal
    alt = f"{formula_text(crystal.formula)}, {group_text(node.space_group)}: the cell with {crystal.num_sites} atoms"
    svg = draftsman(crystal, _PICTURE_PIXELS, _PICTURE_PIXELS)
    return Drawing(svg, alt, _PICTURE_MM, _PICTURE_MM)


def _noted(mark: Mark) -> Iterator[tuple[str, Cell]]:
    if mark.name or mark.starred:
        yield "name", f"{mark.name} {'★' if mark.starred else ''}".strip()
    if mark.note:
        yield "note", mark.note


def _facts(node: Node) -> Iterator[tuple[str, Cell]]:
    crystal, group = node.crystal, node.space_group
    a, b, c = (number_text(one, 4) for one in crystal.lengths_angstrom.tolist())
    alpha, beta, gamma = (number_text(one, 2) for one in crystal.angles_degree.tolist())
    yield "formula", f"{formula_text(crystal.formula)}, {crystal.num_sites} atoms in the cell"
    tolerance = f", found at {group.symprec_angstrom:g} Å" if group.symprec_angstrom is not None else ""
    yield "space group", f"{group_text(group)}, {group.crystal_system}{tolerance}"
    yield "a, b, c", f"{a}, {b}, {c} Å"
    yield "α, β, γ", f"{alpha}, {beta}, {gamma}°"
    volume = f"{number_text(crystal.volume_angstrom3)} Å³, {number_text(volume_per_atom(crystal), 3)} Å³/atom"
    yield "volume", volume
    yield "density", f"{number_text(density_g_cm3(crystal), 3)} g/cm³"
    yield "band gap", measured_text(node.band_gap)
    if node.band_gap is not None:
        how = PBE_NOTE if node.band_gap.method == "PBE" else f"by {node.band_gap.method}"
        yield "", Text(how, Tone.QUIET)
    yield "energy above hull", measured_text(node.e_above_hull)
    yield "alignment", f"{number_text(node.alignment, 3)} (cosine of text and crystal, −1 to 1)"
    yield "validity", _validity(node)
    start = node.candidates[node.chosen].start
    yield "start", f"{start.words}, {'relaxed' if node.relaxed else 'as drawn'}"
    if start is Start.WRITTEN:  # nothing was noised
        yield "seed", str(node.seed)
    else:
        yield "strength, seed", f"{node.strength:g}, {node.seed}"
    if node.known is not None:
        yield "known", node.known.sentence
    yield "node", node.id


def _validity(node: Node) -> Cell:
    if not node.checks:
        return Text("not checked", Tone.QUIET)
    return Text("every required check passed", Tone.GOOD) if node.valid else Text("a required check failed", Tone.BAD)


def _asked(node: Node, parent: Node | None) -> Iterator[tuple[str, Cell]]:
    if node.intent.heard:
        yield "heard", "; ".join(node.intent.heard)
    for goal in node.intent.goals:
        yield f"goal: {goal_text(goal)}", _outcome(goal, node, parent)
    passed = sum(candidate.valid for candidate in node.candidates)
    yield "candidates", f"{len(node.candidates)} drawn, {passed} passed every required check"


def _outcome(goal: Goal, node: Node, parent: Node | None) -> Cell:
    value = _value(goal.quantity, node)
    before = _value(goal.quantity, parent) if parent is not None else None
    met = is_met(goal, value, before)
    if met is None:
        why = "" if value is None or before is not None else "; what it was before is not stored"
        return Text(f"{number_text(value, 3)} now{why}", Tone.QUIET)
    verdict, tone = ("met", Tone.GOOD) if met else ("missed", Tone.BAD)
    return Text(f"{verdict}, {number_text(value, 3)} now", tone)


def _value(quantity: Quantity, node: Node) -> float | None:
    """What the round measured, else what follows from the crystal."""
    if quantity is Quantity.BAND_GAP:
        return node.band_gap.value if node.band_gap else None
    if quantity is Quantity.VOLUME:
        return volume_per_atom(node.crystal)
    if quantity is Quantity.DENSITY:
        return density_g_cm3(node.crystal)
    values: Mapping[str, float] = node.candidates[node.chosen].goal_values if node.candidates else {}
    return values.get(quantity.value)


def _changes(parent: Node, node: Node, comparison: Comparison | None) -> Iterator[Block]:
    before, after = parent.crystal, node.crystal
    volumes = volume_per_atom(before), volume_per_atom(after)
    rows: list[tuple[Cell, ...]] = [
        ("formula", formula_text(before.formula), formula_text(after.formula), _same(before.formula, after.formula)),
        (
            "space group",
            group_text(parent.space_group),
            group_text(node.space_group),
            _same(parent.space_group.number, node.space_group.number),
        ),
        (
            "volume, Å³/atom",
            number_text(volumes[0], 3),
            number_text(volumes[1], 3),
            f"{signed_text(percent(*volumes), 1)} %",
        ),
        _value_row("band gap, eV", ValueChange.between(parent.band_gap, node.band_gap), 2),
        _value_row("above hull, eV/atom", ValueChange.between(parent.e_above_hull, node.e_above_hull), 3),
    ]
    if comparison is not None:
        rows += _compared(comparison)
    yield Heading("What changed", 2)
    yield Table(("", "before", "now", "change"), tuple(rows))
    if comparison is not None:
        told = [f"a to γ: {comparison.lattice.basis.value}.", comparison.unmatched_reason, *comparison.remarks]
        yield Paragraph(" ".join(sentence for sentence in told if sentence), Tone.QUIET)


def _same(before: object, after: object) -> Cell:
    return Text("the same", Tone.QUIET) if before == after else "changed"


def _value_row(name: str, change: ValueChange | None, decimals: int) -> tuple[Cell, ...]:
    if change is None:
        return name, MISSING, MISSING, MISSING
    told = f"{signed_text(change.difference, decimals)} ± {number_text(change.sigma, decimals)}"
    overlap = ", the 95 % intervals overlap" if change.intervals_overlap else ", the 95 % intervals do not overlap"
    return name, number_text(change.first.value, decimals), number_text(change.second.value, decimals), told + overlap


def _compared(comparison: Comparison) -> Iterator[tuple[Cell, ...]]:
    lattice = comparison.lattice
    first, second = lattice.first, lattice.second
    lengths = (_three(cell.lengths_angstrom, 3) for cell in (first, second))
    yield "a, b, c, Å", *lengths, f"{_three(lattice.lengths_percent, 2, signed_text)} %"
    angles = (_three(cell.angles_degree, 2) for cell in (first, second))
    yield "α, β, γ, °", *angles, _three(lattice.angles_degree, 2, signed_text)
    if comparison.rms_displacement_angstrom is not None:
        farthest = max((move.distance_angstrom for move in comparison.moves), default=0.0)
        told = f"RMS {number_text(comparison.rms_displacement_angstrom, 3)}, at most {number_text(farthest, 3)}"
        yield "matched sites, Å", MISSING, MISSING, told
    for one in coordination_changes(comparison):
        name = one.element or one.becomes
        if one.element and one.becomes and one.becomes != one.element:
            name = f"{one.element}, now {one.becomes}"
        difference = None if one.before is None or one.after is None else one.after - one.before
        change = MISSING if difference is None else signed_text(difference, 1)
        yield f"neighbours of {name}", number_text(one.before, 1), number_text(one.after, 1), change


def _three(numbers: Sequence[float], decimals: int, text: Callable[[float, int], str] = number_text) -> str:
    return ", ".join(text(number, decimals) for number in numbers)


def _check(check: CheckResult) -> tuple[Cell, ...]:
    name = check.name.replace("_", " ") + (" (required)" if check.required else "")
    return name, _VERDICTS[check.passed], check.detail, numbers_text(check.numbers)
