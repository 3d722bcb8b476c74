"""A formula and a space group are asked for: what does each engine give, at its first try, and is it the true crystal?

The language model that writes crystals (supervised and reinforced, constrained and not) beside the diffusion engine and
the retrieval baseline, all on the same rows. A first text is judged as it stands, without retries; what the product
shows after at most five texts is told apart from it.

Source: CrysText for what is measured (composition and space group both satisfied, validity, match rate, reward).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Protocol

from crystal_studio.domain.crystal import Crystal
from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.domain.validity import all_required_pass
from crystal_studio.ports.context import JobContext
from crystal_studio.ports.crystal_writer import CrystalTask, CrystalWriter, WrittenCrystal
from crystal_studio.services.evaluate import MAX_ATOMS, EvaluationRow, Stopwatch, seed_of
from crystal_studio.services.evaluate_all import EvaluationEngines
from crystal_studio.services.screen import SYMPREC_ANGSTROM

BEST_OF = 20
# Longest edge of the primitive cell over the cube root of its volume: to compare a needle with a cube, the matcher
# would list every lattice point within its length.
_MAX_ELONGATION = 12.0


class WritingEngines(EvaluationEngines, Protocol):
    """Engines of an evaluation, with the language models that write crystals."""

    def crystal_writer_of(self, model_id: str, *, constrained: bool) -> CrystalWriter:
        """The writer named; unconstrained, it may write any text.

        Raises:
            Unavailable: it is not installed.
        """

    def read_crystal(self, text: str) -> Crystal:
        """The crystal that a writer's text says.

        Raises:
            UserCorrectable: it says none.
        """

    def crystal_reward(self, crystal: Crystal | None, truth: Crystal) -> float:
        """What reinforcement learning pays for a crystal; None for a text that says none."""


@dataclass(frozen=True)
class CrystextSettings:
    """How one line of the table is measured.

    Attributes:
        draws: tries for each row; 1 for the figures of the first one, 20 for best of 20.
        attempts: texts at most for what the product shows; 1 where it is not asked.
        model: id of the writer, "" for the other engines.
        constrained: whether the writer may only write what was asked for.
        strength: denoising strength alpha of prototype starts.

    Raises:
        UserCorrectable: a number is out of its range.
    """

    line: str
    seed: int = 0
    draws: int = 1
    attempts: int = 1
    model: str = ""
    constrained: bool = False
    strength: float = 0.1

    def __post_init__(self) -> None:
        if self.draws < 1 or self.attempts < 1 or not 0 < self.strength <= 1:
            raise UserCorrectable("Draws and attempts must be at least 1, the strength above 0 and at most 1.")

    def to_dict(self) -> dict[str, Any]:
        """Plain data for the journal."""
        return asdict(self)


@dataclass(frozen=True)
class Try:
    """One crystal that an engine gave.

    Attributes:
        crystal: None where its text says none.
        tokens: that were written for it.
        refused: whether the product would ask for another.
    """

    crystal: Crystal | None
    tokens: int = 0
    refused: bool = False


@dataclass(frozen=True)
class Shown:
    """What the product shows: the first crystal that it does not refuse, None where it refused all."""

    crystal: Crystal | None
    attempts: int


class Author(Protocol):
    """An engine that is asked for the crystal of each row's formula and space group."""

    def tries(self, rows: Sequence[EvaluationRow], context: JobContext) -> list[list[Try]]:
        """The tries of each row, in order; fewer than asked for where the engine has no more."""

    def shown(self, rows: Sequence[EvaluationRow], firsts: Sequence[Try], context: JobContext) -> list[Shown] | None:
        """What the product shows of the same rows after retries; None for an engine that has none."""


class CrystextEvaluation:
    """Judges what an author gives for each row."""

    def __init__(self, engines: WritingEngines, author: Author, settings: CrystextSettings) -> None:
        self._engines = engines
        self._author = author
        self._settings = settings

    def outcomes(self, rows: Sequence[EvaluationRow], context: JobContext) -> list[dict[str, Any]]:
        """One plain outcome for each row."""
        context.check_cancelled()
        watch = Stopwatch()
        with watch("write"):
            tries = self._author.tries(rows, context)
        with watch("retry"):
            firsts = [of_row[0] if of_row else Try(None) for of_row in tries]
            shown: Sequence[Shown | None] = self._author.shown(rows, firsts, context) or [None] * len(rows)
        with watch("judge"):
            found = [self._outcome(*one) for one in zip(rows, tries, shown, strict=True)]
        seconds = watch.shared(len(rows))
        return [{**outcome, "seconds": seconds} for outcome in found]

    def _outcome(self, row: EvaluationRow, tries: Sequence[Try], shown: Shown | None) -> dict[str, Any]:
        outcome: dict[str, Any] = {"id": row.identifier, "tries": len(tries)}
        if self._settings.draws > 1:
            return outcome | {"any": any(self._distance(one.crystal, row) is not None for one in tries)}
        first = tries[0] if tries else Try(None)
        outcome |= {"first": self._judged(first.crystal, row), "tokens": first.tokens}
        if shown is not None:
            outcome["shown"] = {**self._judged(shown.crystal, row), "attempts": shown.attempts}
        return outcome

    def _judged(self, crystal: Crystal | None, row: EvaluationRow) -> dict[str, Any]:
        reward = self._engines.crystal_reward(crystal, row.crystal)
        if crystal is None:
            return {**dict.fromkeys(_TRUTHS, False), "rms": None, "reward": reward}
        composition = crystal.formula == row.crystal.formula
        group = self._engines.symmetrizer.space_group(crystal, SYMPREC_ANGSTROM).number == row.space_group
        checks = self._engines.checker.check(crystal)
        geometry = {one.name for one in self._engines.checker.check(crystal, formula_is_named=True) if one.required}
        truths = (
            True,
            composition,
            group,
            composition and group,
            all_required_pass(tuple(one for one in checks if one.name in geometry)),
            all_required_pass(tuple(one for one in checks if one.name not in geometry)),
        )
        return {**dict(zip(_TRUTHS, truths, strict=True)), "rms": self._distance(crystal, row), "reward": reward}

    def _distance(self, crystal: Crystal | None, row: EvaluationRow) -> float | None:
        """RMS displacement from the true crystal; None for a needle, which no true crystal is."""
        if crystal is None or crystal.lengths_angstrom.max() > _MAX_ELONGATION * crystal.volume_angstrom3 ** (1 / 3):
            return None
        return self._engines.comparer.rms_distance(crystal, row.crystal)


_TRUTHS = ("readable", "composition", "space_group", "both", "valid_structure", "valid_composition")


class WritingAuthor:
    """The language model: told formula and space group, nothing else.

    The rows of a call are one batch. Its seed is that of its first row, so that a larger limit changes no crystal of
    the rows before, and all writers have the same random numbers.
    """

    def __init__(self, writer: CrystalWriter, engines: WritingEngines, settings: CrystextSettings) -> None:
        self._writer = writer
        self._engines = engines
        self._settings = settings

    def tries(self, rows: Sequence[EvaluationRow], context: JobContext) -> list[list[Try]]:
        """Texts as they are written first, whatever they say."""
        draws = self._settings.draws
        tasks = [task_of(row) for row in rows for _ in range(draws)]
        written = written_in_batch(self._writer, tasks, self._seed(rows, "first"), context, attempts=1)
        found = [self._read(one) for one in written]
        return [found[index * draws : (index + 1) * draws] for index in range(len(rows))]

    def shown(self, rows: Sequence[EvaluationRow], firsts: Sequence[Try], context: JobContext) -> list[Shown] | None:
        """First texts that are not refused stand; for the others more are written."""
        if self._settings.attempts == 1:
            return None
        found = [Shown(one.crystal, 1) for one in firsts]
        refused = [index for index, one in enumerate(firsts) if one.refused]
        if refused:
            tasks, seed = [task_of(rows[index]) for index in refused], self._seed(rows, "retry")
            more = written_in_batch(self._writer, tasks, seed, context, self._settings.attempts - 1)
            for index, one in zip(refused, more, strict=True):
                found[index] = Shown(one.crystal, 1 + one.attempts)
        return found

    def _seed(self, rows: Sequence[EvaluationRow], part: str) -> int:
        return seed_of(self._settings.seed, "crystext", part, rows[0].identifier)

    def _read(self, written: WrittenCrystal) -> Try:
        """What a refused text says all the same: it may have the composition, but another group."""
        if written.crystal is not None:
            return Try(written.crystal, written.tokens)
        try:
            return Try(self._engines.read_crystal(written.text), written.tokens, refused=True)
        except UserCorrectable:
            return Try(None, written.tokens, refused=True)  # judged as not readable


def task_of(row: EvaluationRow, e_above_hull_ev: float | None = None) -> CrystalTask:
    """A row's formula and space group, as a task.

    Raises:
        UserCorrectable: the row has no space group.
    """
    if row.space_group is None:
        raise UserCorrectable(f"The row {row.identifier} has no space group. Give rows that have one.")
    return CrystalTask(row.crystal.composition.reduced, row.space_group, e_above_hull_ev, max_atoms=MAX_ATOMS)


def written_in_batch(
    writer: CrystalWriter, tasks: Sequence[CrystalTask], seed: int, context: JobContext, attempts: int
) -> list[WrittenCrystal]:
    """Written texts; a task that cannot be done at all is refused without a text, the others are written."""
    try:
        return writer.write(tasks, seed, context, attempts)
    except UserCorrectable as error:
        if len(tasks) == 1:
            return [WrittenCrystal(None, "", 1, 0, (str(error),))]
    half = len(tasks) // 2
    return [
        written
        for number, part in enumerate((tasks[:half], tasks[half:]))
        for written in written_in_batch(writer, part, seed_of(seed, str(number)), context, attempts)
    ]


def with_space_group(rows: Sequence[EvaluationRow]) -> list[EvaluationRow]:
    """Rows whose space group is known: it is what is asked for."""
    return [row for row in rows if row.space_group is not None]


def in_batches(rows: Sequence[EvaluationRow], size: int) -> list[list[EvaluationRow]]:
    """Rows in their order; each batch but the last has `size`."""
    return [list(rows[start : start + size]) for start in range(0, len(rows), size)]


Outcome = Mapping[str, Any]
