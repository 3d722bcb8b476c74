"""What decides the last digits of a crystal besides the models and the seed."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version

_PACKAGES = (
    "torch",
    "numpy",
    "scipy",
    "spglib",
    "pymatgen",
    "SMACT",
    "robocrys",
    "matminer",
    "chgnet",
    "transformers",
    "peft",
    "bitsandbytes",
    "llguidance",
)


def environment() -> dict[str, str]:
    """Versions of the libraries that compute, the processor and the number of threads, to be stored with a node."""
    import torch

    has_card = torch.cuda.is_available()
    return {
        "python": platform.python_version(),
        **{name.lower(): found for name in _PACKAGES if (found := _version(name))},
        "device": f"cuda ({torch.cuda.get_device_name()})" if has_card else "cpu",
        "processor": f"{platform.machine()} {torch.backends.cpu.get_cpu_capability()}",
        "threads": str(torch.get_num_threads()),
    }


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
