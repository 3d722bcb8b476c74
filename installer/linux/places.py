"""Where an installed Crystal Studio lies, and the record of what its installer made."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import NoReturn

PROGRAM = "crystal-studio"
COMPLETE = ".complete"  # in a version's folder, once everything is in it
BEGUN = ".made-by-the-installer"  # in a version's folder, before anything else


@dataclass(frozen=True)
class Places:
    """Folders of one installation.

    Attributes:
        prefix: holds one folder for each version, the link `current`, the record and `uninstall`.
        bin: holds the launcher.
        share: holds applications, icons and mime, as the desktop looks for them.
    """

    prefix: Path
    bin: Path
    share: Path

    @property
    def current(self) -> Path:
        """Link to the version that is started."""
        return self.prefix / "current"

    @property
    def launcher(self) -> Path:
        """The command that a person gives."""
        return self.bin / PROGRAM

    @property
    def record(self) -> Path:
        """What was made, as JSON."""
        return self.prefix / "installed.json"

    @property
    def uninstaller(self) -> Path:
        """The command that takes everything away."""
        return self.prefix / "uninstall"

    def versions(self) -> list[Path]:
        """Folders that an installer has begun, whole or not."""
        return sorted(mark.parent for mark in self.prefix.glob(f"*/{BEGUN}") if not mark.parent.is_symlink())


@dataclass(frozen=True)
class Record:
    """What was made outside the prefix.

    Attributes:
        bin: folder of the launcher.
        share: folder of the desktop's files.
        files: path -> SHA-256 of what was written there.
        folders: made because they were missing, outermost first.
    """

    bin: str
    share: str
    files: dict[str, str]
    folders: list[str]


def default_places(prefix: Path | None = None, bin_: Path | None = None, share: Path | None = None) -> Places:
    """The person's own folders, but for those that are named."""
    home = Path.home()
    data = Path(os.environ.get("XDG_DATA_HOME") or home / ".local" / "share")
    return Places(
        prefix=_whole(prefix or data / f"{PROGRAM}-app"),
        bin=_whole(bin_ or home / ".local" / "bin"),
        share=_whole(share or data),
    )


def read_record(places: Places) -> Record | None:
    """The record of an installation, None where there is none."""
    if not places.record.is_file():
        return None
    try:
        return Record(**json.loads(places.record.read_text(encoding="utf-8")))
    except (ValueError, TypeError) as error:
        give_up(f"{places.record} cannot be read ({error}). Move {places.prefix} away, then install again.")


def write_record(places: Places, record: Record) -> None:
    """Keep the record; the old one stays until the new one is whole."""
    replace_file(places.record, (json.dumps(asdict(record), indent=1) + "\n").encode())


def replace_file(path: Path, content: bytes, mode: int = 0o644) -> None:
    """Write a file beside, then put it in place of the old one."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    beside.write_bytes(content)
    beside.chmod(mode)
    beside.replace(path)


def sha256_of(path: Path) -> str:
    """SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def remove_files(files: Mapping[str, str]) -> None:
    """Remove what was written; what somebody has changed since stays.

    Args:
        files: path -> SHA-256 of what was written there, "" where an installation was broken off.
    """
    for name, digest in files.items():
        path = Path(name)
        if not path.is_file():
            continue
        if digest and sha256_of(path) != digest:
            say(f"{path} has been changed since and stays.")
        else:
            path.unlink()


@contextmanager
def alone(places: Places) -> Iterator[None]:
    """Only one installer at a time; the lock is the prefix itself, so that no file is left behind."""
    descriptor = os.open(places.prefix, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        give_up(f"Another installer is at work on {places.prefix}. Wait until it is done.")
    try:
        yield
    finally:
        os.close(descriptor)


def processes_of(folder: Path) -> list[int]:
    """Processes that run from a folder, as far as we may look."""
    wanted = str(folder.resolve()) + "/"
    found = []
    for maps in Path("/proc").glob("[0-9]*/maps"):
        try:
            text = maps.read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue  # another person's, or it has just ended
        if wanted in text:
            found.append(int(maps.parent.name))
    return found


def say(text: str) -> None:
    """Tell the person; stdout is left to programs."""
    sys.stderr.write(f"crystal-studio installer: {text}\n")


def give_up(text: str) -> NoReturn:
    """Tell what was wrong and stop.

    Raises:
        SystemExit: always, with status 1.
    """
    say(text)
    raise SystemExit(1)


def _whole(path: Path) -> Path:
    return Path(os.path.abspath(path.expanduser()))
