"""A project of 100,000 nodes: seconds to the first visible tree and of searches, against loading every row by the ORM.

Run `python tests/benchmarks/store_scale.py [--nodes 100000] [--folder PATH]`. The project is made in bulk, then each
measurement runs in a process of its own, whose largest memory is printed with it. The file is in the disk cache, as it
has just been written; CPU time is given beside the time on the clock, as the latter means little on a busy machine.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

Times = dict[str, tuple[float, float]]


@contextmanager
def timed(times: Times, name: str) -> Iterator[None]:
    clock, work = time.perf_counter(), time.process_time()
    yield
    times[name] = (time.perf_counter() - clock, time.process_time() - work)


def old_project(path: Path) -> Times:
    """Opening what a program from before outlines has left."""
    from crystal_studio.storage import SqlHistoryStore

    times: Times = {}
    with timed(times, "outlines and words made on opening"):
        store = SqlHistoryStore.open(path)
    store.close()
    return times


def first_tree(path: Path) -> Times:
    """What the window does before it paints a tree."""
    from crystal_studio.storage import SqlHistoryStore

    times: Times = {}
    with timed(times, "the first visible tree"):
        store = SqlHistoryStore.open(path)
        newest = store.newest()
        roots = [one.id for one in store.page(None)]
        store.child_counts(roots)
        store.num_roots()
        store.lines(roots)
        store.path(newest)
        store.node(newest)
    with timed(times, "a deep page of roots"):
        store.page(None, offset=max(0, store.num_roots() - 200))
    with timed(times, "undoing nothing, in its transaction"):
        store.redo()
    os._exit(_report(times))  # without closing, which is measured by itself


def searches(path: Path) -> Times:
    """Searches as the search bar makes them: the first page and the count."""
    from crystal_studio.domain.node_query import NodeOrder, NodeQuery
    from crystal_studio.storage import SqlHistoryStore

    times: Times = {}
    store = SqlHistoryStore.open(path, read_only=True)
    formula = store.page(None, limit=1)[0].formula
    queries = {
        "words": NodeQuery(words="layered chalcogenide"),
        "a rare word": NodeQuery(words=formula),
        "a word of every node": NodeQuery(words="perovskite"),
        "elements": NodeQuery(elements=("Sr", "O"), without=("Pb",)),
        "formula": NodeQuery(formula=formula),
        "anonymous formula": NodeQuery(anonymous="ABX3"),
        "space groups": NodeQuery(space_groups=(221, 225)),
        "range of gap and hull": NodeQuery(gap_ev=(1.5, 3.0), hull_ev=(None, 0.05)),
        "everything, by gap": NodeQuery(order=NodeOrder.BAND_GAP, is_descending=True),
        "all at once": NodeQuery("gap cubic", ("O",), ("Pb",), gap_ev=(1.0, 4.0), valid_only=True),
    }
    for name, query in queries.items():
        with timed(times, f"search: {name}"):
            store.search(query)
            found = store.count(query)
        times[f"search: {name} ({found} found)"] = times.pop(f"search: {name}")
    os._exit(_report(times))


def every_outline(path: Path) -> Times:
    """What the window did before there were pages."""
    from crystal_studio.storage import SqlHistoryStore

    times: Times = {}
    with timed(times, "every outline, one query"):
        store = SqlHistoryStore.open(path, read_only=True)
        store.outlines()
    os._exit(_report(times))


def every_row_by_the_orm(path: Path) -> Times:
    """Every node with its crystal and predictions as mapped objects, as a program without pages would load a tree."""
    from sqlalchemy import and_, select
    from sqlalchemy.orm import Session, joinedload, registry, relationship, selectinload

    from crystal_studio.storage import tables
    from crystal_studio.storage.connection import reading_engine

    mapper = registry()
    structure, prediction, node = (type(name, (), {}) for name in ("StructureRow", "PredictionRow", "NodeRow"))
    mapper.map_imperatively(structure, tables.structures)
    mapper.map_imperatively(prediction, tables.predictions)
    mine, committed = tables.predictions.c.node_id == tables.nodes.c.id, tables.predictions.c.candidate.is_(None)
    predictions = relationship(prediction, primaryjoin=and_(mine, committed), viewonly=True)
    related = {"structure": relationship(structure), "predictions": predictions}
    mapper.map_imperatively(node, tables.nodes, properties=related)
    times: Times = {}
    with timed(times, "every row, by the ORM"), Session(reading_engine(path)) as session:
        loads = joinedload(node.structure), selectinload(node.predictions)
        found = session.scalars(select(node).options(*loads).order_by(tables.nodes.c.ordinal)).all()
        assert len(found) > 0
    os._exit(_report(times))


def check_and_backup(path: Path) -> Times:
    """What is left for after the first paint, and for closing."""
    from crystal_studio.storage import SqlHistoryStore
    from crystal_studio.storage.backup import is_whole, write_backup

    times: Times = {}
    with timed(times, "quick check"):
        is_whole(path)
    with timed(times, "backup"):
        write_backup(path)
    store = SqlHistoryStore.open(path)
    with timed(times, "hiding a subtree and undoing it"):
        store.hide(store.subtree(store.page(None)[0].id))
        store.undo()
    with timed(times, "closing after a change"):
        store.close()
    return times


def _report(times: Times) -> int:
    sys.stdout.write(json.dumps([times, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024]))
    sys.stdout.flush()
    return 0


PARTS: dict[str, Callable[[Path], Times]] = {
    part.__name__: part
    for part in (old_project, first_tree, searches, every_outline, every_row_by_the_orm, check_and_backup)
}


def measured(part: str, path: Path) -> tuple[Times, float]:
    """Times, and the largest memory in MB, of a part in a process of its own."""
    command = [sys.executable, __file__, "--part", part, "--file", str(path)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    times, megabytes = json.loads(done.stdout)
    return times, megabytes


def make(path: Path, num_nodes: int) -> None:
    from large_project import make_large_project

    times: Times = {}
    with timed(times, "nodes made in bulk"):
        make_large_project(path, num_nodes)
    _print(times, path.stat().st_size / 1e6, "MB on disk")


def _print(times: Times, number: float, what: str) -> None:
    for name, (clock, work) in times.items():
        print(f"{clock:9.3f} s ({work:8.3f} s CPU)  {name}")
    print(f"{number:9.0f} {what}\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--nodes", type=int, default=100_000)
    parser.add_argument("--folder", type=Path, default=None, help="where the project is made; a temporary folder")
    parser.add_argument("--part", choices=PARTS, help=argparse.SUPPRESS)
    parser.add_argument("--file", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.part:
        _report(PARTS[arguments.part](arguments.file))
        return
    print(f"cores {os.cpu_count()}, load {os.getloadavg()[0]:.1f}, {arguments.nodes} nodes")
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        path = Path(folder) / "large.cstudio"
        make(path, arguments.nodes)
        results = {part: measured(part, path) for part in PARTS}
    for times, megabytes in results.values():
        _print(times, megabytes, "MB of memory at most")
    tree, orm = (results[part] for part in ("first_tree", "every_row_by_the_orm"))
    seconds = [next(iter(times.values()))[1] for times, _ in (tree, orm)]
    print(f"the ORM takes {seconds[1] / seconds[0]:.0f} times the CPU time and {orm[1] / tree[1]:.1f} times the memory")


if __name__ == "__main__":
    main()
