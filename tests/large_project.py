"""Large projects in no time: some hundred whole nodes, copied within SQLite under other ids and with other numbers."""

from __future__ import annotations

import random
import sqlite3
from contextlib import closing
from pathlib import Path

import numpy as np

from crystal_studio.domain.candidate import Candidate, Start
from crystal_studio.domain.crystal import Crystal
from crystal_studio.domain.history import Node
from crystal_studio.domain.intent import Intent, Limits
from crystal_studio.domain.measured import Measured
from crystal_studio.domain.pivot import PivotSource
from crystal_studio.domain.symmetry import SpaceGroup
from crystal_studio.domain.validity import CheckResult
from crystal_studio.storage import SqlHistoryStore

WHOLE_NODES = 500
ROOTS = 25
_CATIONS = ("Li", "Na", "K", "Mg", "Ca", "Sr", "Ba", "Ti", "Zr", "Hf", "Nb", "Cu", "Zn", "Al", "Ga", "Sn", "Pb", "La")
_ANIONS = ("O", "S", "Se", "F", "Cl", "Br", "I", "N")
_MESSAGES = (
    "A stable perovskite with a gap around 3 eV, without lead",
    "Widen the gap but keep the cubic symmetry",
    "Replace the alkaline earth with something more abundant",
    "Less toxic, please, and denser",
    "A layered chalcogenide for visible light",
)
_MODELS = {"denoiser": "small@3f9a77c1", "predictor": "properties@91be02d4", "language_model": "grammar@5c0e1a2b"}


def make_large_project(
    path: Path, num_nodes: int, num_candidates: int = 3, num_whole: int = WHOLE_NODES, seed: int = 0
) -> None:
    """A project of `num_nodes` realistic nodes, most of them without outlines: the first opening makes those.

    Args:
        path: a new file.
        num_nodes: rounded up to a multiple of `num_whole`.
        num_candidates: candidates of each node, each with a crystal of its own.
        num_whole: nodes that are made one by one and then copied.
        seed: of the random nodes.
    """
    rng = random.Random(seed)
    made: list[Node] = []
    with SqlHistoryStore.open(path) as store:
        for number in range(min(num_nodes, num_whole)):
            parent = rng.choice(made) if number >= ROOTS else None
            made.append(realistic_node(rng, parent, num_candidates))
            store.commit(made[-1])
    if num_nodes > num_whole:
        _multiply(path, -(-num_nodes // num_whole))


def realistic_node(rng: random.Random, parent: Node | None, num_candidates: int) -> Node:
    """A node with about what a round of design leaves."""
    candidates = tuple(_candidate(rng) for _ in range(num_candidates))
    best = candidates[0]
    message = rng.choice(_MESSAGES)
    text = _description(rng, best.crystal)
    return Node(
        id=f"{rng.getrandbits(128):032x}", parent=parent.id if parent else None,
        round=parent.round + 1 if parent else 1, message=message,
        intent=Intent(message, Limits(excluded=frozenset({"Pb"})), (), ("no Pb",)),
        pivot=text[:160], pivot_source=PivotSource.MODEL, crystal=best.crystal, relaxed=False, description=text,
        space_group=best.space_group, alignment=rng.uniform(0.2, 0.9), checks=best.checks, band_gap=best.band_gap,
        chosen=0, candidates=candidates, seed=rng.getrandbits(31), strength=round(rng.uniform(0.05, 0.9), 2),
        models=_MODELS, parameters={"candidates": num_candidates, "steps": 50, "guidance": 2.0, "torch": "2.4.1"},
        seconds={"interpret": 0.4, "sample": 6.1, "screen": 2.2}, notes=("strained by 2.4 %",),
        created="2026-01-01T00:00:00+00:00", e_above_hull=best.e_above_hull,
    )  # fmt: skip


def _candidate(rng: random.Random) -> Candidate:
    crystal = _crystal(rng)
    checks = tuple(
        CheckResult(name, 1, rng.random() < 0.95, f"The {name} is {rng.random():.2f}.", {"value": rng.random()}, True)
        for name in ("min_distance", "charge_balance", "volume_per_atom", "coordination")
    )
    gap = Measured(rng.uniform(0, 8), "eV", 0.3, "PBE", True, 0.1, 8.9)
    hull = Measured(rng.expovariate(20), "eV/atom", 0.03, "PBE", True, 0.0, 0.2)
    return Candidate(
        crystal, Start.NOISE, "", checks, rng.random(), SpaceGroup(rng.randint(1, 230), 0.1), gap, rank=1,
        score=rng.random(), e_above_hull=hull, draw=0,
    )  # fmt: skip


def _crystal(rng: random.Random) -> Crystal:
    first, second, anion = rng.choice(_CATIONS), rng.choice(_CATIONS), rng.choice(_ANIONS)
    species = ((first, second) + (anion,) * rng.choice((2, 3, 4))) * rng.choice((1, 2))
    lattice = np.diag([rng.uniform(3.5, 9) for _ in range(3)])
    return Crystal(lattice, species, np.array([[rng.random() for _ in range(3)] for _ in species]))


def _description(rng: random.Random, crystal: Crystal) -> str:
    """As long as an automatic description of a structure, and in its terms."""
    sentences = [f"{crystal.formula} is (Cubic) Perovskite structured and crystallizes in the cubic Pm-3m space group."]
    for symbol in dict.fromkeys(crystal.species):
        sentences.append(
            f"{symbol}(1) is bonded to {rng.choice(('six', 'eight', 'twelve'))} equivalent atoms to form "
            f"{rng.choice(('cuboctahedra', 'octahedra', 'tetrahedra'))} that share corners with their neighbours. "
            f"All bond lengths are {rng.uniform(1.8, 3.2):.2f} Å."
        )
    return " ".join(sentences)


def _multiply(path: Path, times: int) -> None:
    """Copies of every node with all that hangs on it; the number of the copy is put in front of each id."""
    renamed = {"id", "parent", "node_id", "structure_id", "drawn_id"}
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA synchronous=OFF")
        for table, key in (
            ("structures", ""), ("nodes", "ordinal"), ("candidates", ""), ("checks", "id"), ("predictions", "id"),
        ):  # fmt: skip
            names = [row[1] for row in connection.execute(f"PRAGMA table_info({table})") if row[1] != key]
            values = ", ".join(_copied(name, name in renamed) for name in names)
            connection.execute(
                "WITH RECURSIVE copies(k) AS (SELECT 1 UNION ALL SELECT k + 1 FROM copies WHERE k < ?) "
                f"INSERT INTO {table} ({', '.join(names)}) SELECT {values} FROM copies CROSS JOIN {table}",
                (times - 1,),
            )
        connection.commit()


def _copied(column: str, is_renamed: bool) -> str:
    if is_renamed:  # of the same length; NULL stays NULL
        return f"printf('%06x', k) || substr({column}, 7)" if column != "parent" else _PARENT
    return "value + 0.0001 * k" if column == "value" else column


_PARENT = "CASE WHEN parent IS NULL THEN NULL ELSE printf('%06x', k) || substr(parent, 7) END"
