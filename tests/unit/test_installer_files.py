"""What the installer's files promise: the locks fit the project, the desktop's files and the scripts can be read."""

from __future__ import annotations

import ast
import configparser
import plistlib
import re
import shutil
import subprocess
import sys
import tomllib
import xml.etree.ElementTree as ET
from pathlib import Path, PurePosixPath

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

REPOSITORY = Path(__file__).parents[2]
INSTALLER = REPOSITORY / "installer"
LOCKS = sorted(INSTALLER.glob("lock-*.txt"))
SHELL_SCRIPTS = (INSTALLER / "linux/header.sh", INSTALLER / "macos/install.sh", INSTALLER / "smoke_test")


def pins(lock: Path) -> dict[str, str]:
    """Name -> version; every line must also have a SHA-256."""
    found = {}
    for line in lock.read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            continue
        match = re.fullmatch(r"([a-z0-9-]+)={2,3}([^=\s]+) --hash=sha256:[0-9a-f]{64}", line)
        assert match, line
        found[match[1]] = match[2]
    return found


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.stem)
def test_that_a_lock_pins_what_the_project_asks_for(lock: Path) -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    found = pins(lock)
    for line in project["dependencies"]:
        wanted = Requirement(line)
        pinned = found.get(canonicalize_name(wanted.name))
        assert pinned is not None, f"{wanted.name} is not in {lock.name}: run installer/lock"
        assert wanted.specifier.contains(pinned), f"{lock.name} pins {wanted.name} {pinned}: run installer/lock"
    assert "pip" in found


def test_that_the_lock_of_the_cpu_flavour_asks_for_no_cuda() -> None:
    found = pins(INSTALLER / "lock-linux-cpu.txt")
    assert found["torch"].endswith("+cpu")
    assert [name for name in found if name.startswith(("nvidia-cu", "nvidia-nccl", "triton"))] == []


def test_that_the_bundle_packs_all_that_the_program_looks_for_beside_its_package(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.syspath_prepend(INSTALLER / "linux")
    from make_bundle import _DATA, _DATA_PROJECT

    packages = tomllib.loads(_DATA_PROJECT.format(version="1"))["tool"]["setuptools"]["packages"]
    assert {PurePosixPath(name).parts[0] for name in _DATA} == set(packages)
    assert [name for name in _DATA if not (REPOSITORY / name).exists()] == []
    modules = [path.read_text(encoding="utf-8") for path in (REPOSITORY / "crystal_studio").rglob("*.py")]
    named = re.findall(r'__file__\)(?:\.resolve\(\))?\.parents\[\d\]((?: / "[^"]+")+)', "".join(modules))
    looked_for = {PurePosixPath(*re.findall(r'"([^"]+)"', words)) for words in named}
    assert PurePosixPath("models_registry") in looked_for
    assert [path for path in looked_for if not any(path.is_relative_to(name) for name in _DATA)] == []


def test_that_the_desktop_entry_opens_projects_and_cif() -> None:
    entry = configparser.ConfigParser(interpolation=None)
    entry.optionxform = str  # type: ignore[assignment,method-assign]
    entry.read(REPOSITORY / "resources/desktop/crystal-studio.desktop", encoding="utf-8")
    values = entry["Desktop Entry"]
    assert values["Exec"] == "@LAUNCHER@ open %f"
    assert values["MimeType"].split(";")[:2] == ["application/x-crystal-studio", "chemical/x-cif"]
    assert values["Icon"] == "crystal-studio"


def test_that_the_file_types_know_cif_and_projects() -> None:
    space = "{http://www.freedesktop.org/standards/shared-mime-info}"
    root = ET.parse(REPOSITORY / "resources/desktop/crystal-studio.xml").getroot()
    globs = {one.get("type"): one.find(f"{space}glob") for one in root.iter(f"{space}mime-type")}
    patterns = {name: glob.get("pattern") for name, glob in globs.items() if glob is not None}
    assert patterns == {"application/x-crystal-studio": "*.cstudio", "chemical/x-cif": "*.cif"}


def test_that_the_icon_is_there_in_every_size() -> None:
    from PySide6.QtGui import QImage

    sides = {
        int(path.stem.rpartition("-")[2]): QImage(str(path)) for path in (REPOSITORY / "resources/icons").glob("*.png")
    }
    assert sorted(sides) == [16, 24, 32, 48, 64, 128, 256]
    for side, image in sides.items():
        assert (image.width(), image.height()) == (side, side)
        assert image.pixelColor(0, 0).alpha() == 0
        assert image.pixelColor(side // 2, side // 8 + 1).alpha() == 255


@pytest.mark.parametrize("script", SHELL_SCRIPTS, ids=lambda script: script.name)
def test_that_a_shell_script_can_be_parsed(script: Path) -> None:
    done = subprocess.run(["sh", "-n", script], capture_output=True, text=True, check=False)
    assert done.stderr == ""
    checker = shutil.which("shellcheck")
    if checker:
        done = subprocess.run([checker, "-s", "sh", script], capture_output=True, text=True, check=False)
        assert done.stdout == ""


def test_that_the_property_list_for_macos_opens_projects_and_cif() -> None:
    plist = plistlib.loads((INSTALLER / "macos/Info.plist").read_bytes())
    opened = [suffix for one in plist["CFBundleDocumentTypes"] for suffix in one["CFBundleTypeExtensions"]]
    assert opened == ["cstudio", "cif"]


NAMES = ("a/plain/path", "with space", 'a"quote', "a$dollar", "a`tick", "a\\back", "a%percent")


@pytest.mark.parametrize("name", NAMES)
def test_that_the_launchers_path_is_quoted_for_the_desktop(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(INSTALLER / "linux")
    from desktop import _desktop_quoted

    quoted = _desktop_quoted(Path("/" + name))
    if name == "a/plain/path":
        assert quoted == "/a/plain/path"
        return
    # Read back as the specification says: first the escapes of a value, then those of a quoted argument.
    value = quoted.replace("\\\\", "\\")
    assert (value[0], value[-1]) == ('"', '"')
    assert re.sub(r'\\(["`$\\])', r"\1", value[1:-1]).replace("%%", "%") == "/" + name


def test_that_the_installers_scripts_need_nothing_but_python() -> None:
    for name in ("install", "uninstall", "places", "desktop", "smoke_test"):
        tree = ast.parse((INSTALLER / "linux" / f"{name}.py").read_text(encoding="utf-8"))
        names = [one.module for one in ast.walk(tree) if isinstance(one, ast.ImportFrom)]
        names += [alias.name for one in ast.walk(tree) if isinstance(one, ast.Import) for alias in one.names]
        imported = {str(one).partition(".")[0] for one in names}
        assert imported <= {*sys.stdlib_module_names, "places", "desktop"}, name
