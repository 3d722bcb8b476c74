"""A node run again: identical, within a tolerance that is named, or different and why."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from crystal_studio.domain.crystal import Crystal
from crystal_studio.domain.errors import JobCancelled, Unavailable, UserCorrectable
from crystal_studio.domain.history import Node
from crystal_studio.domain.intent import Direction, Goal, Limits, Quantity
from crystal_studio.domain.replayed import Replayed, Verdict
from crystal_studio.domain.validity import CheckResult
from crystal_studio.engines.fake import FakeContext, FakeHistoryStore
from crystal_studio.engines.fake.bundle import FakeEngines
from crystal_studio.services.design import DesignRequest, respond
from crystal_studio.services.jobs import Repair, RepairKind
from crystal_studio.services.library import import_files
from crystal_studio.services.likeness import likeness
from crystal_studio.services.promote import promote
from crystal_studio.services.provenance import provenance
from crystal_studio.services.repair import repair
from crystal_studio.services.replay import replay

WISH = "An oxide insulator with a wide band gap that contains strontium and titanium"
PEROVSKITE = "SrTiO3 is (Cubic) Perovskite structured and crystallizes in the cubic Pm-3m space group."
VERSION = "1.2.3"
STAMP = {"version": VERSION}
Change = Callable[[Node], Node]


@pytest.fixture
def store() -> FakeHistoryStore:
    return FakeHistoryStore()


@pytest.fixture
def root(store: FakeHistoryStore) -> Node:
    return respond(DesignRequest(WISH, None, 7, 4, parameters=STAMP), FakeEngines(), store, FakeContext())


def again(store: FakeHistoryStore, node: Node, engines: FakeEngines | None = None, version: str = VERSION) -> Replayed:
    before = store.nodes()
    found = replay(node.id, engines or FakeEngines(), store, FakeContext(), version)
    assert store.nodes() == before, "a replay commits nothing"
    return found


def imported(engines: FakeEngines, store: FakeHistoryStore, crystal: Crystal) -> Node:
    text = engines.files.to_cif(crystal, crystal.formula)
    done = import_files((), text, engines, engines.files, store, FakeContext(), STAMP)
    return store.node(done.nodes[0])


SALT = Crystal(np.eye(3) * 4.0, ("Cs", "Cl"), np.array([[0.0, 0, 0], [0.5, 0.5, 0.5]]))
BY_HAND = (Goal(Quantity.BAND_GAP, Direction.AT_LEAST, 2.0),)
REQUESTS: dict[str, Callable[[Node], DesignRequest]] = {
    "a wish": lambda root: DesignRequest(WISH, None, 11, 4, parameters=STAMP),
    "feedback": lambda root: DesignRequest("Make it denser.", root, 7, 5, 0.3, parameters=STAMP),
    "predictions alone": lambda root: DesignRequest(None, root, 7, 4, parameters=STAMP),
    "a pivot by hand": lambda root: DesignRequest("", None, 3, 4, pivot=f" {PEROVSKITE} ", parameters=STAMP),
    "an edited pivot": lambda root: DesignRequest(None, root, 3, 4, pivot=PEROVSKITE, parameters=STAMP),
    "limits by hand": lambda root: DesignRequest(
        "Make it denser.", root, 7, 4, limits=Limits(max_atoms=10), goals=BY_HAND, parameters=STAMP
    ),
    "guidance": lambda root: DesignRequest(WISH, None, 7, 4, guidance=3.5, writing_seed=99, parameters=STAMP),
    "a large seed": lambda root: DesignRequest("Make it denser.", root, 2**63 - 1, 4, parameters=STAMP),
}


@pytest.mark.parametrize("request_of", REQUESTS.values(), ids=REQUESTS)
def test_that_a_round_runs_again_from_its_stored_request(
    store: FakeHistoryStore, root: Node, request_of: Callable[[Node], DesignRequest]
) -> None:
    first = FakeEngines()
    node = respond(request_of(root), first, store, FakeContext())
    second = FakeEngines()
    found = again(store, node, second)
    assert (found.verdict, found.tolerance, found.reasons) == (Verdict.IDENTICAL, "", ())
    assert set(found.numbers.values()) == {0.0}
    assert found.seconds > 0
    then, now = first.sampler.requests[-1], second.sampler.requests[-1]
    assert (then.text, then.seed, then.guidance) == (now.text, now.seed, now.guidance)
    assert [state.strength for state in then.states] == [state.strength for state in now.states]
    assert first.language_model.tasks == second.language_model.tasks


def test_that_a_promoted_candidate_runs_its_round_again_and_takes_the_same_draw(
    store: FakeHistoryStore, root: Node
) -> None:
    index = next(i for i, one in enumerate(root.candidates) if i and one.valid)
    sibling = promote(root, index, FakeEngines(), store, FakeContext(), STAMP)
    assert again(store, sibling).verdict is Verdict.IDENTICAL
    moved = (sibling.candidates[index], *(one for i, one in enumerate(sibling.candidates) if i != index))
    elsewhere = replace(sibling, id="ab" * 16, candidates=moved, chosen=0)
    store.commit(elsewhere)
    assert again(store, elsewhere).verdict is Verdict.IDENTICAL, "it is found by its draw, not by its rank"
    gone = replace(moved[0], draw=99)
    store.commit(replace(elsewhere, id="cd" * 16, candidates=(gone, *moved[1:])))
    lost = replay("cd" * 16, FakeEngines(), store, FakeContext(), VERSION)
    assert lost.verdict is Verdict.DIFFERENT
    assert "draws no such candidate" in lost.reasons[0]


@pytest.mark.parametrize(
    "mend",
    [Repair(RepairKind.SCALE_VOLUME), Repair(RepairKind.RELAX), Repair(RepairKind.SWAP_ELEMENT, "Sr", "Ba")],
    ids=lambda mend: mend.kind.value,
)
def test_that_a_repair_mends_the_same_node_again(store: FakeHistoryStore, mend: Repair) -> None:
    engines = FakeEngines()
    engines.language_model.enqueue([PEROVSKITE])
    root = respond(DesignRequest(WISH, None, 7, 4, parameters=STAMP), engines, store, FakeContext())
    child = repair(root, mend, FakeEngines(), store, FakeContext(), STAMP)
    assert again(store, child).verdict is Verdict.IDENTICAL


def test_that_an_imported_crystal_is_measured_again(store: FakeHistoryStore) -> None:
    node = imported(FakeEngines(), store, SALT)
    assert again(store, node).verdict is Verdict.IDENTICAL
    engines = FakeEngines()
    gap = engines.band_gap.predict([SALT])[0]
    engines.band_gap.script.enqueue([[replace(gap, value=gap.value + 1)]])
    found = again(store, node, engines)
    assert found.verdict is Verdict.DIFFERENT
    assert found.numbers["band_gap_ev"] == pytest.approx(1)
    assert any("band gap" in reason for reason in found.reasons)


def test_that_a_node_of_an_older_program_is_replayed_and_says_what_was_not_kept(
    store: FakeHistoryStore, root: Node
) -> None:
    child = respond(DesignRequest("Make it denser.", root, 7, 4), FakeEngines(), store, FakeContext())
    driven = respond(DesignRequest(None, root, 9, 4), FakeEngines(), store, FakeContext())
    written = respond(DesignRequest("", None, 9, 4, pivot=PEROVSKITE), FakeEngines(), store, FakeContext())
    for index, node in enumerate((root, child, driven, written)):
        bare = {name: value for name, value in node.parameters.items() if name == "candidates"}
        old = replace(node, id=f"{index:032x}", parameters=bare)
        store.commit(old)
        found = again(store, old)
        assert found.verdict is Verdict.IDENTICAL
        assert any("older than this record of what was asked" in reason for reason in found.reasons)
        assert any("older than this record of libraries" in reason for reason in found.reasons)


def test_that_a_request_of_another_program_is_refused_in_words(store: FakeHistoryStore, root: Node) -> None:
    for odd in ({"message": 3}, "nonsense", {"limits": {"required": 3}}):
        store.commit(replace(root, id="ee" * 16, parameters={**root.parameters, "request": odd}))
        with pytest.raises(UserCorrectable, match="asked for cannot be read"):
            replay("ee" * 16, FakeEngines(), store, FakeContext(), VERSION)


@pytest.mark.parametrize("odd", [{"repair": "explode"}, {"repair": []}, {"environment": "linux"}, {"version": 3}])
def test_that_odd_parameters_of_a_bundle_are_no_bug(
    store: FakeHistoryStore, root: Node, odd: dict[str, object]
) -> None:
    child = repair(root, Repair(RepairKind.SCALE_VOLUME), FakeEngines(), store, FakeContext(), STAMP)
    store.commit(replace(child, id="dd" * 16, parameters={**child.parameters, **odd}))
    provenance([root, store.node("dd" * 16)], VERSION)
    if "repair" in odd:
        with pytest.raises(UserCorrectable, match="does not know"):
            replay("dd" * 16, FakeEngines(), store, FakeContext(), VERSION)
    else:
        found = replay("dd" * 16, FakeEngines(), store, FakeContext(), VERSION)
        assert (found.verdict, len(found.reasons)) == (Verdict.IDENTICAL, 1)


def test_that_a_child_is_replayed_where_its_parent_has_another_id(store: FakeHistoryStore, root: Node) -> None:
    child = repair(root, Repair(RepairKind.RELAX), FakeEngines(), store, FakeContext(), STAMP)
    assert root.id[:8] in child.candidates[0].origin
    elsewhere = FakeHistoryStore()
    elsewhere.commit(replace(root, id="99" * 16))
    elsewhere.commit(replace(child, parent="99" * 16))
    assert again(elsewhere, child).verdict is Verdict.IDENTICAL


def moved_by(angstrom: float) -> Change:
    def change(node: Node) -> Node:
        crystal = node.crystal
        shift = np.zeros_like(crystal.frac_coords)
        shift[0, 0] = angstrom / crystal.lengths_angstrom[0]
        return replace(node, crystal=Crystal(crystal.lattice, crystal.species, crystal.frac_coords + shift))

    return change


def doubled(node: Node) -> Node:
    one = node.crystal
    half = one.frac_coords * np.array([0.5, 1, 1])
    other = Crystal(
        one.lattice * np.array([[2.0], [1], [1]]), one.species * 2, np.vstack([half, half + np.array([0.5, 0, 0])])
    )
    return replace(node, crystal=other)


@pytest.mark.parametrize(
    ("change", "verdict", "said"),
    [
        (moved_by(0.0), Verdict.IDENTICAL, ""),
        (moved_by(1e-12), Verdict.WITHIN_TOLERANCE, "within 0.001 Å"),
        (moved_by(9e-4), Verdict.WITHIN_TOLERANCE, "within 0.001 Å"),
        (moved_by(5e-3), Verdict.WITHIN_TOLERANCE, "StructureMatcher"),
        (moved_by(0.6), Verdict.DIFFERENT, "positions by up to 0.6 Å"),
        (doubled, Verdict.DIFFERENT, "atoms now"),
        (lambda node: replace(node, crystal=node.crystal.scaled_to(70.0)), Verdict.DIFFERENT, "the lattice differs"),
        (lambda node: replace(node, pivot=PEROVSKITE.replace("Sr", "Ba")), Verdict.DIFFERENT, "it says '"),
        (lambda node: replace(node, alignment=None), Verdict.DIFFERENT, "alignment"),
        (lambda node: replace(node, alignment=(node.alignment or 0) + 1e-6), Verdict.WITHIN_TOLERANCE, "are equal"),
    ],
)  # fmt: skip
def test_that_the_verdict_says_how_near_two_runs_are(root: Node, change: Change, verdict: Verdict, said: str) -> None:
    found = likeness(root, change(root), FakeEngines().comparer)
    assert found.verdict is verdict
    assert said in (found.tolerance if verdict is Verdict.WITHIN_TOLERANCE else " ".join(found.differences))
    assert bool(found.tolerance) == (verdict is Verdict.WITHIN_TOLERANCE)
    assert bool(found.differences) or verdict is not Verdict.DIFFERENT


def test_that_a_different_round_says_what_differs_in_models_libraries_and_program(
    store: FakeHistoryStore, root: Node
) -> None:
    engines = FakeEngines(surroundings={"numpy": "9.9", "device": "cuda (H100)"})
    engines.identities = lambda: {"denoiser": "fake@other", "language_model": "scripted@fake"}  # type: ignore[method-assign]
    engines.language_model.enqueue([PEROVSKITE, PEROVSKITE])
    draws = [Crystal(np.eye(3) * 5, ("Sr", "Ti", "O", "O", "O"), np.linspace(0, 0.9, 15).reshape(5, 3))] * 4
    engines.sampler.script.enqueue([draws] * 3)
    engines.checker.script.enqueue([(CheckResult("min_distance", 1, False, "0.31 Å", required=True),)] * 12)
    found = again(store, root, engines, version="2.0")
    assert found.verdict is Verdict.DIFFERENT
    told = " | ".join(found.reasons)
    for part in (
        "nothing comes of it now",
        "denoiser: fake@fake then, fake@other now",
        "device: cpu then, cuda (H100) now",
        f"numpy: {np.__version__} then, 9.9 now",
        "program: 1.2.3 then, 2.0 now",
    ):
        assert part in told
    assert "language model" not in told


def test_that_a_round_that_differs_for_no_stored_reason_says_so(store: FakeHistoryStore, root: Node) -> None:
    engines = FakeEngines()
    engines.language_model.enqueue([PEROVSKITE, PEROVSKITE])
    other = respond(DesignRequest(WISH, None, 8, 4), FakeEngines(), FakeHistoryStore(), FakeContext())
    store.commit(replace(root, id="ff" * 16, crystal=other.crystal.scaled_to(500), pivot="NaCl."))
    found = replay("ff" * 16, engines, store, FakeContext(), VERSION)
    assert found.verdict is Verdict.DIFFERENT
    assert "the round itself" in found.reasons[-1]
    assert any("the pivot said 'NaCl.'" in reason for reason in found.reasons)


def test_that_a_replay_reports_progress_and_stops_as_a_round_does(store: FakeHistoryStore, root: Node) -> None:
    context = FakeContext()
    replay(root.id, FakeEngines(), store, context, VERSION)
    assert {"writing", "sampling", "checking", "describing"} <= {report.part for report in context.reports}
    with pytest.raises(JobCancelled):
        replay(root.id, FakeEngines(), store, FakeContext().cancel_after(5), VERSION)


def test_that_an_unknown_node_and_a_missing_model_are_told_as_everywhere(store: FakeHistoryStore, root: Node) -> None:
    with pytest.raises(UserCorrectable, match="no node begins"):
        replay("0000", FakeEngines(), store, FakeContext(), VERSION)
    engines = FakeEngines()
    engines.sampler.script.enqueue([Unavailable("The denoiser is not installed.")])
    with pytest.raises(Unavailable, match="not installed"):
        replay(root.id, engines, store, FakeContext(), VERSION)
