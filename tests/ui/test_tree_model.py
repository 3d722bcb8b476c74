"""The design tree as a Qt model: its layout in runs and branches, its growth, its laziness."""

from __future__ import annotations

import random
from time import perf_counter

import pytest
from outlined import ROCK_SALT, OutlineStore, outline
from PySide6.QtCore import QModelIndex, Qt
from PySide6.QtGui import QPixmap
from PySide6.QtTest import QAbstractItemModelTester

from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.domain.mark import Mark
from crystal_studio.domain.outline import NodeOutline
from crystal_studio.ui.history.thumbnail_shelf import ThumbnailShelf
from crystal_studio.ui.history.tree_model import Filter, NodeRole, TreeModel
from crystal_studio.ui.session_state import SessionState

# a - b - c, with d and e as further answers to a, and f below d; g is a second wish.
FAMILY = (
    outline("a"),
    outline("b", "a"),
    outline("c", "b"),
    outline("d", "a"),
    outline("f", "d"),
    outline("e", "a"),
    outline("g"),
)


class Tree:
    """A session, its model under Qt's own tester, and a way to commit more nodes."""

    def __init__(self, tmp_path, outlines=()) -> None:
        self.store = OutlineStore(outlines)
        self.state = SessionState(tmp_path / "x.cstudio", self.store)
        self.shelf = ThumbnailShelf(16, lambda crystal, size: QPixmap(size, size))
        self.model = TreeModel(self.state, self.shelf)
        self._tester = QAbstractItemModelTester(self.model, QAbstractItemModelTester.FailureReportingMode.Fatal)

    def commit(self, added: NodeOutline) -> None:
        """As `SessionState.add`, for a node of which only the outline is known."""
        self.state._outlines[added.id] = added
        self.state._children.setdefault(added.parent, []).append(added.id)
        self.state.node_added.emit(added)

    def level(self, parent: QModelIndex | None = None) -> list[str]:
        """Ids of the rows below an index."""
        above = parent if parent is not None else QModelIndex()
        return [self.model.index(row, 0, above).data(NodeRole.ID) for row in range(self.model.rowCount(above))]

    def drawn(self, parent: QModelIndex | None = None) -> list:
        """All rows as nested lists."""
        above = parent if parent is not None else QModelIndex()
        rows = []
        for row in range(self.model.rowCount(above)):
            index = self.model.index(row, 0, above)
            rows.append(index.data(NodeRole.ID))
            if self.model.hasChildren(index):
                rows.append(self.drawn(index))
        return rows


@pytest.fixture
def tree_of(tmp_path, qapp):
    made: list[Tree] = []

    def make(outlines=()) -> Tree:
        made.append(Tree(tmp_path, outlines))
        return made[-1]

    yield make
    for tree in made:
        tree.model.close()
        tree.shelf.close()


def test_that_a_line_of_answers_stays_on_one_level_and_branches_are_nested(tree_of) -> None:
    assert tree_of(FAMILY).drawn() == ["a", ["d", "f", "e"], "b", "c", "g"]


def test_that_a_chain_of_a_thousand_rounds_needs_no_indentation(tree_of) -> None:
    chain = [outline("0"), *(outline(str(i), str(i - 1)) for i in range(1, 1000))]
    tree = tree_of(chain)
    assert tree.level() == [str(i) for i in range(1000)]
    assert not tree.model.index_of("999").parent().isValid()


def test_that_a_tree_grown_node_by_node_is_the_tree_that_is_read_at_once(tree_of) -> None:
    grown = tree_of()
    assert grown.drawn() == []
    for added in FAMILY:
        grown.commit(added)
        grown.drawn()
    assert grown.drawn() == tree_of(FAMILY).drawn()


@pytest.mark.parametrize("seed", range(4))
def test_that_random_growth_in_any_state_of_looking_ends_in_the_same_tree(tree_of, seed) -> None:
    rng = random.Random(seed)
    tree, all_nodes = tree_of(), []
    for number in range(60):
        parent = rng.choice([None, *(one.id for one in all_nodes)]) if rng.random() < 0.8 else None
        all_nodes.append(outline(str(number), parent))
        tree.commit(all_nodes[-1])
        if rng.random() < 0.3:
            tree.drawn()
        elif rng.random() < 0.5:
            assert tree.model.index_of(rng.choice(all_nodes).id).isValid()
    assert tree.drawn() == tree_of(all_nodes).drawn()


def test_that_an_answer_is_announced_below_its_parent_and_a_branch_inside_it(tree_of) -> None:
    tree = tree_of([outline("a"), outline("z")])
    heard: list[tuple[str | None, int]] = []
    tree.model.rowsInserted.connect(lambda parent, first, _last: heard.append((parent.data(NodeRole.ID), first)))
    tree.drawn()
    tree.commit(outline("b", "a"))
    tree.commit(outline("c", "a"))
    assert heard == [(None, 1), ("a", 0)]
    assert tree.drawn() == ["a", ["c"], "b", "z"]


def test_that_a_node_asked_for_before_the_model_heard_of_it_is_nowhere_yet(tmp_path, qapp) -> None:
    store = OutlineStore([outline("a")])
    state = SessionState(tmp_path / "x.cstudio", store)
    shelf = ThumbnailShelf(16, lambda crystal, size: QPixmap(size, size))
    asked: list[bool] = []
    state.node_added.connect(lambda one: asked.append(model.index_of(one.id).isValid()))
    model = TreeModel(state, shelf)
    tester = QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal)
    assert model.rowCount() == 1
    added = outline("b", "a")
    state._outlines["b"] = added
    state._children.setdefault("a", []).append("b")
    state.node_added.emit(added)
    assert asked == [False]
    assert model.index_of("b").row() == 1
    assert tester.model() is model


def test_that_every_index_leads_back_to_its_node(tree_of) -> None:
    tree = tree_of(FAMILY)
    for one in FAMILY:
        assert tree.model.index_of(one.id).data(NodeRole.ID) == one.id
    assert tree.model.index_of("f").parent().data(NodeRole.ID) == "a"
    assert not tree.model.index_of("nobody").isValid()


def test_that_roles_tell_what_a_list_shows_of_a_node(tree_of) -> None:
    one = outline("a", formula="SrTiO3", space_group=221, band_gap_ev=1.8, seed=42, strength=0.25, valid=False)
    tree = tree_of([one])
    tree.state.set_mark("a", Mark("Best", True, "a note"))
    index = tree.model.index_of("a")
    told = {role: index.data(role) for role in NodeRole if role is not NodeRole.THUMBNAIL}
    assert told[NodeRole.FORMULA] == "SrTiO3"
    assert told[NodeRole.SPACE_GROUP] == 221
    assert told[NodeRole.GAP_EV] == 1.8
    assert told[NodeRole.HULL_ENERGY_EV] == 0.01
    assert told[NodeRole.VALID] is False
    assert (told[NodeRole.SEED], told[NodeRole.STRENGTH]) == (42, 0.25)
    assert (told[NodeRole.NAME], told[NodeRole.STARRED]) == ("Best", True)
    assert told[NodeRole.MODEL] == "scripted@fake"
    assert told[NodeRole.CREATED].startswith("2026")
    assert index.data(Qt.ItemDataRole.DisplayRole) == "Best"
    spoken = index.data(Qt.ItemDataRole.AccessibleTextRole)
    assert all(part in spoken for part in ("Best", "starred", "SrTiO₃", "1.80 eV", "not valid", "seed 42", "a note"))


def test_that_places_among_siblings_are_counted_and_told_anew_when_one_comes(tree_of) -> None:
    tree = tree_of(FAMILY)
    tree.drawn()
    assert tree.model.index_of("d").data(NodeRole.SIBLINGS) == (2, 3)
    refreshed: list[str] = []
    tree.model.dataChanged.connect(lambda first, _last: refreshed.append(first.data(NodeRole.ID)))
    tree.commit(outline("h", "a"))
    assert {"b", "d", "e"} <= set(refreshed)
    assert tree.model.index_of("b").data(NodeRole.SIBLINGS) == (1, 4)


def test_that_markup_in_a_message_stays_text_in_the_tool_tip(tree_of) -> None:
    tree = tree_of([outline("a", message="<img src='file:///etc/passwd'> & <b>bold</b>")])
    tip = tree.model.index_of("a").data(Qt.ItemDataRole.ToolTipRole)
    assert "<img" not in tip
    assert "&lt;img" in tip


def test_that_a_name_is_stored_and_an_empty_one_removed(tree_of) -> None:
    tree = tree_of([outline("a")])
    index = tree.model.index_of("a")
    assert tree.model.setData(index, "  Best so far ")
    assert tree.state.mark("a").name == "Best so far"
    assert tree.model.setData(index, "")
    assert index.data(Qt.ItemDataRole.DisplayRole) == "NaCl"


def test_that_a_name_that_cannot_be_stored_is_reported_and_not_shown(tree_of, qtbot) -> None:
    tree = tree_of([outline("a")])
    tree.store.is_full = True
    with qtbot.waitSignal(tree.model.problem) as heard:
        assert not tree.model.setData(tree.model.index_of("a"), "Best")
    assert "disk is full" in heard.args[0]
    assert tree.state.mark("a").name == ""


def test_that_a_filter_lists_matches_alone_and_new_ones_join_them(tree_of) -> None:
    tree = tree_of([outline("a"), outline("b", "a", formula="SrTiO3"), outline("c", "a", message="Wider SrTiO3")])
    tree.model.set_filter(Filter(("srtio3",)))
    assert tree.drawn() == ["b", "c"]
    tree.commit(outline("d", "b"))
    tree.commit(outline("e", "b", formula="SrTiO3"))
    assert tree.drawn() == ["b", "c", "e"]
    assert not tree.model.index_of("a").isValid()
    tree.state.set_mark("e", Mark(starred=True))
    tree.model.set_filter(Filter(starred=True))
    assert tree.drawn() == ["e"]
    tree.model.set_filter(Filter())
    assert tree.drawn() == ["a", ["c"], "b", ["e"], "d"]


def test_that_ten_thousand_nodes_open_without_reading_a_crystal(tree_of) -> None:
    many = [outline("0"), *(outline(str(i), str((i - 1) // 3)) for i in range(1, 10_000))]
    tree = tree_of()
    store = OutlineStore(many)
    state = SessionState(tree.state.path, store)
    started = perf_counter()
    model = TreeModel(state, tree.shelf)
    assert model.rowCount() == 10  # 0, 1, 4, 13, ... 9841: the first answers down to a leaf
    assert model.index_of("9999").isValid()
    assert perf_counter() - started < 1.0
    assert len(model._level_of) < 200
    assert store.crystals_read == []
    model.close()


def test_that_pictures_are_drawn_one_at_a_time_and_the_latest_first(qtbot) -> None:
    drawn: list[int] = []

    def draw(crystal, size) -> QPixmap:
        drawn.append(size)
        return QPixmap(size, size)

    shelf = ThumbnailShelf(16, draw)
    told: list[str] = []
    shelf.drawn.connect(told.append)
    for key in ("old", "new"):
        assert shelf.picture(key, lambda: ROCK_SALT) is None
    assert drawn == []
    qtbot.waitUntil(lambda: len(told) == 2)
    assert told == ["new", "old"]
    assert shelf.picture("old", lambda: ROCK_SALT).width() == 16
    assert len(drawn) == 2
    shelf.close()


def test_that_a_crystal_that_cannot_be_had_leaves_an_empty_picture(qtbot, tree_of) -> None:
    tree = tree_of([outline("a")])

    def unreadable(_node_id):
        raise UserCorrectable("There is no such node.")

    tree.store.crystal = unreadable
    with qtbot.waitSignal(tree.shelf.drawn):
        assert tree.model.index_of("a").data(NodeRole.THUMBNAIL) is None
    assert tree.model.index_of("a").data(NodeRole.THUMBNAIL).isNull()
