"""A session without engines: nodes of fake rounds in a real project, and a job runner that the test drives by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hand_runner import HandRunner
from PySide6.QtWidgets import QApplication

from crystal_studio.domain.history import Node
from crystal_studio.domain.trajectory import Frame
from crystal_studio.engines.fake.bundle import FakeEngines
from crystal_studio.engines.fake.context import FakeContext
from crystal_studio.services.design import DesignRequest, respond
from crystal_studio.storage.sql_history_store import SqlHistoryStore
from crystal_studio.ui import theme
from crystal_studio.ui.session_state import SessionState

NodeOf = Callable[..., Node]


@pytest.fixture(autouse=True)
def light(qapp: QApplication) -> Iterator[None]:
    """Every test begins with the light theme."""
    theme.switch.use(qapp, theme.Mode.LIGHT)
    yield
    theme.switch.use(qapp, theme.Mode.LIGHT)


@pytest.fixture(autouse=True)
def own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Settings, logs and projects of a test land in its own folder."""
    for variable in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME"):
        monkeypatch.setenv(variable, str(tmp_path / variable.lower()))


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Path of the project that `store` has open."""
    return tmp_path / "design.cstudio"


@pytest.fixture
def store(project: Path) -> Iterator[SqlHistoryStore]:
    """A new, empty project."""
    with SqlHistoryStore.open(project) as opened:
        yield opened


@pytest.fixture
def engines() -> FakeEngines:
    """What `node_of` draws with; script it to get other crystals."""
    return FakeEngines()


@pytest.fixture
def node_of(store: SqlHistoryStore, engines: FakeEngines) -> NodeOf:
    """A function that commits the node of one fake round: `node_of("a wish")`, `node_of("wider", parent)`.

    Further keywords are fields of `DesignRequest`. The node is in the store, but not yet in `state` if that exists.
    """

    def commit(message: str | None = "a cubic oxide", parent: Node | None = None, **fields: Any) -> Node:
        request = DesignRequest(message, parent, **{"seed": 7, "candidates": 3, "strength": 0.1, **fields})
        return respond(request, engines, store, FakeContext())

    return commit


@pytest.fixture
def frames_of() -> Callable[[Node, int], tuple[Frame, ...]]:
    """A function that makes the frames of a node: `frames_of(node, 5)`."""
    return lambda node, steps: tuple(Frame(0, step + 1, steps, node.crystal) for step in range(steps))


@pytest.fixture
def state(project: Path, store: SqlHistoryStore, qapp: QApplication) -> Iterator[SessionState]:
    """The session of the project; nodes committed before this fixture is asked for are in it."""
    made = SessionState(project, store)
    yield made
    made.deleteLater()


@pytest.fixture
def new_node(state: SessionState, node_of: NodeOf) -> NodeOf:
    """`node_of` that also adds the node to the session, as the window does when a host answers."""

    def add(*arguments: Any, **fields: Any) -> Node:
        node = node_of(*arguments, **fields)
        state.add(node)
        return node

    return add


@pytest.fixture
def runner(qapp: QApplication) -> Iterator[HandRunner]:
    """A job runner that answers when the test says so."""
    made = HandRunner()
    yield made
    made.deleteLater()
