"""Whether there is a screen to open a window on; asked before Qt is loaded, which would abort the program."""

from __future__ import annotations

import os
import sys

from crystal_studio.domain.errors import Unavailable


def has_display() -> bool:
    """Whether this process was told of a display; other systems than Linux always have one."""
    named = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    return sys.platform != "linux" or any(os.environ.get(name) for name in named)


def require_display() -> None:
    """Refuse to open a window where nobody could see it.

    Raises:
        Unavailable: no display; says what to do.
    """
    if not has_display():
        raise Unavailable(
            "There is no display to open the window on. Start it from a desktop session or over `ssh -X`; "
            'without a window, `crystal-studio design "a wide-gap insulator with strontium"` does the same.'
        )
