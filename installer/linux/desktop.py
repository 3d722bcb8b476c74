"""The launcher and what a desktop wants to know: the entry in its menu, icons, file types, system libraries."""

from __future__ import annotations

import ctypes
import shlex
import shutil
import subprocess
from pathlib import Path

from places import PROGRAM, Places, replace_file

# What Qt and VTK load when a window is opened -> the Debian package that holds it.
LIBRARIES = {
    "libEGL.so.1": "libegl1",
    "libGL.so.1": "libgl1",
    "libOpenGL.so.0": "libopengl0",
    "libxkbcommon.so.0": "libxkbcommon0",
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
    "libdbus-1.so.3": "libdbus-1-3",
    "libfontconfig.so.1": "libfontconfig1",
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-image.so.0": "libxcb-image0",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxcb-render-util.so.0": "libxcb-render-util0",
    "libxcb-shape.so.0": "libxcb-shape0",
    "libxcb-xinerama.so.0": "libxcb-xinerama0",
}


class DesktopFiles:
    """Files outside the prefix.

    Args:
        resources: holds `icons` and `desktop`.
        places: of the installation.
    """

    def __init__(self, resources: Path, places: Places) -> None:
        self._resources = resources
        self._places = places
        share = places.share
        self._entry = share / "applications" / f"{PROGRAM}.desktop"
        self._types = share / "mime" / "packages" / f"{PROGRAM}.xml"
        self._icons = {share / "icons/hicolor/scalable/apps" / f"{PROGRAM}.svg": resources / f"icons/{PROGRAM}.svg"}
        for picture in sorted((resources / "icons").glob(f"{PROGRAM}-*.png")):
            side = picture.stem.rpartition("-")[2]
            self._icons[share / f"icons/hicolor/{side}x{side}/apps/{PROGRAM}.png"] = picture

    def paths(self) -> list[Path]:
        """Every file that is written."""
        return [self._places.launcher, self._entry, self._types, *self._icons]

    def make_folders(self) -> list[str]:
        """Make the folders that are missing; those made, outermost first."""
        missing = {
            folder for path in self.paths() for folder in (path.parent, *path.parent.parents) if not folder.exists()
        }
        made = sorted(missing, key=lambda folder: len(folder.parts))
        for folder in made:
            folder.mkdir()
        return [str(folder) for folder in made]

    def write(self) -> None:
        """Write the launcher, the entry, the file types and the icons."""
        replace_file(self._places.launcher, self._launcher_text().encode(), 0o755)
        entry = (self._resources / "desktop" / f"{PROGRAM}.desktop").read_text(encoding="utf-8")
        launcher = self._places.launcher
        entry = entry.replace("@LAUNCHER@", _desktop_quoted(launcher)).replace("@PATH@", str(launcher))
        replace_file(self._entry, entry.encode())
        replace_file(self._types, (self._resources / "desktop" / f"{PROGRAM}.xml").read_bytes())
        for target, source in self._icons.items():
            replace_file(target, source.read_bytes())

    def tell_the_desktop(self) -> None:
        """Have the desktop read the file types and entries anew, where it has the programs for that."""
        for program, folder in (("update-mime-database", "mime"), ("update-desktop-database", "applications")):
            if (found := shutil.which(program)) and (self._places.share / folder).is_dir():
                subprocess.run([found, str(self._places.share / folder)], check=False, capture_output=True, timeout=60)

    def _launcher_text(self) -> str:
        # The version is looked up once: hosts that a window starts later are of the same version.
        return f"""#!/bin/sh
# Starts Crystal Studio; made by its installer.
unset PYTHONPATH PYTHONHOME
version=$(readlink -f {shlex.quote(str(self._places.current))}) || exit 1
exec "$version/bin/python" -P -m crystal_studio.app.main "$@"
"""


def missing_libraries() -> list[str]:
    """Debian packages of the libraries that the window needs and this system lacks."""
    lacking = []
    for library, package in LIBRARIES.items():
        try:
            ctypes.CDLL(library)
        except OSError:
            lacking.append(package)
    return lacking


def _desktop_quoted(path: Path) -> str:
    """As an argument of `Exec`.

    Source: Desktop Entry Specification 1.5, "The Exec key": reserved characters need double quotes, with four of them
    escaped; a backslash is itself escaped in a value, and % is written twice.
    """
    text = str(path)
    if not any(one in text for one in " \t\n\"'\\><~|&;$*?#()`%"):
        return text
    for one in '\\"`$':
        text = text.replace(one, "\\\\" + one if one != "\\" else "\\\\\\\\")
    return '"' + text.replace("%", "%%") + '"'
