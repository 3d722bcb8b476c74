"""Installs the unpacked bundle that this file lies in; started by the bundle's own header.

Needs nothing but Python: neither root, nor a network, nor pip or ensurepip of the system.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from desktop import DesktopFiles, missing_libraries
from places import (
    BEGUN,
    COMPLETE,
    Places,
    Record,
    alone,
    default_places,
    give_up,
    processes_of,
    read_record,
    remove_files,
    replace_file,
    say,
    sha256_of,
    write_record,
)

BUNDLE = Path(__file__).resolve().parent
_KEPT = ("places.py", "desktop.py", "uninstall.py", "smoke_test.py", "about.json", "requirements.txt")


def main() -> None:
    """Install, check, switch over, tidy up."""
    arguments = _arguments()
    places = default_places(arguments.prefix, arguments.bin, arguments.share)
    about = json.loads((BUNDLE / "about.json").read_text(encoding="utf-8"))
    desktop = DesktopFiles(BUNDLE / "resources", places)
    _refuse_what_is_not_ours(places, desktop)
    places.prefix.mkdir(parents=True, exist_ok=True)
    with alone(places):
        _remove_what_was_broken_off(places)
        folder = _installed_already(places, about) or _install(places, about)
        _switch_to(places, folder, desktop)
        _remove_old(places, folder)
    _farewell(places, about)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="install")
    for name in ("prefix", "bin", "share"):
        parser.add_argument(f"--{name}", type=Path)
    return parser.parse_args()


def _refuse_what_is_not_ours(places: Places, desktop: DesktopFiles) -> None:
    record = read_record(places)
    if record is None and places.prefix.is_dir():
        foreign = [one.name for one in places.prefix.iterdir() if not _made_here(one)]
        if foreign:
            give_up(f"{places.prefix} holds other files ({foreign[0]}). Name an empty or new folder with --prefix.")
    ours = set(record.files) if record else set()
    for path in desktop.paths():
        if str(path) not in ours and os.path.lexists(path):
            give_up(f"{path} is there and was not made by this installer. Move it away, or name other folders.")


def _made_here(path: Path) -> bool:
    return path.name.startswith(".unpacking-") or (path / BEGUN).exists()


def _remove_what_was_broken_off(places: Places) -> None:
    half_made = [folder for folder in places.versions() if not (folder / COMPLETE).exists()]
    for folder in places.prefix.glob(".unpacking-*"):
        if not Path("/proc", folder.name.rpartition("-")[2]).exists():
            half_made.append(folder)
    for folder in half_made:
        say(f"An earlier installation was broken off; {folder} is removed.")
        shutil.rmtree(folder)


def _installed_already(places: Places, about: dict[str, Any]) -> Path | None:
    """The folder of this very bundle, where it is whole and passes its check."""
    for folder in places.versions():
        if (folder / COMPLETE).read_text(encoding="utf-8").strip() != about["id"]:
            continue
        try:
            _self_check(folder)
        except subprocess.CalledProcessError:
            say(f"{folder} is damaged; it is made anew.")
            continue
        say(f"This version is installed already in {folder}.")
        return folder
    return None


def _install(places: Places, about: dict[str, Any]) -> Path:
    """Make the version's folder; it disappears again where anything fails."""
    folder = _free_folder(places, about["version"])
    say(f"Installing Crystal Studio {about['version']} ({about['flavour']}) into {folder}.")
    folder.mkdir()
    (folder / BEGUN).touch()
    try:
        _make_environment(folder)
        _keep(folder)
        _self_check(folder)
    except subprocess.CalledProcessError as error:
        sys.stderr.write(error.stdout)
        shutil.rmtree(folder)
        stays = "; the version that was there stays" if places.current.exists() else ""
        give_up(
            f"The new version did not pass ('{error.cmd[-1]}' ended with {error.returncode}) and is removed{stays}."
        )
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    (folder / COMPLETE).write_text(about["id"] + "\n", encoding="utf-8")
    return folder


def _free_folder(places: Places, version: str) -> Path:
    names = [version, *(f"{version}.{number}" for number in range(2, 1000))]
    return next(places.prefix / name for name in names if not os.path.lexists(places.prefix / name))


def _make_environment(folder: Path) -> None:
    """A virtual environment with exactly the wheels of the bundle, each checked against its hash."""
    _run([sys.executable, "-I", "-m", "venv", "--without-pip", str(folder)])
    say("Installing the packages; this takes some minutes.")
    pip = BUNDLE / "pip" / "pip"
    command = [str(folder / "bin" / "python"), "-P", str(pip), "--isolated", "--disable-pip-version-check"]
    command += ["install", "--quiet", "--no-index", "--find-links", str(BUNDLE / "wheels"), "--no-cache-dir"]
    command += ["--no-deps", "--require-hashes", "--requirement", str(BUNDLE / "requirements.txt")]
    # Python compiles what is imported by itself: the self check imports what a design needs, by far not all modules.
    _run([*command, "--no-compile"])
    _run([str(folder / "bin" / "python"), "-m", "compileall", "-q", *map(str, folder.glob("lib/*/*/crystal_studio"))])


def _keep(folder: Path) -> None:
    """What the installed version needs to be tested and taken away again."""
    kept = folder / "installer"
    kept.mkdir()
    for name in _KEPT:
        shutil.copy2(BUNDLE / name, kept / name)
    shutil.copytree(BUNDLE / "resources", kept / "resources")


def _self_check(folder: Path) -> None:
    """The installed program looks at itself: packages, and the hash of every model.

    Raises:
        CalledProcessError: something that a design needs is missing or damaged.
    """
    say("The new version checks itself.")
    with _scratch_home() as environment:
        command = [str(folder / "bin" / "python"), "-P", "-m", "crystal_studio.app.main", "doctor"]
        _run(command, environment, environment["HOME"])


@contextmanager
def _scratch_home() -> Iterator[dict[str, str]]:
    """An environment in which nothing is written to the person's folders."""
    with tempfile.TemporaryDirectory(prefix="crystal-studio-") as home:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("XDG_", "PYTHON"))}
        # Mesa asks for the cache's folder by name, and finds the person's home without HOME.
        yield {**kept, "HOME": home, "XDG_CACHE_HOME": home, "CRYSTAL_STUDIO_MODELS": str(Path(home) / "models")}


def _run(command: list[str], environment: dict[str, str] | None = None, folder: str = "/") -> None:
    pipe, both = subprocess.PIPE, subprocess.STDOUT
    subprocess.run(command, check=True, env=environment, cwd=folder, stdout=pipe, stderr=both, text=True)


def _switch_to(places: Places, folder: Path, desktop: DesktopFiles) -> None:
    """From here on the new version is started; a version that runs goes on."""
    record = read_record(places) or Record(str(places.bin), str(places.share), {}, [])
    folders = list(dict.fromkeys([*_folders_made_for_the_prefix(), *record.folders, *desktop.make_folders()]))
    paths = [str(path) for path in desktop.paths()]
    # Written first: what an interruption leaves can be taken away.
    files = {**dict.fromkeys(paths, ""), **record.files}
    write_record(places, Record(str(places.bin), str(places.share), files, folders))
    _write_uninstaller(places)
    beside = places.prefix / f".current.{os.getpid()}"
    beside.symlink_to(folder.name)
    beside.replace(places.current)
    desktop.write()
    remove_files({name: digest for name, digest in record.files.items() if name not in paths})
    files = {name: sha256_of(Path(name)) for name in paths}
    write_record(places, Record(str(places.bin), str(places.share), files, folders))
    desktop.tell_the_desktop()


def _folders_made_for_the_prefix() -> list[str]:
    """The header made these before anything could be unpacked."""
    return [line for line in os.environ.get("MADE_FOLDERS", "").split("\n") if line]


def _write_uninstaller(places: Places) -> None:
    script = f"""#!/bin/sh
# Takes this installation of Crystal Studio away; projects and settings stay (with --all it asks for them too).
exec {shlex.quote(sys.executable)} -E -s -B {shlex.quote(str(places.current / "installer" / "uninstall.py"))} \\
    {shlex.quote(str(places.prefix))} "$@"
"""
    replace_file(places.uninstaller, script.encode(), 0o755)


def _remove_old(places: Places, folder: Path) -> None:
    for old in places.versions():
        if old == folder:
            continue
        if processes_of(old):
            say(f"{old} is still running and stays until the next installation.")
        else:
            shutil.rmtree(old)


def _farewell(places: Places, about: dict[str, Any]) -> None:
    lacking = missing_libraries()
    if lacking:
        say(f"The window will need system libraries that are missing here: sudo apt-get install {' '.join(lacking)}")
    command = str(places.launcher)
    if str(places.bin) in os.environ.get("PATH", "").split(os.pathsep):
        command = places.launcher.name
    say(f"Crystal Studio {about['version']} is installed. Start it with: {command}")
    say(f"To take it away again: {places.uninstaller}")


if __name__ == "__main__":
    main()
