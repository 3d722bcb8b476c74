"""What the doctor says of the machine itself: Python, C library, locale, memory, disks, folders."""

from __future__ import annotations

import locale
import platform
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from crystal_studio.domain.finding import Finding, State
from crystal_studio.domain.machine import Machine

MEMORY_NEEDED_MB = 4_000
DISK_NEEDED_GB = 1.0
# With the newest demands on the C library; their wheels say which.
_COMPILED = ("PySide6-Essentials", "torch", "vtk", "bitsandbytes", "numpy", "pymatgen", "spglib", "llguidance")
_LEFT_OVER_SECONDS = 3600.0


def system(machine: Machine) -> Iterator[Finding]:
    """Python, platform, C library, locale, cores, memory."""
    python = platform.python_version()
    if (3, 11) <= sys.version_info[:2] < (3, 14):
        yield Finding("python", python)
    else:
        yield Finding("python", python, State.PROBLEM, "Install Python 3.11, 3.12 or 3.13.")
    yield Finding("platform", platform.platform())
    yield from _c_library(platform.libc_ver())
    yield _locale(locale.getpreferredencoding(do_setlocale=False), sys.getfilesystemencoding())
    yield Finding("cores", str(machine.cores))
    memory = f"{machine.memory_mb / 1000:.1f} GB, {machine.free_mb / 1000:.1f} free"
    if machine.free_mb >= MEMORY_NEEDED_MB:
        yield Finding("memory", memory)
    else:
        remedy = f"A design round takes up to {MEMORY_NEEDED_MB // 1000} GB: close other programs."
        yield Finding("memory", memory, State.ADVICE, remedy)


def _c_library(found: tuple[str, str]) -> Iterator[Finding]:
    """The C library against the newest that an installed wheel was built for."""
    name, number = found
    if name != "glibc":
        return
    needed = max(map(_glibc_of, _COMPILED))
    have = tuple(map(int, re.findall(r"\d+", number)[:2]))
    if have >= needed:
        yield Finding("glibc", number)
    else:
        wanted = ".".join(map(str, needed))
        remedy = f"The libraries need {wanted}: use a newer release of this system, such as Ubuntu 22.04 or RHEL 9.3."
        yield Finding("glibc", number, State.PROBLEM, remedy)


def _glibc_of(package: str) -> tuple[int, ...]:
    """The glibc that a package's wheel asks for; (2, 17) is that of manylinux2014."""
    try:
        tags = distribution(package).read_text("WHEEL") or ""
    except PackageNotFoundError:
        return (2, 17)
    asked = [tuple(map(int, one)) for one in re.findall(r"manylinux_(\d+)_(\d+)", tags)]
    return min(asked, default=(2, 17))  # a wheel with several tags runs where any of them does


def _locale(encoding: str, file_names: str) -> Finding:
    if all(name.lower().replace("-", "") == "utf8" for name in (encoding, file_names)):
        return Finding("locale", "UTF-8")
    remedy = "Names with Å or ü may be garbled. Start with `LANG=C.UTF-8`, or set PYTHONUTF8=1."
    return Finding("locale", f"{encoding}, file names in {file_names}", State.ADVICE, remedy)


def writable(name: str, folder: Path) -> Finding:
    """Whether a folder, which need not be there yet, can be written to, and has room."""
    existing = next(parent for parent in (folder, *folder.parents) if parent.exists())
    try:
        with tempfile.TemporaryFile(dir=existing) as file:
            file.write(b"x")
    except OSError as error:
        remedy = f"Give yourself write access to {existing}, or name another folder."
        return Finding(name, f"{folder}: {error.strerror}", State.PROBLEM, remedy)
    free = shutil.disk_usage(existing).free / 10**9
    if free < DISK_NEEDED_GB:
        return Finding(name, f"{folder} ({free:.1f} GB free)", State.ADVICE, "Free some space on this disk.")
    return Finding(name, f"{folder} ({free:.1f} GB free)")


def readable(folders: Iterable[Path]) -> Iterator[Finding]:
    """Shared folders of models, which are only read."""
    for folder in folders:
        if folder.is_dir():
            yield Finding("shared models", str(folder))
        else:
            remedy = "Connect to the server that holds it, or take it out of CRYSTAL_STUDIO_SHARED_MODELS."
            yield Finding("shared models", f"{folder} is not there", State.ADVICE, remedy)


def places(named: Mapping[str, Path]) -> Iterator[Finding]:
    """Where things lie, for a person who looks for them."""
    for name, path in named.items():
        yield Finding(name, str(path))


def leftovers(models_folder: Path, now: float | None = None) -> Iterator[Finding]:
    """What imports that were killed left in the models folder; one under way is younger."""
    moment = time.time() if now is None else now
    found = [path for path in _hidden(models_folder) if moment - path.stat().st_mtime > _LEFT_OVER_SECONDS]
    if found:
        held = sum(path.stat().st_size for one in found for path in one.rglob("*") if path.is_file()) / 10**6
        listed = ", ".join(path.name for path in found[:3]) + (", ..." if len(found) > 3 else "")
        remedy = f"The next import removes them; or delete them yourself in {models_folder}."
        yield Finding("unfinished imports", f"{listed} ({held:,.0f} MB)", State.ADVICE, remedy)
    else:
        yield Finding("unfinished imports", "none")


def _hidden(models_folder: Path) -> Sequence[Path]:
    """A name with a leading dot is a model still being written."""
    found = [*models_folder.glob(".*"), *models_folder.glob("*/.*")]
    return sorted(path for path in found if path.is_dir() and not path.is_symlink())


def training_data(folder: Path | None) -> Finding:
    """Crystals for training and evaluation."""
    remedy = "Set CRYSTAL_STUDIO_DATA to the folder with crystals/*.jsonl.gz; only training and evaluation need it."
    if folder is None:
        return Finding("training data", "none", State.ADVICE, remedy)
    if not (folder / "crystals").is_dir():
        return Finding("training data", f"{folder} has no folder 'crystals'", State.ADVICE, remedy)
    return Finding("training data", str(folder))
