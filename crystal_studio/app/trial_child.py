"""The process in which a model is tried, or a tiny design round run: `python -m crystal_studio.app.trial_child`.

One JSON object a line on stdout; whatever a library prints goes to stderr.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TextIO

from crystal_studio.app.offline import stay_offline
from crystal_studio.domain.errors import StudioError, UserCorrectable
from crystal_studio.domain.model_card import ModelKind
from crystal_studio.domain.trial import Trial

_MB = 10**6


class _Patient:
    """A job context that nobody stops: the process is killed instead."""

    def progress(self, part: str, fraction: float, message: str = "") -> None:
        """Nobody looks."""

    def partial(self, kind: str, payload: object) -> None:
        """Nobody looks."""

    def check_cancelled(self) -> None:
        """Nobody stops it."""


def main(argv: Sequence[str] | None = None) -> int:
    """Try one model, or run steps of the self-test; the parent reads what came out."""
    stay_offline()
    out = _claim_stdout()
    from crystal_studio.host.lifeline import die_with_parent

    die_with_parent()
    arguments = _arguments(argv)
    if arguments.self_test:
        _run_self_test(arguments.self_test, out)
    else:
        _say(out, _tried(ModelKind(arguments.kind), arguments.id))
    return 0


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="trial_child", description="Started by the program.")
    parser.add_argument("kind", nargs="?")
    parser.add_argument("id", nargs="?")
    parser.add_argument("--self-test", nargs="+", metavar="STEP")
    return parser.parse_args(argv)


def _claim_stdout() -> TextIO:
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return out


def _say(out: TextIO, said: object) -> None:
    out.write(json.dumps(said) + "\n")
    out.flush()


def _tried(kind: ModelKind, model_id: str) -> dict[str, object]:
    from crystal_studio.app.wiring import installed_engines
    from crystal_studio.services.trial import try_part

    engines = installed_engines().with_models({kind.value: model_id})
    try:
        trial = try_part(kind, engines, _Patient())
    except StudioError as error:
        return {"refused": str(error), "correctable": isinstance(error, UserCorrectable)}
    device, card_mb = _card_used()
    return asdict(replace(trial, memory_mb=most_memory_mb(), device=device, card_mb=card_mb))


def _run_self_test(names: Sequence[str], out: TextIO) -> None:
    from crystal_studio.app.projects import open_project
    from crystal_studio.app.wiring import installed_engines
    from crystal_studio.services.self_test import TinyRound

    with tempfile.TemporaryDirectory(prefix="crystal-studio-self-test-") as folder:
        tiny = TinyRound(installed_engines(), open_project, Path(folder) / "p.cstudio", _Patient())
        for step in tiny.run(names):
            _say(out, asdict(step))


def most_memory_mb() -> int:
    """The most main memory that this process has held, in MB of 10^6 bytes."""
    if sys.platform == "win32":
        import psutil

        return int(psutil.Process().memory_info().peak_wset) // _MB
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return int(peak if sys.platform == "darwin" else peak * 1024) // _MB


def _card_used() -> tuple[str, int]:
    """Where the model is now, "cpu" or the card's name, and the most that was held of the card."""
    torch = sys.modules.get("torch")
    if torch is None or not torch.cuda.is_initialized():
        return Trial(0.0, "", 0).device, 0
    most = int(torch.cuda.max_memory_reserved()) // _MB
    stayed = int(torch.cuda.memory_allocated()) > 0  # a model that had to leave the card left nothing there
    return (str(torch.cuda.get_device_name()), most) if stayed else (Trial(0.0, "", 0).device, most)


if __name__ == "__main__":
    sys.exit(main())
