"""A contact sheet: one pivot, every strength and seed, each cell a node of its own."""

from __future__ import annotations

import json
import pickle
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path

import pytest

from crystal_studio.domain.errors import JobCancelled, NothingValid, UserCorrectable
from crystal_studio.domain.history import Node
from crystal_studio.domain.replayed import Verdict
from crystal_studio.domain.validity import CheckResult
from crystal_studio.engines.fake import FakeContext, FakeHistoryStore
from crystal_studio.engines.fake.bundle import FakeEngines
from crystal_studio.services.contact_sheet import MOST_CELLS, RefusedCell, cells, fill_sheet
from crystal_studio.services.design import DesignRequest, respond
from crystal_studio.services.handle import handle
from crystal_studio.services.job_json import job_from_json, job_to_json
from crystal_studio.services.jobs import DesignJob, ReplayJob, SheetJob
from crystal_studio.services.promote import promote
from crystal_studio.services.replay import replay

PROJECT = Path("p.cstudio")
WISH = "An oxide insulator with a wide band gap that contains strontium and titanium"
PEROVSKITE = "SrTiO3 is (Cubic) Perovskite structured and crystallizes in the cubic Pm-3m space group."
LAYERED = "Sr2TiO4 crystallizes in the tetragonal I4/mmm space group."
SHEET = "5e" * 16
STAMP = {"version": "1.2.3"}
TOO_NEAR = (CheckResult("min_distance", 1, False, "0.31 Å between Ti and O", required=True),)


@pytest.fixture
def store() -> FakeHistoryStore:
    return FakeHistoryStore()


@pytest.fixture
def job(store: FakeHistoryStore) -> SheetJob:
    """Two strengths, three seeds, below a perovskite."""
    engines = FakeEngines()
    engines.language_model.enqueue([PEROVSKITE])
    root = respond(DesignRequest(WISH, None, 7, 4), engines, store, FakeContext())
    return SheetJob(DesignJob(PROJECT, "Make it denser.", root.id, 99, 4, 0.9), SHEET, (0.1, 0.4), (1, 2, 3))


def filled(
    job: SheetJob, store: FakeHistoryStore, engines: FakeEngines | None = None
) -> tuple[list[Node], FakeContext]:
    context = FakeContext()
    ids = fill_sheet(job, engines or FakeEngines(), store, context, STAMP)
    return [store.node(one) for one in ids], context


def test_that_every_strength_and_seed_is_a_cell_of_one_pivot(store: FakeHistoryStore, job: SheetJob) -> None:
    engines = FakeEngines()
    engines.language_model.enqueue([PEROVSKITE, LAYERED, LAYERED, LAYERED, LAYERED, LAYERED])
    nodes, context = filled(job, store, engines)
    assert [node.parameters["cell"] for node in nodes] == [[row, column, 0] for row in range(2) for column in range(3)]
    assert {(node.strength, node.parameters["run_seed"]) for node in nodes} == {
        (strength, seed) for strength in job.strengths for seed in job.seeds
    }
    assert {node.parameters["sheet"] for node in nodes} == {SHEET}
    assert {node.parent for node in nodes} == {job.base.parent}
    assert {node.pivot for node in nodes} == {PEROVSKITE}
    assert len(engines.language_model.tasks) == 1, "the words are written once"
    drawn = {(state.strength, request.seed) for request in engines.sampler.requests for state in request.states}
    assert drawn >= {(node.strength, node.seed) for node in nodes}
    assert [payload for kind, payload in context.partials if kind == "cell"] == [node.id for node in nodes]


def test_that_guidance_scales_are_layers_and_reach_the_sampler(store: FakeHistoryStore, job: SheetJob) -> None:
    engines = FakeEngines()
    nodes, _ = filled(replace(job, seeds=(1,), guidances=(0.0, 2.5)), store, engines)
    assert [node.parameters["cell"] for node in nodes] == [[0, 0, 0], [1, 0, 0], [0, 0, 1], [1, 0, 1]]
    assert [node.parameters["guidance"] for node in nodes] == [0.0, 0.0, 2.5, 2.5]
    assert {request.guidance for request in engines.sampler.requests} == {0.0, 2.5}


def test_that_progress_over_all_cells_never_goes_back(store: FakeHistoryStore, job: SheetJob) -> None:
    _, context = filled(job, store)
    fractions = [report.fraction for report in context.reports if report.part == "sheet"]
    assert fractions == sorted(fractions)
    assert all(0 <= fraction <= 1 for fraction in fractions)
    assert any(report.message.startswith("cell 6 of 6: ") for report in context.reports)


def test_that_a_cell_without_a_valid_crystal_is_told_and_the_others_are_drawn(
    store: FakeHistoryStore, job: SheetJob
) -> None:
    engines = FakeEngines()
    engines.checker.script.enqueue([TOO_NEAR] * 12)  # three draws of four candidates: the first cell
    nodes, context = filled(job, store, engines)
    assert len(nodes) == 5
    (refused,) = [payload for kind, payload in context.partials if kind == "refused"]
    assert isinstance(refused, RefusedCell)
    assert refused.cell.place == (0, 0, 0)
    assert "0.31 Å between Ti and O" in refused.reason


def test_that_a_sheet_without_one_valid_cell_says_why(store: FakeHistoryStore, job: SheetJob) -> None:
    engines = FakeEngines()
    engines.checker.script.enqueue([TOO_NEAR] * 12 * 2)
    with pytest.raises(NothingValid, match=r"None of 2 cells.*0\.31 Å"):
        fill_sheet(replace(job, strengths=(0.1,), seeds=(1, 2)), engines, store, FakeContext(), STAMP)
    assert len(store.nodes()) == 1


def test_that_a_stopped_sheet_keeps_its_cells_and_goes_on_with_the_missing_ones(
    store: FakeHistoryStore, job: SheetJob
) -> None:
    engines = FakeEngines()
    engines.language_model.enqueue([PEROVSKITE])

    class Stopping(FakeContext):
        def partial(self, kind: str, payload: object) -> None:
            super().partial(kind, payload)
            if len([one for one in self.partials if one[0] == "cell"]) == 2:
                self.cancel_after(20)  # in the midst of the third

    stopping = Stopping()
    with pytest.raises(JobCancelled):
        fill_sheet(job, engines, store, stopping, STAMP)
    kept = [payload for kind, payload in stopping.partials if kind == "cell"]
    assert [node.id for node in store.nodes()][1:] == kept
    assert len(kept) == 2
    engines.language_model.enqueue([LAYERED])
    nodes, context = filled(job, store, engines)
    assert len(nodes) == 6
    assert [node.id for node in nodes][:2] == kept
    assert {node.pivot for node in nodes} == {PEROVSKITE}, "the words of the cells that were kept"
    assert len([kind for kind, _ in context.partials if kind == "cell"]) == 4
    assert len(store.nodes()) == 7
    assert filled(job, store)[0] == nodes, "a whole sheet is given back as it is"


def test_that_a_cell_can_be_replayed_and_its_candidates_promoted(store: FakeHistoryStore, job: SheetJob) -> None:
    nodes, _ = filled(replace(job, guidances=(1.5,)), store)
    for node in (nodes[0], nodes[-1]):
        found = replay(node.id, FakeEngines(), store, FakeContext(), "1.2.3")
        assert (found.verdict, found.reasons) == (Verdict.IDENTICAL, ())
    index = next(i for i, one in enumerate(nodes[-1].candidates) if i and one.valid)
    sibling = promote(nodes[-1], index, FakeEngines(), store, FakeContext(), STAMP)
    assert not {"sheet", "cell"} & sibling.parameters.keys(), "what is promoted is to be seen"
    assert replay(sibling.id, FakeEngines(), store, FakeContext(), "1.2.3").verdict is Verdict.IDENTICAL


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"strengths": ()}, "at least one strength"),
        ({"seeds": ()}, "at least one seed"),
        ({"seeds": (1, 1)}, "given twice"),
        ({"guidances": (2.0, 2.0)}, "given twice"),
        (
            {"strengths": tuple(0.01 * i for i in range(1, 11)), "seeds": tuple(range(7))},
            f"70 cells; at most {MOST_CELLS}",
        ),
        ({"sheet": "no id"}, "no id of a sheet"),
        ({"strengths": (0.1, 1.5)}, "strength is 1.5"),
        ({"strengths": (float("nan"),)}, "strength is nan"),
        ({"seeds": (-1,)}, "seed is -1"),
        ({"guidances": (99.0,)}, "guidance scale is 99"),
    ],
)
def test_that_an_impossible_sheet_is_refused_before_anything_is_drawn(
    store: FakeHistoryStore, job: SheetJob, change: dict[str, object], reason: str
) -> None:
    engines, context = FakeEngines(), FakeContext()
    with pytest.raises(UserCorrectable, match=reason):
        fill_sheet(replace(job, **change), engines, store, context, STAMP)
    assert not engines.language_model.tasks
    assert len(store.nodes()) == 1


def test_that_the_same_numbers_name_the_same_cells_and_other_numbers_others(job: SheetJob) -> None:
    first, again = cells(job), cells(replace(job, strengths=(0.1, 0.4, 0.5)))
    assert {cell.node for cell in first} < {cell.node for cell in again}
    base = job.base
    others = [
        replace(job, sheet="5f" * 16),
        *(replace(job, base=other) for other in (replace(base, message="Wider."), replace(base, candidates=5))),
    ]
    for other in others:
        assert not {cell.node for cell in first} & {cell.node for cell in cells(other)}
    plain = json.loads(json.dumps(job_to_json(replace(job, guidances=(1, 2)))))
    again = job_from_json("SheetJob", plain, Path("moved.cstudio"))
    assert cells(again) == cells(replace(job, guidances=(1, 2))), "a queue that was moved finds its cells again"


class Bench:
    """A workbench of fakes."""

    version = "1.2.3"

    def __init__(self, store: FakeHistoryStore) -> None:
        self.engines = FakeEngines()
        self._store = store

    def open_store(self, project: Path) -> AbstractContextManager[FakeHistoryStore]:
        return nullcontext(self._store)


def test_that_a_host_draws_a_sheet_and_replays_its_cells(store: FakeHistoryStore, job: SheetJob) -> None:
    context = FakeContext()
    job = pickle.loads(pickle.dumps(replace(job, seeds=(1, 2), strengths=(0.1,))))
    bench = Bench(store)
    bench.engines.checker.script.enqueue([TOO_NEAR] * 12)
    (cell,) = handle(job, bench, context)
    assert store.node(cell).parameters["version"] == "1.2.3"
    assert pickle.loads(pickle.dumps(context.partials)) == context.partials
    found = handle(ReplayJob(PROJECT, cell), Bench(store), FakeContext())
    assert pickle.loads(pickle.dumps(found)) == found
    assert found.verdict is Verdict.IDENTICAL
