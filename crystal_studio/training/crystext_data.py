"""Stage ``crystext``: crystals as the prompts and the texts that the language model learns to write.

Each crystal is told once, by chance with or without its energy above the hull (`--hull`), and answered by its short
CIF. The prompt names the space group that the text has, found within 0.1 Å, not the one that a data set states.
Crystals that cannot be written are left out, counted by reason; every text is read back, and a sample of the crystals
read is compared with the ones written.

    python -m crystal_studio.training.crystext_data --data FOLDER --output runs/crystext
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import random
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal, get_args

from crystal_studio.domain.crystal import Crystal
from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.engines.chem.short_cif import group_of, read, written
from crystal_studio.engines.chem.symmetry import SpglibSymmetrizer
from crystal_studio.engines.llm.crystext.prompt import Layout, prompt_of
from crystal_studio.engines.llm.crystext.reading import Dialect
from crystal_studio.ports.crystal_writer import CrystalTask
from crystal_studio.training.data import DATA_VARIABLE, MAX_ATOMS, Record, read_json_lines

Hull = Literal["either", "both", "with", "without"]
Row = dict[str, str | int]
SYMPREC_ANGSTROM = 0.1
_LARGEST_HULL_EV = 1.0
_CHUNK = 64


@dataclass(frozen=True)
class Telling:
    """How crystals are told; see the options of the command line."""

    hull: Hull = "either"
    dialect: Dialect = "short"
    layout: Layout = "short"
    seed: int = 0


@dataclass(frozen=True)
class Told:
    """What became of one crystal: its rows, or the reason why there are none."""

    rows: tuple[Row, ...] = ()
    reason: str = ""


def tell(record: Record, telling: Telling) -> Told:
    """The rows of one crystal."""
    crystal = record.crystal
    too_large = Told(reason=f"more than {MAX_ATOMS} atoms in the primitive cell")
    try:
        if len(crystal) > MAX_ATOMS and len(SpglibSymmetrizer().primitive(crystal, SYMPREC_ANGSTROM)) > MAX_ATOMS:
            return too_large
        short = written(crystal, SYMPREC_ANGSTROM)
        primitive = read(short)
    except UserCorrectable as error:
        return Told(reason=str(error))
    if len(primitive) > MAX_ATOMS:
        return too_large
    if primitive.composition.reduced != crystal.composition.reduced:
        return Told(reason="the text is of another composition")
    group = group_of(short)
    target = short if telling.dialect == "short" else plain_cif(crystal)
    rows = [
        Row(
            id=record.identifier,
            prompt=prompt_of(CrystalTask(crystal.composition.reduced, group, energy), telling.layout),
            target=target,
            formula=crystal.formula,
            space_group=group,
        )
        for energy in _hull_energies(record, telling)
    ]
    return Told(tuple(rows)) if rows else Told(reason="no energy above the hull between 0 and 1 eV/atom is known")


def plain_cif(crystal: Crystal) -> str:
    """The CIF that pymatgen writes, with the symmetry found within 0.1 Å: the text of published adapters."""
    from pymatgen.io.cif import CifWriter

    from crystal_studio.engines.chem.bridge import to_structure

    return str(CifWriter(to_structure(crystal), symprec=SYMPREC_ANGSTROM)).strip()


def _hull_energies(record: Record, telling: Telling) -> tuple[float | None, ...]:
    """The energies that a crystal is told with, eV/atom; None stands for no mention."""
    known = record.hull_energy_ev
    if known is None or not 0 <= known <= _LARGEST_HULL_EV:
        return () if telling.hull == "with" else (None,)
    if telling.hull == "either":
        return (random.Random(f"{telling.seed} {record.identifier}").choice((None, known)),)
    return {"both": (None, known), "with": (known,), "without": (None,)}[telling.hull]


def tell_all(records: Iterable[Record], telling: Telling, workers: int) -> Iterator[Told]:
    """What became of each crystal, in order."""
    if workers == 1:
        yield from (tell(record, telling) for record in records)
        return
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, spawn) as pool:
        yield from pool.map(partial(tell, telling=telling), records, chunksize=_CHUNK)


def save_rows(told: Iterable[Told], path: Path) -> Counter[str]:
    """Write the rows, one JSON object a line; how many crystals were left out, by reason."""
    path.parent.mkdir(parents=True, exist_ok=True)
    refused: Counter[str] = Counter()
    unfinished = path.with_suffix(".partial")
    with unfinished.open("w", encoding="utf-8") as lines:
        for each in told:
            lines.writelines(json.dumps(row) + "\n" for row in each.rows)
            if each.reason:
                refused[each.reason] += 1
    unfinished.replace(path)
    return refused


def share_read_back(records: Sequence[Record], count: int, seed: int) -> tuple[int, int]:
    """Of a sample of crystals that can be written: how many match what their text says, and how many were compared."""
    from crystal_studio.engines.chem.comparer import MatcherComparer

    sample = random.Random(seed).sample(list(records), min(count, len(records)))
    matcher, matched, compared = MatcherComparer(), 0, 0
    for record in sample:
        try:
            back = read(written(record.crystal, SYMPREC_ANGSTROM))
        except UserCorrectable:
            continue
        compared += 1
        matched += matcher.rms_distance(record.crystal, back) is not None
    return matched, compared


def prepare(data: Path, output: Path, split: str, telling: Telling, workers: int, check: int) -> dict[str, object]:
    """Tell one split in random order, so that any first part is a fair sample; returns what was counted.

    Raises:
        UserCorrectable: there is no such split.
    """
    source = data / "crystals" / f"{split}.jsonl.gz"
    if not source.exists():
        raise UserCorrectable(f"There is no '{source}'. Name the folder of the data with --data or ${DATA_VARIABLE}.")
    records = list(read_json_lines(source))
    random.Random(telling.seed).shuffle(records)
    path = output / f"{split}.jsonl"
    refused = save_rows(tell_all(records, telling, workers), path)
    matched, compared = share_read_back(records, check, telling.seed)
    with path.open(encoding="utf-8") as lines:
        count = sum(1 for _ in lines)
    read_back = f"{matched} of {compared} match"
    return {"split": split, "crystals": len(records), "rows": count, "left_out": dict(refused), "read_back": read_back}


def main(arguments: Sequence[str] | None = None) -> None:
    """Command line of the stage; prints one JSON object a split."""
    parser = argparse.ArgumentParser(prog="python -m crystal_studio.training.crystext_data", description=__doc__)
    parser.add_argument("--data", default=os.environ.get(DATA_VARIABLE, "data"), help=f"folder (or ${DATA_VARIABLE})")
    parser.add_argument("--output", default="runs/crystext")
    parser.add_argument("--splits", nargs="+", default=["val", "train"])
    parser.add_argument("--hull", choices=get_args(Hull), default="either", help="tell the energy above the hull")
    parser.add_argument("--dialect", choices=get_args(Dialect), default="short", help="short CIF, or pymatgen's CIF")
    parser.add_argument("--layout", choices=get_args(Layout), default="short", help="of the prompt")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--check", type=int, default=200, help="crystals that are compared with what their text says")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    telling = Telling(options.hull, options.dialect, options.layout, options.seed)
    for split in options.splits:
        counted = prepare(Path(options.data), Path(options.output), split, telling, options.workers, options.check)
        print(json.dumps(counted), flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
