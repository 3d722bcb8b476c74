"""What the doctor says of libraries: versions, torch and its cards, bitsandbytes' kernels."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from crystal_studio.domain.finding import Finding, State
from crystal_studio.domain.machine import Machine
from crystal_studio.services.child_probe import Probed

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
REINSTALL = "Run `bash installer/studio` while online, or install the bundle again, to get what is missing."
_NVIDIA_DRIVER = Path("/proc/driver/nvidia/version")
_TORCH, _CUDA, _BITSANDBYTES = "torch on this machine", "cuda", "bitsandbytes kernels"
_CPU_KERNEL = "nf4 cpu"


def package(name: str) -> Finding:
    """A library's version."""
    try:
        return Finding(name, version(name))
    except PackageNotFoundError:
        return Finding(name, "not installed", State.PROBLEM, REINSTALL)


def libraries(probed: Probed, machine: Machine) -> Iterator[Finding]:
    """What came of trying torch, the cards and bitsandbytes."""
    if probed.problem:
        yield Finding(_TORCH, probed.problem, State.PROBLEM, REINSTALL)
        return
    torch, bitsandbytes = probed.facts.get("torch", {}), probed.facts.get("bitsandbytes", {})
    if "problem" in torch:
        yield Finding(_TORCH, torch["problem"], State.PROBLEM, REINSTALL)
    else:
        yield Finding(_TORCH, f"{torch['version']}, {torch['processor']}, {_count(torch['threads'], 'thread')}")
        yield _cuda(torch, machine)
        yield from _cards(torch)
    yield from _kernels(bitsandbytes)


def _cuda(torch: Mapping[str, Any], machine: Machine) -> Finding:
    built_for, driver = torch.get("built_for_cuda"), _driver(machine)
    if built_for and torch["cards"]:
        return Finding(_CUDA, f"torch built for CUDA {built_for}, NVIDIA driver {driver or 'loaded'}")
    if built_for and driver:
        why = torch.get("cuda_problem") or "torch sees no card"
        remedy = (
            f"Update NVIDIA's driver to one for CUDA {built_for} or newer, and see that no variable hides the card."
        )
        return Finding(_CUDA, f"{why} (driver {driver}): models run on the CPU", State.ADVICE, remedy)
    if built_for:
        remedy = "Install NVIDIA's driver if this machine has a card of theirs."
        return Finding(
            _CUDA, f"torch built for CUDA {built_for}, no NVIDIA driver: models run on the CPU", remedy=remedy
        )
    if driver:
        remedy = "Install the CUDA flavour of Crystal Studio to use the card."
        return Finding(_CUDA, f"NVIDIA driver {driver}, torch built for the CPU", State.ADVICE, remedy)
    return Finding(_CUDA, "no NVIDIA driver: models run on the CPU")


def _driver(machine: Machine) -> str:
    """The version of NVIDIA's driver; "" where there is none."""
    if machine.cards:
        return machine.cards[0].driver
    try:
        words = _NVIDIA_DRIVER.read_text(encoding="utf-8", errors="replace").split()
    except OSError:
        return ""
    return next((word for word in words if word[:1].isdigit() and "." in word), "loaded")


def _cards(torch: Mapping[str, Any]) -> Iterator[Finding]:
    for card in torch["cards"]:
        memory = f"{card['free_mb'] / 1000:.1f} of {card['memory_mb'] / 1000:.1f} GB free"
        value = f"{card['name']}, {memory}, compute capability {card['compute']}"
        if "problem" in card:
            remedy = "This build of torch cannot use the card. Update NVIDIA's driver, or hide the card from it."
            yield Finding("card", f"{value}: {card['problem']}", State.PROBLEM, remedy)
        else:
            yield Finding("card", f"{value}, tried")


def _kernels(found: Mapping[str, Any]) -> Iterator[Finding]:
    """One finding for the library, one for each kind of numbers that it cannot do."""
    if "problem" in found:
        yield Finding(_BITSANDBYTES, found["problem"], State.PROBLEM, REINSTALL)
        return
    kernels = found.get("kernels", {})
    good = [name for name, tried in kernels.items() if "problem" not in tried]
    has = "CUDA and CPU kernels" if found.get("has_cuda_kernels") else "CPU kernels"
    yield Finding(_BITSANDBYTES, f"{found['version']}, {has}; tried: {', '.join(good) or 'none'}")
    for name, tried in kernels.items():
        if "problem" in tried:
            # The language model that ships needs 4 bit; 8 bit is a choice.
            state = State.PROBLEM if name == _CPU_KERNEL else State.ADVICE
            remedy = "Install bitsandbytes again, or choose another precision on the language model's card."
            yield Finding(f"{_BITSANDBYTES}, {name}", tried["problem"], state, remedy)


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
