"""A project is packed, sent and taken into another: nothing is lost, nothing doubled, nothing changed."""

from __future__ import annotations

import json
import sqlite3
import zipfile
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from bundled import bundles, fill, members_of, pack, some_nodes, with_project, zipped
from random_nodes import same
from test_storage import old_project

from crystal_studio.app.projects import open_project
from crystal_studio.domain.errors import JobCancelled, ProjectUnavailable, UserCorrectable
from crystal_studio.domain.history import Node
from crystal_studio.domain.mark import Mark
from crystal_studio.domain.operation import OperationKind
from crystal_studio.engines.fake import FakeContext
from crystal_studio.ports.job_queue import JobState, QueuedJob
from crystal_studio.services.bundle import unbundle
from crystal_studio.storage import bundle_writing
from crystal_studio.storage.sql_history_store import SqlHistoryStore
from crystal_studio.storage.sql_job_queue import SqlJobQueue


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return tmp_path / "mine.cstudio"


@pytest.fixture
def other(tmp_path: Path) -> Path:
    return tmp_path / "other.cstudio"


def merged(project: Path, bundle: Path):
    return unbundle(project, bundle, bundles(), open_project, FakeContext())


def nodes_in(project: Path) -> list[Node]:
    with SqlHistoryStore.open(project, read_only=True) as store:
        return store.nodes()


def test_that_a_project_comes_back_node_by_node_with_marks_and_trajectories(project: Path, other: Path) -> None:
    nodes = some_nodes(1, 12)
    fill(project, nodes)
    with SqlHistoryStore.open(project) as store:
        store.mark(nodes[0].id, Mark("first", True, "see the paper"))
        store.hide([nodes[3].id])
    found = merged(other, pack(project, project.with_name("b.zip")))
    assert (found.new, found.num_known, found.conflicts) == (tuple(node.id for node in nodes), 0, ())
    with SqlHistoryStore.open(project, read_only=True) as mine, SqlHistoryStore.open(other, read_only=True) as theirs:
        assert same(tuple(theirs.nodes()), tuple(mine.nodes()))
        assert theirs.marks() == mine.marks()
        assert same(tuple(theirs.page(None)), tuple(mine.page(None)))
        frames = [(mine.frames(node.id), theirs.frames(node.id)) for node in nodes]
    assert all(same(before, after) for before, after in frames)
    assert sum(bool(after) for _, after in frames) == 6


def test_that_a_bundle_holds_cifs_for_other_programs_and_hashes_of_everything(project: Path) -> None:
    nodes = some_nodes(2, 4)
    fill(project, nodes)
    with SqlHistoryStore.open(project) as store:
        store.hide([nodes[1].id])
    members = members_of(pack(project, project.with_name("b.zip")))
    manifest = json.loads(members["manifest.json"])
    assert manifest["nodes"] == 4
    assert manifest["members"].keys() == members.keys() - {"manifest.json"}
    cifs = [name for name in members if name.startswith("cif/")]
    assert sorted(name.removesuffix(".cif")[-32:] for name in cifs) == sorted(
        node.id for node in nodes if node is not nodes[1]
    )
    assert b"crystal-studio unbundle" in members["README.txt"]


def test_that_the_number_of_cifs_has_a_limit(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundle_writing, "MOST_CIFS", 2)
    nodes = some_nodes(3, 5)
    fill(project, nodes)
    packed = bundles().pack(project, project.with_name("b.zip"), FakeContext())
    assert (packed.num_nodes, packed.num_cifs) == (5, 2)
    names = [name for name in members_of(packed.file) if name.startswith("cif/")]
    assert {name[-36:-4] for name in names} == {node.id for node in nodes[-2:]}


def test_that_the_queue_is_not_packed_not_even_in_free_pages(project: Path) -> None:
    fill(project, some_nodes(4, 2))
    with SqlHistoryStore.open(project), closing(SqlJobQueue.open(project)) as queue:
        queue.add(QueuedJob("1", "DesignJob", {}, JobState.WAITING, "a secret wish", "", ""))
    copy = members_of(pack(project, project.with_name("b.zip")))["project.cstudio"]
    assert b"a secret wish" in project.read_bytes()
    assert b"a secret wish" not in copy


def test_that_a_project_that_is_open_and_written_to_is_packed_as_of_now(project: Path, other: Path) -> None:
    nodes = some_nodes(5, 4)
    with SqlHistoryStore.open(project) as store:
        for node in nodes[:3]:
            store.commit(node)
        bundle = pack(project, project.with_name("b.zip"))
        store.commit(nodes[3])
    assert merged(other, bundle).new == tuple(node.id for node in nodes[:3])


def test_that_two_copies_that_went_different_ways_become_one_tree(project: Path, other: Path) -> None:
    common = some_nodes(6, 5)
    mine, theirs = some_nodes(7, 4, tuple(common)), some_nodes(8, 6, tuple(common))
    fill(project, common + mine)
    fill(other, common + theirs)
    found = merged(project, pack(other, other.with_name("b.zip")))
    assert (found.new, found.num_known) == (tuple(node.id for node in theirs), 5)
    there = {node.id: node for node in nodes_in(project)}
    assert len(there) == 15
    assert all(same(there[node.id].parent, node.parent) for node in common + mine + theirs)
    assert merged(project, other.with_name("b.zip")).new == ()


def test_that_a_merge_is_one_operation_that_can_be_undone_and_done_again(project: Path, other: Path) -> None:
    common = some_nodes(9, 3)
    theirs = some_nodes(10, 4, tuple(common))
    fill(project, common)
    fill(other, common + theirs)
    with SqlHistoryStore.open(other) as store:
        store.hide([theirs[1].id])
    with SqlHistoryStore.open(project) as store:
        before = len(store.operations())
    merged(project, pack(other, other.with_name("b.zip")))
    shown = {theirs[0].id, theirs[2].id, theirs[3].id}
    with SqlHistoryStore.open(project) as store:
        operations = store.operations()
        assert len(operations) == before + 1
        assert (operations[0].kind, set(operations[0].nodes)) == (OperationKind.ADD_NODES, shown)
        assert "3 nodes of a bundle" in operations[0].title
        store.undo()
        assert {node_id for node_id, mark in store.marks().items() if mark.is_hidden} == {one.id for one in theirs}
        store.redo()
        assert {node_id for node_id, mark in store.marks().items() if mark.is_hidden} == {theirs[1].id}


def test_that_a_node_with_the_id_of_another_gets_a_new_one_and_its_children_follow(project: Path, other: Path) -> None:
    root, child, grandchild = _chain(11)
    child = replace(child, message="what was asked here")
    fill(project, [root, child])
    changed = replace(child, message="something else was asked")
    fill(other, [root, changed, grandchild])
    bundle = pack(other, other.with_name("b.zip"))
    found = merged(project, bundle)
    assert len(found.new) == 2
    renamed, follower = found.new
    (sentence,) = found.conflicts
    assert (child.id[:8] in sentence, renamed[:8] in sentence) == (True, True)
    there = {node.id: node for node in nodes_in(project)}
    assert there[child.id].message == child.message
    assert (there[renamed].parent, there[renamed].message) == (root.id, "something else was asked")
    assert child.id in there[renamed].notes[-1]
    assert (follower, there[follower].parent) == (grandchild.id, renamed)
    again = merged(project, bundle)
    assert (again.new, again.conflicts) == ((), ())


def _chain(seed: int) -> list[Node]:
    root = some_nodes(seed, 1)[0]
    child = replace(some_nodes(seed + 100, 1)[0], parent=root.id, round=2)
    return [root, child, replace(some_nodes(seed + 200, 1)[0], parent=child.id, round=3)]


def test_that_marks_and_trajectories_fill_gaps_and_change_nothing(project: Path, other: Path) -> None:
    nodes = some_nodes(12, 4)
    fill(project, nodes, with_frames=False)
    fill(other, nodes)
    with SqlHistoryStore.open(project) as store:
        store.mark(nodes[0].id, Mark("my name", False, ""))
        store.commit(some_nodes(13, 1)[0])
    with SqlHistoryStore.open(other) as store:
        store.mark(nodes[0].id, Mark("their name", True, ""))
        store.mark(nodes[1].id, Mark("", True, "their note"))
        store.hide([nodes[2].id])
    assert merged(project, pack(other, other.with_name("b.zip"))).new == ()
    with SqlHistoryStore.open(project, read_only=True) as store:
        marks = store.marks()
        assert marks == {nodes[0].id: Mark("my name", False, ""), nodes[1].id: Mark("", True, "their note")}
        assert [bool(store.frames(node.id)) for node in nodes] == [False, True, False, True]


@pytest.mark.parametrize("revision", ["0001", "0003", "0006"])
def test_that_a_bundle_of_an_old_project_is_brought_up_to_date_and_the_file_is_left(
    project: Path, other: Path, revision: str
) -> None:
    nodes = old_project(project, revision)
    fill(other, some_nodes(14, 2))
    template = members_of(pack(other, other.with_name("template.zip")))
    bundle = zipped(other.with_name("old.zip"), with_project(template, project.read_bytes()))
    before = bundle.read_bytes()
    assert merged(other, bundle).new == tuple(node.id for node in nodes)
    assert same(tuple(nodes_in(other)[2:]), tuple(nodes))
    assert bundle.read_bytes() == before


def test_that_packing_an_old_project_leaves_it_as_it_was(project: Path, other: Path) -> None:
    nodes = old_project(project, "0002")
    before = project.read_bytes()
    assert merged(other, pack(project, project.with_name("b.zip"))).new == tuple(node.id for node in nodes)
    assert project.read_bytes() == before


def test_that_a_merge_that_is_stopped_adds_nothing(project: Path, other: Path) -> None:
    fill(project, some_nodes(15, 2))
    fill(other, some_nodes(16, 6))
    bundle = pack(other, other.with_name("b.zip"))
    with pytest.raises(JobCancelled):
        unbundle(project, bundle, bundles(), open_project, FakeContext().cancel_after(4))
    assert len(nodes_in(project)) == 2


def test_that_packing_that_is_stopped_leaves_the_bundle_that_was_there(project: Path) -> None:
    fill(project, some_nodes(17, 3))
    out = project.with_name("b.zip")
    out.write_bytes(b"an older bundle")
    with pytest.raises(JobCancelled):
        bundles().pack(project, out, FakeContext().cancel_after(2))
    assert out.read_bytes() == b"an older bundle"
    assert {path.name for path in out.parent.iterdir()} == {"b.zip", "mine.cstudio"}


def test_that_a_bundle_with_a_node_that_cannot_be_read_adds_nothing(project: Path, other: Path) -> None:
    fill(project, some_nodes(18, 2))
    fill(other, some_nodes(19, 3))
    with closing(sqlite3.connect(other)) as connection:
        connection.execute("UPDATE nodes SET intent = '{}' WHERE ordinal = 3")
        connection.commit()
    with pytest.raises(UserCorrectable, match="cannot be read; nothing was added"):
        merged(project, _repacked(other))
    assert len(nodes_in(project)) == 2


def test_that_an_id_that_is_none_is_refused(project: Path, other: Path) -> None:
    fill(other, some_nodes(20, 1))
    with closing(sqlite3.connect(other)) as connection:
        connection.execute("PRAGMA foreign_keys=OFF")
        for table, column in (("nodes", "id"), ("candidates", "node_id"), ("checks", "node_id")):
            connection.execute(f"UPDATE {table} SET {column} = '../../etc/passwd'")
        connection.execute("UPDATE predictions SET node_id = '../../etc/passwd'")
        connection.commit()
    with pytest.raises(UserCorrectable, match="cannot be read; nothing was added"):
        merged(project, _repacked(other))


def _repacked(project: Path) -> Path:
    """A bundle of the file as it is, without the look at its nodes that packing takes."""
    honest = project.with_name("honest.cstudio")
    fill(honest, some_nodes(21, 1))
    template = members_of(pack(honest, honest.with_name("template.zip")))
    return zipped(project.with_name("b.zip"), with_project(template, project.read_bytes()))


def test_that_a_bundle_ends_with_zip_so_that_no_project_is_overwritten(project: Path) -> None:
    fill(project, some_nodes(22, 1))
    before = project.read_bytes()
    with pytest.raises(UserCorrectable, match="ending"):
        pack(project, project)
    with pytest.raises(UserCorrectable, match="does not exist"):
        pack(project, project.parent / "nowhere" / "b.zip")
    assert project.read_bytes() == before


def test_that_a_missing_project_is_not_packed(project: Path) -> None:
    with pytest.raises(ProjectUnavailable, match="no project"):
        pack(project, project.with_name("b.zip"))
    assert list(project.parent.iterdir()) == []


def test_that_a_refused_bundle_makes_no_project(project: Path) -> None:
    junk = project.with_name("b.zip")
    junk.write_bytes(b"PK" + bytes(100))
    with pytest.raises(UserCorrectable):
        merged(project, junk)
    assert [path.name for path in project.parent.iterdir()] == ["b.zip"]


def test_that_a_bundle_packed_again_by_another_program_is_read(project: Path, other: Path) -> None:
    """File managers add folders and files of their own."""
    fill(project, some_nodes(23, 2))
    members = members_of(pack(project, project.with_name("b.zip")))
    bundle = project.with_name("again.zip")
    with zipfile.ZipFile(bundle, "w", zipfile.ZIP_STORED) as archive:
        archive.mkdir("cif")
        archive.writestr("__MACOSX/._manifest.json", b"\0\5\26\7")
        for name, content in members.items():
            archive.writestr(name, content)
    assert len(merged(other, bundle).new) == 2
