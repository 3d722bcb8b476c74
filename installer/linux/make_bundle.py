"""Makes the self-extracting installer for Linux: installer/bundle [--cuda] [--output FILE] [--wheels DIR].

The file is `header.sh` followed by a tar archive: the wheels of everything in the lock, of the program and of its
models, the desktop's files, and the scripts that install, test and remove. The program is taken from the last commit.
"""

from __future__ import annotations

import argparse
import compileall
import hashlib
import io
import json
import py_compile
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import tempfile
import tomllib
import zipfile
from pathlib import Path

from make_lock import INSTALLER, lock_file
from packaging.utils import parse_wheel_filename
from places import sha256_of

from crystal_studio.app.paths import user_models_folder
from crystal_studio.engines.llm.gguf_source import BASE_ID

REPOSITORY = INSTALLER.parent
_SCRIPTS = ("install.py", "uninstall.py", "places.py", "desktop.py", "smoke_test.py")
_PROGRAM = ("crystal_studio", "pyproject.toml", "README.md", "LICENSE")
# The program looks for these beside its package.
_DATA = (
    "models_registry",
    "resources/evaluation",
    "resources/icons",
    "resources/prompts",
    "resources/sample_structures",
    "installer/amcsd.txt",
)
_DATA_PROJECT = """
[build-system]
requires = ["setuptools>=77"]
build-backend = "setuptools.build_meta"
[project]
name = "crystal-studio-data"
version = "{version}"
description = "Models, prompts and samples of Crystal Studio"
license = "Apache-2.0"
[tool.setuptools]
packages = ["models_registry", "resources", "installer"]
include-package-data = false
[tool.setuptools.package-data]
"*" = ["**/*"]
"""
_BLOCK = 1 << 20
_COMPILED_SHARE = 1.3  # of the unpacked size: Python's compiled modules come on top


def main() -> None:
    """Collect, pack, write."""
    arguments = _arguments()
    if sysconfig.get_platform() != "linux-x86_64":
        raise SystemExit("A bundle for Linux is made on Linux on x86_64.")
    flavour = "cuda" if arguments.cuda else "cpu"
    output = arguments.output or Path(f"crystal-studio-{_version()}-linux-{flavour}.run")
    output = output.expanduser().absolute()
    output.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=output.parent, prefix=".bundle-") as scratch:
        payload = Path(scratch) / "payload"
        (payload / "wheels").mkdir(parents=True)
        _collect_wheels(payload / "wheels", arguments.cuda, arguments.wheels)
        _build_own_wheels(payload / "wheels", Path(scratch) / "source")
        pack(payload, output, flavour)


def pack(payload: Path, output: Path, flavour: str, version: str | None = None) -> None:
    """Make the installer of a folder `payload` that holds `wheels`.

    Args:
        payload: gets the scripts, the desktop's files, pip, `requirements.txt` and `about.json`.
        output: file to write, and its SHA-256 beside it.
        flavour: "cpu" or "cuda".
        version: of the program, None for this one's.
    """
    scripts = [shutil.copy2(INSTALLER / "linux" / name, payload / name) for name in _SCRIPTS]
    for name in ("icons", "desktop"):
        shutil.copytree(REPOSITORY / "resources" / name, payload / "resources" / name)
    if not (payload / "pip").is_dir():
        unpack_pip(payload)
    wheels = sorted((payload / "wheels").glob("*.whl"))
    requirements = "".join(_requirement(wheel) for wheel in wheels)
    (payload / "requirements.txt").write_text(requirements, encoding="utf-8")
    about = {
        "version": version or _version(),
        "flavour": flavour,
        "python": sysconfig.get_python_version(),
        "id": hashlib.sha256("".join([requirements, *map(sha256_of, scripts)]).encode()).hexdigest(),
    }
    (payload / "about.json").write_text(json.dumps(about), encoding="utf-8")
    unpacked = sum(info.file_size for wheel in wheels for info in zipfile.ZipFile(wheel).infolist())
    _write(payload, output, about, int(unpacked * _COMPILED_SHARE))


def unpack_pip(payload: Path) -> None:
    """Take pip out of the wheels: it installs them and does not stay. It is compiled, as it would be at every start."""
    (wheel,) = (payload / "wheels").glob("pip-*.whl")
    with zipfile.ZipFile(wheel) as packed:
        packed.extractall(payload / "pip")
    wheel.unlink()
    compileall.compile_dir(payload / "pip", quiet=1, invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="installer/bundle", description=__doc__)
    parser.add_argument("--cuda", action="store_true", help="the flavour for NVIDIA cards; fetches gigabytes")
    parser.add_argument("--output", type=Path, metavar="FILE", help="file to write")
    parser.add_argument("--wheels", type=Path, metavar="DIR", help="folder that keeps the fetched wheels")
    return parser.parse_args()


def _version() -> str:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return str(project["version"])


def _collect_wheels(target: Path, cuda: bool, kept: Path | None) -> None:
    """Every wheel of the lock; what is only to be had as source is built after its hash was checked."""
    lock = lock_file(cuda)
    folder = (kept or target.parent.parent / "fetched").expanduser().absolute()
    stamp = folder / ".lock-sha256"
    if not (stamp.is_file() and stamp.read_text() == sha256_of(lock)):
        shutil.rmtree(folder, ignore_errors=True)
        _pip("wheel", "--no-deps", "--require-hashes", "--wheel-dir", str(folder), "--requirement", str(lock))
        stamp.write_text(sha256_of(lock))
    for wheel in folder.glob("*.whl"):
        shutil.copy2(wheel, target)


def _build_own_wheels(target: Path, source: Path) -> None:
    """The program and its data, from the last commit, and the language model as `installer/studio` prepared it."""
    base = user_models_folder() / "language_model" / BASE_ID
    if not (base / "model.toml").is_file():
        raise SystemExit(f"There is no language model in {base}. Run `bash installer/studio doctor` online.")
    _check_out(source / "program", _PROGRAM)
    _check_out(source / "data", _DATA)
    ignored = shutil.ignore_patterns(".*")
    shutil.copytree(base, source / "data" / "models_registry" / "language_model" / BASE_ID, ignore=ignored)
    (source / "data" / "pyproject.toml").write_text(_DATA_PROJECT.format(version=_version()), encoding="utf-8")
    for part in ("program", "data"):
        _pip("wheel", "--no-deps", "--no-build-isolation", "--no-index", "-w", str(target), str(source / part))


def _check_out(target: Path, names: tuple[str, ...]) -> None:
    """These files as they are in the last commit."""
    archive = subprocess.run(
        ["git", "archive", "--format=tar", "HEAD", *names], cwd=REPOSITORY, stdout=subprocess.PIPE, check=False
    )
    if archive.returncode:
        raise SystemExit("A bundle is made from a git checkout; git's reason stands above.")
    with tarfile.open(fileobj=io.BytesIO(archive.stdout)) as tar:
        tar.extractall(target, filter="data")


def _pip(*words: str) -> None:
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", *words]
    if subprocess.run(command, check=False, stdout=sys.stderr).returncode:
        raise SystemExit("A wheel could not be had; pip's reason stands above.")


def _requirement(wheel: Path) -> str:
    name, version, _, _ = parse_wheel_filename(wheel.name)
    return f"{name}=={version} --hash=sha256:{sha256_of(wheel)}\n"


def _write(payload: Path, output: Path, about: dict[str, str], unpacked_bytes: int) -> None:
    """Header and archive into one file, and its SHA-256 beside it."""
    archive = payload.parent / "payload.tar"
    with tarfile.open(archive, "w", format=tarfile.PAX_FORMAT) as tar:
        for path in sorted(payload.rglob("*")):
            tar.add(path, path.relative_to(payload).as_posix(), recursive=False, filter=_anonymous)
    values = {
        "VERSION": about["version"],
        "FLAVOUR": about["flavour"],
        "PYTHON": about["python"],
        "PAYLOAD_BYTES": str(archive.stat().st_size),
        "PAYLOAD_SHA256": sha256_of(archive),
        "DISK_KB": str((archive.stat().st_size + unpacked_bytes) // 1024),
    }
    header = _header(values)
    beside = output.with_name(f".{output.name}.part")
    with beside.open("wb") as file, archive.open("rb") as packed:
        file.write(header)
        shutil.copyfileobj(packed, file, _BLOCK)
    beside.chmod(0o755)
    beside.replace(output)
    digest = sha256_of(output)
    output.with_name(output.name + ".sha256").write_text(f"{digest}  {output.name}\n", encoding="utf-8")
    sys.stderr.write(f"{output}: {output.stat().st_size / 1e6:.0f} MB, SHA-256 {digest}\n")


def _header(values: dict[str, str]) -> bytes:
    """The header, which names its own length."""
    text = (INSTALLER / "linux" / "header.sh").read_text(encoding="utf-8")
    for name, value in values.items():
        text = text.replace(f"@{name}@", value)
    length = 0
    while length != (now := len(text.replace("@HEADER_BYTES@", str(length)).encode())):
        length = now
    return text.replace("@HEADER_BYTES@", str(length)).encode()


def _anonymous(info: tarfile.TarInfo) -> tarfile.TarInfo:
    """Nothing of the machine that made it: the same wheels give the same archive."""
    info.uid = info.gid = 0
    info.uname = info.gname = ""
    info.mtime = 0
    return info


if __name__ == "__main__":
    main()
