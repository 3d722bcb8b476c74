"""Jobs as plain JSON data and back, so that a queue outlives the program."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.domain.intent_plain import goals_from_plain, goals_to_plain, limits_from_plain, limits_to_plain
from crystal_studio.domain.sampling_engine import SamplingEngine
from crystal_studio.services.jobs import DesignJob, PromoteJob, Repair, RepairJob, RepairKind, SheetJob

StorableJob = DesignJob | PromoteJob | RepairJob | SheetJob


def job_to_json(job: StorableJob) -> dict[str, object]:
    """JSON-ready data of a job; `type(job).__name__` is its kind."""
    plain = {item.name: getattr(job, item.name) for item in fields(job)} | {"project": str(job.project)}
    if isinstance(job, DesignJob):
        plain["limits"] = limits_to_plain(job.limits) if job.limits is not None else None
        plain["goals"] = goals_to_plain(job.goals) if job.goals is not None else None
        plain["engine"] = job.engine.value
    if isinstance(job, SheetJob):
        plain["base"] = job_to_json(job.base)
    if isinstance(job, RepairJob):
        plain["repair"] = {"kind": job.repair.kind.value, "old": job.repair.old, "new": job.repair.new}
    return plain


def job_from_json(kind: str, plain: Mapping[str, Any], project: Path | None = None) -> StorableJob:
    """Inverse of `job_to_json`.

    Args:
        kind: class name of the job.
        plain: its data.
        project: the file whose queue it was found in, which may have been moved since; None for the one it names.

    Raises:
        UserCorrectable: the data are not those of such a job.
    """
    read = _READERS.get(kind)
    if read is None:
        raise UserCorrectable(f"The queue holds a job of an unknown kind ('{kind[:40]}'). Update Crystal Studio.")
    try:
        return read(plain, project or Path(_text(plain["project"])))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise UserCorrectable(
            f"A waiting job of the queue cannot be read ({kind}: {type(error).__name__}: {error}). Start it anew."
        ) from error


def is_storable(job: object) -> bool:
    """Whether a job is worth keeping over a restart: those that make nodes are."""
    return isinstance(job, StorableJob)


def _design(plain: Mapping[str, Any], project: Path) -> DesignJob:
    limits, goals = plain["limits"], plain["goals"]
    return DesignJob(
        project=project,
        message=_text_or_none(plain["message"]),
        parent=_text_or_none(plain["parent"]),
        seed=_whole(plain["seed"]),
        candidates=_whole(plain["candidates"]),
        strength=_number(plain["strength"]),
        pivot=_text_or_none(plain["pivot"]),
        limits=limits_from_plain(limits) if limits is not None else None,
        goals=goals_from_plain(goals) if goals is not None else None,
        engine=SamplingEngine(plain.get("engine", SamplingEngine.DIFFUSION)),  # older queues knew no other
    )


def _promote(plain: Mapping[str, Any], project: Path) -> PromoteJob:
    return PromoteJob(project, _text(plain["node"]), _whole(plain["candidate"]))


def _repair(plain: Mapping[str, Any], project: Path) -> RepairJob:
    mend = plain["repair"]
    repair = Repair(RepairKind(mend["kind"]), _text(mend["old"]), _text(mend["new"]))
    return RepairJob(project, _text(plain["node"]), repair)


def _sheet(plain: Mapping[str, Any], project: Path) -> SheetJob:
    return SheetJob(
        base=_design(plain["base"], project),
        sheet=_text(plain["sheet"]),
        strengths=tuple(map(_number, plain["strengths"])),
        seeds=tuple(map(_whole, plain["seeds"])),
        guidances=tuple(map(_number, plain["guidances"])),
    )


_READERS: dict[str, Callable[[Mapping[str, Any], Path], StorableJob]] = {
    DesignJob.__name__: _design,
    PromoteJob.__name__: _promote,
    RepairJob.__name__: _repair,
    SheetJob.__name__: _sheet,
}


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is no text"[:80])
    return value


def _text_or_none(value: object) -> str | None:
    return None if value is None else _text(value)


def _whole(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(f"{value!r} is no whole number"[:80])
    return value


def _number(value: object) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise TypeError(f"{value!r} is no number"[:80])
    return float(value)
