"""Another candidate of a node becomes a node beside it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from crystal_studio.domain.errors import JobCancelled, UserCorrectable
from crystal_studio.domain.history import Node
from crystal_studio.domain.validity import CheckResult
from crystal_studio.engines.fake import FakeContext, FakeHistoryStore
from crystal_studio.engines.fake.bundle import FakeEngines
from crystal_studio.services.design import DesignRequest, respond
from crystal_studio.services.promote import promote

WISH = "An oxide insulator with a wide band gap that contains strontium and titanium"


@pytest.fixture
def engines() -> FakeEngines:
    return FakeEngines()


@pytest.fixture
def store() -> FakeHistoryStore:
    return FakeHistoryStore()


@pytest.fixture
def node(engines: FakeEngines, store: FakeHistoryStore) -> Node:
    root = respond(DesignRequest(WISH, None, 7), engines, store, FakeContext())
    return respond(DesignRequest("make it denser", root, 7), engines, store, FakeContext())


def test_that_a_promoted_candidate_is_a_sibling_with_its_own_crystal(
    engines: FakeEngines, store: FakeHistoryStore, node: Node
) -> None:
    sibling = promote(node, 2, engines, store, FakeContext(), {"version": "9"})
    assert store.node(sibling.id) is sibling
    assert sibling.id != node.id
    assert (sibling.parent, sibling.round, sibling.message) == (node.parent, node.round, node.message)
    assert (sibling.pivot, sibling.pivot_source, sibling.seed) == (node.pivot, node.pivot_source, node.seed)
    assert sibling.chosen == 2
    assert sibling.crystal is node.candidates[2].crystal
    assert sibling.notes[0] == f"promoted from candidate 3 of node {node.id[:8]}"
    assert sibling.parameters["promoted_from"] == node.id
    assert sibling.parameters["version"] == "9"
    assert [one.crystal for one in sibling.candidates] == [one.crystal for one in node.candidates]


def test_that_everything_is_measured_again(engines: FakeEngines, store: FakeHistoryStore, node: Node) -> None:
    index = next(i for i, one in enumerate(node.candidates) if i and one.valid)
    bare = replace(node.candidates[index], band_gap=None, e_above_hull=None, alignment=None)
    stripped = replace(node, candidates=(*node.candidates[:index], bare, *node.candidates[index + 1 :]))
    sibling = promote(stripped, index, engines, store, FakeContext())
    assert sibling.band_gap == engines.band_gap.predict([sibling.crystal])[0]
    assert sibling.e_above_hull == engines.e_above_hull.predict([sibling.crystal])[0]
    assert sibling.alignment is not None
    assert sibling.known == engines.references.search(sibling.crystal)
    assert sibling.crystal.formula in sibling.description
    assert {"min_distance", "limits"} <= {check.name for check in sibling.checks}
    assert sibling.candidates[index].band_gap == sibling.band_gap


def test_that_a_refused_candidate_may_be_promoted_and_the_node_says_why_it_was_refused(
    engines: FakeEngines, store: FakeHistoryStore, node: Node
) -> None:
    refusal = CheckResult("min_distance", 1, False, "0.31 Å between Ti and O", required=True)
    engines.checker.script.enqueue([(refusal,)])
    engines.describer.script.enqueue([UserCorrectable("atoms on top of each other")])
    sibling = promote(node, 1, engines, store, FakeContext())
    assert not sibling.valid
    assert sibling.band_gap is None
    assert any("0.31 Å between Ti and O" in note for note in sibling.notes)
    assert any("could not be described" in note for note in sibling.notes)
    assert sibling.crystal.formula in sibling.description


@pytest.mark.parametrize(("index", "reason"), [(-1, "no candidate"), (0, "already the crystal"), (99, "no candidate")])
def test_that_a_candidate_that_is_not_there_or_already_chosen_is_told(
    engines: FakeEngines, store: FakeHistoryStore, node: Node, index: int, reason: str
) -> None:
    before = len(store.nodes())
    with pytest.raises(UserCorrectable, match=reason):
        promote(node, index, engines, store, FakeContext())
    assert len(store.nodes()) == before


def test_that_stopping_commits_nothing(engines: FakeEngines, store: FakeHistoryStore, node: Node) -> None:
    before = len(store.nodes())
    with pytest.raises(JobCancelled):
        promote(node, 1, engines, store, FakeContext().cancel_after(1))
    assert len(store.nodes()) == before
