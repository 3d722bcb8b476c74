"""Two journals of `evaluate csp` on the same rows, row by row: does the first match more?

Usage: python tests/benchmarks/paired_steps.py --first FILE --than FILE [--start noise] [--column A]
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from crystal_studio.services.evaluate import difference_with_interval


def matches(path: Path, start: str, column: str) -> dict[str, float]:
    """Id of a row -> 1 where the crystal of that start and column matches the true one."""
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return {row["id"]: float(row["starts"][start][column]["rms"] is not None) for row in rows if "id" in row}


def main() -> None:
    """Print the paired difference with its 95 % interval."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--first", type=Path, required=True)
    options.add_argument("--than", type=Path, required=True)
    options.add_argument("--start", default="noise")
    options.add_argument("--column", default="A")
    given = options.parse_args()
    first, second = (matches(path, given.start, given.column) for path in (given.first, given.than))
    common = sorted(first.keys() & second.keys())
    figure = difference_with_interval([first[row] for row in common], [second[row] for row in common])
    if figure.value is None:
        raise SystemExit("The journals have no rows in common.")
    print(f"{len(common)} rows: {100 * figure.value:+.1f} points [{100 * figure.low:.1f}, {100 * figure.high:.1f}]")


if __name__ == "__main__":
    main()
