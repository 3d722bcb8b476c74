"""The folder that models are written to: its failures in words, room on its disk, and scratch folders in it."""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from crystal_studio.domain.errors import UserCorrectable

_SCRATCH = ".importing-"
_LOCK = ".lock"
_SPARE_BYTES = 20_000_000
_READ_ONLY = "{place} is read-only for you. Give yourself write access there, or name another folder."
_SENTENCES = {
    **dict.fromkeys(
        (errno.ENOSPC, errno.EDQUOT), "The disk with {place} is full; nothing was kept. Free some space and try again."
    ),
    **dict.fromkeys((errno.EROFS, errno.EACCES, errno.EPERM), _READ_ONLY),
    errno.EFBIG: "The disk with {place} takes no file of that size (FAT32 ends at 4 GB). Use one with exFAT.",
    **dict.fromkeys((errno.ENOTEMPTY, errno.EEXIST), "{place} is there already. Remove it first."),
    **dict.fromkeys((errno.ENOTDIR, errno.ENOENT), "{place} cannot be made: a part of its path is no folder."),
}


@contextmanager
def disk_in_words(place: Path) -> Iterator[None]:
    """Turn failures of a disk that is written to into sentences.

    Raises:
        UserCorrectable: it is full, read-only, gone, or what is to be written is there.
    """
    try:
        yield
    except OSError as error:
        other = "{place} cannot be written (" + str(error.strerror or error) + "). Check the disk."
        raise UserCorrectable(_SENTENCES.get(error.errno or 0, other).format(place=place)) from error


def check_room(folder: Path, num_bytes: int) -> None:
    """See that the disk of a folder, which need not be there yet, has room.

    Raises:
        UserCorrectable: it has not; says how much is missing.
    """
    existing = next(parent for parent in (folder, *folder.parents) if parent.exists())
    free = shutil.disk_usage(existing).free
    if free < num_bytes + _SPARE_BYTES:
        missing = (num_bytes + _SPARE_BYTES - free) / 1e6
        raise UserCorrectable(
            f"The disk with {folder} has {free / 1e6:,.0f} MB free, {missing:,.0f} MB too little. "
            "Free some space, or name another folder."
        )


@contextmanager
def scratch_in(folder: Path) -> Iterator[Path]:
    """A folder on the same disk that no catalogue looks into; it is gone at the end, whatever happens.

    Raises:
        UserCorrectable: the folder cannot be written to.
    """
    with disk_in_words(folder):
        folder.mkdir(parents=True, exist_ok=True)
        _sweep(folder)
        made = Path(tempfile.mkdtemp(dir=folder, prefix=_SCRATCH))
        # Held as long as this process lives: the next import sweeps away what a killed one left.
        lock = os.open(made / _LOCK, os.O_CREAT | os.O_WRONLY, 0o600)
    try:
        with suppress(OSError):  # a disk without locks keeps what a killed import left
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield made
    finally:
        os.close(lock)
        shutil.rmtree(made, ignore_errors=True)


def _sweep(folder: Path) -> None:
    for left in folder.glob(f"{_SCRATCH}*"):
        with suppress(OSError):
            lock = os.open(left / _LOCK, os.O_WRONLY)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(left, ignore_errors=True)
            finally:
                os.close(lock)


def settle_file(file: IO[bytes] | IO[str]) -> None:
    """See that a file's bytes are on the disk before they are relied upon."""
    file.flush()
    os.fsync(file.fileno())


def settle(folder: Path) -> None:
    """See that a folder's entries are on the disk before they are relied upon."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
