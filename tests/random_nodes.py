"""Random nodes that fill every field, odd numbers included."""

from __future__ import annotations

import random
from dataclasses import fields, is_dataclass
from math import isnan
from typing import TypeVar

import numpy as np

from crystal_studio.domain.candidate import Candidate, Start
from crystal_studio.domain.crystal import Crystal
from crystal_studio.domain.history import Node
from crystal_studio.domain.intent import Direction, Goal, Intent, Limits, Quantity
from crystal_studio.domain.known import Known, MatchKind, ReferenceMatch, SearchedSet
from crystal_studio.domain.measured import Measured
from crystal_studio.domain.pivot import PivotSource
from crystal_studio.domain.symmetry import SpaceGroup
from crystal_studio.domain.trajectory import Frame
from crystal_studio.domain.validity import CheckResult

ELEMENTS = ("Sr", "Ti", "O", "Ba", "Cl", "Na", "Cu", "H", "U")
TEXTS = ("", "SrTiO₃ 'quoted' \"twice\"", "line\nbreak\ttab", "日本 \u2028 😀", "a; DROP TABLE nodes;--", "x" * 3000)
T = TypeVar("T")
NUMBERS = (0.0, -0.0, 1e-300, 1.7976931348623157e308, 0.1 + 0.2, float("inf"), float("nan"), -3.25)


def random_node(rng: random.Random, parent: Node | None = None) -> Node:
    """A node, below `parent` where one is given."""
    candidates = tuple(_candidate(rng) for _ in range(rng.randint(1, 4)))
    return Node(
        id=f"{rng.getrandbits(128):032x}",
        parent=parent.id if parent else None,
        round=parent.round + 1 if parent else 1,
        message=rng.choice(TEXTS),
        intent=_intent(rng),
        pivot=rng.choice(TEXTS),
        pivot_source=rng.choice(list(PivotSource)),
        crystal=candidates[0].crystal if rng.random() < 0.7 else random_crystal(rng),
        relaxed=rng.random() < 0.5,
        description=rng.choice(TEXTS),
        space_group=_space_group(rng),
        alignment=_maybe(rng, rng.choice(NUMBERS)),
        checks=_checks(rng),
        band_gap=_maybe(rng, _measured(rng)),
        chosen=rng.randrange(len(candidates)),
        candidates=candidates,
        seed=rng.getrandbits(rng.choice((1, 31, 64, 100))),
        strength=rng.random(),
        models={"predictor": "band-gap@abc", "denoiser": rng.choice(TEXTS)},
        parameters={"steps": 50, "guidance": 2.5, "versions": {"torch": "2"}, "nested": [1, [None, True]]},
        seconds={"sampling": rng.random(), "": 0.0},
        notes=tuple(rng.sample(TEXTS, rng.randint(0, 3))),
        created="2026-01-01T00:00:00+00:00",
        e_above_hull=_maybe(rng, _hull_energy(rng)),
        known=_maybe(rng, _known(rng)),
    )


def _known(rng: random.Random) -> Known:
    kind = rng.choice(list(MatchKind))
    match = ReferenceMatch(rng.choice(TEXTS), "0001", rng.choice(TEXTS), "SrTiO3", rng.choice(NUMBERS), kind)
    searched = (SearchedSet("minerals", MatchKind.COMPOUND, 9),) * rng.randint(0, 2)
    return Known(searched, (match,) * rng.randint(0, 2), tuple(rng.sample(TEXTS, rng.randint(0, 2))))


def random_frames(rng: random.Random, count: int = 4) -> tuple[Frame, ...]:
    """Frames of one draw; their numbers have the five decimals that are stored."""
    crystals = (random_crystal(rng) for _ in range(count))
    return tuple(
        Frame(3, step, count, Crystal(np.round(one.lattice, 5), one.species, np.round(one.frac_coords, 5)))
        for step, one in enumerate(crystals)
    )


def random_crystal(rng: random.Random) -> Crystal:
    """Up to five atoms in a random cell."""
    num_atoms = rng.randint(1, 5)
    lattice = [[rng.gauss(0, 4) for _ in range(3)] for _ in range(3)]
    frac = [[rng.uniform(-1, 2) for _ in range(3)] for _ in range(num_atoms)]
    frac[0] = [-0.0, 1 / 3, 1e-17]
    return Crystal(np.array(lattice), tuple(rng.choices(ELEMENTS, k=num_atoms)), np.array(frac))


def same(first: object, second: object) -> bool:
    """Bit-for-bit equality of domain data; crystals compare by identity, so `==` does not do."""
    if isinstance(first, np.ndarray):
        return isinstance(second, np.ndarray) and first.tobytes() == second.tobytes()
    if is_dataclass(first):
        return type(first) is type(second) and all(
            same(getattr(first, item.name), getattr(second, item.name)) for item in fields(first)
        )
    if isinstance(first, tuple):
        return isinstance(second, tuple) and len(first) == len(second) and all(map(same, first, second))
    if isinstance(first, dict):
        return (
            isinstance(second, dict) and first.keys() == second.keys() and all(same(first[k], second[k]) for k in first)
        )
    if isinstance(first, float):
        # SQLite gives -0.0 back as 0.0 in a column of its own.
        return isinstance(second, float) and (first == second or (isnan(first) and isnan(second)))
    return first == second


def _maybe(rng: random.Random, value: T) -> T | None:
    return value if rng.random() < 0.8 else None


def _measured(rng: random.Random) -> Measured:
    return Measured(rng.choice(NUMBERS), "eV", rng.random(), "PBE", rng.random() < 0.5)


def _hull_energy(rng: random.Random) -> Measured:
    low, high = _maybe(rng, rng.random()), _maybe(rng, rng.choice(NUMBERS))
    return Measured(rng.random(), "eV/atom", rng.random(), "PBE", rng.random() < 0.5, low, high)


def _space_group(rng: random.Random) -> SpaceGroup:
    return SpaceGroup(rng.randint(1, 230), _maybe(rng, 0.1))


def _checks(rng: random.Random) -> tuple[CheckResult, ...]:
    return tuple(
        CheckResult(
            name=rng.choice(("min_distance", "smact", "min_distance")),
            version=rng.randint(1, 3),
            passed=rng.choice((True, False, None)),
            detail=rng.choice(TEXTS),
            numbers={"shortest_angstrom": rng.choice(NUMBERS)},
            required=rng.random() < 0.5,
        )
        for _ in range(rng.randint(0, 4))
    )


def _candidate(rng: random.Random) -> Candidate:
    return Candidate(
        drawn=random_crystal(rng),
        start=rng.choice(list(Start)),
        origin=rng.choice(TEXTS),
        checks=_checks(rng),
        alignment=_maybe(rng, rng.uniform(-1, 1)),
        space_group=_maybe(rng, _space_group(rng)),
        band_gap=_maybe(rng, _measured(rng)),
        energy_per_atom_ev=_maybe(rng, rng.choice(NUMBERS)),
        relaxed=_maybe(rng, random_crystal(rng)),
        goal_values={"band_gap": rng.random()},
        rank=_maybe(rng, rng.randint(1, 10)),
        e_above_hull=_maybe(rng, _hull_energy(rng)),
        score=_maybe(rng, rng.choice(NUMBERS)),
        notes=tuple(rng.sample(TEXTS, rng.randint(0, 2))),
        draw=_maybe(rng, rng.randint(0, 40)),
    )


def _intent(rng: random.Random) -> Intent:
    def some() -> frozenset[str]:
        return frozenset(rng.sample(ELEMENTS, rng.randint(0, 3)))

    limits = Limits(
        required=some(),
        any_of=tuple(some() for _ in range(rng.randint(0, 2))),
        excluded=some(),
        allowed=some(),
        replaced=(("Sr", some()),) if rng.random() < 0.5 else (),
        formula=_maybe(rng, "SrTiO3"),
        anonymous=(1, 1, 3) if rng.random() < 0.5 else (),
        space_group=_maybe(rng, 221),
        crystal_system=_maybe(rng, "cubic"),
        excluded_systems=frozenset(rng.sample(("cubic", "trigonal"), rng.randint(0, 2))),
        symmetry_class=_maybe(rng, "polar"),
        dimensionality=_maybe(rng, 3),
        prototype=_maybe(rng, "perovskite"),
        num_elements=_maybe(rng, 3),
        max_atoms=_maybe(rng, 20),
    )
    goals = tuple(
        Goal(rng.choice(list(Quantity)), rng.choice(list(Direction)), _maybe(rng, rng.random()))
        for _ in range(rng.randint(0, 3))
    )
    return Intent(rng.choice(TEXTS), limits, goals, tuple(rng.sample(TEXTS, 2)))
