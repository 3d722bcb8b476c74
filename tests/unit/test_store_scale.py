"""Large projects: what opening, checking, backing up and bringing up to date may cost, and what must not be read."""

from __future__ import annotations

import os
import random
import shutil
import sqlite3
import time
import tracemalloc
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from large_project import make_large_project
from random_nodes import random_node

from crystal_studio.domain.errors import ProjectUnavailable
from crystal_studio.domain.mark import Mark
from crystal_studio.domain.node_query import NodeOrder, NodeQuery
from crystal_studio.domain.outline import NodeOutline
from crystal_studio.engines.fake import FakeContext
from crystal_studio.services.handle_project import HANDLERS
from crystal_studio.services.jobs import CheckProjectJob
from crystal_studio.storage import SqlHistoryStore, backup, damage, outline_fill, sql_history_store
from crystal_studio.storage.backup import backups

LARGE = 1800


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Some thousand nodes, most of them without outlines, as a program from before outlines leaves them."""
    path = tmp_path_factory.mktemp("made") / "large.cstudio"
    make_large_project(path, LARGE, num_candidates=1, num_whole=60)
    return path


@pytest.fixture(scope="module")
def opened(made: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same with outlines."""
    path = Path(shutil.copy(made, tmp_path_factory.mktemp("opened")))
    SqlHistoryStore.open(path).close()
    return path


@pytest.fixture
def old(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(made, tmp_path))


@pytest.fixture
def project(opened: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(opened, tmp_path))


@pytest.fixture
def is_large(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every project counts as large."""
    monkeypatch.setattr(damage, "CHECKED_ON_OPENING_BYTES", 0)
    monkeypatch.setattr(sql_history_store, "COPIED_ON_CLOSING_BYTES", 0)


def test_that_nodes_stored_without_outlines_get_them_on_opening(old: Path) -> None:
    with SqlHistoryStore.open(old) as store:
        assert store.num_nodes() == LARGE
        assert store.page(None, offset=100)[0] == NodeOutline.of(store.node(store.page(None, offset=100)[0].id))
        found = store.search(NodeQuery(words="perovskite", order=NodeOrder.BAND_GAP, is_descending=True))
        assert [one.band_gap_ev for one in found] == sorted((one.band_gap_ev for one in found), reverse=True)
        assert store.count(NodeQuery(words="perovskite")) == LARGE


def test_that_a_project_that_lacks_outlines_is_read_whole_and_left_as_it_is(old: Path) -> None:
    before = old.read_bytes()
    with SqlHistoryStore.open(old, read_only=True) as store:
        assert store.count(NodeQuery(hidden=True)) == LARGE
    assert old.read_bytes() == before


def test_that_outlines_that_were_cut_off_half_way_are_finished_by_the_next_opening(
    old: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = outline_fill._fill_some
    batches: Iterator[int] = iter(range(3))

    def dies_in_the_third_batch(connection: object) -> None:
        real(connection)
        if next(batches) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(outline_fill, "_fill_some", dies_in_the_third_batch)
    with pytest.raises(KeyboardInterrupt):
        SqlHistoryStore.open(old)
    with closing(sqlite3.connect(old)) as connection:
        (done,) = connection.execute("SELECT count(*) FROM outlines").fetchone()
    monkeypatch.undo()
    with SqlHistoryStore.open(old) as store:
        assert 0 < done < store.num_nodes() == store.count(NodeQuery(words="perovskite")) == LARGE


def test_that_making_outlines_takes_no_more_memory_for_more_nodes(old: Path) -> None:
    tracemalloc.start()
    try:
        SqlHistoryStore.open(old).close()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 5e6  # some hundred nodes at a time; what is read of all of them takes more than twice as much


def test_that_the_first_tree_reads_few_nodes(project: Path) -> None:
    started = time.process_time()
    with SqlHistoryStore.open(project, read_only=True) as store:
        roots = store.page(None)
        counts = store.child_counts([one.id for one in roots])
        newest = store.newest()
        seconds = time.process_time() - started
    assert len(roots) == 200
    assert newest
    assert counts
    assert seconds < 0.5


def test_that_a_large_project_is_not_looked_through_before_its_tree_but_by_its_check(
    project: Path, is_large: None
) -> None:
    with SqlHistoryStore.open(project) as store:
        store.check()
    good = backups(project)[0]
    with closing(sqlite3.connect(project)) as connection:
        (page,) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'ix_checks_structure'").fetchone()
    with project.open("r+b") as file:
        file.seek((page - 1) * 4096)
        file.write(b"\xff" * 4096)
    with SqlHistoryStore.open(project) as store:
        assert len(store.page(None)) == 200
        with pytest.raises(ProjectUnavailable, match="damaged") as caught:
            store.check()
    assert str(good) in str(caught.value)


def test_that_a_large_project_is_backed_up_by_its_check_and_not_while_it_closes(project: Path, is_large: None) -> None:
    with SqlHistoryStore.open(project) as store:
        store.mark(store.newest(), Mark("the newest"))
    assert backups(project) == []
    for _ in range(2):
        with SqlHistoryStore.open(project) as store:
            store.check()
    (kept,) = backups(project)  # the second check had nothing new to keep
    with SqlHistoryStore.open(kept, read_only=True) as copy:
        assert list(copy.marks().values()) == [Mark("the newest")]


def test_that_a_check_for_reading_only_writes_nothing(project: Path, is_large: None) -> None:
    with SqlHistoryStore.open(project, read_only=True) as store:
        store.check()
    assert backups(project) == []


def test_that_undoing_counts_as_a_change_to_back_up(project: Path) -> None:
    with SqlHistoryStore.open(project) as store:
        store.hide([store.newest()])
    assert backup.is_backed_up(project)
    with SqlHistoryStore.open(project) as store:
        store.undo()
        assert not backup.is_backed_up(project)


def test_that_a_copy_that_a_killed_program_left_unfinished_is_thrown_away_a_day_later(tmp_path: Path) -> None:
    project = tmp_path / "a.cstudio"
    (tmp_path / "backups").mkdir()
    old, young, foreign = (tmp_path / "backups" / f"{name}.cstudio.part" for name in ("a-1", "a-2", "b-1"))
    for file in (old, young, foreign):
        file.touch()
    for file in (old, foreign):
        os.utime(file, (0, 0))
    with SqlHistoryStore.open(project) as store:
        store.commit(random_node(random.Random(1)))
    assert not old.exists()
    assert young.exists()
    assert foreign.exists()


def test_that_the_job_checks_the_project_that_the_window_has_open(tmp_path: Path) -> None:
    path = tmp_path / "a.cstudio"
    with SqlHistoryStore.open(path) as window:
        window.commit(random_node(random.Random(1)))
        bench = SimpleNamespace(open_store=lambda asked: SqlHistoryStore.open(asked, take_lock=False))
        assert HANDLERS[CheckProjectJob](CheckProjectJob(path), bench, FakeContext()) is True


def test_that_a_subtree_of_any_depth_and_any_number_of_nodes_is_hidden_in_one_step(tmp_path: Path) -> None:
    rng = random.Random(0)
    with SqlHistoryStore.open(tmp_path / "deep.cstudio") as store:
        node = replace(random_node(rng), candidates=(), checks=(), description="", pivot="")
        store.commit(node)
    with closing(sqlite3.connect(tmp_path / "deep.cstudio")) as connection:
        names = [row[1] for row in connection.execute("PRAGMA table_info(nodes)") if row[1] != "ordinal"]
        values = ["k" if n == "id" else "CASE k WHEN 1 THEN id ELSE k - 1 END" if n == "parent" else n for n in names]
        connection.execute(
            "WITH RECURSIVE copies(k) AS (SELECT 1 UNION ALL SELECT k + 1 FROM copies WHERE k < 2000) "
            f"INSERT INTO nodes ({', '.join(names)}) SELECT {', '.join(values)} FROM copies, nodes WHERE ordinal = 1"
        )
        connection.commit()
    with SqlHistoryStore.open(tmp_path / "deep.cstudio") as store:
        whole = store.subtree(node.id)
        assert len(whole) == 2_001
        store.hide(whole * 20)  # more than SQLite takes as single values
        assert store.newest() is None
        assert len(store.undo().nodes) == 2_001
        assert store.newest() == whole[-1]


def test_that_compacting_gives_the_room_of_finished_jobs_back(project: Path) -> None:
    with SqlHistoryStore.open(project) as window, SqlHistoryStore.open(project, take_lock=False) as host:
        with window._engine.begin() as connection:
            connection.exec_driver_sql(
                "INSERT INTO jobs (id, kind, payload, state, title, message, created) "
                "SELECT hex(randomblob(16)), 'x', hex(randomblob(500)), 'done', '', '', '' FROM nodes"
            )
            connection.exec_driver_sql("DELETE FROM jobs")
        assert host.compact() > 1_500_000
        assert host.compact() == 0
        host.check()
        assert window.count(NodeQuery(words="perovskite")) == LARGE
