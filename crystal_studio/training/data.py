"""Stage ``data``: read crystals in any of three layouts and write the tensors that the other stages train on.

Layouts: the JSON lines of the project's data folder, the public MP-20 CSV files, and a folder of CIF files.
Only this stage knows chemistry libraries; the training stages read what it wrote.

    python -m crystal_studio.training.data prepare --data FOLDER --output runs/prepared
"""

from __future__ import annotations

import argparse
import csv
import gzip
import hashlib
import json
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crystal_studio.domain.crystal import Crystal
from crystal_studio.domain.elements import BY_SYMBOL
from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.engines.sampling.denoiser_cell import canonical_cell
from crystal_studio.training.text_corpus import Texts, texts_of

DATA_VARIABLE = "CRYSTAL_STUDIO_DATA"
SPLITS = ("train", "val", "test", "chemeleon")
MAX_ATOMS = 20


@dataclass(frozen=True)
class Record:
    """One crystal of a data set with what is known of it; energies in eV/atom, the band gap in eV."""

    identifier: str
    crystal: Crystal
    space_group: int | None = None
    band_gap_ev: float | None = None
    hull_energy_ev: float | None = None
    formation_energy_ev: float | None = None
    text: str | None = None
    megnet_gap_ev: float | None = None
    prompt: str | None = None


@dataclass(frozen=True)
class Prepared:
    """Crystals of one split as flat arrays: crystal i owns atoms ``starts[i]:starts[i + 1]``.

    Attributes:
        starts: (M + 1,) offsets.
        numbers: (A,) atomic numbers.
        frac: (A, 3) fractional coordinates in the Niggli cell.
        lattices: (M, 3, 3) symmetric lattice matrices, angstrom.
        texts: M sets of texts.
        digest: SHA-256 of the file that was read.
    """

    starts: NDArray[np.int64]
    numbers: NDArray[np.int64]
    frac: NDArray[np.float32]
    lattices: NDArray[np.float32]
    texts: tuple[Texts, ...]
    digest: str

    def __len__(self) -> int:
        return len(self.lattices)

    @property
    def sizes(self) -> NDArray[np.int64]:
        """Atoms of each crystal, shape (M,)."""
        return np.diff(self.starts)


def read_records(path: Path) -> Iterator[Record]:
    """Records of one file or folder, by its layout.

    Raises:
        UserCorrectable: the layout is none of the three.
    """
    if path.is_dir():
        return read_cif_folder(path)
    if path.name.endswith(".csv"):
        return read_mp20_csv(path)
    if path.name.endswith((".jsonl", ".jsonl.gz")):
        return read_json_lines(path)
    raise UserCorrectable(f"'{path.name}' is no data set. Give a .jsonl(.gz), an MP-20 .csv or a folder of CIF files.")


def read_json_lines(path: Path) -> Iterator[Record]:
    """Records of a JSON-lines file with the keys id, lattice, species, frac, spacegroup, ..."""
    opener = gzip.open if path.name.endswith(".gz") else open
    with opener(path, "rt", encoding="utf-8") as lines:
        for row in map(json.loads, lines):
            yield Record(
                identifier=str(row["id"]),
                crystal=Crystal.from_dict(row),
                space_group=row.get("spacegroup"),
                band_gap_ev=row.get("band_gap"),
                hull_energy_ev=row.get("e_above_hull"),
                formation_energy_ev=row.get("formation_energy"),
                text=row.get("text"),
                megnet_gap_ev=row.get("megnet_gap"),
                prompt=row.get("prompt"),
            )


def read_mp20_csv(path: Path) -> Iterator[Record]:
    """Records of an MP-20 CSV file (Xie et al. 2022; columns material_id, cif, band_gap, spacegroup.number, ...)."""
    csv.field_size_limit(2**24)
    with path.open(newline="", encoding="utf-8") as lines:
        for row in csv.DictReader(lines):
            yield Record(
                identifier=row["material_id"],
                crystal=_crystal_of_cif(row["cif"]),
                space_group=_whole(row.get("spacegroup.number")),
                band_gap_ev=_number(row.get("band_gap")),
                hull_energy_ev=_number(row.get("e_above_hull")),
                formation_energy_ev=_number(row.get("formation_energy_per_atom")),
            )


def read_cif_folder(path: Path) -> Iterator[Record]:
    """Records of all ``*.cif`` files of a folder, in name order; the file's stem is the identifier."""
    for file in sorted(path.glob("*.cif")):
        yield Record(identifier=file.stem, crystal=_crystal_of_cif(file.read_text(encoding="utf-8")))


def read_descriptions(path: Path) -> dict[str, str]:
    """Identifier -> Robocrystallographer text; rows that hold an error instead are left out."""
    opener = gzip.open if path.name.endswith(".gz") else open
    with opener(path, "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    return {row["id"]: row["text"] for row in rows if row.get("text")}


def prepare(records: Iterable[Record], digest: str, max_atoms: int = MAX_ATOMS) -> Prepared:
    """Canonical cells of all records with at most ``max_atoms`` atoms, as flat arrays."""
    kept = [record for record in records if len(record.crystal) <= max_atoms]
    cells = [canonical_cell(record.crystal) for record in kept]
    sizes = [len(cell) for cell in cells]
    return Prepared(
        starts=np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64),
        numbers=np.array([BY_SYMBOL[s].number for cell in cells for s in cell.species], dtype=np.int64),
        frac=np.concatenate([cell.frac_coords for cell in cells]).astype(np.float32),
        lattices=np.stack([cell.lattice for cell in cells]).astype(np.float32),
        texts=tuple(texts_of(r.crystal.formula, r.space_group, r.text) for r in kept),
        digest=digest,
    )


def save_prepared(prepared: Prepared, path: Path) -> None:
    """Write ``path`` (.npz) and beside it the texts as JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    arrays: dict[str, Any] = {name: getattr(prepared, name) for name in ("starts", "numbers", "frac", "lattices")}
    np.savez(path, **arrays)
    body = {"digest": prepared.digest, "texts": [text.to_list() for text in prepared.texts]}
    path.with_suffix(".texts.json").write_text(json.dumps(body, ensure_ascii=False), encoding="utf-8")


def load_prepared(path: Path) -> Prepared:
    """Inverse of `save_prepared`.

    Raises:
        UserCorrectable: the stage ``data`` has not been run.
    """
    if not path.exists():
        raise UserCorrectable(f"There is no '{path}'. Run 'python -m crystal_studio.training.data prepare' first.")
    body = json.loads(path.with_suffix(".texts.json").read_text(encoding="utf-8"))
    with np.load(path) as arrays:
        return Prepared(
            starts=arrays["starts"],
            numbers=arrays["numbers"],
            frac=arrays["frac"],
            lattices=arrays["lattices"],
            texts=tuple(Texts.from_list(row) for row in body["texts"]),
            digest=body["digest"],
        )


def sha256_of(path: Path) -> str:
    """SHA-256 of a file; of a folder, of its CIF files in name order."""
    digest = hashlib.sha256()
    for file in sorted(path.glob("*.cif")) if path.is_dir() else [path]:
        digest.update(file.read_bytes())
    return digest.hexdigest()


def prepare_split(source: Path, descriptions: dict[str, str], output: Path) -> int:
    """Prepare one data set and return its number of crystals."""
    records = (replace(r, text=r.text or descriptions.get(r.identifier)) for r in read_records(source))
    prepared = prepare(records, sha256_of(source))
    save_prepared(prepared, output)
    return len(prepared)


def main(arguments: Sequence[str] | None = None) -> None:
    """Command line of the stage."""
    options = _parser().parse_args(arguments)
    folder = Path(options.data)
    described = folder / "descriptions.jsonl.gz"
    descriptions = read_descriptions(described) if described.exists() else {}
    for split in options.splits:
        count = prepare_split(_source_of(folder, split), descriptions, Path(options.output) / f"{split}.npz")
        sys.stdout.write(json.dumps({"split": split, "crystals": count}) + "\n")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m crystal_studio.training.data", description=__doc__)
    parser.add_argument("action", choices=["prepare"])
    parser.add_argument("--data", default=os.environ.get(DATA_VARIABLE, "data"), help=f"folder (or ${DATA_VARIABLE})")
    parser.add_argument("--output", default="runs/prepared")
    parser.add_argument("--splits", nargs="+", default=list(SPLITS))
    return parser


def _source_of(folder: Path, split: str) -> Path:
    candidates = [folder / "crystals" / f"{split}.jsonl.gz", folder / f"{split}.jsonl.gz", folder / f"{split}.csv"]
    for path in [*candidates, folder / split]:
        if path.exists():
            return path
    raise UserCorrectable(
        f"There is no split '{split}' in '{folder}'. Expected {split}.jsonl.gz, {split}.csv or {split}/."
    )


def _crystal_of_cif(text: str) -> Crystal:
    from pymatgen.core import Structure

    structure = Structure.from_str(text, fmt="cif")
    return Crystal(structure.lattice.matrix, tuple(site.specie.symbol for site in structure), structure.frac_coords)


def _number(text: str | None) -> float | None:
    return float(text) if text not in (None, "") else None


def _whole(text: str | None) -> int | None:
    return int(float(text)) if text not in (None, "") else None


if __name__ == "__main__":
    main()
