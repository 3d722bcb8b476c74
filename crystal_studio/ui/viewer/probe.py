"""Asks OpenGL who draws: `python -m crystal_studio.ui.viewer.probe`.

A process of its own, because a broken driver may end the one that loads it. One JSON object on stdout; what libraries
print goes to stderr.
"""

from __future__ import annotations

import ctypes
import json
import os
import re
import sys

# Qt's plug-ins for X11 load these; distributions leave the first out where no desktop is installed.
_WINDOW_LIBRARIES = ("libxcb-cursor.so.0", "libxkbcommon-x11.so.0", "libEGL.so.1", "libGL.so.1", "libfontconfig.so.1")
_PLACES = {"vendor": "OpenGL vendor string", "renderer": "OpenGL renderer string", "version": "OpenGL version string"}


def main() -> int:
    """Say what was found."""
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    out.write(json.dumps({"opengl": _opengl(), "missing_libraries": _missing_libraries()}) + "\n")
    out.flush()
    return 0


def _opengl() -> dict[str, str]:
    try:
        from vtkmodules.vtkCommonCore import vtkLogger
        from vtkmodules.vtkRenderingCore import vtkRenderWindow
        from vtkmodules.vtkRenderingOpenGL2 import vtkOpenGLRenderWindow
    except ImportError as error:
        return {"problem": str(error)}
    vtkLogger.SetStderrVerbosity(vtkLogger.VERBOSITY_OFF)
    window = vtkRenderWindow()
    window.SetOffScreenRendering(1)
    if not (isinstance(window, vtkOpenGLRenderWindow) and window.SupportsOpenGL()):
        return {"problem": window.GetOpenGLSupportMessage() if hasattr(window, "GetOpenGLSupportMessage") else ""}
    window.Render()
    told = window.ReportCapabilities()
    found = {name: re.search(rf"{place}: *(.+)", told) for name, place in _PLACES.items()}
    return {name: match[1].strip() for name, match in found.items() if match}


def _missing_libraries() -> list[str]:
    missing = []
    for name in _WINDOW_LIBRARIES if sys.platform == "linux" else ():
        try:
            ctypes.CDLL(name)
        except OSError:
            missing.append(name)
    return missing


if __name__ == "__main__":
    sys.exit(main())
