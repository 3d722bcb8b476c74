"""What every history store promises about its tree, its searches, and what can be undone."""

from __future__ import annotations

from dataclasses import replace

import pytest
from history_store_contract import node

from crystal_studio.domain.errors import ProjectUnavailable, UserCorrectable
from crystal_studio.domain.history import Node
from crystal_studio.domain.mark import Mark
from crystal_studio.domain.measured import Measured
from crystal_studio.domain.node_query import NodeOrder, NodeQuery
from crystal_studio.domain.operation import OperationKind
from crystal_studio.domain.outline import NodeOutline
from crystal_studio.ports.history_store import HistoryStore

ROOT, LEFT, RIGHT, LEAF, LATE = (letter * 32 for letter in "abcde")
UNKNOWN = "f" * 32
EVERYTHING = NodeQuery()


def grown(subject: HistoryStore) -> None:
    """A root with two answers, an answer to the left one, and a second root."""
    for node_id, parent in ((ROOT, None), (LEFT, ROOT), (RIGHT, ROOT), (LEAF, LEFT), (LATE, None)):
        subject.commit(node(node_id, parent))


def ids(outlines: list[NodeOutline]) -> list[str]:
    return [one.id for one in outlines]


def cell(node_id: str, parent: str | None = None) -> Node:
    """A node of the contact sheet "sheet-1"."""
    return replace(node(node_id, parent), parameters={"sheet": "sheet-1"})


def with_gap(node_id: str, gap_ev: float | None) -> Node:
    return replace(node(node_id), band_gap=None if gap_ev is None else Measured(gap_ev, "eV", 0.1, "PBE"))


class HistoryTreeContract:
    @pytest.fixture
    def subject(self) -> HistoryStore:
        raise NotImplementedError

    def test_that_an_empty_project_has_nothing_to_show(self, subject):
        assert subject.page(None) == subject.search(EVERYTHING) == subject.operations() == subject.sheets() == []
        assert subject.newest() is None
        assert (subject.num_nodes(), subject.num_roots(), subject.count(EVERYTHING)) == (0, 0, 0)
        assert subject.undo() is None
        assert subject.redo() is None
        assert subject.saved_searches() == {}

    def test_that_pages_give_children_in_order_of_creation(self, subject):
        grown(subject)
        assert ids(subject.page(None)) == [ROOT, LATE]
        assert subject.page(ROOT) == [NodeOutline.of(node(LEFT, ROOT)), NodeOutline.of(node(RIGHT, ROOT))]
        assert ids(subject.page(ROOT, offset=1)) == [RIGHT]
        assert ids(subject.page(ROOT, limit=1)) == [LEFT]
        assert subject.page(ROOT, offset=2) == subject.page(UNKNOWN) == []

    def test_that_a_walk_up_and_down_the_tree_names_its_nodes(self, subject):
        grown(subject)
        assert subject.outline(LEAF) == NodeOutline.of(node(LEAF, LEFT))
        assert ids(subject.branch(LEAF)) == [ROOT, LEFT, LEAF]
        assert subject.subtree(ROOT) == [ROOT, LEFT, RIGHT, LEAF]
        assert subject.subtree(LATE) == [LATE]
        assert subject.lines([ROOT, LEAF]) == {ROOT: [LEFT, LEAF]}
        assert subject.lines([ROOT], limit=1) == {ROOT: [LEFT]}
        assert subject.path(LEAF) == [(ROOT, 0), (LEFT, 0), (LEAF, 0)]
        assert subject.path(RIGHT) == [(ROOT, 0), (RIGHT, 1)]

    def test_that_nodes_and_children_are_counted(self, subject):
        grown(subject)
        assert subject.child_counts([ROOT, LEFT, RIGHT, UNKNOWN]) == {ROOT: 2, LEFT: 1}
        assert (subject.num_nodes(), subject.num_roots(), subject.newest()) == (5, 2, LATE)

    @pytest.mark.parametrize("walk", ["outline", "branch", "subtree", "path"])
    def test_that_a_walk_from_an_unknown_node_is_a_clear_error(self, subject, walk):
        grown(subject)
        with pytest.raises(UserCorrectable, match="no node"):
            getattr(subject, walk)(UNKNOWN)

    def test_that_a_hidden_node_is_left_out_unless_asked_for(self, subject):
        grown(subject)
        subject.hide([LEFT, LATE])
        assert ids(subject.page(ROOT)) == [RIGHT]
        assert ids(subject.page(ROOT, hidden=True)) == [LEFT, RIGHT]
        assert subject.child_counts([ROOT]) == {ROOT: 1}
        assert subject.child_counts([ROOT], hidden=True) == {ROOT: 2}
        assert (subject.num_roots(), subject.num_roots(hidden=True), subject.num_nodes()) == (1, 2, 5)
        assert subject.newest() == LEAF
        assert subject.lines([ROOT]) == {ROOT: [RIGHT]}
        assert subject.path(LEAF) == [(ROOT, 0), (LEFT, -1), (LEAF, 0)]
        assert subject.path(RIGHT) == [(ROOT, 0), (RIGHT, 0)]
        assert ids(subject.search(EVERYTHING)) == [ROOT, RIGHT, LEAF]
        assert subject.count(NodeQuery(hidden=True)) == 5

    def test_that_hidden_nodes_can_be_taken_in_again(self, subject):
        grown(subject)
        subject.mark(LEFT, Mark("salt", True, "taste"))
        subject.hide(subject.subtree(LEFT))
        assert subject.marks() == {LEFT: Mark("salt", True, "taste", is_hidden=True), LEAF: Mark(is_hidden=True)}
        subject.mark(LEFT, Mark("halite"))
        assert subject.marks([LEFT, RIGHT]) == {LEFT: Mark("halite", is_hidden=True)}
        subject.hide([LEFT, LEAF], is_hidden=False)
        assert subject.marks() == {LEFT: Mark("halite")}

    def test_that_hiding_an_unknown_node_hides_none(self, subject):
        grown(subject)
        with pytest.raises(UserCorrectable, match="no node"):
            subject.hide([LEFT, UNKNOWN])
        assert subject.marks() == {}

    def test_that_the_cells_of_a_contact_sheet_come_hidden_and_are_found_by_it(self, subject):
        grown(subject)
        steps = subject.operations()
        for node_id in ("1" * 32, "2" * 32):
            subject.commit(cell(node_id, ROOT))
        assert ids(subject.page(ROOT)) == [LEFT, RIGHT]
        assert subject.newest() == LATE
        assert subject.operations() == steps
        assert subject.sheets() == ["sheet-1"]
        assert ids(subject.search(NodeQuery(sheet="sheet-1", hidden=True))) == ["1" * 32, "2" * 32]
        subject.hide(["2" * 32], is_hidden=False)
        assert ids(subject.page(ROOT)) == [LEFT, RIGHT, "2" * 32]


class HistorySearchContract:
    @pytest.fixture
    def subject(self) -> HistoryStore:
        raise NotImplementedError

    @pytest.mark.parametrize(
        ("words", "is_found"),
        [
            ("halide", True), ("HALIDE lead", True), ("hal", True), ("alide", False), ("no lead", True),
            ("group.", True), ("NaCl", True), ("halide oxide", False), ("räksalt", False), ("---", True),
            ("\" OR *", False), ("' OR 1=1", False),
        ],
    )  # fmt: skip
    def test_that_each_word_has_to_begin_a_word_of_the_node(self, subject, words, is_found):
        subject.commit(node(ROOT))
        assert subject.count(NodeQuery(words=words)) == int(is_found)

    def test_that_words_are_looked_for_in_the_name_and_the_note_as_they_are_now(self, subject):
        subject.commit(node(ROOT))
        subject.commit(node(LATE))
        subject.mark(LATE, Mark("Räksalt", False, "tastes of NaCl₂"))
        assert ids(subject.search(NodeQuery(words="raksalt nacl2 halide"))) == [LATE]
        subject.mark(LATE, Mark())
        assert subject.search(NodeQuery(words="raksalt")) == []

    @pytest.mark.parametrize(
        ("query", "is_found"),
        [
            (NodeQuery(elements=("Na", "Cl")), True),
            (NodeQuery(elements=("N",)), False),
            (NodeQuery(without=("Cl",)), False),
            (NodeQuery(without=("C", "Pb")), True),
            (NodeQuery(formula="ClNa"), True),
            (NodeQuery(formula="Na2Cl2"), True),
            (NodeQuery(formula="NaCl2"), False),
            (NodeQuery(anonymous="AX"), True),
            (NodeQuery(anonymous="ABC3"), False),
            (NodeQuery(space_groups=(221, 225)), True),
            (NodeQuery(space_groups=(221,)), False),
            (NodeQuery(gap_ev=(5.0, 5.0)), True),
            (NodeQuery(gap_ev=(5.1, None)), False),
            (NodeQuery(gap_ev=(None, 4.9)), False),
            (NodeQuery(hull_ev=(None, 0.01)), True),
            (NodeQuery(hull_ev=(0.02, 1.0)), False),
            (NodeQuery(valid_only=True), True),
            (NodeQuery(starred_only=True), False),
            (NodeQuery(sheet="sheet-1"), False),
        ],
    )  # fmt: skip
    def test_that_every_condition_has_to_hold(self, subject, query, is_found):
        subject.commit(node(ROOT))
        assert subject.count(query) == len(subject.search(query)) == int(is_found)

    @pytest.mark.parametrize("query", [NodeQuery(formula="Na Xx"), NodeQuery(anonymous="3 to 1")])
    def test_that_a_formula_that_is_none_is_a_clear_error(self, subject, query):
        subject.commit(node(ROOT))
        with pytest.raises(UserCorrectable):
            subject.search(query)

    def test_that_found_nodes_are_sorted_with_the_unknown_last(self, subject):
        for node_id, gap_ev in ((ROOT, 2.0), (LEFT, None), (RIGHT, 9.5), (LEAF, 2.0), (LATE, float("nan"))):
            subject.commit(with_gap(node_id, gap_ev))
        up = NodeQuery(order=NodeOrder.BAND_GAP)
        assert ids(subject.search(up)) == [ROOT, LEAF, RIGHT, LEFT, LATE]
        assert ids(subject.search(replace(up, is_descending=True))) == [RIGHT, LEAF, ROOT, LATE, LEFT]
        assert ids(subject.search(up, offset=1, limit=2)) == [LEAF, RIGHT]
        assert ids(subject.search(replace(up, gap_ev=(0.0, None)))) == [ROOT, LEAF, RIGHT]

    def test_that_starred_nodes_can_come_first(self, subject):
        grown(subject)
        subject.mark(RIGHT, Mark(starred=True))
        assert ids(subject.search(NodeQuery(order=NodeOrder.STARRED, is_descending=True)))[0] == RIGHT
        assert ids(subject.search(NodeQuery(starred_only=True))) == [RIGHT]


class HistoryUndoContract:
    @pytest.fixture
    def subject(self) -> HistoryStore:
        raise NotImplementedError

    def test_that_undoing_a_new_node_hides_it_and_redoing_shows_it(self, subject):
        subject.commit(node(ROOT))
        undone = subject.undo()
        assert (undone.kind, undone.nodes, undone.is_undone) == (OperationKind.ADD_NODES, (ROOT,), True)
        assert subject.page(None) == []
        assert subject.undo() is None
        redone = subject.redo()
        assert (redone.ordinal, redone.is_undone) == (undone.ordinal, False)
        assert ids(subject.page(None)) == [ROOT]
        assert subject.redo() is None

    def test_that_every_kind_of_change_goes_back_and_forth(self, subject):
        def state() -> tuple[object, ...]:
            return subject.marks(), subject.saved_searches(), ids(subject.search(EVERYTHING))

        grown(subject)
        states = [state()]
        for change in (
            lambda: subject.mark(LEFT, Mark("salt", True, "taste")),
            lambda: subject.mark(LEFT, Mark("halite", False, "taste")),
            lambda: subject.hide([LEFT, LEAF]),
            lambda: subject.hide([LEAF], is_hidden=False),
            lambda: subject.save_search("wide", NodeQuery(gap_ev=(3.0, None), elements=("O", "Sr"))),
            lambda: subject.save_search("wide", NodeQuery(words="wide", order=NodeOrder.BAND_GAP)),
            lambda: subject.save_search("wide", None),
        ):
            change()
            states.append(state())
        assert len({repr(one) for one in states}) > len(states) - 2  # the search is dropped to what there was
        for earlier in states[-2::-1]:
            assert subject.undo() is not None
            assert state() == earlier
        for later in states[1:]:
            assert subject.redo() is not None
            assert state() == later

    def test_that_something_new_keeps_what_was_undone_from_being_redone_and_drops_no_history(self, subject):
        grown(subject)
        subject.hide([LEFT])
        subject.hide([RIGHT])
        subject.undo()
        subject.undo()
        subject.mark(LATE, Mark("new"))
        assert subject.redo() is None
        log = subject.operations()
        assert [(one.kind, one.is_undone, one.is_superseded) for one in log[:3]] == [
            (OperationKind.MARK, False, False), (OperationKind.HIDE, True, True), (OperationKind.HIDE, True, True),
        ]  # fmt: skip
        assert subject.undo().kind is OperationKind.MARK
        assert subject.redo().kind is OperationKind.MARK
        assert subject.redo() is None
        assert subject.marks() == {LATE: Mark("new")}

    def test_that_a_change_that_changes_nothing_is_no_step(self, subject):
        grown(subject)
        subject.mark(LEFT, Mark("salt"))
        steps = subject.operations()
        subject.mark(LEFT, Mark("salt"))
        subject.hide([LEFT], is_hidden=False)
        subject.hide([])
        assert subject.operations() == steps

    def test_that_undoing_leaves_what_was_hidden_before_hidden(self, subject):
        grown(subject)
        subject.hide([LEAF])
        subject.hide([LEFT, LEAF])
        assert subject.undo().nodes == (LEFT,)
        assert subject.marks() == {LEAF: Mark(is_hidden=True)}

    def test_that_operations_come_newest_first_and_as_many_as_asked_for(self, subject):
        grown(subject)
        subject.hide([LEFT])
        log = subject.operations()
        assert [one.kind for one in log] == [OperationKind.HIDE, *[OperationKind.ADD_NODES] * 5]
        assert [one.ordinal for one in log] == sorted((one.ordinal for one in log), reverse=True)
        assert subject.operations(limit=2) == log[:2]
        assert all(one.title and "\n" not in one.title for one in log)

    def test_that_searches_are_kept_by_name_and_dropped(self, subject):
        wide, oxides = (
            NodeQuery(gap_ev=(3.0, None), space_groups=(221, 225)),
            NodeQuery("x", ("O",), is_descending=True),
        )
        subject.save_search("wide", wide)
        subject.save_search(" oxides ", oxides)
        assert list(subject.saved_searches().items()) == [("oxides", oxides), ("wide", wide)]
        subject.save_search("wide", None)
        assert subject.saved_searches() == {"oxides": oxides}

    @pytest.mark.parametrize(("name", "query"), [("", NodeQuery()), ("  ", NodeQuery()), ("gone", None)])
    def test_that_a_search_without_a_name_and_one_that_is_not_there_are_clear_errors(self, subject, name, query):
        with pytest.raises(UserCorrectable):
            subject.save_search(name, query)

    @pytest.mark.parametrize(
        "change",
        [
            lambda store: store.mark(ROOT, Mark("x")),
            lambda store: store.hide([ROOT]),
            lambda store: store.save_search("x", NodeQuery()),
            lambda store: store.undo(),
            lambda store: store.redo(),
            lambda store: store.compact(),
        ],
    )
    def test_that_a_closed_store_refuses_every_change(self, subject, change):
        subject.commit(node(ROOT))
        subject.close()
        with pytest.raises(ProjectUnavailable, match="closed"):
            change(subject)

    def test_that_a_whole_project_passes_its_check_and_compacting_keeps_it(self, subject):
        grown(subject)
        subject.check()
        assert subject.compact() >= 0
        assert ids(subject.search(EVERYTHING)) == [ROOT, LEFT, RIGHT, LEAF, LATE]
