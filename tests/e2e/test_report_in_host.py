"""The engine host as it is shipped prints a report and takes a bundle in while a window holds the project's lock."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from crystal_studio.app.engine_command import command
from crystal_studio.domain.candidate import Start
from crystal_studio.domain.history import Node
from crystal_studio.domain.pivot import PivotSource
from crystal_studio.engines.fake import FakeContext
from crystal_studio.engines.fake.bundle import FakeEngines
from crystal_studio.host.client import HostClient
from crystal_studio.host.protocol import Done, Event, Failed, Ready, Run
from crystal_studio.services.design import DesignRequest, respond
from crystal_studio.services.jobs import BundleJob, Lane, ReportJob, UnbundleJob
from crystal_studio.storage.sql_history_store import SqlHistoryStore

SECONDS = 120.0


@pytest.fixture
def host(tmp_path: Path) -> Iterator[HostClient]:
    surroundings = os.environ | {"XDG_STATE_HOME": str(tmp_path / "state"), "OMP_NUM_THREADS": "1"}
    client = HostClient(command(Lane.SCIENCE.value, demo=True), surroundings)
    client.start()
    assert client.receive(SECONDS) == Ready(client.process)
    yield client
    client.kill()


def result(host: HostClient, name: str, job: object) -> object:
    host.send(Run(name, job))
    event: Event | None = None
    while not isinstance(event, Done | Failed):
        event = host.receive(SECONDS)
        assert event is not None
    assert isinstance(event, Done), event
    return event.result


def imported_and_answered(store: SqlHistoryStore) -> list[Node]:
    """A crystal from a file, as a root, and a round that answers it."""
    engines = FakeEngines()
    made = respond(DesignRequest("a cubic oxide", None, 7, candidates=3), engines, store, FakeContext())
    drawn = replace(made.candidates[0], start=Start.FILE, origin="MgO.cif", rank=1)
    root = replace(
        made,
        id="a" * 32,
        message="",
        pivot_source=PivotSource.DESCRIBED,
        models={},
        candidates=(drawn,),
        chosen=0,
        crystal=drawn.crystal,
        notes=("read from MgO.cif by pymatgen",),
    )
    store.commit(root)
    return [root, respond(DesignRequest("a wider gap", root, 8, candidates=3), engines, store, FakeContext())]


def test_that_the_host_prints_packs_and_merges_beside_an_open_window(host: HostClient, tmp_path: Path) -> None:
    project, other = tmp_path / "mine.cstudio", tmp_path / "other.cstudio"
    with SqlHistoryStore.open(project) as store, SqlHistoryStore.open(other) as empty:
        nodes = imported_and_answered(store)
        printed = result(host, "1", ReportJob(project, nodes[-1].id, tmp_path / "r.pdf"))
        assert (printed, (tmp_path / "r.pdf").read_bytes()[:5]) == (tmp_path / "r.pdf", b"%PDF-")
        page = result(host, "2", ReportJob(project, nodes[-1].id, tmp_path / "r.html"))
        assert isinstance(page, Path)
        text = page.read_text(encoding="utf-8")
        assert "MgO.cif" in text
        assert "No message: read from" in text
        bundle = result(host, "3", BundleJob(project, tmp_path / "b.zip"))
        assert isinstance(bundle, Path)
        new = result(host, "4", UnbundleJob(other, bundle))
        assert isinstance(new, tuple)
        assert (len(new), empty.num_nodes()) == (3, 3)
