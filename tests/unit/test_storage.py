"""The project file under bad weather: kills, damage, old and new schemas, other writers, full and read-only disks."""

from __future__ import annotations

import os
import random
import shutil
import sqlite3
import tempfile
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from killed_writer import write_until_killed
from random_nodes import random_crystal, random_frames, random_node, same

from crystal_studio.domain.errors import ProjectUnavailable
from crystal_studio.domain.history import Node
from crystal_studio.domain.known import Known, ReferenceMatch
from crystal_studio.domain.mark import Mark
from crystal_studio.domain.measured import Measured
from crystal_studio.domain.node_query import NodeQuery
from crystal_studio.domain.node_search import found
from crystal_studio.domain.outline import NodeOutline
from crystal_studio.storage import SqlHistoryStore, schema
from crystal_studio.storage.backup import BACKUPS_KEPT, backups, write_backup
from crystal_studio.storage.connection import on_network_filesystem, writing_engine
from crystal_studio.storage.opening import open_for_writing
from crystal_studio.storage.tables import metadata
from crystal_studio.storage.writer_lock import lock_path

NOBODY = 65534


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return tmp_path / "my project.cstudio"


@pytest.fixture
def unprivileged_folder() -> Iterator[Path]:
    """A folder of our own, and no power to ignore its permissions: root may write to a read-only folder."""
    folder = Path(tempfile.mkdtemp())
    is_root = os.geteuid() == 0
    if is_root:
        os.chown(folder, NOBODY, NOBODY)
        os.setresuid(NOBODY, NOBODY, 0)
    try:
        yield folder
    finally:
        if is_root:
            os.setresuid(0, 0, 0)
        folder.chmod(0o700)
        shutil.rmtree(folder)


def committed(project: Path, count: int = 3, seed: int = 0) -> list:
    rng = random.Random(seed)
    nodes = [random_node(rng) for _ in range(count)]
    with SqlHistoryStore.open(project) as store:
        for node in nodes:
            store.commit(node)
    return nodes


def tables_of(project: Path) -> set[str]:
    with closing(sqlite3.connect(project)) as connection:
        return {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}


def test_that_equal_crystals_are_stored_once(project: Path) -> None:
    rng = random.Random(5)
    crystal = random_crystal(rng)
    nodes = [replace(random_node(rng), crystal=crystal, candidates=()) for _ in range(3)]
    with SqlHistoryStore.open(project) as store:
        for node in nodes:
            store.commit(node)
    with closing(sqlite3.connect(project)) as connection:
        assert connection.execute("SELECT count(*), min(content_hash) FROM structures").fetchone() == (
            1,
            crystal.content_hash,
        )


def test_that_predictions_hang_on_the_structure_and_the_model(project: Path) -> None:
    node = next(n for n in (random_node(random.Random(i)) for i in range(99)) if n.band_gap and n.e_above_hull)
    with SqlHistoryStore.open(project) as store:
        store.commit(node)
    with closing(sqlite3.connect(project)) as connection:
        query = (
            "SELECT p.quantity, s.content_hash, p.model FROM predictions p "
            "JOIN structures s ON s.id = p.structure_id WHERE p.candidate IS NULL"
        )
        whose = (node.crystal.content_hash, "band-gap@abc")
        assert set(connection.execute(query)) == {("band_gap", *whose), ("e_above_hull", *whose)}


def test_that_a_project_uses_wal_and_waits_for_the_disk_at_each_commit(project: Path) -> None:
    with SqlHistoryStore.open(project) as store, store._engine.connect() as connection:
        settings = [
            connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        ]
    assert settings == ["wal", 2, 1, 5000]


def test_that_a_file_system_without_wal_is_used_with_a_rollback_journal_and_said_so(project: Path) -> None:
    # SQLite's dot-file locking layer has no shared memory, as some network homes have none.
    opened = open_for_writing(project, take_lock=False, vfs="unix-dotfile")
    store = SqlHistoryStore(project, opened, read_only=False)
    node = random_node(random.Random(0))
    store.commit(node)
    assert "rollback journal" in " ".join(store.notices)
    assert same(store.node(node.id), node)
    store._engine.dispose()


def test_that_a_network_mount_is_recognised(tmp_path: Path) -> None:
    mounts = tmp_path / "mounts"
    mounts.write_text(f"/dev/sda1 / ext4 rw 0 0\nserver:/home {tmp_path} nfs4 rw 0 0\n")
    assert on_network_filesystem(tmp_path / "a.cstudio", mounts)
    mounts.write_text(f"server:/ / nfs rw 0 0\n/dev/sda1 {tmp_path} ext4 rw 0 0\n")
    assert not on_network_filesystem(tmp_path / "a.cstudio", mounts)


def test_that_a_closed_project_is_one_file_with_a_backup(project: Path) -> None:
    nodes = committed(project)
    assert sorted(path.name for path in project.parent.iterdir()) == ["backups", project.name]
    with SqlHistoryStore.open(backups(project)[0], read_only=True) as store:
        assert same(tuple(store.nodes()), tuple(nodes))


def test_that_backups_rotate_and_looking_makes_none(project: Path) -> None:
    for seed in range(BACKUPS_KEPT + 2):
        committed(project, 1, seed)
    kept = backups(project)
    with SqlHistoryStore.open(project) as store:
        store.nodes()
    assert len(kept) == BACKUPS_KEPT
    assert backups(project) == kept


def test_that_a_backup_that_cannot_be_written_does_not_fail_the_session(project: Path) -> None:
    (project.parent / "backups").write_text("a file where the folder should be")
    nodes = committed(project)
    with SqlHistoryStore.open(project, read_only=True) as store:
        assert len(store.nodes()) == len(nodes)


@pytest.mark.parametrize("read_only", [False, True])
def test_that_a_damaged_project_names_its_newest_good_backup(project: Path, read_only: bool) -> None:
    committed(project, 30)
    good = backups(project)[0]
    bad = write_backup(project)
    for damaged in (project, bad):
        _overwrite_pages(damaged)
    before = project.read_bytes()
    with pytest.raises(ProjectUnavailable, match="damaged") as caught:
        SqlHistoryStore.open(project, read_only)
    assert str(good) in str(caught.value)
    assert str(bad) not in str(caught.value)
    assert project.read_bytes() == before
    assert not lock_path(project).exists()


def _overwrite_pages(path: Path) -> None:
    with path.open("r+b") as file:
        file.seek(2 * 4096)
        file.write(random.Random(0).randbytes(12 * 4096))


@pytest.mark.parametrize("content", [b"not a database at all, but text", b"SQLite format 3\0" + b"\xff" * 5000])
@pytest.mark.parametrize("read_only", [False, True])
def test_that_a_file_of_another_kind_is_refused_and_untouched(project: Path, content: bytes, read_only: bool) -> None:
    project.write_bytes(content)
    with pytest.raises(ProjectUnavailable, match="damaged or no project"):
        SqlHistoryStore.open(project, read_only)
    assert project.read_bytes() == content


def test_that_a_truncated_project_is_refused(project: Path) -> None:
    committed(project, 30)
    os.truncate(project, project.stat().st_size // 2)
    with pytest.raises(ProjectUnavailable, match="damaged"):
        SqlHistoryStore.open(project)


def test_that_another_programs_database_is_refused_and_untouched(project: Path) -> None:
    with closing(sqlite3.connect(project)) as connection:
        connection.execute("CREATE TABLE holidays (place TEXT)")
    before = project.read_bytes()
    for read_only in (False, True):
        with pytest.raises(ProjectUnavailable, match="another program"):
            SqlHistoryStore.open(project, read_only)
    assert project.read_bytes() == before


def test_that_a_newer_major_schema_is_refused_and_untouched(project: Path) -> None:
    committed(project)
    with closing(sqlite3.connect(project)) as connection:
        connection.execute(f"PRAGMA user_version={schema.SCHEMA_MAJOR + 1}")
    before = project.read_bytes()
    for read_only in (False, True):
        with pytest.raises(ProjectUnavailable, match=r"newer Crystal Studio .* Update"):
            SqlHistoryStore.open(project, read_only)
    assert project.read_bytes() == before


def test_that_a_newer_addition_within_the_major_is_still_read(project: Path) -> None:
    nodes = committed(project)
    with closing(sqlite3.connect(project)) as connection:
        connection.execute("ALTER TABLE nodes ADD COLUMN mood TEXT")
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
        connection.commit()
    with SqlHistoryStore.open(project) as store:
        assert same(tuple(store.nodes()), tuple(nodes))


def old_project(project: Path, revision: str = "0001", count: int = 3) -> list:
    """A project as the program of that revision wrote it: no marks before 0002, no energies above hull before 0003.

    No known crystals before 0004, no draws, scores and notes of candidates before 0005, no outlines before 0007.
    """
    rng = random.Random(3)
    nodes = [random_node(rng) for _ in range(count)]
    if revision < "0005":
        nodes = [_as_before_draws(node) for node in nodes]
    if revision < "0004":
        nodes = [replace(node, known=None) for node in nodes]
    if revision < "0003":
        nodes = [_as_before_hull_energies(node) for node in nodes]
    newer = project.parent / "newer" / project.name
    newer.parent.mkdir()
    with SqlHistoryStore.open(newer) as store:
        for node in nodes:
            store.commit(node)
    engine = writing_engine(project)
    schema.upgrade(engine, revision)
    engine.dispose()
    with closing(sqlite3.connect(project)) as connection:
        connection.execute("ATTACH ? AS newer", (str(newer),))
        for table in sorted(tables_of(project) & set(metadata.tables)):
            columns = ", ".join(row[1] for row in connection.execute(f"PRAGMA table_info({table})"))
            connection.execute(f"INSERT INTO {table} ({columns}) SELECT {columns} FROM newer.{table}")
        connection.commit()
    return nodes


def _as_before_draws(node: Node) -> Node:
    return replace(node, candidates=tuple(replace(one, draw=None, score=None, notes=()) for one in node.candidates))


def _as_before_hull_energies(node: Node) -> Node:
    candidates = tuple(replace(candidate, e_above_hull=None) for candidate in node.candidates)
    return replace(node, e_above_hull=None, candidates=candidates)


def columns_of(project: Path, table: str) -> set[str]:
    with closing(sqlite3.connect(project)) as connection:
        return {row[1] for row in connection.execute(f"PRAGMA table_info({table})")}


def test_that_an_old_project_is_backed_up_and_brought_up_to_date(project: Path) -> None:
    nodes = old_project(project)
    assert "marks" not in tables_of(project)
    with SqlHistoryStore.open(project) as store:
        assert "brought up to date" in " ".join(store.notices)
        assert same(tuple(store.nodes()), tuple(nodes))
        store.mark(nodes[0].id, Mark("the first", True, "nice"))
    kept = backups(project)
    assert "marks" in tables_of(project)
    assert "marks" not in tables_of(kept[-1])


def test_that_a_project_from_before_hull_energies_opens_and_takes_nodes_that_have_one(project: Path) -> None:
    nodes = old_project(project, "0002", count=12)
    assert "low" not in columns_of(project, "predictions")
    hull = Measured(0.031, "eV/atom", 0.02, "PBE", True, 0.0, 0.12)
    newest = replace(random_node(random.Random(8)), e_above_hull=hull)
    with SqlHistoryStore.open(project) as store:
        assert same(tuple(store.nodes()), tuple(nodes))
        store.commit(newest)
    with SqlHistoryStore.open(project, read_only=True) as store:
        assert same(tuple(store.nodes()), (*nodes, newest))
    assert "low" in columns_of(project, "predictions")


def test_that_a_project_from_before_known_crystals_opens_and_takes_nodes_that_match_one(project: Path) -> None:
    nodes = old_project(project, "0003")
    assert "known" not in columns_of(project, "nodes")
    match = ReferenceMatch("minerals", "0002895", "Tausonite", "SrTiO3", 0.01)
    newest = replace(random_node(random.Random(8)), known=Known((), (match,), ()))
    with SqlHistoryStore.open(project) as store:
        assert same(tuple(store.nodes()), tuple(nodes))
        store.commit(newest)
    with SqlHistoryStore.open(project, read_only=True) as store:
        assert same(tuple(store.nodes()), (*nodes, newest))


def test_that_a_project_from_before_trajectories_opens_and_takes_nodes_with_frames(project: Path) -> None:
    nodes = old_project(project, "0004", count=12)
    assert "trajectories" not in tables_of(project)
    rng = random.Random(8)
    newest, frames = random_node(rng), random_frames(rng)
    with SqlHistoryStore.open(project) as store:
        assert same(tuple(store.nodes()), tuple(nodes))
        assert same(tuple(store.outlines()), tuple(map(NodeOutline.of, nodes)))
        store.commit(newest, frames)
    with SqlHistoryStore.open(project, read_only=True) as store:
        assert same(tuple(store.nodes()), (*nodes, newest))
        assert same(store.frames(newest.id), frames)
        assert store.frames(nodes[0].id) == ()


def test_that_a_project_from_before_the_queue_gets_one(project: Path) -> None:
    nodes = old_project(project, "0005")
    assert "jobs" not in tables_of(project)
    with SqlHistoryStore.open(project) as store:
        assert same(tuple(store.nodes()), tuple(nodes))
    assert "jobs" in tables_of(project)


def test_that_a_project_from_before_outlines_is_paged_searched_and_changed(project: Path) -> None:
    nodes = old_project(project, "0006", count=8)
    assert "outlines" not in tables_of(project)
    with SqlHistoryStore.open(project) as store:
        assert same(tuple(store.nodes()), tuple(nodes))
        assert same(tuple(store.page(None)), tuple(map(NodeOutline.of, nodes)))
        assert same(tuple(store.search(NodeQuery())), tuple(map(NodeOutline.of, nodes)))
        for query in (NodeQuery(words="srti"), NodeQuery(elements=("O",)), NodeQuery(valid_only=True)):
            assert [one.id for one in store.search(query)] == [one.id for one in found(query, nodes, {})]
        assert store.operations() == []
        assert store.undo() is None
        store.hide([nodes[0].id])
        store.undo()
        assert store.marks() == {}


def test_that_nodes_an_older_program_adds_to_a_newer_project_are_found(project: Path) -> None:
    committed(project, 4)
    _multiply(project, 3)  # as that program does: rows of nodes, none of what lists read
    for read_only in (True, False):
        with SqlHistoryStore.open(project, read_only) as store:
            assert store.num_nodes() == len(store.search(NodeQuery())) == len(store.nodes()) == 12


def test_that_what_a_host_adds_under_the_lock_of_the_window_is_backed_up_by_the_window(project: Path) -> None:
    committed(project, 1)
    before = backups(project)
    node = random_node(random.Random(4))
    with SqlHistoryStore.open(project) as window:
        with SqlHistoryStore.open(project, take_lock=False) as host:
            host.commit(node)
        assert backups(project) == before
        assert same(window.node(node.id), node)
    with SqlHistoryStore.open(backups(project)[0], read_only=True) as copy:
        assert same(copy.node(node.id), node)


def test_that_a_damaged_trajectory_is_told_and_its_node_still_read(project: Path) -> None:
    rng = random.Random(2)
    node = random_node(rng)
    with SqlHistoryStore.open(project) as store:
        store.commit(node, random_frames(rng))
    for damage in (b"not compressed", zlib.compress(b'[{"draw": 1}]'), zlib.compress(b"[" * 80_000_000, 9)):
        with closing(sqlite3.connect(project)) as connection:
            connection.execute("UPDATE trajectories SET frames = ?", (damage,))
            connection.commit()
        with SqlHistoryStore.open(project) as store:
            with pytest.raises(ProjectUnavailable, match="the node itself is whole"):
                store.frames(node.id)
            assert same(store.node(node.id), node)


def test_that_outlines_of_two_thousand_nodes_come_in_a_second(project: Path) -> None:
    rng = random.Random(0)
    nodes = [random_node(rng) for _ in range(20)]
    with SqlHistoryStore.open(project) as store:
        for node in nodes:
            store.commit(node)
    _multiply(project, 100)
    with SqlHistoryStore.open(project) as store:
        store.outlines()
        started = time.process_time()
        outlines = store.outlines()
        seconds = time.process_time() - started
    assert len(outlines) == 20 * 100
    assert same(tuple(outlines[:20]), tuple(map(NodeOutline.of, nodes)))
    assert seconds < 1


def _multiply(project: Path, times: int) -> None:
    """Copies of every node with its candidates, checks and predictions, under other ids."""
    with closing(sqlite3.connect(project)) as connection:
        for table, key in (("nodes", "ordinal"), ("candidates", ""), ("checks", "id"), ("predictions", "id")):
            names = [row[1] for row in connection.execute(f"PRAGMA table_info({table})") if row[1] != key]
            mine = "id" if table == "nodes" else "node_id"
            values = ", ".join(f"{n} || '-' || k" if n == mine else n for n in names)
            connection.execute(
                "WITH RECURSIVE copies(k) AS (SELECT 1 UNION ALL SELECT k + 1 FROM copies WHERE k < ?) "
                f"INSERT INTO {table} ({', '.join(names)}) SELECT {values} FROM copies, {table}",
                (times - 1,),
            )
        connection.commit()


def test_that_the_program_before_hull_energies_still_takes_the_gap_for_the_gap(project: Path) -> None:
    nodes = committed(project, count=12)
    with closing(sqlite3.connect(project)) as connection:
        rows = connection.execute("SELECT node_id, candidate, value, quantity FROM predictions ORDER BY id").fetchall()
    last = {(node, candidate): (value, quantity) for node, candidate, value, quantity in rows}
    gaps = [node for node in nodes if node.band_gap is not None]
    assert gaps
    assert all(last[node.id, None][1] == "band_gap" for node in gaps)


def test_that_an_old_project_opened_for_reading_stays_as_it_is(project: Path) -> None:
    nodes = old_project(project)
    before = project.read_bytes()
    with SqlHistoryStore.open(project, read_only=True) as store:
        assert same(tuple(store.nodes()), tuple(nodes))
        assert store.marks() == {}
    assert project.read_bytes() == before


def test_that_a_migration_that_dies_half_way_leaves_the_old_schema(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nodes = old_project(project)
    real = schema._run_alembic

    def dies_after_its_changes(connection: object, revision: str) -> None:
        real(connection, revision)
        raise KeyboardInterrupt

    monkeypatch.setattr(schema, "_run_alembic", dies_after_its_changes)
    with pytest.raises(KeyboardInterrupt):
        SqlHistoryStore.open(project)
    assert "marks" not in tables_of(project)
    monkeypatch.undo()
    with SqlHistoryStore.open(project) as store:
        assert same(tuple(store.nodes()), tuple(nodes))


def test_that_the_migrations_build_exactly_the_tables_that_the_code_reads(project: Path) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    with SqlHistoryStore.open(project) as store, store._engine.connect() as connection:
        # SQLAlchemy knows no virtual tables, nor the tables in which SQLite keeps what they hold.
        plain = {"compare_type": False, "include_name": lambda name, kind, _: not (name or "").startswith("words")}
        context = MigrationContext.configure(connection, opts=plain)
        assert compare_metadata(context, metadata) == []
        assert context.get_current_revision() == schema.HEAD


def test_that_a_second_writer_is_refused_and_told_who_writes(project: Path) -> None:
    with SqlHistoryStore.open(project), pytest.raises(ProjectUnavailable, match=rf"process {os.getpid()}\b"):
        SqlHistoryStore.open(project)
    SqlHistoryStore.open(project).close()


def test_that_a_lock_file_left_by_a_killed_writer_does_not_lock(project: Path) -> None:
    write_until_killed(project, 0, 1)
    assert lock_path(project).exists()
    with SqlHistoryStore.open(project) as store:
        assert store.nodes()


def test_that_a_reader_reads_while_another_writes(project: Path) -> None:
    nodes = committed(project)
    with SqlHistoryStore.open(project) as writer, SqlHistoryStore.open(project, read_only=True) as reader:
        more = random_node(random.Random(99))
        writer.commit(more)
        assert same(tuple(reader.nodes()), (*nodes, more))


@pytest.mark.parametrize(
    "change",
    [
        lambda store, node: store.commit(random_node(random.Random(1))),
        lambda store, node: store.mark(node.id, Mark("x")),
        lambda store, node: store.hide([node.id]),
        lambda store, node: store.save_search("x", NodeQuery()),
        lambda store, node: store.undo(),
        lambda store, node: store.redo(),
        lambda store, node: store.compact(),
    ],
)
def test_that_a_store_opened_for_reading_refuses_every_change(project: Path, change: Callable[..., object]) -> None:
    node = committed(project)[0]
    before = project.read_bytes()
    with SqlHistoryStore.open(project, read_only=True) as store:
        with pytest.raises(ProjectUnavailable, match="reading only"):
            change(store, node)
        assert store.node(node.id).id == node.id
    assert project.read_bytes() == before


def test_that_a_project_opened_for_reading_answers_every_question(project: Path) -> None:
    nodes = committed(project)
    with SqlHistoryStore.open(project) as store:
        store.hide([nodes[0].id])
        store.save_search("wide", NodeQuery(gap_ev=(3.0, None)))
    with SqlHistoryStore.open(project, read_only=True) as store:
        assert [one.id for one in store.page(None)] == [one.id for one in store.search(NodeQuery())]
        assert (store.num_nodes(), store.num_roots(), store.newest()) == (3, 2, nodes[2].id)
        assert store.saved_searches() == {"wide": NodeQuery(gap_ev=(3.0, None))}
        assert store.operations(2)[0].title == "save the search 'wide'"
        store.check()


def test_that_a_full_disk_refuses_the_node_and_keeps_the_others(project: Path) -> None:
    rng = random.Random(0)
    with SqlHistoryStore.open(project) as store:
        first, second = random_node(rng), replace(random_node(rng), description="x" * 400_000)
        store.commit(first)
        with store._engine.connect() as connection:
            pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
            connection.exec_driver_sql(f"PRAGMA max_page_count={pages + 5}")
        with pytest.raises(ProjectUnavailable, match="full"):
            store.commit(second)
        assert same(tuple(store.nodes()), (first,))


def test_that_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(ProjectUnavailable, match=r"folder .*nowhere does not exist"):
        SqlHistoryStore.open(tmp_path / "nowhere" / "a.cstudio")


def test_that_a_folder_in_place_of_the_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ProjectUnavailable, match="not a file"):
        SqlHistoryStore.open(tmp_path)


def test_that_reading_a_missing_or_empty_project_makes_nothing(project: Path) -> None:
    with pytest.raises(ProjectUnavailable, match="no project"):
        SqlHistoryStore.open(project, read_only=True)
    assert not project.exists()
    project.touch()
    with pytest.raises(ProjectUnavailable, match="no project"):
        SqlHistoryStore.open(project, read_only=True)
    assert project.read_bytes() == b""


def test_that_a_database_without_a_table_is_no_project_to_read_and_becomes_one_on_writing(project: Path) -> None:
    with closing(sqlite3.connect(project)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
    assert project.stat().st_size
    with pytest.raises(ProjectUnavailable, match="no project"):
        SqlHistoryStore.open(project, read_only=True)
    assert len(committed(project)) == 3


def test_that_an_empty_file_becomes_a_project(project: Path) -> None:
    project.touch()
    assert len(committed(project)) == 3


def test_that_a_read_only_folder_is_refused_for_writing_and_read(unprivileged_folder: Path) -> None:
    project = unprivileged_folder / "p.cstudio"
    nodes = committed(project)
    unprivileged_folder.chmod(0o555)
    with pytest.raises(ProjectUnavailable, match="read-only"):
        SqlHistoryStore.open(project)
    with pytest.raises(ProjectUnavailable, match="read-only"):
        SqlHistoryStore.open(unprivileged_folder / "new.cstudio")
    with SqlHistoryStore.open(project, read_only=True) as store:
        assert same(tuple(store.nodes()), tuple(nodes))


def test_that_a_log_left_in_a_read_only_folder_is_read_too(unprivileged_folder: Path) -> None:
    project = unprivileged_folder / "p.cstudio"
    acknowledged = write_until_killed(project, 0.02, 3)
    project.with_name(project.name + "-shm").unlink()
    unprivileged_folder.chmod(0o555)
    with SqlHistoryStore.open(project, read_only=True) as store:
        assert set(acknowledged) <= {node.id for node in store.nodes()}


def test_that_a_read_only_file_is_refused_for_writing(unprivileged_folder: Path) -> None:
    project = unprivileged_folder / "p.cstudio"
    committed(project)
    project.chmod(0o444)
    with pytest.raises(ProjectUnavailable, match="read-only"):
        SqlHistoryStore.open(project)


def test_that_marks_change_and_nodes_do_not(project: Path) -> None:
    nodes = committed(project)
    with SqlHistoryStore.open(project) as store:
        store.mark(nodes[1].id[:12], Mark("perovskite", True, "look again"))
        store.mark(nodes[1].id, Mark("perovskite", False, ""))
        assert store.marks() == {nodes[1].id: Mark("perovskite", False, "")}
        assert same(tuple(store.nodes()), tuple(nodes))


def test_that_something_that_is_not_plain_data_is_refused_and_leaves_nothing(project: Path) -> None:
    node = replace(random_node(random.Random(0)), parameters={"path": object()})
    with SqlHistoryStore.open(project) as store:
        with pytest.raises(Exception, match="not plain data"):
            store.commit(node)
        assert store.nodes() == []
