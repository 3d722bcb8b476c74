"""The parts of `evaluate all`: which rows, which engines, which evaluation. Each part can be run alone and resumed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import ceil
from typing import Any, Protocol

from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.ports.context import JobContext
from crystal_studio.ports.describer import StructureComparer
from crystal_studio.services.engines import Engines
from crystal_studio.services.evaluate import EvaluationRow, TemplateRanking, first_after_shuffle, rows_of
from crystal_studio.services.evaluate_csp import CspEvaluation, CspSettings
from crystal_studio.services.evaluate_free import FreeEvaluation, FreeSettings
from crystal_studio.services.evaluate_gap import GapEvaluation, GapSettings
from crystal_studio.services.evaluate_pivot import PivotEvaluation, PivotSettings
from crystal_studio.services.evaluate_recovery import PREDICTED, TRUE, RecoveryEvaluation, RecoverySettings
from crystal_studio.services.evaluate_speed import ATOMS, SpeedEvaluation, SpeedSettings

SPLIT = "test"
_ROWS_IN_BATCH = 8
_GAPS_IN_BATCH = 64

Records = Sequence[Mapping[str, Any]]
Settings = CspSettings | PivotSettings | FreeSettings | RecoverySettings | GapSettings | SpeedSettings


class EvaluationEngines(Engines, Protocol):
    """Engines that can also be judged: with the retrieval baseline and the tolerances that others use."""

    def nearest_templates(self, rows: Records) -> TemplateRanking:
        """The retrieval baseline over training rows (lattice, species, frac, formula)."""

    @property
    def default_comparer(self) -> StructureComparer:
        """Compares crystals with the default tolerances of pymatgen's `StructureMatcher`."""


class Evaluation(Protocol):
    """Measures rows; what it returns is kept."""

    def outcomes(self, rows: Sequence[EvaluationRow], context: JobContext) -> list[dict[str, Any]]:
        """One plain outcome for each row."""


@dataclass(frozen=True)
class Part:
    """One part of the run.

    Attributes:
        limit: number of rows, None for all of the data set.
        share: of the data set where there is no limit.
        data: the split or file whose rows are evaluated.
        engines: properties of `Engines` with a model that is used.
        known: the split that the evaluation itself needs, None for none.
        rows_in_batch: rows of one size that are drawn together.
        needs_text: whether only rows with a description can be used.
        one_size: the only number of atoms that is used, None for any.
        largest: the largest number of atoms that is used, None for any.
        alone: whether nothing else may run beside it, as it measures time.
    """

    name: str
    limit: int | None
    data: str
    settings: Settings
    engines: tuple[str, ...]
    known: str | None = None
    rows_in_batch: int = _ROWS_IN_BATCH
    needs_text: bool = False
    one_size: int | None = None
    largest: int | None = 20
    alone: bool = False
    share: float = 1.0

    def header(self, identities: Mapping[str, str]) -> dict[str, Any]:
        """What must be the same for two runs to share a journal; the limit need not be."""
        return {
            "kind": self.name,
            "data": self.data,
            "models": {kind: identities[kind] for name in self.engines if (kind := _KINDS[name]) in identities},
            **self.settings.to_dict(),
        }

    def rows(self, records: Records, seed: int) -> list[EvaluationRow]:
        """The first rows after a seeded shuffle.

        Raises:
            UserCorrectable: the data set has no such row.
        """
        fitting = [row for row in rows_of(records, self.largest) if self._uses(row)]
        return first_after_shuffle(fitting, self.limit or ceil(self.share * len(fitting)), seed)

    def _uses(self, row: EvaluationRow) -> bool:
        return (not self.needs_text or bool(row.text)) and self.one_size in (None, row.crystal.num_sites)


_KINDS = {  # properties of `Engines` -> the kind under which `identities` names the model
    "sampler": "denoiser",
    "prototypes": "prototypes",
    "relaxer": "relaxer",
    "band_gap": "predictor",
}


def parts(split: str = SPLIT, seed: int = 0) -> tuple[Part, ...]:
    """All parts at full size, in the order in which they run: quick ones first."""
    drawn = ("sampler", "prototypes")
    return (
        Part("speed", 5, split, SpeedSettings(seed), ("sampler",), rows_in_batch=1, one_size=ATOMS, alone=True),
        Part("gap", None, "megnet_test", GapSettings(), ("band_gap",), "megnet_test", _GAPS_IN_BATCH, largest=None,
             alone=True),
        _csp("A", 500, split, CspSettings(seed, ("A",), ("default",)), drawn),
        _csp("noise", 500, split, CspSettings(seed, ("A",), ("noise",)), drawn),
        Part("pivot", 500, split, PivotSettings(seed), drawn, needs_text=True),
        Part("free", 200, split, FreeSettings(seed), ("sampler",), needs_text=True),
        _csp("best20", 100, split, CspSettings(seed, ("B",), ("default",), draws=20), drawn),
        _csp("C", 200, split, CspSettings(seed, starts=("default",)), (*drawn, "relaxer")),
        *(Part(f"recovered-{atoms}", None, "chemeleon", RecoverySettings(atoms, seed), drawn, "chemeleon",
               largest=None) for atoms in (TRUE, PREDICTED)),
    )  # fmt: skip


def chosen(all_parts: Sequence[Part], only: str | None, scale: float, limit: int | None) -> list[Part]:
    """The parts named, made smaller.

    Args:
        only: "A,C:50": names, each with a number of rows of its own if wanted; None for all.
        scale: factor on the number of rows of every part.
        limit: the largest number of rows of any part.

    Raises:
        UserCorrectable: there is no such part, or a number makes no sense.
    """
    if not 0 < scale <= 1 or (limit is not None and limit < 1):
        raise UserCorrectable("Give a --scale above 0 and at most 1, and a --limit of at least 1.")
    by_name = {part.name: part for part in all_parts}
    if only is None:
        return [_smaller(part, scale, limit) for part in all_parts]
    named = [word.strip().partition(":") for word in only.split(",") if word.strip()]
    unknown = [name for name, _, _ in named if name not in by_name]
    if unknown or not named:
        raise UserCorrectable(f"'{only}' names no part of the evaluation. Choose from {', '.join(by_name)}.")
    return [_smaller(_with_rows(by_name[name], rows), scale, limit) for name, _, rows in named]


def evaluation_of(part: Part, engines: EvaluationEngines, known: Records) -> Evaluation:
    """The evaluation of a part; `known` are the rows of the split that it names."""
    settings = part.settings
    makers: Mapping[type, Callable[[Any], Evaluation]] = {
        CspSettings: lambda one: CspEvaluation(engines, engines.nearest_templates(known), one),
        PivotSettings: lambda one: PivotEvaluation(engines, one),
        FreeSettings: lambda one: FreeEvaluation(engines, one),
        SpeedSettings: lambda one: SpeedEvaluation(engines.sampler, one),
        GapSettings: lambda _: GapEvaluation(engines.band_gap, {row["id"]: row["megnet_gap"] for row in known}),
        RecoverySettings: lambda one: RecoveryEvaluation(
            engines, engines.default_comparer, {row["id"]: row["prompt"] for row in known}, one
        ),
    }
    return makers[type(settings)](settings)


def _csp(name: str, limit: int, split: str, settings: CspSettings, engines: tuple[str, ...]) -> Part:
    return Part(name, limit, split, settings, engines, "train", settings.rows_in_batch)


def _with_rows(part: Part, rows: str) -> Part:
    if not rows:
        return part
    if not rows.isdecimal() or int(rows) < 1:
        raise UserCorrectable(f"'{part.name}:{rows}' is no number of rows. Write it like {part.name}:50.")
    return replace(part, limit=int(rows))


def _smaller(part: Part, scale: float, limit: int | None) -> Part:
    """Fewer rows; those of a whole data set are only counted once it is read."""
    if part.limit is None:
        return replace(part, limit=limit, share=scale)
    rows = max(1, ceil(part.limit * scale))
    return replace(part, limit=min(rows, limit) if limit is not None else rows)
