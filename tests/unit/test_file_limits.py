"""Damaged files, bombs and hangs: read or refused, never a crash, in five seconds and a gigabyte at most."""

from __future__ import annotations

import bz2
import gzip
import json
import lzma
import os
import socket
import sys
import time
import zipfile
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import pytest
from crystal_mutations import SAMPLES, mutations, written_cifs, written_poscars

from crystal_studio.domain.imported import ReadFile, RefusedFile
from crystal_studio.engines.chem.cif_scan import crystal_blocks, stated_formula
from crystal_studio.engines.chem.file_reader import MAX_MEMORY_BYTES
from crystal_studio.engines.chem.files import LimitedFiles, items_of
from crystal_studio.engines.chem.limited_worker import LimitedWorker
from crystal_studio.engines.chem.reading import same_composition

MOST_SECONDS = 5.0
CELL = "".join(f"_cell_length_{axis} 5\n" for axis in "abc") + "".join(
    f"_cell_angle_{angle} 90\n" for angle in ("alpha", "beta", "gamma")
)
LOOP = "loop_\n_atom_site_label\n_atom_site_type_symbol\n_atom_site_fract_x\n_atom_site_fract_y\n_atom_site_fract_z\n"
SITE = "Na1 Na 0 0 0\n"
POSCAR = "x\n1.0\n4 0 0\n0 4 0\n0 0 4\nNa Cl\n{counts}\nDirect\n0 0 0\n0.5 0.5 0.5\n"
ZEROS = bytes(300_000_000)


def cif(cell: str = CELL, sites: str = SITE, operations: str = "") -> bytes:
    return f"data_x\n{cell}{operations}{LOOP}{sites}".encode()


def operations(count: int) -> str:
    return "loop_\n_symmetry_equiv_pos_as_xyz\n" + "".join(f"'x+{index}/{count}, y, z'\n" for index in range(count))


def sites(count: int) -> str:
    return "".join(f"Na{index} Na 0.{index:06d} 0.1 0.2\n" for index in range(1, count + 1))


def zipped(members: dict[str, bytes]) -> bytes:
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return packed.getvalue()


def nested(depth: int) -> bytes:
    return b'{"structure":' * depth + b"{}" + b"}" * depth


def frames(count: str) -> bytes:
    return f'{count}\nLattice="4 0 0 0 4 0 0 0 4"\nNa 0 0 0\n'.encode()


def structure(matrix: object, sites_: object) -> bytes:
    return json.dumps({"lattice": {"matrix": matrix}, "sites": sites_}).encode()


CUBE = [[4, 0, 0], [0, 4, 0], [0, 0, 4]]
BOMBS = {
    "operations.cif": lambda: cif(operations=operations(5_000)),
    "operations-and-sites.cif": lambda: cif(sites=sites(300), operations=operations(192)),
    "named-group-and-sites.cif": lambda: cif(CELL + "_symmetry_space_group_name_H-M 'F m -3 m'\n", sites(300)),
    "million-sites.cif": lambda: cif(sites=sites(200_000), operations=operations(1)),
    "flat-angle.cif": lambda: cif(CELL.replace("gamma 90", "gamma 0.001")),
    "flat-sum.cif": lambda: cif(CELL.replace("alpha 90", "alpha 179.99").replace("beta 90", "beta 0.02")),
    "needle.cif": lambda: cif(CELL.replace("length_c 5", "length_c 1e9")),
    "huge-number.cif": lambda: cif(CELL.replace("length_a 5", "length_a 1e400")),
    "not-a-number.cif": lambda: cif(CELL.replace("length_a 5", "length_a nan")),
    "position-nan.cif": lambda: cif(sites="Na1 Na nan inf 0\n"),
    "blocks.cif": lambda: b"".join(cif(CELL.replace("gamma 90", "gamma 0.001")) for _ in range(3_000)),
    "quotes.cif": lambda: cif(CELL + "_x " + "'a " * 1_000_000 + "\n"),
    "counts-1e11.vasp": lambda: POSCAR.format(counts="100000000000 100000000000").encode(),
    "counts-minus.vasp": lambda: POSCAR.format(counts="-1 5").encode(),
    "scale.vasp": lambda: POSCAR.format(counts="1 1").replace("1.0", "1e300", 1).encode(),
    "count-1e11.extxyz": lambda: frames("100000000000"),
    "digits.extxyz": lambda: frames("9" * 4_000_000),
    "many-frames.extxyz": lambda: frames("1") * 100_000,
    "plain.xyz": lambda: b"1\nno lattice\nNa 0 0 0\n",
    "deep.json": lambda: nested(200_000),
    "deep-list.json": lambda: b"[" * 5_000_000,
    "digits.json": lambda: b'{"lattice": {"matrix": [[' + b"9" * 5_000_000 + b"]]}}",
    "nan.json": lambda: structure([[float("nan")] * 3] * 3, [{"abc": [0, 0, 0], "species": [{"element": "Na"}]}]),
    "million-atoms.json": lambda: structure(CUBE, [{"abc": [0, 0, 0], "species": [{"element": "Na"}]}] * 100_000),
    "bomb.cif.gz": lambda: gzip.compress(ZEROS, 1),
    "bomb.cif.bz2": lambda: bz2.compress(ZEROS[:50_000_000], 1),
    "bomb.cif.xz": lambda: lzma.compress(ZEROS[:100_000_000], preset=0),
    "bomb.zip": lambda: zipped({"a.cif": ZEROS}),
    "many.zip": lambda: zipped({f"{number}.cif": b"x" for number in range(2_000)}),
    "zip-in-zip.zip": lambda: zipped({"inner.zip": zipped({"a.cif": ZEROS[:30_000_000]})}),
    "cut.cif.gz": lambda: gzip.compress(cif())[:-12],
    "packed-otherwise.cif.zst": lambda: b"\x28\xb5\x2f\xfd" + bytes(100),
    "binary.cif": lambda: bytes(range(256)) * 1_000,
}


@dataclass(frozen=True)
class Outcome:
    """What came of a file, and what its process used."""

    items: tuple[ReadFile | RefusedFile, ...]
    cpu_seconds: float
    wall_seconds: float
    memory_bytes: float
    is_cut_short: bool

    def refuse_excess(self) -> None:
        """Fail where it took more processor time or memory than it may, or did not end by itself."""
        assert self.cpu_seconds < MOST_SECONDS
        assert not self.is_cut_short, "the reader ended by an error that nobody foresaw, or at a limit"
        assert self.memory_bytes < MAX_MEMORY_BYTES


@pytest.fixture(scope="module")
def worker() -> Iterator[LimitedWorker]:
    """The child that reads files, one for all of this module."""
    with LimitedWorker("crystal_studio.engines.chem.file_reader", wall_seconds=90.0) as found:
        yield found


def read(path: Path, worker: LimitedWorker) -> Outcome:
    begun = time.monotonic()
    answer = worker.ask({"name": path.name, "path": str(path)})
    assert answer is not None
    items = tuple(items_of(answer, path.name))
    memory = answer["memory_kilobytes"] * 1024
    return Outcome(items, answer["cpu_seconds"], time.monotonic() - begun, memory, "ended" in answer)


def test_that_a_good_file_is_read(worker: LimitedWorker) -> None:
    (item,) = read(SAMPLES / "nacl.cif", worker).items
    assert isinstance(item, ReadFile)
    assert (item.crystal.formula, len(item.sha256)) == ("NaCl", 64)


@pytest.mark.parametrize("name", list(BOMBS))
def test_that_a_bomb_or_hang_is_refused_within_five_seconds(name: str, worker: LimitedWorker, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(BOMBS[name]())
    outcome = read(path, worker)
    outcome.refuse_excess()
    crowd = os.getloadavg()[0] / (os.cpu_count() or 1)  # where others want the processors, the clock runs on
    assert outcome.wall_seconds < MOST_SECONDS * max(1.0, 2 * crowd)
    assert [type(item) for item in outcome.items if not isinstance(item, RefusedFile)] == []
    assert all(item.reason.endswith(".") for item in outcome.items)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has neither")
def test_that_what_is_no_regular_file_is_refused_at_once_and_without_a_child(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo.cif")
    (tmp_path / "device.cif").symlink_to("/dev/zero")
    (tmp_path / "loop.cif").symlink_to(tmp_path / "loop.cif")
    (tmp_path / "dangling.cif").symlink_to(tmp_path / "absent")
    (tmp_path / "folder.cif").mkdir()
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(str(tmp_path / "socket.cif"))
    (tmp_path / "huge.cif").write_bytes(b"")
    os.truncate(tmp_path / "huge.cif", 1 << 40)
    paths = [*sorted(tmp_path.iterdir()), tmp_path / "absent.cif", tmp_path / ("x" * 5_000), tmp_path / "a\0b"]
    begun = time.monotonic()
    refused = list(LimitedFiles().read_all(paths))
    listening.close()
    assert len(refused) == len(paths) == 10
    assert all(isinstance(item, RefusedFile) for item in refused)
    assert time.monotonic() - begun < MOST_SECONDS


def read_or_refused(texts: Iterable[str], path: Path, worker: LimitedWorker) -> Counter[str]:
    """How many of the texts were read and refused, and the most that one took; none with a silent change."""
    told: Counter[str] = Counter()
    for text in texts:
        path.write_text(text, encoding="utf-8", errors="replace")
        outcome = read(path, worker)
        outcome.refuse_excess()
        if path.suffix == ".cif":
            refuse_silent_change(path, outcome.items)
        told["read"] += sum(isinstance(item, ReadFile) for item in outcome.items)
        told["refused"] += sum(isinstance(item, RefusedFile) for item in outcome.items)
        told["most milliseconds"] = max(told["most milliseconds"], int(1000 * outcome.cpu_seconds))
        told["most megabytes"] = max(told["most megabytes"], int(outcome.memory_bytes / 1e6))
    return told


def refuse_silent_change(path: Path, items: tuple[ReadFile | RefusedFile, ...]) -> None:
    """What was read of a block that states its formula has that composition."""
    if any(isinstance(item, RefusedFile) for item in items):
        return
    blocks = crystal_blocks(path.read_text(encoding="utf-8", errors="replace"))
    for block, item in zip(blocks, items, strict=True):
        stated = stated_formula(block)
        if stated and not item.shared:
            counts = {symbol: float(count) for symbol, count in item.crystal.composition.amounts}
            assert same_composition(counts, stated), path


def damaged(folder: Path, num_cifs: int, num_poscars: int) -> dict[str, Iterable[str]]:
    """Ending -> damaged texts, made from files that we wrote."""
    folder.mkdir()
    cifs, poscars = written_cifs(folder), written_poscars(folder)
    return {".cif": mutations(cifs, num_cifs, seed=1), ".vasp": mutations(poscars, num_poscars, seed=2)}


def test_that_damaged_files_are_read_or_refused(worker: LimitedWorker, tmp_path: Path) -> None:
    for ending, texts in damaged(tmp_path / "written", 60, 30).items():
        told = read_or_refused(texts, tmp_path / f"a{ending}", worker)
        assert min(told["read"], told["refused"]) > 3, told


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_that_three_thousand_damaged_files_are_read_or_refused(worker: LimitedWorker, tmp_path: Path) -> None:
    for ending, texts in damaged(tmp_path / "written", 2_000, 1_000).items():
        told = read_or_refused(texts, tmp_path / f"a{ending}", worker)
        print(f"\n{ending}: {dict(told)}")
        assert min(told["read"], told["refused"]) > 100, told


def test_that_a_gigabyte_is_the_most_that_a_file_may_take() -> None:
    assert MAX_MEMORY_BYTES == 1 << 30
