"""Reading the machine: NVIDIA's own program answers, or there is no card."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from crystal_studio.domain.machine import Card
from crystal_studio.engines.devices import machine
from crystal_studio.engines.devices.machine import nvidia_cards, read_machine

SMALL = "0, GPU-aaaa-1, NVIDIA RTX A2000, 6138, 5900, 580.95.05, 8.6"
LARGE = "1, GPU-bbbb-2, NVIDIA H100 80GB HBM3, 81559, 1000, 580.95.05, 9.0"


@pytest.fixture
def driver(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A made-up `nvidia-smi` with these answers, on a torch that was built for CUDA."""

    def install(cards: str, programs: str = "", status: int = 0) -> None:
        script = tmp_path / "bin" / "nvidia-smi"
        script.parent.mkdir(exist_ok=True)
        script.write_text(
            f"#!{sys.executable}\nimport sys\n"
            f"print({cards!r} if sys.argv[1].startswith('--query-gpu=') else {programs!r})\nsys.exit({status})\n"
        )
        script.chmod(0o755)
        monkeypatch.setenv("PATH", f"{script.parent}{os.pathsep}{os.environ['PATH']}")

    monkeypatch.setattr(machine, "cuda_of_torch", lambda: "13.0")
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    return install


def test_that_the_cards_are_those_that_the_driver_shows_the_largest_first(driver) -> None:
    driver(f"{SMALL}\n{LARGE}")
    assert read_machine().cards == (
        Card("NVIDIA H100 80GB HBM3", 85521, 1049, "580.95.05", "9.0"),
        Card("NVIDIA RTX A2000", 6436, 6187, "580.95.05", "8.6"),
    )


@pytest.mark.parametrize(
    ("visible", "names"),
    [
        ("0", ["NVIDIA RTX A2000"]),
        ("1,0", ["NVIDIA H100 80GB HBM3", "NVIDIA RTX A2000"]),
        ("GPU-bbbb", ["NVIDIA H100 80GB HBM3"]),
        ("0,-1,1", ["NVIDIA RTX A2000"]),
        ("-1", []),
        ("", []),
    ],
)
def test_that_hidden_cards_are_not_counted(driver, monkeypatch, visible: str, names: list[str]) -> None:
    driver(f"{SMALL}\n{LARGE}")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    assert [card.name for card in nvidia_cards()] == names


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        ("", 0),
        ("No devices were found", 0),
        (SMALL, 9),
        ("NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver.", 9),
        ("0, GPU-1, NVIDIA A100 MIG, [N/A], [N/A], 580, 8.0", 0),
        ("0, GPU-1", 0),
    ],
)
def test_that_a_driver_that_does_not_answer_is_no_card(driver, answer: str, status: int) -> None:
    driver(answer, status=status)
    assert nvidia_cards() == ()


def test_that_memory_which_our_own_engines_hold_counts_as_free(driver) -> None:
    script = "import time; time.sleep(60)"
    ours = subprocess.Popen([sys.executable, "-c", script, "crystal_studio.app.engine_host"])
    other = subprocess.Popen([sys.executable, "-c", script])
    try:
        held = "\n".join(f"{pid}, GPU-bbbb-2, 10000" for pid in (ours.pid, other.pid))
        driver(LARGE, f"{held}\n1, GPU-bbbb-2, [N/A]\n999999999, GPU-bbbb-2, 5000")
        assert nvidia_cards()[0].free_mb == 1049 + 10486
    finally:
        for child in (ours, other):
            child.kill()
            child.wait()


def test_that_a_torch_for_the_processor_makes_a_card_useless(driver, monkeypatch) -> None:
    driver(SMALL)
    monkeypatch.setattr(machine, "cuda_of_torch", lambda: None)
    assert read_machine().cards == ()


def test_that_a_limit_on_the_memory_of_a_container_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    limit, used = tmp_path / "max", tmp_path / "current"
    monkeypatch.setattr(machine, "_CGROUPS", ((limit, used), (tmp_path / "none", tmp_path / "none")))
    whole = read_machine()
    limit.write_text("max\n")
    assert read_machine().memory_mb == whole.memory_mb
    limit.write_text("2000000000\n")
    used.write_text("500000000\n")
    assert read_machine().memory_mb == 2000
    assert read_machine().free_mb <= 1500
    used.write_text("3000000000\n")
    assert read_machine().free_mb == 0


def test_that_this_machine_has_a_core_and_memory() -> None:
    found = read_machine()
    assert found.cores >= 1
    assert 0 <= found.free_mb <= found.memory_mb
    assert found.memory_mb > 500


def test_that_looking_at_the_machine_does_not_import_torch() -> None:
    script = (
        "import sys\nfrom crystal_studio.engines.devices.machine import read_machine\nread_machine()\n"
        "sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
