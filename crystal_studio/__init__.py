"""Crystal Studio: design crystals by talking."""

from __future__ import annotations

import os
from importlib import import_module
from pathlib import Path
from typing import Any

# Read when NumPy is first imported. Our matrices for it are 3x3, where OpenBLAS's threads only wait for each other:
# relaxing was nine times slower on two busy cores. Torch has threads of its own.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
# Torch's threads sleep while they wait instead of spinning, which starves whatever else runs on few cores.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")


def open_studio(project: str | Path) -> Any:
    """Open a project with the installed models: the Python interface, an `app.studio.Studio`.

    >>> with open_studio("demo.cstudio") as studio:
    ...     first = studio.design("a wide-gap insulator with strontium", seed=7)
    ...     second = studio.design("keep the composition, widen the gap", parent=first)

    Raises:
        ProjectUnavailable: the project cannot be opened.
    """
    # Named by string: `app` is imported by nobody, this public door excepted.
    return import_module("crystal_studio.app.studio").Studio.open(Path(project))
