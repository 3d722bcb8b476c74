"""The report of a branch: the path from the root to a node, with every number, as a document to read or to print."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from crystal_studio.domain.comparison import Comparison
from crystal_studio.domain.document import (
    Block,
    Cell,
    Document,
    Drawing,
    Drawings,
    Facts,
    Heading,
    Paragraph,
    Table,
    Text,
    Tone,
)
from crystal_studio.domain.history import Node
from crystal_studio.domain.intent import Direction, Goal, Quantity
from crystal_studio.domain.mark import Mark
from crystal_studio.domain.measured import Measured
from crystal_studio.ports.context import JobContext
from crystal_studio.ports.draftsman import Draftsman
from crystal_studio.ports.history_store import HistoryStore
from crystal_studio.services.goals import near_tolerance
from crystal_studio.services.provenance import PROGRAM, branch_to, provenance
from crystal_studio.services.report_plot import PlotPoint, path_plot
from crystal_studio.services.report_round import PBE_NOTE, round_blocks, volume_per_atom
from crystal_studio.services.report_words import (
    formula_text,
    group_text,
    number_text,
    plain_text,
    short_text,
)

# Written as facts of the round already, or told above.
_TOLD = ("message", "pivot", "pivot_source", "limits", "goals", "formula", "environment", "models", "parameters")


@dataclass(frozen=True)
class ReportTools:
    """What a report is made with.

    Attributes:
        version: of the program.
        draftsman: draws the crystals.
        compare: sets parent and child side by side; None where that cannot be done.
    """

    version: str
    draftsman: Draftsman
    compare: Callable[[Node, Node], Comparison | None]


@dataclass(frozen=True)
class Branch:
    """What is reported on.

    Attributes:
        nodes: the path, root first; at least one.
        project: name of its project.
        marks: id of a node -> what a person has noted on it.
    """

    nodes: tuple[Node, ...]
    project: str
    marks: Mapping[str, Mark] = field(default_factory=dict)

    @classmethod
    def to(cls, node_id: str, store: HistoryStore, project: str) -> Branch:
        """The path from the root to a node of a store.

        Raises:
            UserCorrectable: no such node.
        """
        nodes = tuple(branch_to(store.node(node_id), store))
        return cls(nodes, project, store.marks([node.id for node in nodes]))


def branch_document(branch: Branch, tools: ReportTools, context: JobContext, today: str = "") -> Document:
    """The report of a path.

    Args:
        branch: the path.
        tools: what it is made with.
        context: told the progress.
        today: day of writing, for the foot of the pages.

    Raises:
        JobCancelled: stopped.
    """
    rounds: list[Block] = []
    parent: Node | None = None
    nodes = branch.nodes
    for number, node in enumerate(nodes, 1):
        context.check_cancelled()
        context.progress("report", (number - 1) / len(nodes), f"round {number}")
        comparison = tools.compare(parent, node) if parent is not None else None
        mark = branch.marks.get(node.id, Mark())
        rounds += round_blocks(node, number, parent, tools.draftsman, comparison, mark)
        parent = node
    last = nodes[-1]
    return Document(
        title=_title(nodes),
        subtitle=f"Project {branch.project}, node {last.id}" + (f", made {last.created}" if last.created else ""),
        footer=" · ".join(part for part in (f"{PROGRAM} {tools.version}", f"node {last.id[:8]}", today) if part),
        blocks=(*_overview(nodes), *rounds, *_provenance(nodes, tools.version)),
    )


def _title(branch: Sequence[Node]) -> str:
    first, last = (formula_text(branch[index].crystal.formula) for index in (0, -1))
    path = last if first == last else f"{first} to {last}"
    return f"{path} in {len(branch)} round{'s' if len(branch) > 1 else ''}"


def _overview(branch: Sequence[Node]) -> Iterator[Block]:
    yield Heading("The path")
    yield Paragraph(_legend(branch), Tone.QUIET)
    header = ("", "crystal", "space group", "gap, eV", "above hull, eV/atom", "Å³/atom", "alignment", "valid")
    yield Table(header, tuple(_line(node, number) for number, node in enumerate(branch, 1)), frozenset({3, 4, 5, 6}))
    drawings = tuple(plot for plot in _plots(branch) if plot is not None)
    if drawings:
        yield Drawings(drawings)


def _line(node: Node, number: int) -> tuple[Cell, ...]:
    valid = Text("yes", Tone.GOOD) if node.valid else Text("no", Tone.BAD)
    return (
        str(number),
        formula_text(node.crystal.formula),
        group_text(node.space_group),
        short_text(node.band_gap, 2),
        short_text(node.e_above_hull, 3),
        number_text(volume_per_atom(node.crystal), 2),
        number_text(node.alignment, 2),
        valid,
    )


def _legend(branch: Sequence[Node]) -> str:
    words = ["All values are predictions of learned models.", "± is half the width of the 68 % interval."]
    if any(node.band_gap is not None and node.band_gap.method == "PBE" for node in branch):
        words.append(f"Band gaps are {PBE_NOTE}.")
    words.append("In the plots thick bars are 68 % and thin ones 95 % intervals; a green band is the goal of a round.")
    return " ".join(words)


def _plots(branch: Sequence[Node]) -> Iterator[Drawing | None]:
    gaps = [node.band_gap for node in branch]
    method = next((gap.method for gap in gaps if gap is not None), "")
    volumes = [volume_per_atom(node.crystal) for node in branch]
    gap_values = [gap.value if gap is not None else None for gap in gaps]
    yield path_plot(
        "Band gap", f"eV, {method}", _points(branch, gaps, _wanted(branch, Quantity.BAND_GAP, gap_values)), 2
    )
    hulls = [node.e_above_hull for node in branch]
    yield path_plot("Energy above hull", "eV/atom", _points(branch, hulls, [None] * len(branch)), 3)
    labels = [formula_text(node.crystal.formula) for node in branch]
    aligned = [PlotPoint(label, node.alignment) for label, node in zip(labels, branch, strict=True)]
    yield path_plot("Alignment", "cosine", aligned, 3)
    wanted = _wanted(branch, Quantity.VOLUME, volumes)
    points = [PlotPoint(*one[:2], goal=one[2]) for one in zip(labels, volumes, wanted, strict=True)]
    yield path_plot("Volume", "Å³/atom", points, 3)


Bounds = tuple[float | None, float | None]


def _points(
    branch: Sequence[Node], values: Sequence[Measured | None], wanted: Sequence[Bounds | None]
) -> list[PlotPoint]:
    points = []
    for node, found, goal in zip(branch, values, wanted, strict=True):
        label = formula_text(node.crystal.formula)
        if found is None:
            points.append(PlotPoint(label, None, goal=goal))
            continue
        ends = (found.low, found.high) if found.low is not None and found.high is not None else None
        points.append(PlotPoint(label, found.value, found.sigma, ends, goal))
    return points


def _wanted(branch: Sequence[Node], quantity: Quantity, values: Sequence[float | None]) -> list[Bounds | None]:
    """What each round wanted of a quantity; "higher" and "lower" are measured from the round before."""
    found: list[Bounds | None] = []
    for index, node in enumerate(branch):
        goal = next((one for one in node.intent.goals if one.quantity is quantity), None)
        found.append(_bounds(goal, values[index - 1] if index else None) if goal is not None else None)
    return found


def _bounds(goal: Goal, before: float | None) -> Bounds | None:
    relative = goal.direction in (Direction.HIGHER, Direction.LOWER)
    mark = before if relative or goal.target is None else goal.target
    if mark is None:
        return None
    if goal.direction is Direction.NEAR:
        reach = near_tolerance(goal.quantity, mark)
        return mark - reach, mark + reach
    return (mark, None) if goal.direction in (Direction.HIGHER, Direction.AT_LEAST) else (None, mark)


def _provenance(branch: Sequence[Node], version: str) -> Iterator[Block]:
    found = provenance(branch, version)
    yield Heading("Provenance")
    yield Paragraph(f"Everything that is needed to run each round again. Report written by {PROGRAM} {version}.")
    for number, (node, made) in enumerate(zip(branch, found["rounds"], strict=True), 1):
        yield Heading(f"Round {number}: {formula_text(node.crystal.formula)}", 2)
        rows: list[tuple[str, Cell]] = [
            (name.replace("_", " "), plain_text(value)) for name, value in made.items() if name not in _TOLD
        ]
        rows += [(kind.replace("_", " "), name) for kind, name in sorted(node.models.items())]
        rows += [(name.replace("_", " "), plain_text(value)) for name, value in made["parameters"].items()]
        rows += [(name.replace("_", " "), plain_text(value)) for name, value in made["environment"].items()]
        rows.append(("seconds", ", ".join(f"{part} {number_text(value)}" for part, value in node.seconds.items())))
        yield Facts(tuple(rows))
