"""Crystals written in rows of their own, and packed into one sequence: seconds side by side.

Usage: OMP_NUM_THREADS=1 python tests/benchmarks/separate_rows.py [--repeats N]
The base model must be installed. Ten crystals of one compound, as the studio asks for them, and twenty each of four
compounds, as `evaluate crystext` does; under the constraint, one text each. Prints seconds and ratios; never fails on
a figure.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from statistics import median
from time import perf_counter
from typing import Any

from crystext import ADAPTER, loaded

import crystal_studio.engines.llm.crystext.writer as writer_module
from crystal_studio.domain.composition import Composition
from crystal_studio.engines.fake import FakeContext
from crystal_studio.engines.llm.packed_rows import PackedRows
from crystal_studio.engines.llm.separate_rows import SeparateRows
from crystal_studio.ports.crystal_writer import CrystalTask

_COMPOUNDS = (("SrTiO3", 221), ("MgZn2", 194), ("CaTiO3", 62), ("YBa2Cu3O7", 47))
_LAYOUTS: dict[str, tuple[Any, int]] = {
    "packed, 16 at once": (PackedRows, 16),
    "packed, 80 at once": (PackedRows, 80),
    "separate, 80 at once": (SeparateRows, 80),
}


def seconds(writer: writer_module.CrysTextWriter, tasks: Sequence[CrystalTask], layout: str) -> tuple[float, int]:
    """To write one text for each task, and its tokens."""
    writer_module.SeparateRows, writer_module._MOST_ROWS = _LAYOUTS[layout]
    start = perf_counter()
    written = writer.write(tasks, 0, FakeContext(), attempts=1)
    return perf_counter() - start, sum(one.tokens for one in written)


def main(arguments: Sequence[str] | None = None) -> None:
    """Print a line for each layout and number of crystals."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args(arguments)
    writer = loaded(ADAPTER)
    compounds = [CrystalTask(Composition.parse(formula), group, max_atoms=20) for formula, group in _COMPOUNDS]
    for tasks in (compounds[2:3] * 10, [task for task in compounds for _ in range(20)]):
        found = {layout: [seconds(writer, tasks, layout) for _ in range(options.repeats)] for layout in _LAYOUTS}
        first = median(one for one, _ in next(iter(found.values())))
        for layout, measured in found.items():
            middle = median(one for one, _ in measured)
            print(f"{len(tasks)} crystals, {layout:22}{middle:6.1f} s, {first / middle:5.2f} times as fast; "
                  f"{measured[0][1]} tokens", flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
