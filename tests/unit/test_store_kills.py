"""Writers that are killed, and writers side by side: nothing that was acknowledged is lost or torn."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from killed_writer import Acknowledged, broken_promises, open_until_killed, write_together, write_until_killed
from random_nodes import same
from test_storage import old_project

from crystal_studio.domain.node_query import NodeQuery
from crystal_studio.domain.outline import NodeOutline
from crystal_studio.storage import SqlHistoryStore, outline_fill


@pytest.mark.parametrize("kills", [15, pytest.param(200, marks=[pytest.mark.slow, pytest.mark.timeout(3600)])])
def test_that_kills_of_a_writer_lose_no_acknowledged_node_and_tear_no_operation(tmp_path: Path, kills: int) -> None:
    project = tmp_path / "project.cstudio"
    rng = random.Random(7)
    told = Acknowledged()
    for _ in range(kills):
        write_until_killed(project, rng.random() * 0.1, rng.getrandbits(32), told)
    assert broken_promises(project, told) == []
    assert len(told.nodes) >= kills
    with SqlHistoryStore.open(project) as store:
        assert store.num_nodes() - len(told.nodes) <= kills  # at most the one that was being written at each kill


def test_that_two_processes_under_one_lock_tear_no_operation(tmp_path: Path) -> None:
    project = tmp_path / "project.cstudio"
    with SqlHistoryStore.open(project):
        told = write_together(project, seeds=[1, 2], changes=60)
    assert broken_promises(project, told) == []
    assert len(told.nodes) > 40


def test_that_kills_while_an_old_project_is_brought_up_to_date_lose_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = tmp_path / "project.cstudio"
    nodes = old_project(project, "0002", count=60)
    monkeypatch.setattr(outline_fill, "_AT_ONCE", 3)
    killed = [open_until_killed(project, 0.01 * 1.6**attempt) for attempt in range(8)]  # fast machines are done soon
    assert any(killed)
    with SqlHistoryStore.open(project) as store:
        assert same(tuple(store.nodes()), tuple(nodes))
        assert same(tuple(store.search(NodeQuery())), tuple(map(NodeOutline.of, nodes)))
    assert broken_promises(project, Acknowledged({node.id for node in nodes})) == []
