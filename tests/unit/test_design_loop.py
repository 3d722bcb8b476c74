"""The design loop over fake engines: what a round does with its models' answers."""

from __future__ import annotations

import pytest

from crystal_studio.domain.candidate import Start
from crystal_studio.domain.errors import JobCancelled, NothingValid, UserCorrectable
from crystal_studio.domain.history import Node
from crystal_studio.domain.pivot import PivotSource
from crystal_studio.domain.validity import CheckResult
from crystal_studio.engines.fake.bundle import FakeEngines
from crystal_studio.engines.fake.context import FakeContext
from crystal_studio.engines.fake.fake_history_store import FakeHistoryStore
from crystal_studio.services.design import DesignRequest, respond, run_rounds

WISH = "An oxide insulator with a wide band gap that contains strontium and titanium"
PEROVSKITE = "SrTiO3 is (Cubic) Perovskite structured and crystallizes in the cubic Pm-3m space group."


@pytest.fixture
def engines() -> FakeEngines:
    return FakeEngines()


@pytest.fixture
def store() -> FakeHistoryStore:
    return FakeHistoryStore()


def first_node(engines: FakeEngines, store: FakeHistoryStore, seed: int = 7) -> Node:
    engines.language_model.enqueue([PEROVSKITE])
    return respond(DesignRequest(WISH, None, seed), engines, store, FakeContext())


def test_that_a_wish_becomes_a_committed_node_with_ten_candidates(
    engines: FakeEngines, store: FakeHistoryStore
) -> None:
    node = first_node(engines, store)
    assert store.node(node.id).pivot == PEROVSKITE
    assert node.pivot_source is PivotSource.MODEL
    assert node.crystal.formula == "SrTiO3"
    assert len(node.candidates) == 10
    assert {candidate.start for candidate in node.candidates} == {Start.PROTOTYPE, Start.NOISE}


def test_that_a_text_breaking_the_limits_is_repaired_once(engines: FakeEngines, store: FakeHistoryStore) -> None:
    engines.language_model.enqueue([PEROVSKITE.replace("Sr", "Ba"), PEROVSKITE])
    node = respond(DesignRequest(WISH, None, 7), engines, store, FakeContext())
    assert node.pivot_source is PivotSource.REPAIRED
    assert "Sr is missing" in engines.language_model.tasks[1].complaints
    assert any("Sr is missing" in note for note in node.notes)


def test_that_two_refused_texts_lead_to_a_grounded_draft(engines: FakeEngines, store: FakeHistoryStore) -> None:
    engines.language_model.enqueue(["Nice weather today.", "Still nice."])
    node = respond(DesignRequest(WISH, None, 7), engines, store, FakeContext())
    assert node.pivot_source is PivotSource.DRAFT
    assert {"Sr", "Ti", "O"} <= set(node.crystal.species)


def test_that_an_excluded_element_never_reaches_a_node(engines: FakeEngines, store: FakeHistoryStore) -> None:
    parent = first_node(engines, store)
    engines.language_model.enqueue([PEROVSKITE, PEROVSKITE])
    request = DesignRequest("Replace strontium with a more readily available element.", parent, 7)
    node = respond(request, engines, store, FakeContext())
    assert "Sr" not in node.crystal.species
    assert node.pivot_source is PivotSource.DRAFT
    assert node.parent == parent.id


def test_that_a_refine_round_draws_at_least_four_candidates_from_the_parent(
    engines: FakeEngines, store: FakeHistoryStore
) -> None:
    parent = first_node(engines, store)
    engines.language_model.enqueue([PEROVSKITE])
    node = respond(
        DesignRequest("Make the gap wider but keep the composition.", parent, 7), engines, store, FakeContext()
    )
    starts = [candidate.start for candidate in node.candidates]
    assert starts.count(Start.PARENT) >= 4
    assert node.intent.limits.formula == "SrTiO3"


def test_that_a_replaced_element_starts_absorbed_and_may_only_become_the_new_one(
    engines: FakeEngines, store: FakeHistoryStore
) -> None:
    parent = first_node(engines, store)
    engines.language_model.enqueue([PEROVSKITE.replace("Sr", "Ca")])
    respond(DesignRequest("Replace strontium by calcium.", parent, 7), engines, store, FakeContext())
    states = [state for state in engines.sampler.requests[-1].states if state.start is Start.PARENT]
    assert states
    for state in states:
        assert state.species.count(None) == 1
        assert state.allowed == {"Ca"}
        assert "Sr" in state.excluded


def test_that_one_seed_decides_every_crystal(engines: FakeEngines, store: FakeHistoryStore) -> None:
    first, second = first_node(engines, store), first_node(FakeEngines(), store)
    assert first.crystal.content_hash == second.crystal.content_hash
    assert first_node(FakeEngines(), store, seed=8).seed != first.seed


def test_that_rounds_without_a_message_are_driven_by_the_predicted_gap(
    engines: FakeEngines, store: FakeHistoryStore
) -> None:
    engines.language_model.enqueue([PEROVSKITE] * 3)
    committed: list[Node] = []
    run_rounds([WISH, None, None], DesignRequest(WISH, None, 7), engines, store, FakeContext(), committed.append)
    assert [node.round for node in committed] == [1, 2, 3]
    assert "predicted band gap" in committed[1].message
    assert engines.language_model.tasks[1].predicted


def test_that_cancelling_during_denoising_leaves_no_node(engines: FakeEngines, store: FakeHistoryStore) -> None:
    engines.language_model.enqueue([PEROVSKITE])
    context = FakeContext()
    context.cancel_after(len(PEROVSKITE.split()) + 3)
    with pytest.raises(JobCancelled):
        respond(DesignRequest(WISH, None, 7), engines, store, context)
    assert engines.sampler.requests
    assert store.nodes() == []


def test_that_no_valid_draw_is_reported_with_its_reasons(engines: FakeEngines, store: FakeHistoryStore) -> None:
    engines.language_model.enqueue([PEROVSKITE])
    refusal = (CheckResult("min_distance", 1, False, "0.31 Å between Ti and O", required=True),)
    engines.checker.script.enqueue([refusal] * 30)
    with pytest.raises(NothingValid, match=r"0\.31 Å between Ti and O"):
        respond(DesignRequest(WISH, None, 7), engines, store, FakeContext())
    assert len(engines.sampler.requests) == 3
    assert store.nodes() == []


@pytest.mark.parametrize(("strength", "candidates"), [(0.0, 10), (1.5, 10), (0.1, 0), (0.1, 100_000)])
def test_that_numbers_out_of_range_are_refused(strength: float, candidates: int) -> None:
    with pytest.raises(UserCorrectable, match=r"Give|Ask"):
        DesignRequest(WISH, None, 7, candidates, strength)


def test_that_a_crystal_less_layered_than_asked_says_so(engines: FakeEngines, store: FakeHistoryStore) -> None:
    engines.language_model.enqueue([PEROVSKITE])
    clusters = "The structure is zero-dimensional and consists of one SrTiO3 cluster."
    engines.describer.describe = lambda crystal: f"{PEROVSKITE} {clusters}"
    node = respond(DesignRequest(f"{WISH}, layered", None, 7), engines, store, FakeContext())
    assert any("not 2-dimensional as asked" in note for note in node.notes)
