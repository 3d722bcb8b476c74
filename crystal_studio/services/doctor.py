"""What this machine has, and what to do about what it lacks; nothing heavy is imported to find out."""

from __future__ import annotations

import os
import platform
import re
import sys
import tempfile
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, distribution, version
from pathlib import Path

from crystal_studio.domain.finding import Finding, State
from crystal_studio.ports.model_catalog import ModelCatalog
from crystal_studio.services.models import missing_models, verified_models

PACKAGES = (
    "torch",
    "transformers",
    "peft",
    "bitsandbytes",
    "gguf",
    "llguidance",
    "safetensors",
    "numpy",
    "pymatgen",
    "spglib",
    "SMACT",
    "robocrys",
    "chgnet",
    "SQLAlchemy",
    "alembic",
)
MEMORY_NEEDED_GIB = 4.0
DISK_NEEDED_GIB = 1.0
_INSTALL = "Run `bash installer/studio` while online to install what is missing."
_NVIDIA_DRIVER = Path("/proc/driver/nvidia/version")


def examine(
    catalog: ModelCatalog, models_folder: Path, data_folder: Path | None, project_folder: Path
) -> list[Finding]:
    """Look at the machine, the libraries, the folders and the models.

    Args:
        catalog: installed models.
        models_folder: where fetched models are kept.
        data_folder: training data, None where none is named.
        project_folder: where projects would be written.
    """
    return [
        *_machine(),
        *map(_package, PACKAGES),
        _cuda(),
        _writable("models folder", models_folder),
        _writable("project folder", project_folder),
        _training_data(data_folder),
        *_models(catalog),
    ]


def has_problem(findings: list[Finding]) -> bool:
    """Whether anything stops the design loop."""
    return any(finding.state is State.PROBLEM for finding in findings)


def _machine() -> Iterator[Finding]:
    python = platform.python_version()
    if (3, 11) <= sys.version_info[:2] < (3, 14):
        yield Finding("python", python)
    else:
        yield Finding("python", python, State.PROBLEM, "Install Python 3.11, 3.12 or 3.13.")
    yield Finding("platform", platform.platform())
    yield Finding("cores", str(len(os.sched_getaffinity(0))))
    memory = _memory_gib()
    if memory >= MEMORY_NEEDED_GIB:
        yield Finding("memory", f"{memory:.1f} GiB")
    else:
        remedy = f"A design round takes up to {MEMORY_NEEDED_GIB:.0f} GiB: close other programs."
        yield Finding("memory", f"{memory:.1f} GiB", State.ADVICE, remedy)


def _memory_gib() -> float:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30


def _package(name: str) -> Finding:
    try:
        return Finding(name, version(name))
    except PackageNotFoundError:
        return Finding(name, "not installed", State.PROBLEM, _INSTALL)


def _cuda() -> Finding:
    built_for = _cuda_of_torch()
    driver = _NVIDIA_DRIVER.exists()
    if built_for and driver:
        return Finding("cuda", f"torch built for CUDA {built_for}, NVIDIA driver loaded")
    if driver:
        remedy = "Install the CUDA build of the same torch version into .venv to use the card."
        return Finding("cuda", "NVIDIA driver loaded, torch built for the CPU", State.ADVICE, remedy)
    return Finding("cuda", "no NVIDIA driver: models run on the CPU")


def _cuda_of_torch() -> str | None:
    """The CUDA version torch was built for, read from its version file: importing torch takes seconds."""
    try:
        path = Path(str(distribution("torch").locate_file("torch/version.py")))
        found = re.search(r"^cuda[^=]*= *'([\d.]+)'", path.read_text(encoding="utf-8"), re.MULTILINE)
    except (PackageNotFoundError, OSError):
        return None
    return found[1] if found else None


def _writable(name: str, folder: Path) -> Finding:
    existing = next(parent for parent in (folder, *folder.parents) if parent.exists())
    try:
        with tempfile.TemporaryFile(dir=existing) as file:
            file.write(b"x")
    except OSError as error:
        remedy = f"Give yourself write access to {existing}, or name another folder."
        return Finding(name, f"{folder}: {error.strerror}", State.PROBLEM, remedy)
    status = os.statvfs(existing)
    free = status.f_bavail * status.f_frsize / 2**30
    if free < DISK_NEEDED_GIB:
        return Finding(name, f"{folder} ({free:.1f} GiB free)", State.ADVICE, "Free some space on this disk.")
    return Finding(name, f"{folder} ({free:.1f} GiB free)")


def _training_data(folder: Path | None) -> Finding:
    remedy = "Set CRYSTAL_STUDIO_DATA to the folder with crystals/*.jsonl.gz; only training and evaluation need it."
    if folder is None:
        return Finding("training data", "none", State.ADVICE, remedy)
    if not (folder / "crystals").is_dir():
        return Finding("training data", f"{folder} has no folder 'crystals'", State.ADVICE, remedy)
    return Finding("training data", str(folder))


def _models(catalog: ModelCatalog) -> Iterator[Finding]:
    for state in verified_models(catalog):
        name = f"model {state.card.kind}"
        identity = f"{state.card.id} {state.card.version}"
        if state.how_to_install is not None:
            yield Finding(name, f"{identity}, optional, not installed", remedy=state.how_to_install)
        elif state.problem is None:
            yield Finding(name, f"{identity}, verified")
        else:
            yield Finding(name, f"{identity}, damaged or missing", State.PROBLEM, state.problem)
    for kind, remedy in missing_models(catalog).items():
        yield Finding(f"model {kind}", "missing", State.PROBLEM, remedy)
