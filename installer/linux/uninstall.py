"""Takes an installation away: everything its installer made, and nothing else. Usage: uninstall [--all]."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from pathlib import Path

from desktop import DesktopFiles
from places import PROGRAM, Places, Record, alone, default_places, give_up, processes_of, read_record, remove_files, say

# What update-mime-database writes beside `packages`; folders of media types are found by the files in `packages`.
_MIME_CACHES = (
    "XMLnamespaces",
    "aliases",
    "generic-icons",
    "globs",
    "globs2",
    "icons",
    "magic",
    "mime.cache",
    "subclasses",
    "treemagic",
    "types",
    "version",
)
_MIME_FOLDERS = ("application", "chemical")


def main() -> None:
    """Remove the desktop's files, the versions, and with --all, after asking, what the person made."""
    parser = argparse.ArgumentParser(prog="uninstall", description=__doc__)
    parser.add_argument("prefix", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--all", action="store_true", help="ask whether projects, models and settings go too")
    arguments = parser.parse_args()
    places = default_places(arguments.prefix)
    record = read_record(places)
    if record is None:
        give_up(f"There is no installation in {places.prefix}.")
    places = default_places(arguments.prefix, Path(record.bin), Path(record.share))
    with alone(places):
        _refuse_while_running(places)
        if arguments.all:
            _remove_what_the_person_made()
        remove_files(record.files)
        _forget(places, record)
        _remove_versions(places)
        _remove_cache()
    _remove_folders([*record.folders, str(places.prefix)])
    if places.prefix.exists():
        say(f"Files that the installer did not make are left in {places.prefix}.")
    say("Crystal Studio is removed." + ("" if arguments.all else " Projects and settings are kept."))


def _refuse_while_running(places: Places) -> None:
    running = [process for folder in places.versions() for process in processes_of(folder)]
    if running:
        give_up(f"Crystal Studio is running (process {running[0]}). Close its windows first.")


def _forget(places: Places, record: Record) -> None:
    """Let the desktop forget the entry and the file types; what only served them goes."""
    DesktopFiles(Path(__file__).parent / "resources", places).tell_the_desktop()
    applications, mime = places.share / "applications", places.share / "mime"
    if str(applications) in record.folders and not list(applications.glob("*.desktop")):
        (applications / "mimeinfo.cache").unlink(missing_ok=True)
    if str(mime) in record.folders and not list((mime / "packages").glob("*")):
        for name in _MIME_CACHES:
            (mime / name).unlink(missing_ok=True)
        for name in _MIME_FOLDERS:
            shutil.rmtree(mime / name, ignore_errors=True)


def _remove_versions(places: Places) -> None:
    for folder in places.versions():
        shutil.rmtree(folder)
    for left in (places.current, places.uninstaller, places.record):
        left.unlink(missing_ok=True)


def _remove_folders(folders: list[str]) -> None:
    """Innermost first; a folder that holds anything stays."""
    for folder in sorted(map(Path, folders), key=lambda one: len(one.parts), reverse=True):
        try:
            folder.rmdir()
        except FileNotFoundError:
            continue
        except OSError:
            continue  # somebody else's files are in it


def _remove_cache() -> None:
    """Nobody made what lies there, and the program computes it again where it is installed again."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / PROGRAM
    if cache.is_dir():
        shutil.rmtree(cache)


def _remove_what_the_person_made() -> None:
    home = Path.home()
    bases = {"XDG_DATA_HOME": ".local/share", "XDG_CONFIG_HOME": ".config", "XDG_STATE_HOME": ".local/state"}
    found = [Path(os.environ.get(name) or home / usual) / PROGRAM for name, usual in bases.items()]
    found = [folder for folder in found if folder.is_dir()]
    if not found:
        return
    say("These folders hold projects, imported models, settings and logs: " + ", ".join(map(str, found)))
    sys.stderr.write("Type 'delete' to remove them for ever, anything else to keep them: ")
    sys.stderr.flush()
    if sys.stdin.readline().strip() != "delete":
        say("They are kept.")
        return
    for folder in found:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
