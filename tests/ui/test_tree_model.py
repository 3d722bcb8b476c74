"""The design tree as a Qt model: its layout in lines and branches, its growth, its gaps, and what it leaves unread."""

from __future__ import annotations

import random
from time import perf_counter

import pytest
from outlined import ROCK_SALT, OutlineStore, outline
from PySide6.QtCore import Qt
from PySide6.QtGui import QPixmap
from PySide6.QtTest import QAbstractItemModelTester

from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.domain.mark import Mark
from crystal_studio.domain.node_query import NodeQuery
from crystal_studio.domain.outline import NodeOutline
from crystal_studio.ui.history.matches_model import MatchesModel
from crystal_studio.ui.history.node_model import NodeRole
from crystal_studio.ui.history.thumbnail_shelf import ThumbnailShelf
from crystal_studio.ui.history.tree_model import TreeModel
from crystal_studio.ui.history.tree_rows import Kind
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
        self.store.put(added)
        self.state.take_in(added.id)

    def drawn(self) -> list[tuple[str, int]]:
        """Id and depth of every row; a gap by the sign of what it stands for."""
        signs = {Kind.EARLIER: "<", Kind.LATER: ">", Kind.FURTHER: "."}
        rows = [self.model.row(row) for row in range(self.model.rowCount())]
        return [(signs.get(row.kind, "") + row.node, row.depth) for row in rows]

    def fill(self) -> None:
        """Fill every gap, as one who scrolls through all of it."""
        while gaps := [row for row in range(self.model.rowCount()) if self.model.row(row).kind is not Kind.NODE]:
            self.model.layout_.fill(gaps[0])


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
    assert tree_of(FAMILY).drawn() == [("a", 0), ("d", 1), ("f", 1), ("e", 1), ("b", 0), ("c", 0), ("g", 0)]


def test_that_a_chain_of_ten_thousand_rounds_needs_no_indentation_and_is_read_where_it_is_seen(tree_of) -> None:
    chain = [outline("0"), *(outline(str(i), str(i - 1)) for i in range(1, 10_000))]
    tree = tree_of(chain)
    assert tree.drawn() == [(str(i), 0) for i in range(11)] + [(".10", 0)]
    assert tree.store.asked["lines"] == 10
    assert tree.model.reveal("9999").row() == 9999
    assert {depth for _, depth in tree.drawn()} == {0}
    assert tree.store.asked.get("outline", 0) < 5  # Qt's tester looks at the first row
    assert tree.model.index_of("5000").data(NodeRole.MESSAGE) == "5000"


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
    heard: list[int] = []
    tree.model.rowsInserted.connect(lambda _parent, first, _last: heard.append(first))
    tree.commit(outline("b", "a"))
    tree.commit(outline("c", "a"))
    assert heard == [1, 1]
    assert tree.drawn() == [("a", 0), ("c", 1), ("b", 0), ("z", 0)]


def test_that_a_node_that_was_shown_before_the_model_heard_of_it_gets_one_row(tree_of) -> None:
    tree = tree_of([outline("a")])
    tree.store.put(outline("b", "a"))
    assert tree.model.reveal("b").row() == 1
    tree.state.take_in("b")
    assert tree.drawn() == [("a", 0), ("b", 0)]


def test_that_twenty_thousand_answers_to_one_node_are_read_in_pages_around_the_current_one(tree_of) -> None:
    many = [outline("top"), outline("line", "top"), *(outline(str(i), "top") for i in range(1, 20_000))]
    tree = tree_of()
    store = OutlineStore(many)
    state = SessionState(tree.state.path, store)
    model = TreeModel(state, tree.shelf)
    assert model.rowCount() == 2
    started = perf_counter()
    index = model.reveal("7000")
    assert perf_counter() - started < 1.0
    assert model.row(1).kind is Kind.EARLIER
    assert model.row(index.row()).place == 7000
    assert model.rowCount() < 60
    assert model.layout_.rows[model.rowCount() - 2].kind is Kind.LATER
    assert sum(store.asked.values()) < 200
    model.layout_.fill(1)
    assert model.node_at(index.row() + 50) == "7000"
    assert model.row(1).kind is Kind.EARLIER
    model.close()


def test_that_filling_every_gap_gives_every_node_once_and_in_order(tree_of) -> None:
    many = [outline("top"), *(outline(f"{i}", "top") for i in range(180)), outline("9-0", "9")]
    many += [outline(f"9-{i}", f"9-{i - 1}") for i in range(1, 500)]
    tree = tree_of(many)
    tree.model.reveal("9-450")
    tree.fill()
    rows = tree.drawn()
    heads = [node for node, depth in rows if depth == 1 and "-" not in node]
    assert heads == [str(i) for i in range(1, 180)]
    assert [node for node, _ in rows if "-" in node] == [f"9-{i}" for i in range(500)]
    assert len(rows) == len(many)


def test_that_hidden_nodes_have_no_row_unless_they_are_asked_for(tree_of) -> None:
    tree = tree_of(FAMILY)
    tree.state.hide(["d", "f"])
    assert tree.drawn() == [("a", 0), ("e", 1), ("b", 0), ("c", 0), ("g", 0)]
    assert tree.model.index_of("e").data(NodeRole.SIBLINGS) == (2, 2)
    assert not tree.model.reveal("f").isValid()
    tree.model.show_hidden(True)
    assert tree.drawn() == [("a", 0), ("d", 1), ("f", 1), ("e", 1), ("b", 0), ("c", 0), ("g", 0)]


def test_that_branches_close_and_open_with_all_that_is_nested_in_them(tree_of) -> None:
    tree = tree_of((*FAMILY, outline("h", "d")))
    before = tree.drawn()
    tree.model.set_open(0, False)
    assert tree.drawn() == [("a", 0), ("b", 0), ("c", 0), ("g", 0)]
    tree.model.open_all()
    assert tree.drawn() == before
    assert ("h", 2) in before


def test_that_lines_lead_from_each_row_to_the_next_of_its_line_and_pass_what_is_nested(tree_of) -> None:
    rows = tree_of(FAMILY).model.layout_.rows
    crossing = {rows[place].node: rows.columns_below(place) for place in range(len(rows))}
    # Below a, d and f the trunk in column 0 goes on to b; between d and f the branch in column 1 as well.
    assert crossing == {"a": 0b01, "d": 0b11, "f": 0b01, "e": 0b01, "b": 0b01, "c": 0b00, "g": 0b00}


def test_that_every_index_leads_back_to_its_node(tree_of) -> None:
    tree = tree_of(FAMILY)
    for one in FAMILY:
        assert tree.model.index_of(one.id).data(NodeRole.ID) == one.id
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
    refreshed: set[int] = set()
    tree.model.dataChanged.connect(lambda first, last: refreshed.update(range(first.row(), last.row() + 1)))
    tree.commit(outline("h", "a"))
    assert refreshed == set(range(tree.model.rowCount()))
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


def test_that_a_search_lists_matches_alone_page_by_page(tree_of) -> None:
    many = [outline(str(i), formula="SrTiO3" if i % 2 else "NaCl") for i in range(4000)]
    tree = tree_of(many)
    matches = MatchesModel(tree.state, tree.shelf)
    tester = QAbstractItemModelTester(matches, QAbstractItemModelTester.FailureReportingMode.Fatal)
    tree.store.asked.clear()
    matches.search(NodeQuery(words="SRTIO3"))
    assert matches.rowCount() == 2000
    assert matches.node_at(1500) == "3001"
    assert tree.store.asked["search"] == 100
    tree.state.set_mark("7", Mark(starred=True))
    matches.search(NodeQuery(starred_only=True))
    assert [matches.node_at(row) for row in range(matches.rowCount())] == ["7"]
    assert not matches.index_of("5").isValid()
    assert tester.model() is matches
    matches.close()


def test_that_ten_thousand_nodes_open_without_reading_a_crystal(tree_of) -> None:
    many = [outline("0"), *(outline(str(i), str((i - 1) // 3)) for i in range(1, 10_000))]
    tree = tree_of()
    store = OutlineStore(many)
    state = SessionState(tree.state.path, store)
    started = perf_counter()
    model = TreeModel(state, tree.shelf)
    assert model.rowCount() == 10  # 0, 1, 4, 13, ... 9841: the first answers down to a leaf
    assert model.reveal("9999").isValid()
    assert perf_counter() - started < 1.0
    assert sum(store.asked.values()) < 200
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
