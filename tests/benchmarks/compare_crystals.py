"""How long it takes to find which atom became which, beside stock pymatgen on the same pairs.

Usage: python tests/benchmarks/compare_crystals.py CRYSTALS.jsonl.gz [NUMBER]

Each crystal is compared with itself after every atom was pushed a little, in another cell, orientation and order.
"Stock" is `StructureMatcher.get_s2_like_s1` with supercells on the cells as they are, which gives the sites in the
frame of the first crystal too. Times are of the processor, so that other work on the machine does not count.
"""

from __future__ import annotations

import gzip
import json
import sys
import time
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from statistics import median

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "unit"))
from test_comparison import disguised

from crystal_studio.domain.crystal import Crystal
from crystal_studio.engines.chem.bridge import to_structure
from crystal_studio.engines.chem.site_match import Unmatched, match_sites

PUSH_ANGSTROM = 0.05


def ours(first: Crystal, second: Crystal) -> bool:
    """Whether the sites were found."""
    try:
        return match_sites(first, second).keeps_elements
    except Unmatched:
        return False


def stock(first: Crystal, second: Crystal) -> bool:
    """Whether the sites were found."""
    from pymatgen.core.structure_matcher import StructureMatcher

    matcher = StructureMatcher(primitive_cell=False, attempt_supercell=True)
    return matcher.get_s2_like_s1(to_structure(first), to_structure(second)) is not None


def measured(find: Callable[[Crystal, Crystal], bool], pairs: list[tuple[Crystal, Crystal]]) -> tuple[int, list[float]]:
    """How many pairs were matched, and the seconds of each."""
    find(*pairs[0])  # imports are not counted
    found, seconds = 0, []
    for pair in pairs:
        start = time.process_time()
        found += find(*pair)
        seconds.append(time.process_time() - start)
    return found, seconds


def main() -> None:
    number = int(sys.argv[2]) if len(sys.argv) > 2 else 40
    with gzip.open(sys.argv[1], "rt") as lines:
        crystals = [Crystal.from_dict(json.loads(line)) for line in islice(lines, number)]
    rng = np.random.default_rng(0)
    pairs = []
    for seed, crystal in enumerate(crystals):
        moves = rng.uniform(-PUSH_ANGSTROM, PUSH_ANGSTROM, (len(crystal), 3)) @ np.linalg.inv(crystal.lattice)
        moved = Crystal(crystal.lattice, crystal.species, crystal.frac_coords + moves)
        pairs.append((crystal, disguised(moved, seed)))
    totals = []
    for name, find in (("ours", ours), ("stock", stock)):
        found, seconds = measured(find, pairs)
        totals.append(sum(seconds))
        print(f"{name:6} {found}/{len(pairs)} matched, median {median(seconds):.3f} s, longest {max(seconds):.2f} s")
    print(f"stock / ours: {totals[1] / totals[0]:.1f} of the total time")


if __name__ == "__main__":
    main()
