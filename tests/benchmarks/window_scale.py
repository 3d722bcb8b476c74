"""A window on 100,000 nodes: seconds to the first visible tree, and how long the event loop waits while one scrolls.

Run `python tests/benchmarks/window_scale.py [--nodes 100000] [--file PROJECT] [--deep]`, off screen by default. CPU
time is given beside the time on the clock, as the latter means little on a busy machine. With `--deep` the project
(also a given one) is first reshaped into a chain of 10,000 rounds, with all other nodes as answers to its first.
"""

from __future__ import annotations

import argparse
import json
import os
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from event_loop_gap import Heartbeat, idle
from PySide6.QtWidgets import QApplication

from crystal_studio.ports.history_store import HistoryStore
from crystal_studio.ui.history.tree_panel import TreePanel
from crystal_studio.ui.session_state import SessionState

sys.path.insert(0, str(Path(__file__).parents[1]))

_STEPS = 60
_CHAIN = 10_000


def opened(path: Path, open_store: Callable[[], HistoryStore]) -> tuple[TreePanel, dict[str, float]]:
    """The history dock on a project, painted once, as the window does it."""
    from hand_runner import HandRunner

    clock, work = time.perf_counter(), time.process_time()
    state = SessionState(path, open_store())
    newest = state.newest()
    if newest is not None:
        state.set_current(newest)
    panel = TreePanel(state, HandRunner())
    panel.resize(340, 700)
    panel.show()
    panel.grab()
    return panel, {"seconds": time.perf_counter() - clock, "cpu seconds": time.process_time() - work}


def gaps_while(panel: TreePanel, step: Callable[[int], None]) -> dict[str, float]:
    """Gaps of the event loop, in ms, while something is done again and again."""
    heartbeat = Heartbeat()
    heartbeat.start()
    spent: list[float] = []
    for number in range(_STEPS):
        begun = time.process_time()
        step(number)
        panel.view.viewport().repaint()
        spent.append(1000 * (time.process_time() - begun))
        idle(0.05)
    return heartbeat.figures() | {"largest cpu of a step": round(max(spent), 1)}


def scroll(panel: TreePanel) -> Callable[[int], None]:
    """Page after page downwards, then jumps."""
    bar = panel.view.verticalScrollBar()
    panel.view.scrollToTop()

    def step(number: int) -> None:
        jumps = number >= _STEPS // 2
        bar.setValue(bar.maximum() * (number % 7) // 6 if jumps else bar.value() + panel.view.viewport().height())

    return step


def figures(path: Path, open_store: Callable[[], HistoryStore]) -> dict[str, object]:
    """Opening, scrolling the tree, going to nodes far apart, searching as one types, scrolling what was found."""
    panel, first = opened(path, open_store)
    idle(2.0)
    found: dict[str, object] = {"first visible tree": first, "nodes": panel._state.num_nodes()}
    found["scrolling the tree"] = gaps_while(panel, scroll(panel))
    spread = panel._state.search(panel.search.query, 0, 1)
    total = panel._state.count(panel.search.query)
    ids = [panel._state.search(panel.search.query, number * (total - 1) // _STEPS, 1)[0].id for number in range(_STEPS)]
    found["going to nodes far apart"] = gaps_while(panel, lambda number: panel._state.set_current(ids[number]))
    typed = f"{spread[0].formula} gap:0-9 by:gap"
    found["searching as one types"] = gaps_while(panel, lambda number: panel.search.line.setText(typed[: number + 1]))
    found["scrolling the matches"] = gaps_while(
        panel,
        lambda number: panel.found.verticalScrollBar().setValue(
            panel.found.verticalScrollBar().maximum() * number // _STEPS
        ),
    )
    found["rows laid out"] = panel.model.rowCount()
    panel.close_panel()
    return found


def reshape(path: Path) -> None:
    """The shapes that a tree is worst at: one chain of 10,000 rounds, and all other nodes answers to its first."""
    for table in ("nodes", "outlines"):
        of = "(SELECT id FROM nodes AS above WHERE above.ordinal = %s)"
        with closing(sqlite3.connect(path)) as connection, connection:
            chain, fan = of % f"{table}.ordinal - 1", of % "(SELECT min(ordinal) FROM nodes)"
            connection.execute(f"UPDATE {table} SET parent = NULL WHERE ordinal = (SELECT min(ordinal) FROM nodes)")
            connection.execute(f"UPDATE {table} SET parent = {chain} WHERE ordinal BETWEEN 2 AND {_CHAIN}")
            connection.execute(f"UPDATE {table} SET parent = {fan} WHERE ordinal > {_CHAIN}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--nodes", type=int, default=100_000)
    parser.add_argument("--file", type=Path, help="a project that is there already")
    parser.add_argument("--deep", action="store_true", help="reshape the project into a chain and a fan")
    arguments = parser.parse_args()
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    application = QApplication(sys.argv[:1])
    with tempfile.TemporaryDirectory() as folder:
        from large_project import make_large_project

        from crystal_studio.storage import SqlHistoryStore

        path = arguments.file or Path(folder) / "large.cstudio"
        if arguments.file is None:
            make_large_project(path, arguments.nodes)
        SqlHistoryStore.open(path).close()  # makes the outlines of nodes that were copied without them
        if arguments.deep:
            reshape(path)
        found = figures(path, lambda: SqlHistoryStore.open(path))
    print(json.dumps({"load": os.getloadavg()[0], "processors": os.cpu_count(), **found}, indent=2))
    del application


if __name__ == "__main__":
    main()
