"""Makes the next start of a program read its files from the disk again, without touching other programs' files."""

from __future__ import annotations

import os
import sys
import sysconfig
from pathlib import Path


def forget_files(*folders: Path) -> int:
    """Drop the pages of every file below the folders from the disk's cache; Python's own library comes on top.

    Returns:
        Bytes of the files that were asked about.
    """
    size = 0
    for folder in {Path(sys.prefix), Path(sysconfig.get_path("stdlib")), *folders}:
        for path in folder.rglob("*"):
            if path.is_symlink() or not path.is_file():
                continue
            descriptor = os.open(path, os.O_RDONLY)
            try:
                size += os.fstat(descriptor).st_size
                os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
            finally:
                os.close(descriptor)
    return size
