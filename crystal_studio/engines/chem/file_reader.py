"""The program of the child that reads crystal files under limits: JSON lines in, JSON lines out.

It loads the libraries once and forks a limited grandchild for each file, which reads it and ends. Where a process
cannot fork, it reads one file itself, and is then replaced.

A request holds the `path` of a file, or the `text` of one with its `name`; the answer holds `items`, each a crystal or
the reason of its refusal, and the `sha256` of the bytes.
"""

from __future__ import annotations

import ctypes
import gc
import hashlib
import json
import os
import select
import signal
import stat
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.domain.imported import ReadFile, RefusedFile

MAX_FILE_BYTES = 10_000_000
MAX_MEMORY_BYTES = 1 << 30
MAX_CPU_SECONDS = 4
MAX_WALL_SECONDS = 60.0  # of one file; the limit of processor time acts first on anything but a stalled disk
CAN_FORK = hasattr(os, "fork")
_BLOCK_BYTES = 1 << 16
_PR_SET_PDEATHSIG = 1  # linux/prctl.h

Answer = dict[str, Any]
_SMALL = {
    "a.cif": "data_a\n_cell_length_a 4\n_cell_length_b 4\n_cell_length_c 4\n_cell_angle_alpha 90\n_cell_angle_beta 90\n"
    "_cell_angle_gamma 90\n_space_group_IT_number 225\nloop_\n_atom_site_type_symbol\n_atom_site_label\n"
    "_atom_site_fract_x\n_atom_site_fract_y\n_atom_site_fract_z\n_atom_site_occupancy\nNa Na1 0 0 0 1\n",
    "POSCAR": "a\n1.0\n4 0 0\n0 4 0\n0 0 4\nNa\n1\nDirect\n0 0 0\n",
    "a.extxyz": '1\nLattice="4 0 0 0 4 0 0 0 4" Properties=species:S:1:pos:R:3\nNa 0 0 0\n',
}


def main() -> None:
    """Answer until the input ends."""
    warnings.simplefilter("ignore")  # each reader records its own
    _warm_up()
    _say({})
    for line in sys.stdin:
        request = json.loads(line)
        _say(_answer_of_grandchild(request) if CAN_FORK else _limited_answer(request))


def _warm_up() -> None:
    """Load the libraries and let each read a crystal once: what they prepare then, no grandchild need prepare again."""
    from crystal_studio.engines.chem.file_formats import read_crystals

    for name, text in _SMALL.items():
        list(read_crystals(text, name))
    gc.freeze()  # collecting would copy the pages that the grandchildren share with us


def _answer_of_grandchild(request: Answer) -> Answer:
    """Fork, let the grandchild read, and wait for it no longer than the limit."""
    reading, writing = os.pipe()
    grandchild = os.fork()
    if grandchild == 0:
        status = 1
        try:
            os.close(reading)
            _die_with_parent()
            answer = json.dumps(_limited_answer(request)).encode()
            with os.fdopen(writing, "wb") as pipe:
                pipe.write(answer)
            status = 0
        finally:
            os._exit(status)
    os.close(writing)
    try:
        answer = _all_of(reading, MAX_WALL_SECONDS)
    finally:
        os.close(reading)
        os.kill(grandchild, signal.SIGKILL)
        _, status, used = os.wait4(grandchild, 0)
    measured = {"cpu_seconds": used.ru_utime + used.ru_stime, "memory_kilobytes": used.ru_maxrss}
    try:
        return dict(json.loads(answer)) | measured
    except ValueError:
        return {"ended": os.waitstatus_to_exitcode(status)} | measured


def _all_of(descriptor: int, seconds: float) -> bytes:
    """What is written until the end, or until nothing more came for so long."""
    parts = []
    while select.select([descriptor], [], [], seconds)[0]:
        block = os.read(descriptor, _BLOCK_BYTES)
        if not block:
            break
        parts.append(block)
    return b"".join(parts)


def _limited_answer(request: Answer) -> Answer:
    _limit()
    try:
        return _answer(request)
    except MemoryError:
        return {"items": [{"name": "", "reason": "It needs more than 1 GB to read. Export a smaller cell."}]}


def _answer(request: Answer) -> Answer:
    name = str(request["name"])
    try:
        data = request["text"].encode() if "text" in request else bytes_of(Path(request["path"]))
    except UserCorrectable as error:
        return {"items": [{"name": name, "reason": str(error)}]}
    except OSError as error:
        reason = f"It cannot be read ({error.strerror}). Check its name, place and permissions."
        return {"items": [{"name": name, "reason": reason}]}
    return {"items": [_plain(item) for item in _items(data, name)], "sha256": hashlib.sha256(data).hexdigest()}


def _items(data: bytes, name: str) -> Iterator[ReadFile | RefusedFile]:
    from crystal_studio.engines.chem.cascade import Budget
    from crystal_studio.engines.chem.file_formats import read_crystals
    from crystal_studio.engines.chem.packed import unpacked

    budget = Budget()
    try:
        for inner, content in unpacked(data, name):
            if b"\0" in content[:4096]:
                yield RefusedFile(inner, "It is no text. Give CIF, POSCAR, extended XYZ or the JSON of a structure.")
                continue
            yield from read_crystals(content.decode("utf-8-sig", errors="replace"), inner, budget)
    except UserCorrectable as error:
        yield RefusedFile(name, str(error))


def bytes_of(path: Path) -> bytes:
    """The bytes of a regular file, opened so that nothing can keep us waiting.

    Raises:
        UserCorrectable: it is no regular file, empty, or too large.
        OSError: it cannot be opened.
    """
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise UserCorrectable("It is not a file. Name a file with a crystal.")
        data = file.read(MAX_FILE_BYTES + 1)
    if len(data) > MAX_FILE_BYTES:
        raise UserCorrectable(f"It is larger than {MAX_FILE_BYTES / 1e6:.0f} MB. Export one crystal.")
    if not data.strip():
        raise UserCorrectable("It is empty. Export the crystal again.")
    return data


def _plain(item: ReadFile | RefusedFile) -> Answer:
    if isinstance(item, RefusedFile):
        return {"name": item.name, "reason": item.reason}
    return {
        "name": item.name,
        "crystal": item.crystal.to_dict(),
        "shared": [[site.index, site.occupancies] for site in item.shared],
        "reader": item.reader,
        "steps": item.steps,
        "warnings": item.warnings,
    }


def _say(answer: Answer) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


def _die_with_parent() -> None:
    """Let the kernel end us when our parent is killed (Linux; elsewhere the limits do)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _limit() -> None:
    """Limit memory, processor time and what may be written; where the platform cannot, the parent's clock remains."""
    try:
        import resource
    except ImportError:
        return
    used = resource.getrusage(resource.RUSAGE_SELF)
    begun = int(used.ru_utime + used.ru_stime)
    seconds = begun + MAX_CPU_SECONDS + (0 if CAN_FORK and begun == 0 else 1)
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_AS, (MAX_MEMORY_BYTES, MAX_MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))


if __name__ == "__main__":
    main()
