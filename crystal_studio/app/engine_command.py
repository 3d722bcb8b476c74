"""How an engine host is started; apart from the host, so that the window imports none of it."""

from __future__ import annotations

import sys


def command(lane: str, demo: bool = False, language_model_id: str | None = None) -> tuple[str, ...]:
    """Program and arguments of the host of a lane.

    Args:
        lane: its value, for the log.
        demo: engines without models.
        language_model_id: None for the default one.
    """
    words = [sys.executable, "-P", "-m", "crystal_studio.app.engine_host", "--lane", lane]
    if demo:
        words.append("--demo")
    if language_model_id:
        words += ["--language-model", language_model_id]
    return tuple(words)
