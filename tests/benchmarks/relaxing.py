"""Optimizers and the cost of a step when decorated prototypes of `val` are relaxed with CHGNet.

Usage: CRYSTAL_STUDIO_DATA=FOLDER python tests/benchmarks/relaxing.py [--crystals 13] [--most-steps 100]
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import random
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ase.calculators.calculator import Calculator
from ase.filters import FrechetCellFilter
from ase.optimize import BFGS, FIRE
from chgnet.model.dynamics import CHGNetCalculator

from crystal_studio.app.wiring import installed_engines
from crystal_studio.domain.crystal import Crystal
from crystal_studio.engines.predictors.chgnet_potential import PotentialCalculator, atoms_of
from crystal_studio.engines.sampling.retrieval import NearestTemplates

FORCE_EV_ANGSTROM = 0.1
MOST_ATOMS = 10


def prototypes(folder: Path, count: int, seed: int = 0) -> list[Crystal]:
    """The nearest template of each of so many crystals of `val`, its elements swapped."""

    def rows(split: str) -> list[dict[str, Any]]:
        with gzip.open(folder / "crystals" / f"{split}.jsonl.gz", "rt", encoding="utf-8") as lines:
            return [row for row in map(json.loads, lines) if len(row["species"]) <= MOST_ATOMS]

    templates = NearestTemplates.from_rows(rows("train"))
    found = []
    for row in random.Random(seed).sample(rows("val"), 3 * count):
        found += templates.nearest(row["species"], 1, frozenset({row["formula"]}))
    return found[:count]


def relaxed(
    crystal: Crystal, optimizer: Callable[..., Any], calculator: Calculator, most: int
) -> tuple[int, float, float]:
    """Steps, energy reached (eV/atom) and seconds of processor time of one relaxation."""
    atoms = atoms_of(crystal)
    atoms.calc = calculator
    started = time.process_time()
    running = optimizer(FrechetCellFilter(atoms), logfile=None)
    running.run(fmax=FORCE_EV_ANGSTROM, steps=most)
    return running.nsteps, float(atoms.get_potential_energy()) / len(atoms), time.process_time() - started


def main() -> None:
    """Relax each crystal with both optimizers; a step of our calculator and of the library's own."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--crystals", type=int, default=13)
    options.add_argument("--most-steps", type=int, default=100)
    given = options.parse_args()
    most = given.most_steps
    crystals = prototypes(Path(os.environ["CRYSTAL_STUDIO_DATA"]), given.crystals)
    potential = installed_engines().relaxer._potential  # type: ignore[attr-defined]
    ours = PotentialCalculator(potential)
    steps = {BFGS: 0, FIRE: 0}
    lower = 0
    for crystal in crystals:
        reached = {optimizer: relaxed(crystal, optimizer, ours, most) for optimizer in steps}
        for optimizer, (taken, _, _) in reached.items():
            steps[optimizer] += taken
        lower += reached[BFGS][1] <= reached[FIRE][1] + 1e-4
    print(f"{len(crystals)} prototypes of val, at most {MOST_ATOMS} atoms, to {FORCE_EV_ANGSTROM} eV/Å or {most} steps")
    print(f"BFGS {steps[BFGS]} steps, FIRE {steps[FIRE]}: {steps[FIRE] / steps[BFGS]:.2f} times as many")
    print(f"BFGS ends lower or within 0.1 meV/atom for {lower} of {len(crystals)}")
    library = CHGNetCalculator(potential._model, use_device="cpu")
    seconds = {calculator: 0.0 for calculator in (ours, library)}
    for crystal in crystals[:5]:
        for calculator in (ours, library):
            seconds[calculator] += relaxed(crystal, BFGS, calculator, 5)[2]
    print(f"processor time of the library's calculator over ours: {seconds[library] / seconds[ours]:.2f}")


if __name__ == "__main__":
    main()
