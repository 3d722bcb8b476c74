"""What every history store promises."""

from __future__ import annotations

import pytest
from contract_crystals import rock_salt

from crystal_studio.domain.candidate import Candidate, Start
from crystal_studio.domain.errors import StudioError, UserCorrectable
from crystal_studio.domain.history import Node
from crystal_studio.domain.intent import Direction, Goal, Intent, Limits, Quantity
from crystal_studio.domain.mark import Mark
from crystal_studio.domain.measured import Measured
from crystal_studio.domain.outline import NodeOutline
from crystal_studio.domain.pivot import PivotSource
from crystal_studio.domain.symmetry import SpaceGroup
from crystal_studio.domain.trajectory import Frame
from crystal_studio.domain.validity import CheckResult
from crystal_studio.ports.history_store import HistoryStore

CHECK = CheckResult("min_distance", 1, True, "The shortest distance is 2.82 Å.", {"shortest_angstrom": 2.82}, True)
INTENT = Intent(
    "a halide, no lead",
    Limits(any_of=(frozenset({"F", "Cl"}),), excluded=frozenset({"Pb"}), replaced=(("Sr", frozenset({"Ca"})),)),
    (Goal(Quantity.BAND_GAP, Direction.AT_LEAST, 3.0),),
    ("no Pb",),
)


def node(node_id: str, parent: str | None = None, message: str = "a halide, no lead") -> Node:
    """A whole node, with everything that must survive."""
    gap = Measured(5.0, "eV", 0.4, "PBE")
    hull = Measured(0.01, "eV/atom", 0.02, "PBE", low=0.0, high=0.11)
    candidate = Candidate(
        rock_salt(), Start.PROTOTYPE, "Rock Salt", (CHECK,), 0.8, SpaceGroup(225, 0.1), gap, -3.4, None, {"gap": 5.0},
        rank=1, e_above_hull=hull,
    )  # fmt: skip
    return Node(
        id=node_id, parent=parent, round=2 if parent else 1, message=message, intent=INTENT, pivot="NaCl ...",
        pivot_source=PivotSource.MODEL, crystal=rock_salt(), relaxed=False, description="NaCl ... space group.",
        space_group=SpaceGroup(225, 0.1), alignment=0.8, checks=(CHECK,), band_gap=gap, chosen=0,
        candidates=(candidate,), seed=7, strength=0.1, models={"denoiser": "small@abc"},
        parameters={"candidates": 10, "guidance": 2.0}, seconds={"sampling": 1.5}, notes=("strained by 3 %",),
        created="2026-01-01T00:00:00+00:00", e_above_hull=hull,
    )  # fmt: skip


def facts(one: Node) -> tuple[object, ...]:
    """Everything of a node that compares by value, crystals by their hash."""
    candidates = [
        (c.drawn.content_hash, c.start, c.origin, c.checks, c.alignment, c.band_gap, c.e_above_hull)
        for c in one.candidates
    ]
    plain = {name: value for name, value in vars(one).items() if name not in ("crystal", "candidates")}
    return plain, one.crystal.content_hash, candidates


FIRST, SECOND = "a1" + "0" * 30, "a2" + "0" * 30


class HistoryStoreContract:
    @pytest.fixture
    def subject(self) -> HistoryStore:
        raise NotImplementedError

    def test_that_a_committed_node_comes_back_whole(self, subject):
        subject.commit(node(FIRST))
        assert facts(subject.node(FIRST)) == facts(node(FIRST))

    def test_that_nodes_come_back_in_order_of_creation(self, subject):
        subject.commit(node(SECOND))
        subject.commit(node(FIRST, parent=SECOND))
        assert [one.id for one in subject.nodes()] == [SECOND, FIRST]

    def test_that_a_beginning_of_an_id_is_enough(self, subject):
        subject.commit(node(FIRST))
        subject.commit(node(SECOND, parent=FIRST))
        assert subject.node("a2").parent == FIRST

    def test_that_an_ambiguous_beginning_is_a_clear_error(self, subject):
        subject.commit(node(FIRST))
        subject.commit(node(SECOND))
        with pytest.raises(UserCorrectable):
            subject.node("a")

    def test_that_an_unknown_node_is_a_clear_error(self, subject):
        with pytest.raises(UserCorrectable):
            subject.node("ffff")

    def test_that_a_node_without_its_parent_is_refused_and_not_stored(self, subject):
        with pytest.raises(UserCorrectable):
            subject.commit(node(FIRST, parent=SECOND))
        assert subject.nodes() == []

    def test_that_any_text_survives(self, subject):
        message = "größer — 更宽的带隙 \U0001f48e ' \" ; DROP TABLE node"
        subject.commit(node(FIRST, message=message))
        assert subject.node(FIRST).message == message

    def test_that_a_closed_store_refuses_commits(self, subject):
        subject.close()
        with pytest.raises(StudioError):
            subject.commit(node(FIRST))

    def test_that_the_outlines_are_those_of_the_nodes(self, subject):
        subject.commit(node(FIRST))
        subject.commit(node(SECOND, parent=FIRST))
        assert subject.outlines() == [NodeOutline.of(subject.node(one)) for one in (FIRST, SECOND)]

    def test_that_a_crystal_comes_without_the_rest_of_its_node(self, subject):
        subject.commit(node(FIRST))
        assert subject.crystal(FIRST).content_hash == rock_salt().content_hash
        with pytest.raises(UserCorrectable):
            subject.crystal(SECOND)

    def test_that_frames_come_back_in_order_and_are_empty_where_none_were_kept(self, subject):
        frames = [Frame(4, step, 2, rock_salt().scaled_to(160.0 + step)) for step in range(3)]
        subject.commit(node(FIRST), frames)
        subject.commit(node(SECOND))
        found = subject.frames(FIRST)
        assert [(one.draw, one.step, one.steps) for one in found] == [(4, 0, 2), (4, 1, 2), (4, 2, 2)]
        assert [one.crystal.volume_angstrom3 for one in found] == pytest.approx([160, 161, 162], rel=1e-4)
        assert all(one.crystal.species == rock_salt().species for one in found)
        assert subject.frames(SECOND) == ()

    def test_that_a_mark_can_be_set_and_changed(self, subject):
        subject.commit(node(FIRST))
        subject.mark(FIRST, Mark("salt", True, "taste"))
        subject.mark(FIRST, Mark("halite", False, ""))
        assert subject.marks() == {FIRST: Mark("halite", False, "")}
        with pytest.raises(UserCorrectable):
            subject.mark(SECOND, Mark("nothing"))
