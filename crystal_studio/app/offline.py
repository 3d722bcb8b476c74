"""Nothing phones home: what libraries must find in the environment before they are imported."""

from __future__ import annotations

import os

from crystal_studio.app.paths import cache_folder

_SWITCHES = ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "HF_HUB_DISABLE_TELEMETRY", "HF_HUB_DISABLE_PROGRESS_BARS")


def stay_offline() -> None:
    """Forbid the hub's client any network, and bars of its own, before anything imports it."""
    for name in _SWITCHES:
        os.environ[name] = "1"
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    os.environ.setdefault("MPLCONFIGDIR", str(cache_folder() / "matplotlib"))  # one cache, which uninstalling removes
