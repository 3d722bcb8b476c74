"""A process that writes to a project until it is killed, and tells what it was promised."""

from __future__ import annotations

import json
import os
import random
import signal
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path

from random_nodes import random_node

from crystal_studio.domain.mark import Mark
from crystal_studio.domain.node_query import NodeQuery
from crystal_studio.storage import SqlHistoryStore

_KINDS = ("commit", "commit", "commit", "cell", "mark", "hide", "undo", "redo")
_NEWEST = NodeQuery(hidden=True, is_descending=True)


@dataclass
class Acknowledged:
    """What writers were told is stored.

    Attributes:
        nodes: ids of the nodes that were committed.
        operations: ordinal of an operation -> whether it is undone, as last told.
    """

    nodes: set[str] = field(default_factory=set)
    operations: dict[int, bool] = field(default_factory=dict)

    def add(self, line: str) -> None:
        node_id, ordinal, is_undone = json.loads(line)
        if node_id is not None:
            self.nodes.add(node_id)
        if ordinal is not None:
            self.operations[ordinal] = is_undone


def write_until_killed(project: Path, seconds: float, seed: int, acknowledged: Acknowledged | None = None) -> set[str]:
    """Let a process write, kill it some time after its first acknowledgement; returns the nodes it acknowledged."""
    told = Acknowledged() if acknowledged is None else acknowledged
    before = set(told.nodes)
    reading, writing = os.pipe()
    child = _forked(lambda: _write(project, writing, seed, changes=None, take_lock=True), reading)
    os.close(writing)
    with open(reading, "rb") as acknowledgements:
        first = acknowledgements.readline()
        time.sleep(seconds)
        os.kill(child, signal.SIGKILL)
        lines = [first, *acknowledgements.read().splitlines(keepends=True)]
    os.waitpid(child, 0)
    for line in lines:
        if line.endswith(b"\n"):
            told.add(line.decode())
    return told.nodes - before


def open_until_killed(project: Path, seconds: float) -> bool:
    """Let a process open a project, which brings it up to date, and kill it; False where it was done before."""
    child = _forked(lambda: SqlHistoryStore.open(project).close())
    time.sleep(seconds)
    os.kill(child, signal.SIGKILL)
    return os.WIFSIGNALED(os.waitpid(child, 0)[1])


def write_together(project: Path, seeds: list[int], changes: int) -> Acknowledged:
    """Let several processes write at once, each so many changes, under the lock of the caller.

    Raises:
        AssertionError: one of them failed.
    """
    told = Acknowledged()
    reading, writing = os.pipe()
    children = [
        _forked(lambda seed=seed: _write(project, writing, seed, changes, take_lock=False), reading) for seed in seeds
    ]
    os.close(writing)
    with open(reading, "rb") as acknowledgements:
        for line in acknowledgements:
            told.add(line.decode())
    statuses = [os.waitpid(child, 0)[1] for child in children]
    assert statuses == [0] * len(seeds)
    return told


def broken_promises(project: Path, told: Acknowledged) -> list[str]:
    """What is wrong with a project that was written to; an operation that was cut off in the middle may be either."""
    with closing(sqlite3.connect(project)) as connection:
        stored = {row[0] for row in connection.execute("SELECT id FROM nodes")}
        log = dict(connection.execute("SELECT ordinal, is_undone FROM operations"))
        found = [f"integrity: {row[0]}" for row in connection.execute("PRAGMA integrity_check") if row[0] != "ok"]
        counts = {
            connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
            for table in ("nodes", "outlines", "words_docsize")
        }
        steps = connection.execute("SELECT kind, nodes, after, is_undone FROM operations ORDER BY ordinal").fetchall()
    found += [f"lost node {one}" for one in told.nodes - stored]
    found += [f"lost operation {one}" for one in told.operations.keys() - log.keys()]
    found += [f"rows of {counts} nodes, outlines and words"] * (len(counts) > 1)
    return found + _differences_of_marks(project, steps)


def _differences_of_marks(project: Path, steps: list[tuple[str, str, str, int]]) -> list[str]:
    """Where the marks are not what the log of operations makes them; the cells of sheets are hidden without one."""
    marks: dict[str, Mark] = {}
    with SqlHistoryStore.open(project) as store:
        for sheet in store.sheets():
            for one in store.search(NodeQuery(sheet=sheet, hidden=True), limit=100_000):
                marks[one.id] = Mark(is_hidden=True)
        for kind, nodes, after, is_undone in steps:
            if is_undone and kind != "add nodes":
                continue
            for node_id in json.loads(nodes):
                mark = marks.get(node_id, Mark())
                marks[node_id] = _after(mark, kind, json.loads(after), bool(is_undone))
        stored = store.marks()
    expected = {node_id: mark for node_id, mark in marks.items() if mark != Mark()}
    return [] if stored == expected else [f"marks differ from the log: {stored.items() ^ expected.items()}"]


def _after(mark: Mark, kind: str, after: object, is_undone: bool) -> Mark:
    if isinstance(after, dict):
        return Mark(**after, is_hidden=mark.is_hidden)
    return replace(mark, is_hidden=is_undone if kind == "add nodes" else bool(after))


def _forked(work: Callable[[], None], unused: int | None = None) -> int:
    """Id of a process that does the work; it closes the end of a pipe that it does not use."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            if unused is not None:
                os.close(unused)
            work()
            status = 0
        finally:
            os._exit(status)
    return child


def _write(project: Path, pipe: int, seed: int, changes: int | None, take_lock: bool) -> None:
    """Commit, mark, hide, undo and redo at random, each told once it is durable; for ever, or so many times."""
    rng = random.Random(seed)
    store = SqlHistoryStore.open(project, take_lock=take_lock)
    done = 0
    while changes is None or done < changes:
        node_id, ordinal, is_undone = _change(store, rng, _KINDS if done else ("commit",))
        # One write of less than a pipe takes whole: lines of two processes never mix.
        os.write(pipe, f"{json.dumps([node_id, ordinal, is_undone])}\n".encode())
        done += 1
    store.close()


def _change(store: SqlHistoryStore, rng: random.Random, kinds: tuple[str, ...]) -> tuple[str | None, int | None, bool]:
    """Id of the node committed, if any; operation that was turned, if any; whether it is undone."""
    kind = rng.choice(kinds)
    if kind in ("undo", "redo"):
        turned = store.undo() if kind == "undo" else store.redo()
        return None, turned.ordinal if turned else None, kind == "undo"
    if kind in ("commit", "cell"):
        node = random_node(rng)
        store.commit(node if kind == "commit" else replace(node, parameters={"sheet": f"sheet-{rng.randrange(3)}"}))
        return node.id, None, False
    ids = [one.id for one in store.search(_NEWEST, limit=20)]
    chosen = rng.sample(ids, min(3, len(ids)))
    if kind == "hide":
        store.hide(chosen, is_hidden=rng.random() < 0.6)
    elif chosen:
        store.mark(chosen[0], Mark(rng.choice("abc"), rng.random() < 0.5, ""))
    return None, None, False
