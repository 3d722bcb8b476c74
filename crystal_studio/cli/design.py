"""`crystal-studio design`: a wish becomes a crystal, feedback a better one."""

from __future__ import annotations

import argparse
import logging
import secrets
from dataclasses import replace
from pathlib import Path
from typing import Any

from crystal_studio.cli.console import console_context, print_json
from crystal_studio.cli.node_json import node_json
from crystal_studio.cli.prediction_text import measured_text
from crystal_studio.cli.program import Program, complain
from crystal_studio.domain.candidate import Start
from crystal_studio.domain.errors import ExitStatus, ProjectUnavailable, StudioError, UserCorrectable
from crystal_studio.domain.history import Node
from crystal_studio.domain.intent import Limits
from crystal_studio.domain.sampling_engine import SamplingEngine
from crystal_studio.ports.crystal_files import CrystalFiles
from crystal_studio.services.design import DesignRequest, run_rounds
from crystal_studio.services.interpret import person_pivot
from crystal_studio.services.listen import listen

DEFAULT_PROJECT = "design.cstudio"


def add_parser(subparsers: Any) -> None:
    """Register the command."""
    parser = subparsers.add_parser("design", help="turn a wish into a crystal, and feedback into a better one")
    parser.add_argument("prompt", help="the wish; with --from, the feedback on that node")
    parser.add_argument(
        "--feedback", action="append", default=[], metavar="TEXT", help="one more round; may be repeated"
    )
    parser.add_argument(
        "--rounds", type=int, default=0, metavar="K", help="K more rounds driven by the predicted values alone"
    )
    parser.add_argument("--from", dest="from_node", metavar="NODE", help="answer this node of the project")
    own = "your own pivot for the first round, used as written; the prompt may then be ''"
    parser.add_argument("--pivot", type=Path, metavar="FILE", help=own)
    parser.add_argument("--candidates", type=int, default=10, metavar="N", help="crystals drawn a round (10)")
    parser.add_argument("--strength", type=float, default=0.1, help="how much of the parent is noised, 0 to 1 (0.1)")
    engines = "what draws the crystals: the diffusion model, the language model that writes them, or half each"
    names = [one.value for one in SamplingEngine]
    parser.add_argument(
        "--engine", choices=names, default=SamplingEngine.DIFFUSION.value, help=f"{engines} (%(default)s)"
    )
    parser.add_argument("--seed", type=int, help="one number decides everything; drawn and stored if not given")
    parser.add_argument("--project", type=Path, default=Path(DEFAULT_PROJECT), help=f"project file ({DEFAULT_PROJECT})")
    parser.add_argument("--out", type=Path, metavar="DIR", help="folder for the CIF files (beside the project)")
    parser.add_argument("--model", metavar="ID", help="language model to use, by its id in `models list`")
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout and nothing else")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace, program: Program) -> int:
    """Run the rounds; whatever happens, say what was committed."""
    seed = arguments.seed if arguments.seed is not None else secrets.randbelow(2**31)
    report = _Report(arguments, seed, program)
    try:
        _design(arguments, seed, program, report)
    except StudioError as error:
        return report.finish(error)
    except KeyboardInterrupt:
        return report.finish(UserCorrectable("Stopped."), ExitStatus.STOPPED)
    except Exception as error:
        logging.getLogger(__name__).exception("a round failed")
        return report.finish(StudioError(f"This is a bug of ours ({type(error).__name__}: {error}); see the log."))
    return report.finish(None)


def _design(arguments: argparse.Namespace, seed: int, program: Program, report: _Report) -> None:
    if not 0 <= arguments.rounds <= 100:
        raise UserCorrectable(f"{arguments.rounds} rounds cannot be run. Give a number from 0 to 100.")
    pivot = _pivot_in(arguments.pivot) if arguments.pivot is not None else None
    if pivot is not None and pivot.strip():
        person_pivot(pivot, Limits())  # likewise refused before anything is loaded or created
    engine = SamplingEngine(arguments.engine)
    first = DesignRequest(
        arguments.prompt, None, seed, arguments.candidates, arguments.strength, pivot=pivot, engine=engine
    )
    if arguments.from_node is None and (first.has_message or not first.has_pivot):
        listen(arguments.prompt, None)  # a wish that cannot be heard is refused before anything is loaded or created
    report.prepare()
    messages = [arguments.prompt, *arguments.feedback, *[None] * arguments.rounds]
    with program.open_project(arguments.project) as store, console_context(program.stop) as context:
        parent = store.node(arguments.from_node) if arguments.from_node else None
        start = replace(first, parent=parent, parameters={"version": program.version})
        engines = program.engines(arguments.model)
        run_rounds(messages, start, engines, store, context, lambda node: report.add(node, engines.files))


def _pivot_in(path: Path) -> str:
    """The text of a pivot file.

    Raises:
        UserCorrectable: it cannot be read.
    """
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UserCorrectable(f"The pivot in {path} cannot be read ({error}). Name a text file.") from error


class _Report:
    """Collects the run's nodes, writes their CIFs and prints the outcome."""

    def __init__(self, arguments: argparse.Namespace, seed: int, program: Program) -> None:
        self._program = program
        self._json: bool = arguments.json
        self._project: Path = arguments.project
        self._folder: Path = arguments.out or arguments.project.parent
        self._seed = seed
        self._nodes: list[dict[str, Any]] = []

    def prepare(self) -> None:
        """Make the output folder before any work is done.

        Raises:
            ProjectUnavailable: it cannot be written to.
        """
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ProjectUnavailable(
                f"The folder {self._folder} cannot be made ({error.strerror}). Choose another with --out."
            ) from error

    def add(self, node: Node, files: CrystalFiles) -> None:
        """Write the node's CIF; in human mode, show it at once."""
        path = self._folder / f"{node.round:02d}-{node.crystal.formula}-{node.id[:8]}.cif"
        is_written = node.candidates[node.chosen].start is Start.WRITTEN
        maker = node.models.get("crystal_writer" if is_written else "denoiser", "no denoiser")
        comment = f"Crystal Studio {self._program.version}, {maker}, seed {node.seed}, round {node.round}"
        try:
            path.write_text(files.to_cif(node.crystal, node.crystal.formula, comment), encoding="utf-8")
        except OSError as error:
            self._nodes.append(node_json(node, None))
            raise ProjectUnavailable(
                f"The node is stored, but {path} cannot be written ({error.strerror}). Choose another with --out."
            ) from error
        self._nodes.append(node_json(node, path))
        if not self._json:
            print(node_text(node, path), file=self._program.out, flush=True)

    def finish(self, error: StudioError | None, status: ExitStatus | None = None) -> int:
        """Print the outcome and give the exit status."""
        status = status or (error.exit_status if error else ExitStatus.DONE)
        message = str(error) if error else None
        if self._json:
            project = str(self._project.resolve())
            answer = {"project": project, "seed": self._seed, "error": message, "nodes": self._nodes}
            print_json(answer, self._program.out)
        elif message:
            complain(message)
        return int(status)


def node_text(node: Node, cif: Path | None) -> str:
    """A node for a person."""
    gap = measured_text(node.band_gap) if node.band_gap else "unknown"
    checks = ", ".join(f"{check.name} {'ok' if check.passed else 'FAILED' if check.passed is False else '?'}"
                       for check in node.checks)  # fmt: skip
    group = node.space_group
    known = node.band_gap is None or node.band_gap.in_distribution
    lines = [
        f"Round {node.round}  {node.crystal.formula}  {group.symbol} ({group.number})  node {node.id[:8]}",
        f"  you      {node.message}",
        f"  pivot    {node.pivot}  [{node.pivot_source.value}]",
        f"  crystal  {node.description}",
        f"  gap      {gap}" + ("" if known else ", unlike the training data"),
        *([f"  hull     {measured_text(node.e_above_hull)} above it"] if node.e_above_hull else []),
        f"  start    {node.candidates[node.chosen].start.words}, {'relaxed' if node.relaxed else 'as drawn'}",
        f"  checks   {checks}",
        *([f"  known    {node.known.sentence}"] if node.known else []),
        *(f"  note     {note}" for note in node.notes),
    ]
    if cif:
        lines.append(f"  file     {cif}")
    seconds = ", ".join(f"{part} {value:.1f}" for part, value in node.seconds.items())
    return "\n".join([*lines, f"  seconds  {seconds}"])
