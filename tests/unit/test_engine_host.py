"""The engine host as it is shipped, on the engines of the demonstration, and those engines themselves."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from crystal_studio.app.demo import demo_engines
from crystal_studio.app.engine_command import command
from crystal_studio.app.engine_host import NICENESS, HostWorkbench
from crystal_studio.app.projects import open_project
from crystal_studio.domain.crystal import Crystal
from crystal_studio.domain.errors import JobCancelled, ProjectUnavailable
from crystal_studio.domain.history import Node
from crystal_studio.domain.inspection import SymmetryReport
from crystal_studio.engines.fake.context import FakeContext
from crystal_studio.engines.fake.demo_prototypes import DEMO_PROTOTYPES
from crystal_studio.engines.fake.fake_history_store import FakeHistoryStore
from crystal_studio.engines.fake.paced_context import PacedContext
from crystal_studio.host.client import HostClient
from crystal_studio.host.protocol import Done, Event, Failed, Partial, Progress, Quit, Ready, Run
from crystal_studio.services.design import DesignRequest, respond
from crystal_studio.services.jobs import DesignJob, SymmetryJob, WarmUpJob
from crystal_studio.storage.sql_history_store import SqlHistoryStore

START_SECONDS = 120.0


@pytest.fixture
def state_home(tmp_path: Path) -> Path:
    return tmp_path / "state"


@pytest.fixture
def host(state_home: Path) -> Iterator[HostClient]:
    client = HostClient((*command("model", demo=True), "--pace", "0"), os.environ | {"XDG_STATE_HOME": str(state_home)})
    client.start()
    assert client.receive(START_SECONDS) == Ready(client.process)
    yield client
    client.kill()


def events(host: HostClient, job_id: str) -> list[Event]:
    found: list[Event] = []
    while not found or not isinstance(found[-1], Done | Failed):
        event = host.receive(START_SECONDS)
        assert event is not None
        found.append(event)
    return found


def test_that_a_wish_is_committed_under_the_lock_of_the_window(
    host: HostClient, tmp_path: Path, state_home: Path
) -> None:
    project = tmp_path / "design.cstudio"
    with SqlHistoryStore.open(project) as store:
        host.send(Run("a", DesignJob(project, "A wide-gap insulator with strontium", None, seed=3, candidates=3)))
        heard = events(host, "a")
        done = heard[-1]
        assert isinstance(done, Done), done
        node = done.result
        assert isinstance(node, Node)
        assert store.nodes() == [node] or [one.id for one in store.nodes()] == [node.id]
        assert "Sr" in node.crystal.species
        tokens = "".join(str(one.payload) for one in heard if isinstance(one, Partial) and one.kind == "token")
        pivots = [one.payload for one in heard if isinstance(one, Partial) and one.kind == "pivot"]
        assert pivots == [node.pivot]
        assert tokens == node.pivot
        assert {"writing", "sampling"} <= {one.part for one in heard if isinstance(one, Progress)}
        assert any(isinstance(one, Partial) and one.kind == "frames" for one in heard)
        host.send(Run("b", SymmetryJob(node.crystal)))
        report = events(host, "b")[-1]
        assert isinstance(report, Done)
        assert isinstance(report.result, SymmetryReport)
        assert report.result.space_group.number == node.space_group.number
        host.send(Quit())
        assert host.wait(30) == 0
    log = (state_home / "crystal-studio" / "log" / "crystal-studio.log").read_text()
    assert "engine host model, demo True" in log


def test_that_the_host_lets_the_window_go_first(host: HostClient) -> None:
    assert host.process is not None
    assert os.getpriority(os.PRIO_PROCESS, host.process) == os.getpriority(os.PRIO_PROCESS, 0) + NICENESS


def test_that_warming_up_names_the_models(host: HostClient) -> None:
    host.send(Run("a", WarmUpJob()))
    done = events(host, "a")[-1]
    assert isinstance(done, Done)
    assert done.result == {"language_model": "demonstration@fake", "denoiser": "fake@fake"}


def test_that_the_windows_side_of_the_jobs_imports_no_engine_library() -> None:
    script = (
        "import sys; import crystal_studio.ui.jobs.qt_runner, crystal_studio.app.engine_host; "
        "heavy = {'torch', 'pymatgen', 'spglib', 'robocrys', 'smact', 'transformers', 'sqlalchemy', 'scipy'}; "
        "found = sorted(heavy & {name.split('.')[0] for name in sys.modules}); sys.exit(', '.join(found) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False, timeout=120)
    assert (done.returncode, done.stderr) == (0, "")


def test_that_a_project_that_cannot_be_written_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project = tmp_path / "p.cstudio"
    with open_project(project) as store:
        node = respond(DesignRequest("TiO2", None, 1, 4, 0.1), demo_engines(), store, FakeContext())
    may = os.access
    monkeypatch.setattr(os, "access", lambda path, mode: may(path, mode) and not mode & os.W_OK)
    bench = HostWorkbench(demo=True)
    try:
        with bench.open_store(project) as store:
            assert store.crystal(node.id).content_hash == node.crystal.content_hash
            with pytest.raises(ProjectUnavailable, match="reading only"):
                store.hide([node.id])
    finally:
        bench.close()


def test_that_each_prototype_of_the_demonstration_has_the_space_group_it_claims() -> None:
    engines = demo_engines()
    for known in DEMO_PROTOTYPES:
        item = next(item for one, item in engines.prototypes.compounds(no_limits()) if one is known)
        found = [one for one in engines.prototypes.decorate(item, 20) if one.prototype == known.name]
        assert engines.symmetrizer.space_group(found[0].crystal).number == known.space_group, known.name


def no_limits():
    from crystal_studio.domain.intent import Limits

    return Limits()


@pytest.mark.parametrize(
    ("wish", "elements", "space_group"),
    [
        ("A wide-gap insulator with strontium", {"Sr"}, None),
        ("TiO2", {"Ti", "O"}, 136),
        ("a layered sulfide", {"S"}, None),
        ("SrTiO3 with a wider band gap", {"Sr", "Ti", "O"}, 221),
        ("a hexagonal crystal with gallium", {"Ga"}, None),
        ("an oxide of yttrium", {"Y", "O"}, None),
        ("a metal", set(), 225),
    ],
)
def test_that_a_demonstration_answers_a_wish_with_what_was_asked_for(
    wish: str, elements: set[str], space_group: int | None
) -> None:
    node = respond(DesignRequest(wish, None, 1, 4, 0.1), demo_engines(), FakeHistoryStore(), FakeContext())
    assert elements <= set(node.crystal.species)
    assert not [check for check in node.checks if check.required and not check.passed]
    if space_group is not None:
        assert node.space_group.number == space_group
    assert node.pivot.startswith(node.crystal.formula)
    assert shortest_angstrom(node.crystal) > 1.3


def shortest_angstrom(crystal: Crystal) -> float:
    from crystal_studio.engines.fake.geometry import nearest_distances_angstrom

    return float(nearest_distances_angstrom(crystal).min())


def test_that_the_demonstration_takes_its_time_and_can_be_stopped_meanwhile() -> None:
    started = time.monotonic()
    PacedContext(FakeContext(), 0.1).check_cancelled()
    assert time.monotonic() - started >= 0.1
    with pytest.raises(JobCancelled):
        PacedContext(FakeContext().cancel_after(2), 60).check_cancelled()
