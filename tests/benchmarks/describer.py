"""Our descriptions beside the stock library's: the same crystals, the same run, the same process.

    CRYSTAL_STUDIO_DATA=DIR python tests/benchmarks/describer.py [--crystals 200] [--stock 30] [--seed 0]

Crystals of `test` that have a stock text are shuffled and the first ones taken. All are described by us and compared
with the stored stock text, misprints mended; on the first `--stock` of them the stock library runs as well, in turn
with ours, and both are timed. A last line gives the cold start of a process that describes one crystal.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import random
import statistics
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

from crystal_studio.domain.crystal import Crystal

_COLD = """
import sys, time
from crystal_studio.domain.crystal import Crystal
from crystal_studio.engines.chem import create_describer
import json
create_describer().describe(Crystal.from_dict(json.loads(sys.argv[1])))
print(time.process_time())
"""


def main() -> None:
    arguments = _arguments()
    warnings.filterwarnings("ignore")
    rows = _rows(Path(arguments.data), arguments.seed)[: arguments.crystals]
    stock = _stock()  # imported first, so that ours runs beside the library as it is
    from crystal_studio.engines.chem.describer import Robocrystallographer, mend

    ours = Robocrystallographer().describe
    stock(rows[-1][0]), ours(rows[-1][0])  # both warm
    times: dict[str, list[tuple[float, float]]] = {"stock": [], "ours": []}
    differing = []
    for index, (crystal, stored) in enumerate(rows):
        if index < arguments.stock:
            text = _timed(stock, crystal, times["stock"])
            assert mend(text) == mend(stored), f"the stock library itself writes otherwise: {text}"
        if _timed(ours, crystal, times["ours"]) != mend(stored):
            differing.append(crystal.formula)
        print(f"\r{index + 1}/{len(rows)}, {len(differing)} differ", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    _report(times, len(rows), differing)
    _cold_start(rows[0][0])


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--crystals", type=int, default=200)
    parser.add_argument("--stock", type=int, default=30)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--data", default=os.environ.get("CRYSTAL_STUDIO_DATA"))
    arguments = parser.parse_args()
    if not arguments.data:
        parser.error("name the data folder with --data or CRYSTAL_STUDIO_DATA")
    return arguments


def _rows(data: Path, seed: int) -> list[tuple[Crystal, str]]:
    with gzip.open(data / "descriptions.jsonl.gz", "rt", encoding="utf-8") as lines:
        texts = {row["id"]: row["text"] for row in map(json.loads, lines) if "text" in row}
    with gzip.open(data / "crystals" / "test.jsonl.gz", "rt", encoding="utf-8") as lines:
        rows = [(Crystal.from_dict(row), texts[row["id"]]) for row in map(json.loads, lines) if row["id"] in texts]
    random.Random(seed).shuffle(rows)
    return rows


def _stock() -> Callable[[Crystal], str]:
    from robocrys import StructureCondenser, StructureDescriber

    from crystal_studio.engines.chem.bridge import to_structure

    condenser, describer = StructureCondenser(), StructureDescriber()
    return lambda crystal: str(describer.describe(condenser.condense_structure(to_structure(crystal))))


def _timed(describe: Callable[[Crystal], str], crystal: Crystal, times: list[tuple[float, float]]) -> str:
    wall, processor = time.perf_counter(), time.process_time()
    text = describe(crystal)
    times.append((time.perf_counter() - wall, time.process_time() - processor))
    return text


def _report(times: dict[str, list[tuple[float, float]]], count: int, differing: list[str]) -> None:
    pairs = len(times["stock"])
    for label, column in (("wall", 0), ("processor", 1)):
        stock = [pair[column] for pair in times["stock"]]
        ours = [pair[column] for pair in times["ours"][:pairs]]
        if not pairs:
            continue
        ratios = [a / b for a, b in zip(stock, ours, strict=True)]
        print(
            f"{label} s a crystal over {pairs}, side by side: stock {statistics.mean(stock):.3f}, "
            f"ours {statistics.mean(ours):.3f}: {sum(stock) / sum(ours):.1f} times as fast "
            f"(median crystal {statistics.median(ratios):.1f}, slowest {min(ratios):.1f})"
        )
    all_ours = [pair[1] for pair in times["ours"]]
    print(f"ours over all {count}: {statistics.mean(all_ours):.3f} s of processor time a crystal")
    print(f"texts equal to stock, misprints mended: {count - len(differing)} of {count} {differing or ''}")


def _cold_start(crystal: Crystal) -> None:
    wall = time.perf_counter()
    command: list[Any] = [sys.executable, "-W", "ignore", "-c", _COLD, json.dumps(crystal.to_dict())]
    seconds = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    print(
        f"cold start, one {crystal.formula}: {time.perf_counter() - wall:.1f} s wall, {float(seconds):.1f} s processor"
    )


if __name__ == "__main__":
    main()
