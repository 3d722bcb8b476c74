"""The bundle for Linux: the real scripts on a program of three lines, and the real bundle where one is named."""

from __future__ import annotations

import ensurepip
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
INSTALLER = REPOSITORY / "installer"
BUNDLE_VARIABLE = "CRYSTAL_STUDIO_BUNDLE"

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the bundle is for Linux")

# Stands for the program: `doctor` is its self check.
PROGRAM = """
import os, sys
if sys.argv[1:] == ["doctor"]:
    open("projects may be written here", "x")
    assert not os.environ["HOME"].endswith("home")
    sys.exit({health})
print("version {version}", *sys.argv[1:])
"""


def own_wheel(folder: Path, version: str, health: int) -> None:
    """A wheel `crystal-studio` whose module `crystal_studio.app.main` is `PROGRAM`."""
    info = f"crystal_studio-{version}.dist-info"
    files = {
        "crystal_studio/app/main.py": PROGRAM.format(version=version, health=health),
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: crystal-studio\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    files[f"{info}/RECORD"] = "".join(f"{name},,\n" for name in (*files, f"{info}/RECORD"))
    with zipfile.ZipFile(folder / f"crystal_studio-{version}-py3-none-any.whl", "w") as wheel:
        for name, text in files.items():
            wheel.writestr(name, text)


@pytest.fixture(scope="module")
def make(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Makes the bundle of a version; the status of its self check is given."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(INSTALLER / "linux")
        from make_bundle import pack

    made: dict[tuple[str, int], Path] = {}
    (pip,) = (Path(ensurepip.__file__).parent / "_bundled").glob("pip-*.whl")

    def bundle(version: str, health: int = 0) -> Path:
        if (version, health) not in made:
            payload = tmp_path_factory.mktemp("bundle") / "payload"
            (payload / "wheels").mkdir(parents=True)
            own_wheel(payload / "wheels", version, health)
            if made:
                shutil.copytree(next(iter(made.values())).parent / "payload" / "pip", payload / "pip")
            else:
                shutil.copy(pip, payload / "wheels")
            made[version, health] = payload.parent / "studio.run"
            pack(payload, made[version, health], "cpu", version)
        return made[version, health]

    return bundle


@cache
def _without_network() -> tuple[str, ...]:
    cut = ("unshare", "--user", "--map-root-user", "--net", "--")
    may = shutil.which("unshare") and subprocess.run([*cut, "true"], check=False, capture_output=True).returncode == 0
    return cut if may else ()


@dataclass
class Home:
    """A person's home, with files in it already."""

    folder: Path

    def __post_init__(self) -> None:
        for name in (".local/share/crystal-studio/projects/mine.cstudio", ".config/crystal-studio/settings.toml"):
            (self.folder / name).parent.mkdir(parents=True)
            (self.folder / name).write_text("the person's")
        self.before = self.listing()

    @property
    def app(self) -> Path:
        return self.folder / ".local/share/crystal-studio-app"

    @property
    def launcher(self) -> Path:
        return self.folder / ".local/bin/crystal-studio"

    def listing(self) -> list[str]:
        return sorted(str(path.relative_to(self.folder)) for path in self.folder.rglob("*"))

    def run(self, *command: str | Path, told: str = "", **more: str) -> subprocess.CompletedProcess[str]:
        environment = {"HOME": str(self.folder), "PATH": "/usr/bin:/bin", **more}
        words = [str(word) for word in command]
        return subprocess.run(
            words, env=environment, cwd=self.folder, input=told, capture_output=True, text=True, check=False
        )

    def install(self, bundle: Path, *options: str | Path) -> subprocess.CompletedProcess[str]:
        """Start the bundle; without any network interface where this system lets a person make such a namespace."""
        return self.run(*_without_network(), "sh", bundle, "--python", sys.executable, *options)

    def installed(self, bundle: Path, *options: str | Path) -> None:
        done = self.install(bundle, *options)
        assert done.returncode == 0, done.stderr

    def answer(self) -> str:
        return self.run(self.launcher, "a wish", "with  spaces").stdout

    def versions(self) -> list[str]:
        found = (mark.parent for mark in self.app.glob("*/.made-by-the-installer"))
        return sorted(folder.name for folder in found if not folder.is_symlink())


@pytest.fixture
def home(tmp_path: Path) -> Home:
    folder = tmp_path / "a person's home"
    folder.mkdir()
    return Home(folder)


def test_that_the_program_is_installed_started_and_taken_away_to_nothing(home: Home, make) -> None:
    home.installed(make("1.0"))
    assert home.answer() == "version 1.0 a wish with  spaces\n"
    assert home.versions() == ["1.0"]
    share = home.folder / ".local/share"
    entry = (share / "applications/crystal-studio.desktop").read_text()
    assert f'Exec="{home.launcher}" open %f\n' in entry
    assert "chemical/x-cif;" in entry
    assert 'type="chemical/x-cif"' in (share / "mime/packages/crystal-studio.xml").read_text()
    assert (share / "icons/hicolor/256x256/apps/crystal-studio.png").is_file()
    assert (share / "icons/hicolor/scalable/apps/crystal-studio.svg").is_file()
    done = home.run(home.app / "uninstall")
    assert done.returncode == 0, done.stderr
    assert home.listing() == home.before


def test_that_what_the_program_can_compute_again_goes_with_it(home: Home, make) -> None:
    home.installed(make("1.0"))
    caches = home.folder / ".cache"
    for name in ("crystal-studio/weights", "another program"):
        (caches / name).mkdir(parents=True)
    assert home.run(home.app / "uninstall").returncode == 0
    assert [path.name for path in caches.iterdir()] == ["another program"]


def test_that_an_upgrade_keeps_what_is_there_until_the_new_version_has_passed(home: Home, make) -> None:
    home.installed(make("1.0"))
    before = home.listing()
    done = home.install(make("1.1", 4))
    assert done.returncode == 1
    assert "the version that was there stays" in done.stderr
    assert home.listing() == before
    assert home.answer().startswith("version 1.0 ")
    home.installed(make("1.1"))
    assert home.answer().startswith("version 1.1 ")
    assert home.versions() == ["1.1"]
    assert set(home.before) <= set(home.listing())
    home.run(home.app / "uninstall")
    assert home.listing() == home.before


def test_that_a_first_installation_that_fails_leaves_nothing(home: Home, make) -> None:
    assert home.install(make("1.1", 4)).returncode == 1
    assert home.listing() == home.before


def test_that_the_same_bundle_again_changes_nothing_but_what_is_damaged(home: Home, make) -> None:
    home.installed(make("1.0"))
    before = home.listing()
    done = home.install(make("1.0"))
    assert "is installed already" in done.stderr
    assert (done.returncode, home.listing()) == (0, before)
    (program,) = home.app.glob("1.0/lib/python*/site-packages/crystal_studio/app/main.py")
    program.write_text("raise SystemExit(9)")
    home.installed(make("1.0"))
    assert home.answer().startswith("version 1.0 ")
    assert home.versions() == ["1.0.2"]


@pytest.mark.parametrize("how", ["one bit", "cut short", "appended"])
def test_that_a_changed_file_is_refused_before_anything_is_made(home: Home, make, tmp_path: Path, how: str) -> None:
    content = bytearray(make("1.0").read_bytes())
    if how == "one bit":
        content[len(content) // 2] ^= 1
    elif how == "cut short":
        del content[-5000:]
    else:
        content += b"more"
    changed = tmp_path / "changed.run"
    changed.write_bytes(content)
    done = home.install(changed)
    assert done.returncode == 1
    assert "This file is damaged" in done.stderr
    assert home.listing() == home.before


def test_that_a_wheel_with_another_hash_than_the_list_says_is_refused(home: Home, make, tmp_path: Path) -> None:
    """As if somebody had changed a wheel and the checksum of the whole file with it."""
    folder = tmp_path / "unpacked"
    header = make("1.0").read_bytes()
    start = int(header.split(b"header_bytes=")[1].split(b"\n")[0])
    folder.mkdir()
    subprocess.run(["tar", "-x", "-C", folder], input=header[start:], check=True)
    own_wheel(folder / "wheels", "1.0", 0)
    with zipfile.ZipFile(folder / "wheels/crystal_studio-1.0-py3-none-any.whl", "a") as wheel:
        wheel.writestr("crystal_studio/extra.py", "")
    done = home.run(sys.executable, "-E", "-s", folder / "install.py")
    assert done.returncode == 1
    assert "DO NOT MATCH THE HASHES" in done.stderr
    assert home.versions() == []


def test_that_an_installation_that_was_killed_is_cleared_away_by_the_next(home: Home, make) -> None:
    (home.app / "1.0").mkdir(parents=True)
    (home.app / "1.0" / ".made-by-the-installer").touch()
    (home.app / ".unpacking-4194305").mkdir()  # above the largest process id
    home.installed(make("1.0"))
    assert home.versions() == ["1.0"]
    assert not (home.app / ".unpacking-4194305").exists()
    assert home.answer().startswith("version 1.0 ")


def test_that_files_of_others_are_neither_overwritten_nor_removed(home: Home, make) -> None:
    home.launcher.parent.mkdir()
    home.launcher.write_text("another program")
    before = home.listing()
    done = home.install(make("1.0"))
    assert done.returncode == 1
    assert "was not made by this installer" in done.stderr
    assert (home.launcher.read_text(), home.listing()) == ("another program", before)
    other = home.folder / "documents"
    other.mkdir()
    (other / "thesis.txt").touch()
    assert "holds other files (thesis.txt)" in home.install(make("1.0"), "--prefix", other).stderr
    assert [path.name for path in other.iterdir()] == ["thesis.txt"]


def test_that_what_somebody_changed_or_added_survives_the_uninstaller(home: Home, make) -> None:
    home.installed(make("1.0"))
    home.launcher.write_text("#!/bin/sh\necho mine\n")
    (home.app / "notes.txt").write_text("mine")
    done = home.run(home.app / "uninstall")
    assert f"{home.launcher} has been changed since and stays" in done.stderr
    kept = {".local/bin", ".local/bin/crystal-studio", ".local/share/crystal-studio-app"}
    assert set(home.listing()) == {*home.before, *kept, ".local/share/crystal-studio-app/notes.txt"}


@pytest.mark.parametrize(("answer", "is_kept"), [("yes\n", True), ("delete\n", False)])
def test_that_projects_and_settings_go_only_after_the_word(home: Home, make, answer: str, is_kept: bool) -> None:
    home.installed(make("1.0"))
    done = home.run(home.app / "uninstall", "--all", told=answer)
    assert done.returncode == 0
    left = [name for name in home.listing() if "crystal-studio" in name]
    assert bool(left) is is_kept
    assert not home.app.exists()


def test_that_a_running_program_is_neither_replaced_under_it_nor_removed(home: Home, make) -> None:
    home.installed(make("1.0"))
    # The interpreter lies outside; a library of the version's folder is what a running program has mapped.
    (site,) = home.app.glob("1.0/lib/python*/site-packages")
    library = site / "mapped.bin"
    library.write_bytes(b"x" * 4096)
    script = (
        "import mmap,sys;f=open(sys.argv[1]);m=mmap.mmap(f.fileno(),0,prot=mmap.PROT_READ);print(1,flush=True);input()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, str(library)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as program:
        assert program.stdout is not None
        program.stdout.readline()
        refused = home.run(home.app / "uninstall")
        assert "is running" in refused.stderr
        # Not from within a namespace, out of which other processes cannot be looked at.
        assert home.run("sh", make("1.1"), "--python", sys.executable).returncode == 0
        assert home.versions() == ["1.0", "1.1"]
        program.kill()
    home.installed(make("1.1"))
    assert home.versions() == ["1.1"]


def test_that_a_machine_without_the_right_python_is_told_which(home: Home, make, tmp_path: Path) -> None:
    python = f"{sys.version_info[0]}.{sys.version_info[1]}".encode()
    content = make("1.0").read_bytes().replace(b"python_wanted='" + python, b"python_wanted='9.99"[: 15 + len(python)])
    other = tmp_path / "other.run"
    other.write_bytes(content)
    done = home.run("sh", other)
    assert done.returncode == 1
    assert "is needed, as the packages in this bundle are built for it" in done.stderr
    assert "apt-get install python3" in done.stderr
    assert home.listing() == home.before


def test_that_an_administrator_may_name_every_folder(home: Home, make, tmp_path: Path) -> None:
    root = tmp_path / "opt"
    home.installed(make("1.0"), "--prefix", root / "studio", "--bin", root / "bin", "--share", root / "share")
    assert home.listing() == home.before
    assert home.run(root / "bin" / "crystal-studio").stdout == "version 1.0\n"
    home.run(root / "studio" / "uninstall")
    assert not root.exists()


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_that_the_real_bundle_is_installed_designs_draws_and_goes_away(home: Home, tmp_path: Path) -> None:
    named = os.environ.get(BUNDLE_VARIABLE)
    if not named:
        pytest.skip(f"make one with `installer/bundle` and name it in {BUNDLE_VARIABLE}")
    home.installed(Path(named))
    picture = tmp_path / "window.png"
    tried = home.run("sh", INSTALLER / "smoke_test", home.app, "--picture", picture)
    assert tried.returncode == 0, tried.stderr
    assert picture.stat().st_size > 10_000
    home.run(home.app / "uninstall")
    assert home.listing() == home.before
