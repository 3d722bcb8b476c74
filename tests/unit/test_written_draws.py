"""Rounds whose candidates a language model writes: what it is asked for, what comes of it, and what is told."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from scripted_writer import ScriptedWriter, growth, refused, usual

from crystal_studio.domain.candidate import Start
from crystal_studio.domain.errors import JobCancelled, NothingValid, Unavailable, UserCorrectable
from crystal_studio.domain.history import Node
from crystal_studio.domain.intent import Direction, Goal, Limits, Quantity
from crystal_studio.domain.pivot_grammar import parse_pivot
from crystal_studio.domain.sampling_engine import SamplingEngine
from crystal_studio.domain.trajectory import Frame
from crystal_studio.engines.fake.bundle import FakeEngines
from crystal_studio.engines.fake.context import FakeContext
from crystal_studio.engines.fake.fake_history_store import FakeHistoryStore
from crystal_studio.ports.crystal_writer import CrystalTask, WrittenCrystal
from crystal_studio.services.contact_sheet import cells
from crystal_studio.services.design import DesignRequest, respond
from crystal_studio.services.job_json import job_from_json, job_to_json
from crystal_studio.services.jobs import DesignJob, SheetJob
from crystal_studio.services.propose import Plan, Proposal, plans
from crystal_studio.services.provenance import provenance_line
from crystal_studio.services.replay import replay
from crystal_studio.services.request_plain import request_of
from crystal_studio.services.trajectory import CRYSTAL_TEXT, TrajectoryKeeper
from crystal_studio.services.written_draws import hull_wish, refused_texts, write_draws
from crystal_studio.storage.trajectory_blob import pack_frames, unpack_frames

WISH = "An oxide insulator with a wide band gap that contains strontium and titanium"
PEROVSKITE = "SrTiO3 is (Cubic) Perovskite structured and crystallizes in the cubic Pm-3m space group."
CRYSTEXT, BOTH, DIFFUSION = SamplingEngine.CRYSTEXT, SamplingEngine.BOTH, SamplingEngine.DIFFUSION


@pytest.fixture
def writer() -> ScriptedWriter:
    return ScriptedWriter()


@pytest.fixture
def engines(writer: ScriptedWriter) -> FakeEngines:
    made = FakeEngines()
    made.crystal_writer = writer
    return made


@pytest.fixture
def store() -> FakeHistoryStore:
    return FakeHistoryStore()


def round_of(engines: FakeEngines, store: FakeHistoryStore, engine: SamplingEngine, **fields: Any) -> Node:
    engines.language_model.enqueue([PEROVSKITE])
    request = DesignRequest(**{"message": WISH, "parent": None, "seed": 7, "engine": engine, **fields})
    return respond(request, engines, store, FakeContext())


def planned(text: str, engine: SamplingEngine, **fields: Any) -> list[Plan]:
    given = {"limits": Limits(), "goals": (), "parent": None, "count": 10, "strength": 0.1, "seed": 3, **fields}
    proposal = Proposal(text, parse_pivot(text), engine=engine, **given)
    return plans(proposal, FakeEngines().prototypes, FakeEngines().symmetrizer)


def starts(node: Node) -> list[Start]:
    return [candidate.start for candidate in node.candidates]


def test_that_all_candidates_are_written_where_the_language_model_is_the_engine(
    engines: FakeEngines, store: FakeHistoryStore, writer: ScriptedWriter
) -> None:
    node = round_of(engines, store, CRYSTEXT)
    assert set(starts(node)) == {Start.WRITTEN}
    assert len(node.candidates) == 10
    assert not engines.sampler.requests
    tasks, seed, _ = writer.calls[0]
    assert {(task.composition.formula, task.space_group) for task in tasks} == {("SrTiO3", 221)}
    assert seed == node.seed
    assert node.candidates[0].origin == "written for Pm-3m"


def test_that_half_of_the_candidates_are_written_where_both_engines_compete(
    engines: FakeEngines, store: FakeHistoryStore
) -> None:
    node = round_of(engines, store, BOTH)
    assert starts(node).count(Start.WRITTEN) == 5
    assert {Start.PROTOTYPE, Start.NOISE} < set(starts(node))
    assert sorted(candidate.draw for candidate in node.candidates) == list(range(10))


def test_that_a_refine_round_of_both_engines_keeps_four_starts_from_the_parent(
    engines: FakeEngines, store: FakeHistoryStore
) -> None:
    parent = round_of(engines, store, BOTH)
    node = round_of(engines, store, BOTH, message="Keep the composition.", parent=parent)
    assert starts(node)[:10].count(Start.PARENT) >= 4
    assert starts(node).count(Start.WRITTEN) >= 5


@pytest.mark.parametrize(("count", "num_written"), [(1, 0), (2, 1), (3, 1), (7, 3)])
def test_that_half_of_few_candidates_is_rounded_down(count: int, num_written: int) -> None:
    found = planned(PEROVSKITE, BOTH, count=count)
    assert len(found) == count
    assert sum(plan.task is not None for plan in found) == num_written


def test_that_the_diffusion_engine_draws_the_crystals_that_it_drew_before_there_was_another() -> None:
    engines, store = FakeEngines(), FakeHistoryStore()
    first = round_of(engines, store, DIFFUSION)
    second = round_of(engines, store, DIFFUSION, message="Make the gap wider but keep the composition.", parent=first)
    digests = []
    for node in (first, second):
        rows = [f"{one.start}:{one.origin}:{one.draw}:{one.drawn.content_hash}" for one in node.candidates]
        text = re.sub(r"node [0-9a-f]{8}", "node", " ".join(rows))
        digests.append(hashlib.sha256(text.encode()).hexdigest()[:16])
    assert digests == ["4480772044a977f3", "0dbca736dc2ae80c"]


def test_that_no_crystal_writer_is_asked_for_by_the_diffusion_engine(store: FakeHistoryStore) -> None:
    class Bare(FakeEngines):
        @property
        def crystal_writer(self) -> ScriptedWriter:
            raise Unavailable("No model for the job 'crystal_writer' is installed. Train one.")

        @crystal_writer.setter
        def crystal_writer(self, _writer: object) -> None:
            """A field of the base class may set it."""

        def identities(self) -> dict[str, str]:
            return {"language_model": "scripted@fake", "denoiser": "fake@fake"}

    engines = Bare()
    assert round_of(engines, store, DIFFUSION).valid
    written_before = len(engines.language_model.tasks)
    for engine in (CRYSTEXT, BOTH):
        with pytest.raises(Unavailable, match="Train one"):
            round_of(engines, store, engine)
    assert len(engines.language_model.tasks) == written_before, "no pivot was written for it"


def test_that_refused_texts_are_counted_in_the_notes_of_the_node(
    engines: FakeEngines, store: FakeHistoryStore, writer: ScriptedWriter
) -> None:
    def some(task: CrystalTask, index: int) -> WrittenCrystal:
        good = usual(task, index)
        if index == 2:
            return refused("line 3 names Ba, which was not asked for.", attempts=2)
        return replace(good, attempts=2, refusals=("the text ends early.",)) if index == 0 else good

    writer.answer = some
    node = round_of(engines, store, CRYSTEXT, candidates=4)
    assert len(node.candidates) == 3
    assert sorted(candidate.draw for candidate in node.candidates) == [0, 1, 3]
    expected = (
        "3 of 6 texts of the language model were refused: line 3 names Ba, which was not asked for (2x); "
        "the text ends early"
    )
    assert expected in node.notes


def test_that_a_round_without_one_readable_text_says_why(
    engines: FakeEngines, store: FakeHistoryStore, writer: ScriptedWriter
) -> None:
    writer.answer = lambda task, index: refused("line 2 has no number.")
    with pytest.raises(NothingValid, match=r"60 of 60 texts .* refused: line 2 has no number \(60x\)"):
        round_of(engines, store, CRYSTEXT, candidates=4)
    assert store.nodes() == []


def test_that_the_best_of_half_a_round_is_taken_where_nothing_could_be_written(
    engines: FakeEngines, store: FakeHistoryStore, writer: ScriptedWriter
) -> None:
    writer.answer = lambda task, index: refused("the model ran out of tokens.")
    node = round_of(engines, store, BOTH)
    assert Start.WRITTEN not in starts(node)
    assert any(note.startswith("25 of 25 texts") for note in node.notes)


def test_that_a_crystal_larger_than_the_cell_that_was_allowed_is_refused() -> None:
    plan = next(plan for plan in planned(PEROVSKITE, CRYSTEXT, limits=Limits(max_atoms=5)))
    small = replace(plan, task=CrystalTask(plan.task.composition, 221, max_atoms=4))
    written = write_draws([small], 1, 0, ScriptedWriter(), FakeContext())
    assert written.draws == ()
    assert refused_texts(written.answers) == (
        "1 of 1 texts of the language model was refused: 5 atoms were written, more than 4"
    )


def test_that_an_excluded_element_is_refused_also_where_it_was_written(
    engines: FakeEngines, store: FakeHistoryStore, writer: ScriptedWriter
) -> None:
    writer.answer = lambda task, index: usual(replace(task, composition=task.composition.replaced({"Sr": "Ba"})), index)
    with pytest.raises(NothingValid, match="Ba is excluded"):
        round_of(engines, store, CRYSTEXT, limits=Limits(excluded=frozenset({"Ba"})))


def test_that_stopping_between_two_tokens_leaves_no_node(
    engines: FakeEngines, store: FakeHistoryStore, writer: ScriptedWriter
) -> None:
    context = FakeContext()
    context.cancel_after(len(PEROVSKITE.split()) + 3)
    engines.language_model.enqueue([PEROVSKITE])
    with pytest.raises(JobCancelled):
        respond(DesignRequest(WISH, None, 7, engine=CRYSTEXT), engines, store, context)
    assert writer.calls
    assert store.nodes() == []


# What is asked for


def test_that_the_groups_of_the_likeliest_prototypes_share_the_draws_where_none_is_named() -> None:
    prototypes = FakeEngines().prototypes
    halite, perovskite = prototypes.prototypes[0], prototypes.prototypes[2]
    flat = replace(perovskite, name="Tilted", space_group=62)
    prototypes.prototypes = (perovskite, flat, halite)
    text = "SrTiO3 is a compound."
    pivot = replace(parse_pivot(PEROVSKITE), space_group=None)
    proposal = Proposal(text, pivot, Limits(), (), None, 9, 0.1, 3, engine=CRYSTEXT)
    groups = [plan.task.space_group for plan in plans(proposal, prototypes, FakeEngines().symmetrizer)]
    assert groups == [221] * 6 + [62] * 3  # shares 1 and 0.5

    orthorhombic = replace(proposal, limits=Limits(crystal_system="orthorhombic"))
    assert {plan.task.space_group for plan in plans(orthorhombic, prototypes, FakeEngines().symmetrizer)} == {62}
    not_cubic = replace(proposal, limits=Limits(excluded_systems=frozenset({"cubic"})))
    assert {plan.task.space_group for plan in plans(not_cubic, prototypes, FakeEngines().symmetrizer)} == {62}


def test_that_a_crystal_system_without_a_known_prototype_gets_its_commonest_group() -> None:
    pivot = replace(parse_pivot(PEROVSKITE), space_group=None)
    limits = Limits(crystal_system="tetragonal")
    proposal = Proposal(PEROVSKITE, pivot, limits, (), None, 2, 0.1, 3, engine=CRYSTEXT)
    engines = FakeEngines()
    assert [plan.task.space_group for plan in plans(proposal, engines.prototypes, engines.symmetrizer)] == [139, 139]


def test_that_a_group_that_the_person_asked_for_is_asked_of_the_model_whether_it_fits_or_not(
    engines: FakeEngines, store: FakeHistoryStore, writer: ScriptedWriter
) -> None:
    writer.answer = lambda task, index: UserCorrectable("SrTiO3 fits no Wyckoff positions of Ia-3d (230).")
    limits = Limits(space_group=221)
    with pytest.raises(UserCorrectable, match="fits no Wyckoff positions"):
        round_of(engines, store, CRYSTEXT, limits=limits)
    assert {task.space_group for task in writer.calls[0][0]} == {221}


@pytest.mark.parametrize(
    ("goals", "wished"),
    [
        ((), None),
        ((Goal(Quantity.BAND_GAP, Direction.LOWER),), None),
        ((Goal(Quantity.ENERGY, Direction.HIGHER),), None),
        ((Goal(Quantity.BAND_GAP, Direction.HIGHER), Goal(Quantity.ENERGY, Direction.LOWER)), 0.0),
    ],
)
def test_that_a_wish_for_stability_is_told_as_zero_above_the_hull(
    goals: tuple[Goal, ...], wished: float | None
) -> None:
    assert hull_wish(goals) == wished
    assert {plan.task.e_above_hull_ev for plan in planned(PEROVSKITE, CRYSTEXT, goals=goals)} == {wished}


# What is stored


def test_that_a_node_keeps_its_engine_and_is_replayed_with_it(
    engines: FakeEngines, store: FakeHistoryStore, writer: ScriptedWriter
) -> None:
    node = round_of(engines, store, CRYSTEXT)
    request, guesses = request_of(node, None)
    assert request.engine is CRYSTEXT
    assert guesses == ()
    assert "denoiser" not in node.models
    line = provenance_line(node, "1")
    assert "start written" in line
    assert "strength" not in line
    engines.language_model.enqueue([PEROVSKITE])
    calls = len(writer.calls)
    assert replay(node.id, engines, store, FakeContext(), "0").verdict.value == "identical"
    assert len(writer.calls) > calls


def test_that_a_node_of_a_program_that_knew_one_engine_is_read_as_its_own(
    engines: FakeEngines, store: FakeHistoryStore
) -> None:
    node = round_of(engines, store, DIFFUSION)
    plain = {name: value for name, value in node.parameters["request"].items() if name != "engine"}
    old = replace(node, parameters={**node.parameters, "request": plain})
    assert request_of(old, None)[0].engine is DIFFUSION


@pytest.mark.parametrize("engine", list(SamplingEngine))
def test_that_the_engine_of_a_waiting_job_comes_back_through_json(engine: SamplingEngine) -> None:
    job = DesignJob(Path("p.cstudio"), "an oxide", None, 1, engine=engine)
    plain = json.loads(json.dumps(job_to_json(job)))
    assert job_from_json("DesignJob", plain) == job


def test_that_a_job_queued_by_an_older_program_is_drawn_by_diffusion() -> None:
    plain = job_to_json(DesignJob(Path("p.cstudio"), "an oxide", None, 1))
    del plain["engine"]
    assert job_from_json("DesignJob", plain).engine is DIFFUSION


def test_that_the_cells_of_a_sheet_have_other_ids_only_where_another_engine_draws() -> None:
    base = DesignJob(Path("p.cstudio"), "an oxide", "a" * 32, 0)
    ids = {
        engine: cells(SheetJob(replace(base, engine=engine), "5e" * 16, (0.1,), (1,)))[0].node
        for engine in SamplingEngine
    }
    assert ids[DIFFUSION] == "459391223df45f2c856a737b4fbe532d"  # as before there was another engine
    assert len(set(ids.values())) == 3


# What is seen while it is written


def test_that_the_text_of_a_crystal_is_told_apart_from_the_pivot(engines: FakeEngines, store: FakeHistoryStore) -> None:
    context = FakeContext()
    engines.language_model.enqueue([PEROVSKITE])
    respond(DesignRequest(WISH, None, 7, candidates=1, engine=CRYSTEXT), engines, store, context)
    written = "".join(str(payload) for kind, payload in context.partials if kind == CRYSTAL_TEXT)
    assert written.startswith("221\n3.9\n")
    spoken = "".join(str(payload) for kind, payload in context.partials if kind == "token")
    assert "Sr 1a" not in spoken


def test_that_the_frames_of_a_written_draw_are_kept_with_its_node(
    engines: FakeEngines, store: FakeHistoryStore
) -> None:
    node = round_of(engines, store, CRYSTEXT)
    frames = store.frames(node.id)
    assert [len(frame.crystal) for frame in frames] == [1, 2, 3, 4, 5]
    assert all(frame.is_written for frame in frames)
    assert {frame.draw for frame in frames} == {node.candidates[0].draw}


def test_that_a_refused_attempt_is_no_part_of_the_way_to_a_crystal() -> None:
    crystal = planned(PEROVSKITE, DIFFUSION)[0].state.crystal
    keeper = TrajectoryKeeper(FakeContext())
    for frame in (*growth(crystal, 0)[:4], *growth(crystal, 0)):
        keeper.partial("frames", (frame,))
    assert [len(frame.crystal) for frame in keeper.frames(0)] == [1, 2, 3, 4, 5]


def test_that_frames_with_ever_more_atoms_come_back_from_the_project() -> None:
    crystal = planned(PEROVSKITE, DIFFUSION)[0].state.crystal
    frames = (*(replace(one, is_written=True) for one in growth(crystal, 3)), Frame(3, 30, 30, crystal))
    found = unpack_frames(pack_frames(frames))
    assert [(one.draw, one.step, one.steps, one.is_written, len(one.crystal)) for one in found] == [
        (one.draw, one.step, one.steps, one.is_written, len(one.crystal)) for one in frames
    ]
