"""What a person sets by hand in a round: the pivot, the limits, the goals; and the trajectory that is kept."""

from __future__ import annotations

from dataclasses import replace

import pytest

from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.domain.history import Node
from crystal_studio.domain.intent import Direction, Goal, Limits, Quantity
from crystal_studio.domain.pivot import PivotSource
from crystal_studio.domain.trajectory import Frame
from crystal_studio.domain.validity import CheckResult
from crystal_studio.engines.fake.bundle import FakeEngines
from crystal_studio.engines.fake.context import FakeContext
from crystal_studio.engines.fake.fake_history_store import FakeHistoryStore
from crystal_studio.engines.fake.fake_sampler import FakeSampler
from crystal_studio.services.design import DesignRequest, respond

WISH = "An oxide insulator with a wide band gap that contains strontium and titanium"
PEROVSKITE = "SrTiO3 is (Cubic) Perovskite structured and crystallizes in the cubic Pm-3m space group."
BARIUM = PEROVSKITE.replace("Sr", "Ba")
GAP = Goal(Quantity.BAND_GAP, Direction.AT_LEAST, 3.0)


@pytest.fixture
def engines() -> FakeEngines:
    return FakeEngines()


@pytest.fixture
def store() -> FakeHistoryStore:
    return FakeHistoryStore()


@pytest.fixture
def parent(engines: FakeEngines, store: FakeHistoryStore) -> Node:
    engines.language_model.enqueue([PEROVSKITE])
    return respond(DesignRequest(WISH, None, 7), engines, store, FakeContext())


@pytest.mark.parametrize("message", [None, "", "  "])
def test_that_a_persons_pivot_is_used_as_written_without_a_word(
    engines: FakeEngines, store: FakeHistoryStore, message: str | None
) -> None:
    node = respond(DesignRequest(message, None, 7, pivot=f" {BARIUM}\n"), engines, store, FakeContext())
    assert (node.pivot, node.pivot_source, node.message) == (BARIUM, PivotSource.PERSON, "")
    assert node.crystal.formula == "BaTiO3"
    assert engines.language_model.tasks == []
    assert "language_model" not in node.models


def test_that_a_persons_pivot_may_answer_a_node_and_keeps_what_was_excluded(
    engines: FakeEngines, store: FakeHistoryStore, parent: Node
) -> None:
    barred = replace(parent, intent=replace(parent.intent, limits=Limits(excluded=frozenset({"Ba"}))))
    with pytest.raises(UserCorrectable, match="Ba is excluded"):
        respond(DesignRequest(None, barred, 7, pivot=BARIUM), engines, store, FakeContext())
    node = respond(DesignRequest(None, parent, 7, pivot=BARIUM), engines, store, FakeContext())
    assert (node.parent, node.crystal.formula) == (parent.id, "BaTiO3")


def test_that_a_mistake_in_the_pivot_is_placed(engines: FakeEngines, store: FakeHistoryStore) -> None:
    pivot = f"{PEROVSKITE} Sr(1) is bondde to twelve O(1) atoms."
    with pytest.raises(UserCorrectable, match=rf"Sentence 2 .*character {len(PEROVSKITE) + 2}\).*bondde"):
        respond(DesignRequest(None, None, 7, pivot=pivot), engines, store, FakeContext())
    with pytest.raises(UserCorrectable, match=r"Sentence 1 .*character 1\)"):
        respond(DesignRequest(None, None, 7, pivot="A nice crystal."), engines, store, FakeContext())
    assert store.nodes() == []


def test_that_a_pivot_that_breaks_a_limit_says_which(engines: FakeEngines, store: FakeHistoryStore) -> None:
    limits = Limits(excluded=frozenset({"Ti"}), space_group=225)
    with pytest.raises(UserCorrectable, match=r"Ti is excluded; the space group is not Fm-3m"):
        respond(DesignRequest(None, None, 7, pivot=PEROVSKITE, limits=limits), engines, store, FakeContext())


def test_that_a_formula_written_in_the_pivot_is_never_refused_for_its_charges(
    engines: FakeEngines, store: FakeHistoryStore
) -> None:
    named: list[bool] = []
    check = engines.checker.check

    def remembering(crystal: object, *, formula_is_named: bool = False) -> tuple[CheckResult, ...]:
        named.append(formula_is_named)
        return check(crystal, formula_is_named=formula_is_named)

    engines.checker.check = remembering
    respond(DesignRequest(None, None, 7, pivot=PEROVSKITE), engines, store, FakeContext())
    assert all(named)


def test_that_limits_and_goals_set_by_hand_take_the_place_of_those_heard(
    engines: FakeEngines, store: FakeHistoryStore
) -> None:
    engines.language_model.enqueue([PEROVSKITE, BARIUM])
    limits = Limits(required=frozenset({"Ba"}))
    request = DesignRequest(WISH, None, 7, limits=limits, goals=(GAP,))
    node = respond(request, engines, store, FakeContext())
    assert (node.intent.limits, node.intent.goals) == (limits, (GAP,))
    assert node.pivot_source is PivotSource.REPAIRED
    assert node.crystal.formula == "BaTiO3"


def test_that_no_goals_set_by_hand_means_none(engines: FakeEngines, store: FakeHistoryStore) -> None:
    engines.language_model.enqueue([PEROVSKITE])
    assert respond(DesignRequest(WISH, None, 7, goals=()), engines, store, FakeContext()).intent.goals == ()


@pytest.mark.parametrize("pivot", [None, "", "   "])
def test_that_neither_word_nor_pivot_is_no_round(pivot: str | None) -> None:
    with pytest.raises(UserCorrectable, match="needs a wish"):
        DesignRequest(None, None, 7, pivot=pivot)


def test_that_an_endless_pivot_is_refused() -> None:
    with pytest.raises(UserCorrectable, match="characters"):
        DesignRequest(None, None, 7, pivot="x" * 30_000)


def test_that_the_frames_kept_are_those_of_the_chosen_draw(engines: FakeEngines, store: FakeHistoryStore) -> None:
    engines.language_model.enqueue([PEROVSKITE])
    node = respond(DesignRequest(WISH, None, 7), engines, store, FakeContext())
    chosen = node.candidates[node.chosen]
    frames = store.frames(node.id)
    assert {frame.draw for frame in frames} == {chosen.draw}
    assert [frame.step for frame in frames] == list(range(len(frames)))
    assert frames[-1].crystal.species == chosen.drawn.species
    assert sorted(one.draw for one in node.candidates) == list(range(len(node.candidates)))


def test_that_draws_of_a_second_batch_are_counted_on(engines: FakeEngines, store: FakeHistoryStore) -> None:
    engines.language_model.enqueue([PEROVSKITE])
    refusal = (CheckResult("min_distance", 1, False, "too near", required=True),)
    engines.checker.script.enqueue([refusal] * 4)
    context = FakeContext()
    node = respond(DesignRequest(WISH, None, 7, candidates=4), engines, store, context)
    draws = sorted(one.draw for one in node.candidates)
    assert draws == list(range(len(draws)))
    assert len(draws) >= 8
    assert node.candidates[node.chosen].draw >= 4
    handed_out = [payload for kind, payload in context.partials if kind == "frames"]
    assert {frame.draw for frames in handed_out for frame in frames} == set(draws)
    assert all(isinstance(frame, Frame) for frames in handed_out for frame in frames)
    assert {frame.draw for frame in store.frames(node.id)} == {node.candidates[node.chosen].draw}


class SparingSampler(FakeSampler):
    """Had to spare memory."""

    def sample(self, request, context):
        context.partial("notice", "drawn 2 at a time")
        return super().sample(request, context)


def test_that_what_the_sampler_had_to_spare_is_said_once_with_the_node(
    engines: FakeEngines, store: FakeHistoryStore
) -> None:
    engines.sampler = SparingSampler()
    context = FakeContext()
    node = respond(DesignRequest(None, None, 7, pivot=PEROVSKITE), engines, store, context)
    assert node.notes.count("drawn 2 at a time") == 1
    assert ("notice", "drawn 2 at a time") in context.partials
