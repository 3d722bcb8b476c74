"""How long the window's event loop is kept waiting while its engine hosts work.

Usage: python tests/benchmarks/event_loop_gap.py [--real] [--window] [--stacks SECONDS]

A heartbeat every 5 ms; a gap is the time between two beats. With `--real` ten candidates are drawn by the shipped
models instead of the demonstration, with `--window` the whole window listens instead of nobody. `--stacks` prints
what every thread was at when a gap became longer than that.
"""

from __future__ import annotations

import argparse
import faulthandler
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import ClassVar

from PySide6.QtCore import QEventLoop, Qt, QTimer
from PySide6.QtWidgets import QApplication

from crystal_studio.app.engine_command import command
from crystal_studio.app.logging_setup import set_up_logging
from crystal_studio.services.jobs import DesignJob, Job, Lane, SymmetryJob, WarmUpJob
from crystal_studio.storage.sql_history_store import SqlHistoryStore
from crystal_studio.ui.jobs.qt_runner import QtJobRunner
from crystal_studio.ui.jobs.runner import JobRunner

WISH = "A wide-gap insulator with strontium"
CANDIDATES = 10
BEAT_MS = 5
SCRIPTED = (sys.executable, "-P", str(Path(__file__).parents[1] / "ui" / "scripted_host.py"))


class Heartbeat:
    """Beats, and notes how late each beat was."""

    stacks_seconds: ClassVar[float | None] = None

    def __init__(self) -> None:
        self.gaps_ms: list[float] = []
        self._last = time.perf_counter()
        self._timer = QTimer()
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setInterval(BEAT_MS)
        self._timer.timeout.connect(self._beat)

    def start(self) -> None:
        self._last = time.perf_counter()
        self._timer.start()

    def _beat(self) -> None:
        now = time.perf_counter()
        self.gaps_ms.append(1000 * (now - self._last))
        self._last = now
        if self.stacks_seconds is not None:
            faulthandler.dump_traceback_later(self.stacks_seconds)

    def figures(self) -> dict[str, float]:
        """Milliseconds."""
        self._timer.stop()
        faulthandler.cancel_dump_traceback_later()
        ranked = sorted(self.gaps_ms)
        return {
            "beats": len(ranked),
            "p50": round(ranked[len(ranked) // 2], 1),
            "p99": round(ranked[len(ranked) * 99 // 100], 1),
            "largest": round(ranked[-1], 1),
        }


def run(runner: JobRunner, jobs: Sequence[Job]) -> Mapping[str, object]:
    """Run jobs to their ends; id -> result or failure."""
    ends: dict[str, object] = {}
    wanted: list[str] = []
    loop = QEventLoop()

    def end(job_id: str, result: object = None) -> None:
        ends[job_id] = result
        if wanted and all(one in ends for one in wanted):
            loop.quit()

    for signal in (runner.finished, runner.failed, runner.cancelled):
        signal.connect(end)
    wanted += [runner.submit(job) for job in jobs]
    loop.exec()
    for signal in (runner.finished, runner.failed, runner.cancelled):
        signal.disconnect(end)
    return {one: ends[one] for one in wanted}


def measured(work: Callable[[], object]) -> dict[str, float]:
    heartbeat = Heartbeat()
    started = time.perf_counter()
    heartbeat.start()
    work()
    return heartbeat.figures() | {"seconds": round(time.perf_counter() - started, 1)}


def idle(seconds: float) -> None:
    loop = QEventLoop()
    QTimer.singleShot(int(1000 * seconds), loop.quit)
    loop.exec()


def sampling(runner: JobRunner, project: Path) -> dict[str, dict[str, float]]:
    """Models loading, a round of ten candidates, and a round with the science lane at work beside it."""
    wish = DesignJob(project, WISH, None, seed=1, candidates=CANDIDATES)
    found = {"models loading": measured(lambda: run(runner, [WarmUpJob()]))}
    nodes: list[object] = []
    found["ten candidates"] = measured(lambda: nodes.extend(run(runner, [wish]).values()))
    crystal = getattr(nodes[0], "crystal", None)
    if crystal is None:
        raise SystemExit(f"The round failed: {nodes[0]}")
    both = [wish, *(SymmetryJob(crystal, 0.01 + 0.001 * index) for index in range(50))]
    found["ten candidates beside 50 symmetries"] = measured(lambda: run(runner, both))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--real", action="store_true", help="the shipped models")
    parser.add_argument("--window", action="store_true", help="the whole window listens")
    parser.add_argument("--stacks", type=float, default=None, help="print stacks at gaps longer than this")
    arguments = parser.parse_args()
    Heartbeat.stacks_seconds = arguments.stacks
    folder = Path(tempfile.mkdtemp(prefix="crystal-studio-gap-"))
    for variable in ("XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME"):
        os.environ[variable] = str(folder)
    set_up_logging(folder / "log")
    project = folder / "gap.cstudio"
    if arguments.window:
        from crystal_studio.app.window import StudioWindows, make_application
        from crystal_studio.ui.log_panel import LogTap

        studio = StudioWindows(make_application(), "0", LogTap(), demo=not arguments.real)
        studio.open(project)
        window = studio.windows[project]
        settled = QEventLoop()
        window.settled.connect(settled.quit)
        settled.exec()
        idle(10)  # the first drawing, and what is loaded after it
        found = {"idle": measured(lambda: idle(3))} | sampling(window.jobs, project)
        window.close()
    else:
        application = QApplication(sys.argv[:1])  # must live as long as the loop
        found = {"idle": measured(lambda: idle(3))}
        flooded = QtJobRunner({Lane.MODEL: SCRIPTED})
        run(flooded, [DesignJob(project, "say:ready", None, 1)])
        found["100,000 events"] = measured(lambda: run(flooded, [DesignJob(project, "flood:100000", None, 1)]))
        flooded.close()
        with SqlHistoryStore.open(project):
            runner = QtJobRunner({lane: command(lane.value, demo=not arguments.real) for lane in Lane})
            found |= sampling(runner, project)
            runner.close()
        del application
    print(json.dumps({"load": os.getloadavg()[0], "processors": os.cpu_count(), "milliseconds": found}, indent=2))


if __name__ == "__main__":
    main()
