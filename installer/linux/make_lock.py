"""Pins every package that the program needs, by version and SHA-256: installer/lock [--cuda].

The versions are those installed here, which the tests have run on; the hashes are those that pip found them under.
The CUDA flavour differs by torch's own build, which brings CUDA's libraries; nothing is downloaded to pin it.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import sysconfig
import tempfile
import tomllib
from importlib.metadata import distribution, version
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

INSTALLER = Path(__file__).parents[1]
PROGRAM = "crystal-studio"
# Installs the others on the target, so that the target needs none of its own; it also resolves without fetching wheels.
_PIP = "pip==26.*"


def lock_file(cuda: bool) -> Path:
    """The committed lock of a flavour."""
    return INSTALLER / f"lock-linux-{'cuda' if cuda else 'cpu'}.txt"


def main() -> None:
    """Resolve under the installed versions and write the lock."""
    parser = argparse.ArgumentParser(prog="installer/lock", description=__doc__)
    parser.add_argument("--cuda", action="store_true", help="the flavour for NVIDIA cards")
    cuda = parser.parse_args().cuda
    project = tomllib.loads((INSTALLER.parent / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [*project["dependencies"], _PIP, *(project["optional-dependencies"]["cuda"] if cuda else [])]
    found = _resolved([line for line in wanted if not line.startswith("torch==")], cuda)
    lock_file(cuda).write_text(_text(found, cuda), encoding="utf-8")
    sys.stderr.write(f"{lock_file(cuda)}: {len(found)} packages\n")


def installed_closure() -> dict[str, str]:
    """Every package that the program needs here, and its version."""
    closure: dict[str, str] = {}
    asked: set[tuple[str, frozenset[str]]] = set()
    waiting = [(PROGRAM, frozenset[str]())]
    while waiting:
        name, extras = waiting.pop()
        if (name, extras) in asked:
            continue
        asked.add((name, extras))
        closure[name] = version(name)
        for line in distribution(name).requires or ():
            needed = Requirement(line)
            if needed.marker is None or any(needed.marker.evaluate({"extra": extra}) for extra in ("", *extras)):
                waiting.append((canonicalize_name(needed.name), frozenset(needed.extras)))
    del closure[PROGRAM]
    return closure


def _resolved(wanted: list[str], cuda: bool) -> list[dict[str, Any]]:
    """What pip would install into an empty environment."""
    pins = installed_closure()
    # Without its local part, "===" asks for the build of the package index, which is the one for CUDA.
    torch = f"torch==={pins.pop('torch').partition('+')[0]}" if cuda else f"torch=={pins.pop('torch')}"
    with tempfile.TemporaryDirectory() as folder:
        constraints, report = Path(folder, "constraints.txt"), Path(folder, "report.json")
        constraints.write_text("".join(f"{name}=={pin}\n" for name, pin in pins.items()), encoding="utf-8")
        command = [sys.executable, str(_pip_wheel(Path(folder)) / "pip"), "install", "--dry-run", "--ignore-installed"]
        command += [
            "--quiet",
            "--use-feature",
            "fast-deps",
            "--report",
            str(report),
            "--constraint",
            str(constraints),
            torch,
            *wanted,
        ]
        if subprocess.run(command, check=False).returncode:
            raise SystemExit("The packages could not be resolved; pip's reason stands above.")
        install: list[dict[str, Any]] = json.loads(report.read_text(encoding="utf-8"))["install"]
    return sorted(install, key=lambda one: canonicalize_name(one["metadata"]["name"]))


def _pip_wheel(folder: Path) -> Path:
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(folder), _PIP]
    if subprocess.run(command, check=False).returncode:
        raise SystemExit("pip could not be fetched; its reason stands above.")
    (wheel,) = folder.glob("pip-*.whl")
    return wheel


def _text(found: list[dict[str, Any]], cuda: bool) -> str:
    python, platform = sysconfig.get_python_version(), sysconfig.get_platform()
    flavour = "CUDA" if cuda else "CPU"
    lines = [f"# Packages of the {flavour} flavour for Python {python} on {platform}; made by installer/lock."]
    for one in found:
        name = canonicalize_name(one["metadata"]["name"])
        digest = one["download_info"]["archive_info"]["hashes"]["sha256"]
        if not re.fullmatch(r"[0-9a-f]{64}", digest):
            raise SystemExit(f"pip gave no SHA-256 of {name}.")
        pin = one["metadata"]["version"]
        # "==" would also take a build with a local part, such as "+cpu".
        lines.append(f"{name}{'==' if '+' in pin or name != 'torch' else '==='}{pin} --hash=sha256:{digest}")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
