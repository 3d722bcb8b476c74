"""What the doctor says of the display and of OpenGL; a design round on the command line needs neither."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping

from crystal_studio.domain.finding import Finding, State
from crystal_studio.services.child_probe import Probed

_SOFTWARE = ("llvmpipe", "softpipe", "swrast", "software", "swr", "lavapipe", "gdi generic")
_DISPLAY, _OPENGL, _LIBRARIES = "display", "opengl", "window libraries"
# Where Debian and Ubuntu keep them; other distributions have similar names.
_PACKAGE_OF = {
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
    "libEGL.so.1": "libegl1",
    "libGL.so.1": "libgl1",
    "libfontconfig.so.1": "libfontconfig1",
}


def display(environment: Mapping[str, str] = os.environ) -> Finding:
    """X11, Wayland or none, as the session says it."""
    if sys.platform != "linux":
        return Finding(_DISPLAY, "the desktop of this system")
    forced = environment.get("QT_QPA_PLATFORM", "")
    wayland, x11 = environment.get("WAYLAND_DISPLAY", ""), environment.get("DISPLAY", "")
    said = [f"Wayland ({wayland})"] if wayland else []
    said += [f"X11 ({x11}{', over the network' if not x11.startswith((':', 'unix')) else ''})"] if x11 else []
    if forced:
        return Finding(_DISPLAY, f"{' and '.join(said) or 'none'}; QT_QPA_PLATFORM asks for {forced}")
    if said:
        return Finding(_DISPLAY, " and ".join(said))
    remedy = "The commands need none. For the window start a desktop session, or log in with `ssh -X`."
    return Finding(_DISPLAY, "none", State.ADVICE, remedy)


def graphics(probed: Probed) -> Iterator[Finding]:
    """Who draws, and what a window would lack."""
    opengl = probed.facts.get("opengl", {})
    problem = probed.problem or opengl.get("problem") or ("" if "renderer" in opengl else "no OpenGL 3.2 was found")
    if problem:
        remedy = "The window shows no crystals in three dimensions without it. Install the graphics driver, or Mesa."
        yield Finding(_OPENGL, problem, State.ADVICE, remedy)
    else:
        yield _renderer(opengl)
    missing = probed.facts.get("missing_libraries", [])
    if missing:
        packages = " ".join(_PACKAGE_OF.get(name, name) for name in missing)
        remedy = f"The window may not open. Have them installed, on Debian and Ubuntu: `sudo apt install {packages}`."
        yield Finding(_LIBRARIES, f"missing: {', '.join(missing)}", State.ADVICE, remedy)
    elif probed.facts:
        yield Finding(_LIBRARIES, "there")


def _renderer(opengl: Mapping[str, str]) -> Finding:
    value = ", ".join(opengl[name] for name in ("vendor", "renderer", "version") if name in opengl)
    if any(word in opengl["renderer"].lower() for word in _SOFTWARE):
        remedy = "Large crystals turn slowly. If this machine has a graphics card, install its driver."
        return Finding(_OPENGL, f"drawn in software: {value}", State.ADVICE, remedy)
    return Finding(_OPENGL, value)
