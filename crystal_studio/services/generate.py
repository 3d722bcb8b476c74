"""One crystal of a composition and a space group, written by the language model and by nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

from crystal_studio.domain.composition import Composition
from crystal_studio.domain.crystal import Crystal
from crystal_studio.domain.errors import NothingValid, UserCorrectable
from crystal_studio.domain.exported import FileFormat, LabelledCrystal, WritingStyle
from crystal_studio.domain.symmetry import SpaceGroup
from crystal_studio.domain.validity import all_required_pass
from crystal_studio.ports.context import JobContext
from crystal_studio.ports.crystal_files import CrystalFiles
from crystal_studio.ports.crystal_writer import CrystalTask
from crystal_studio.services.engines import Engines
from crystal_studio.services.file_names import safe_name
from crystal_studio.services.interpret import MAX_SITES
from crystal_studio.services.library import publish
from crystal_studio.services.provenance import PROGRAM, plain_line
from crystal_studio.services.written_draws import refusals_line

MOST_ATTEMPTS = 1000
_SYMPREC_ANGSTROM = 0.1


@dataclass(frozen=True)
class GenerateRequest:
    """What is to be written.

    Attributes:
        seed: decides every random number.
        attempts: texts that may be written for it.

    Raises:
        UserCorrectable: a number is out of its range.
    """

    task: CrystalTask
    seed: int
    attempts: int = 10

    def __post_init__(self) -> None:
        if not 0 <= self.seed < 2**63:
            raise UserCorrectable(f"The seed is {self.seed}. Give a whole number from 0 to {2**63 - 1}.")
        if not 1 <= self.attempts <= MOST_ATTEMPTS:
            raise UserCorrectable(f"{self.attempts} attempts cannot be made. Give 1 to {MOST_ATTEMPTS}.")

    @property
    def file_name(self) -> str:
        """Name of the CIF: formula, number of the space group, seed."""
        return f"{safe_name(f'{self.task.composition.formula}-{self.task.space_group}-seed{self.seed}')}.cif"


@dataclass(frozen=True)
class Generated:
    """What came of a request.

    Attributes:
        crystal: in its primitive cell; None where every text was refused.
        engine: the model and its adapter.
        attempts: texts that were written.
        tokens: of all of them.
        refusals: why each refused text was refused, in order.
    """

    crystal: Crystal | None
    engine: str
    attempts: int
    tokens: int
    refusals: tuple[str, ...]
    seconds: float


def task_of(formula: str, space_group: str, e_above_hull_ev: float | None = None) -> CrystalTask:
    """A task from what a person typed.

    Args:
        formula: such as SrTiO3.
        space_group: number, or symbol with or without underscores.
        e_above_hull_ev: eV/atom, None for no such condition.

    Raises:
        UserCorrectable: one of them cannot be read, or the formula is too large; says what to change.
    """
    composition = Composition.parse(formula).reduced
    if composition.num_atoms > MAX_SITES:
        raise UserCorrectable(
            f"{composition.formula} has {composition.num_atoms} atoms a formula unit; at most {MAX_SITES} can be "
            "written. Ask for a simpler formula."
        )
    return CrystalTask(composition, SpaceGroup.read(space_group).number, e_above_hull_ev, max_atoms=MAX_SITES)


def generate(request: GenerateRequest, engines: Engines, context: JobContext) -> Generated:
    """Write until a crystal has the composition and the space group asked for and passes the checks.

    No other engine takes the place of the language model: where all its texts are refused there is no crystal.

    Raises:
        UserCorrectable: the composition fits no Wyckoff positions of the space group.
        Unavailable: no model that writes crystals is installed.
        JobCancelled: stopped.
    """
    started = perf_counter()
    context.progress("loading", 0.0, "language model")
    writer = engines.crystal_writer
    context.progress("writing the crystal", 0.0)
    crystal: Crystal | None = None
    attempts = tokens = calls = 0
    refusals: list[str] = []
    while crystal is None and attempts < request.attempts:
        context.check_cancelled()
        # A call that follows a refusal of ours has a seed of its own, or it would write the same text again.
        left = request.attempts - attempts
        answer = writer.write([request.task], request.seed + calls, context, attempts=left)[0]
        calls, attempts, tokens = calls + 1, attempts + max(answer.attempts, 1), tokens + answer.tokens
        refusals += answer.refusals
        if answer.crystal is not None:
            written = engines.symmetrizer.symmetrized(answer.crystal, _SYMPREC_ANGSTROM)
            problem = _problem(written, request.task, engines)
            refusals += [problem] if problem else []
            crystal = None if problem else written
    return Generated(crystal, writer.identity, attempts, tokens, tuple(refusals), perf_counter() - started)


def refusal(request: GenerateRequest, generated: Generated) -> NothingValid:
    """The error that says why there is no crystal."""
    task = request.task
    told = refusals_line(generated.refusals, generated.attempts)
    return NothingValid(
        f"No crystal of {task.composition.formula} in {SpaceGroup(task.space_group).symbol} was written. "
        f"{told}. Give more attempts, another seed or another space group."
    )


def write_cif(
    path: Path, request: GenerateRequest, generated: Generated, files: CrystalFiles, version: str, overwrite: bool
) -> None:
    """Write the conventional cell with its symmetry, and a line on what made it, in one step.

    Raises:
        UserCorrectable: the disk refuses, or the file has appeared meanwhile.
    """
    if generated.crystal is None:
        raise refusal(request, generated)
    task = request.task
    parts = [f"{PROGRAM} {version}", f"crystal writer {generated.engine}", f"seed {request.seed}"]
    parts += [
        f"attempt {generated.attempts}",
        f"asked for {task.composition.formula} in space group {task.space_group}",
    ]
    if task.e_above_hull_ev is not None:
        parts.append(f"asked for {task.e_above_hull_ev:g} eV per atom above the hull")
    crystal = LabelledCrystal(generated.crystal, task.composition.formula, plain_line(parts))
    style = WritingStyle(FileFormat.CIF_SYMMETRIZED, _SYMPREC_ANGSTROM, conventional=True)
    publish(path, [crystal], style, files, overwrite)


def _problem(crystal: Crystal, task: CrystalTask, engines: Engines) -> str:
    """Why a crystal is not what was asked for, "" where it is; the checks are those of the panel."""
    if crystal.composition.reduced != task.composition.reduced:
        return f"the composition is {crystal.formula}, not {task.composition.formula}"
    group = engines.symmetrizer.space_group(crystal, _SYMPREC_ANGSTROM)
    if group.number != task.space_group:
        return f"the space group is {group.symbol}, not {SpaceGroup(task.space_group).symbol}"
    checks = engines.checker.check(crystal, formula_is_named=True)
    if all_required_pass(checks):
        return ""
    return "; ".join(f"{check.name}: {check.detail}" for check in checks if check.required and check.passed is False)
