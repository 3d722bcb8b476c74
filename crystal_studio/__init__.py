"""Crystal Studio: design crystals by talking."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from crystal_studio.app.studio import Studio


def open_studio(project: str | Path) -> Studio:
    """Open a project with the installed models: the Python interface.

    >>> with open_studio("demo.cstudio") as studio:
    ...     first = studio.design("a wide-gap insulator with strontium", seed=7)
    ...     second = studio.design("keep the composition, widen the gap", parent=first)

    Raises:
        ProjectUnavailable: the project cannot be opened.
    """
    from crystal_studio.app.studio import Studio

    return Studio.open(Path(project))
