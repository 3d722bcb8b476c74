"""How much of Robocrystallographer's own texts the pivot grammar reads and writes back.

Usage: CRYSTAL_STUDIO_DATA=FOLDER python tests/benchmarks/grammar.py [TEXTS]
"""

from __future__ import annotations

import collections
import gzip
import json
import os
import random
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from crystal_studio.domain.pivot_grammar import PivotSyntaxError, mend_misprints, parse_pivot, write_pivot


def descriptions(folder: Path, count: int | None, seed: int = 0) -> list[str]:
    """Texts of the data folder: all, or a seeded sample."""
    with gzip.open(folder / "descriptions.jsonl.gz", "rt", encoding="utf-8") as lines:
        texts = [row["text"] for row in map(json.loads, lines) if "text" in row]
    return texts if count is None else random.Random(seed).sample(texts, count)


def figures(texts: Sequence[str]) -> dict[str, float | int | dict[str, int]]:
    """Shares that parse in full and come back, milliseconds a text, and the complaints."""
    parsed = written = 0
    complaints: collections.Counter[str] = collections.Counter()
    milliseconds = []
    for text in texts:
        start = time.perf_counter()
        try:
            pivot = parse_pivot(text)
        except PivotSyntaxError as error:
            complaints[str(error)] += 1
            continue
        finally:
            milliseconds.append(1e3 * (time.perf_counter() - start))
        parsed += not pivot.unread
        written += write_pivot(pivot) == mend_misprints(text)
    milliseconds.sort()
    return {
        "texts": len(texts),
        "parsed_in_full": parsed / len(texts),
        "written_back": written / len(texts),
        "mean_ms": sum(milliseconds) / len(texts),
        "p99_ms": milliseconds[int(0.99 * len(texts))],
        "complaints": dict(complaints.most_common(12)),
    }


if __name__ == "__main__":
    sample = int(sys.argv[1]) if len(sys.argv) > 1 else None
    found = figures(descriptions(Path(os.environ["CRYSTAL_STUDIO_DATA"]), sample))
    print(json.dumps(found, indent=1, ensure_ascii=False))
