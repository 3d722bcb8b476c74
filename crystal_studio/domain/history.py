"""Nodes of the design tree."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from crystal_studio.domain.candidate import Candidate
from crystal_studio.domain.crystal import Crystal
from crystal_studio.domain.intent import Intent
from crystal_studio.domain.known import Known
from crystal_studio.domain.measured import Measured
from crystal_studio.domain.pivot import PivotSource
from crystal_studio.domain.symmetry import SpaceGroup
from crystal_studio.domain.validity import CheckResult, all_required_pass


@dataclass(frozen=True)
class Node:
    """One committed round: everything needed to show it, compare it and run it again.

    Attributes:
        id: UUID, 32 hexadecimal digits.
        parent: id of the parent node, None at a root.
        round: 1 at a root, parent's round + 1 below.
        message: what the person wrote ("" for a round driven by predictions alone).
        intent: limits and goals in force.
        pivot: the text that conditioned the sampler.
        pivot_source: who wrote it.
        crystal: the committed crystal (relaxed where relaxing held).
        relaxed: whether `crystal` is the relaxed one.
        description: Robocrystallographer's text of `crystal`.
        start: what the chosen candidate started from.
        chosen: index of the chosen candidate.
        candidates: all of them, ranked.
        seed: resolved seed of the round.
        strength: denoising strength alpha.
        models: kind -> "id@fingerprint".
        parameters: everything else needed to replay (candidates, steps, guidance, library versions).
        seconds: part -> seconds.
        notes: sentences to show with the node (strained by 3 %, stoichiometry changed, ...).
        created: ISO 8601, UTC.
        e_above_hull: predicted energy above the convex hull of `crystal`, eV/atom; None in projects from before it was
            predicted.
        known: which known crystals `crystal` matches; None where it was not looked up.
    """

    id: str
    parent: str | None
    round: int
    message: str
    intent: Intent
    pivot: str
    pivot_source: PivotSource
    crystal: Crystal
    relaxed: bool
    description: str
    space_group: SpaceGroup
    alignment: float | None
    checks: tuple[CheckResult, ...]
    band_gap: Measured | None
    chosen: int
    candidates: tuple[Candidate, ...]
    seed: int
    strength: float
    models: Mapping[str, str] = field(default_factory=dict)
    parameters: Mapping[str, Any] = field(default_factory=dict)
    seconds: Mapping[str, float] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    created: str = ""
    e_above_hull: Measured | None = None
    known: Known | None = None

    @property
    def start(self) -> str:
        """What the chosen candidate started from."""
        return self.candidates[self.chosen].start.value

    @property
    def valid(self) -> bool:
        """Whether every required check passed on the committed crystal."""
        return bool(self.checks) and all_required_pass(self.checks)
