"""Structure prediction on fakes: columns, the journal, the figures, the baseline."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import cached_property
from types import SimpleNamespace

import numpy as np
import pytest

from crystal_studio.domain.crystal import Crystal
from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.domain.validity import CheckResult
from crystal_studio.engines.fake.context import FakeContext
from crystal_studio.engines.fake.fake_prototype_library import FakePrototypeLibrary
from crystal_studio.engines.fake.fake_relaxer import FakeRelaxer
from crystal_studio.engines.fake.fake_sampler import FakeSampler
from crystal_studio.engines.sampling.retrieval import NearestTemplates
from crystal_studio.ports.relaxer import Relaxation
from crystal_studio.services.evaluate import (
    EvaluationRow,
    difference_with_interval,
    first_after_shuffle,
    groups_of_one_size,
    mean_with_interval,
    rows_of,
)
from crystal_studio.services.evaluate_csp import CspEvaluation, CspSettings
from crystal_studio.services.evaluate_csp_table import csp_table, csp_text
from crystal_studio.services.evaluate_journal import Journal

_ROCK_SALT = np.array([[0.0, 0.5, 0.5], [0.5, 0.0, 0.5], [0.5, 0.5, 0.0]])


def rock_salt(cation: str, anion: str, edge_angstrom: float) -> Crystal:
    return Crystal(_ROCK_SALT * edge_angstrom, (cation, anion), np.array([[0, 0, 0], [0.5, 0.5, 0.5]]))


def record(identifier: str, crystal: Crystal) -> dict:
    return {"id": identifier, "formula": crystal.formula, "spacegroup": 225, **crystal.to_dict()}


TRAIN = [record("t1", rock_salt("Na", "Cl", 5.6)), record("t2", rock_salt("K", "Br", 6.6))]
TEST = [record("a", rock_salt("Na", "Br", 5.9)), record("b", rock_salt("Li", "F", 4.0))]


class SpeciesChecker:
    """Passes every crystal but those that hold the element given."""

    def __init__(self, refused: str | None = None) -> None:
        self._refused = refused

    def check(self, crystal, *, formula_is_named=False):
        passed = self._refused not in crystal.species
        return (CheckResult("species", 1, passed, "", required=True),)


class VolumeComparer:
    """Crystals of one composition match where their volumes agree within 20 %; the distance is the relative change."""

    def rms_distance(self, first, second):
        change = abs(first.volume_angstrom3 / second.volume_angstrom3 - 1)
        return change if first.composition == second.composition and change < 0.2 else None


class KeepsSymmetry:
    def impose(self, crystal, template, symprec_angstrom=0.1):
        return crystal

    def space_group(self, crystal, symprec_angstrom=0.1):
        return SimpleNamespace(number=225, symbol="Fm-3m")


@dataclass
class Engines:
    checker: object = field(default_factory=SpeciesChecker)

    @cached_property
    def sampler(self):
        return FakeSampler()

    @cached_property
    def relaxer(self):
        return FakeRelaxer()

    prototypes = FakePrototypeLibrary()
    comparer = VolumeComparer()
    symmetrizer = KeepsSymmetry()


def outcomes(engines: Engines, settings: CspSettings, rows: list[EvaluationRow]) -> list[dict]:
    return CspEvaluation(engines, NearestTemplates.from_rows(TRAIN), settings).outcomes(rows, FakeContext())


def test_that_a_template_of_the_same_compound_is_never_used():
    templates = NearestTemplates.from_rows(TRAIN)
    assert len(templates.nearest(("Na", "Cl"), 20, frozenset({"NaCl"}))) == 1
    assert len(templates.nearest(("Na", "Cl"), 20, frozenset())) == 2


def test_that_the_chemically_nearest_template_comes_first():
    zinc_blende = Crystal(_ROCK_SALT * 5.4, ("S", "Zn"), np.array([[0.25, 0.25, 0.25], [0, 0, 0]]))
    templates = NearestTemplates.from_rows([record("t0", zinc_blende), *TRAIN])
    nearest = templates.nearest(("Na", "Br"), 3, frozenset({"NaBr"}))
    assert [crystal.frac_coords.max() for crystal in nearest] == [0.5, 0.5, 0.25]
    # Sulphur, not zinc, is nearest to bromine: the element map does not follow the order of the sites.
    assert nearest[-1].species == ("Br", "Na")


def test_that_a_template_is_scaled_to_the_volume_of_its_new_elements():
    many = [record(f"{i}", rock_salt(*pair, edge)) for i in range(40) for pair, edge in ((("Na", "Cl"), 5.6),
            (("K", "Cl"), 6.3), (("Na", "F"), 4.6), (("K", "F"), 5.3))]  # fmt: skip
    nearest = NearestTemplates.from_rows(many).nearest(("K", "F"), 1, frozenset({"KF"}))[0]
    assert nearest.volume_angstrom3 == pytest.approx(rock_salt("K", "F", 5.3).volume_angstrom3, rel=0.1)


def test_that_no_template_fits_an_unknown_stoichiometry():
    assert NearestTemplates.from_rows(TRAIN).nearest(("Na", "Na", "O"), 20, frozenset()) == []


def test_that_every_column_of_every_start_has_an_outcome():
    settings = CspSettings(draws=4)
    found = outcomes(Engines(), settings, rows_of(TEST))
    assert [outcome["id"] for outcome in found] == ["a", "b"]
    starts = found[0]["starts"]
    assert list(starts) == ["noise", "prototype", "prototype, symmetry enforced", "default"]
    assert set(starts["noise"]) == set(starts["prototype"]) == {"any", "A", "B"}
    assert set(starts["default"]) == {"any", "A", "B", "C"}
    assert starts["default"]["A"]["origin"].startswith("Halite")


def test_that_a_start_asked_for_alone_gets_its_energies():
    found = outcomes(Engines(), CspSettings(draws=4, starts=("noise",)), rows_of(TEST))
    assert set(found[0]["starts"]["noise"]) == {"any", "A", "B", "C"}


def test_that_the_row_itself_is_excluded_from_prototypes(monkeypatch):
    asked = []
    engines = Engines()
    decorate = FakePrototypeLibrary.decorate

    def spy(self, composition, count, **options):
        asked.append((composition.formula, options["exclude_formulas"], options["max_atoms"]))
        return decorate(self, composition, count, **options)

    monkeypatch.setattr(FakePrototypeLibrary, "decorate", spy)
    outcomes(engines, CspSettings(columns=("A",)), rows_of(TEST))
    assert asked == [("NaBr", frozenset({"NaBr"}), 2), ("LiF", frozenset({"LiF"}), 2)]


def test_that_column_a_alone_draws_once_from_each_start_and_needs_no_relaxer():
    engines = Engines()
    engines.relaxer = None
    outcomes(engines, CspSettings(columns=("A",)), rows_of(TEST))
    assert [len(request.states) for request in engines.sampler.requests] == [2, 2]


def test_that_species_are_given_and_no_text_is():
    engines = Engines()
    outcomes(engines, CspSettings(columns=("A",), starts=("noise",)), rows_of(TEST)[:1])
    (request,) = engines.sampler.requests
    assert request.text == ""
    assert request.states[0].species == ("Na", "Br")
    assert request.states[0].crystal is None


def test_that_the_number_of_steps_reaches_the_sampler_and_old_journals_still_count():
    engines = Engines()
    outcomes(engines, CspSettings(columns=("A",), starts=("noise",), steps=7), rows_of(TEST)[:1])
    assert [request.steps for request in engines.sampler.requests] == [7]
    assert "steps" not in CspSettings().to_dict()


def test_that_column_b_chooses_the_most_usual_of_the_valid():
    engines = Engines()
    row = rows_of(TEST)[0]
    small, large, wrong = rock_salt("Na", "Br", 5.9), rock_salt("Na", "Br", 7.5), rock_salt("Cs", "Br", 9.0)
    engines.checker = SpeciesChecker(refused="Cs")
    engines.sampler.script.enqueue([[wrong, small, large]])
    (found,) = outcomes(engines, CspSettings(columns=("A", "B"), starts=("noise",), draws=3), [row])
    assert found["starts"]["noise"]["A"]["rms"] is None
    assert found["starts"]["noise"]["B"]["rms"] == pytest.approx(0, abs=1e-9)
    assert found["starts"]["noise"]["any"] is True


def test_that_column_c_shows_the_lowest_energy_relaxed():
    engines = Engines()
    row = rows_of(TEST)[0]
    near, far = rock_salt("Na", "Br", 5.9), rock_salt("Na", "Br", 7.5)
    engines.sampler.script.enqueue([[far, near]])
    relaxed = {near.content_hash: -2.0, far.content_hash: -1.0}

    class Scripted(FakeRelaxer):
        def energies(self, crystals):
            return [0.0] * len(crystals)

        def relax(self, crystal, max_steps, context):
            end = relaxed[crystal.content_hash]
            smaller = crystal.scaled_to(crystal.volume_angstrom3 * 0.95)
            return Relaxation(smaller, end, 0.0, 0.0, max_steps, converged=True)

    engines.relaxer = Scripted()
    (found,) = outcomes(engines, CspSettings(columns=("A", "C"), starts=("noise",), draws=2), [row])
    assert found["starts"]["noise"]["A"]["rms"] is None
    assert found["starts"]["noise"]["C"] == pytest.approx({"rms": 0.05, "valid": True, "relaxed": True,
                                                           "origin": "noise, 2 atoms"})  # fmt: skip


def test_that_a_relaxation_that_swells_the_cell_is_not_kept():
    engines = Engines()
    near = rock_salt("Na", "Br", 5.9)
    engines.sampler.script.enqueue([[near]])
    swollen = Relaxation(near.scaled_to(near.volume_angstrom3 * 1.5), -3.0, 0.0, 0.0, 40, converged=True)
    engines.relaxer.script.enqueue([swollen])
    settings = CspSettings(columns=("A", "C"), starts=("noise",), draws=1)
    (found,) = outcomes(engines, settings, rows_of(TEST)[:1])
    assert found["starts"]["noise"]["C"]["rms"] == pytest.approx(0, abs=1e-9)
    assert "relaxed" not in found["starts"]["noise"]["C"]


def test_that_a_potential_that_refuses_a_crystal_leaves_it_as_drawn():
    engines = Engines()
    engines.sampler.script.enqueue([[rock_salt("Na", "Br", 5.9)]])
    engines.relaxer.script.enqueue([UserCorrectable("no")])
    settings = CspSettings(columns=("A", "C"), starts=("noise",), draws=1)
    (found,) = outcomes(engines, settings, rows_of(TEST)[:1])
    assert found["starts"]["noise"]["C"]["rms"] == pytest.approx(0, abs=1e-9)


def test_that_the_same_seed_gives_the_same_outcome():
    first, second = (outcomes(Engines(), CspSettings(draws=3), rows_of(TEST)) for _ in range(2))
    for outcome in (*first, *second):
        outcome.pop("seconds")
    assert first == second


def test_that_a_row_without_a_fitting_prototype_counts_as_no_match_and_the_mixture_falls_back_on_noise():
    crystal = Crystal(np.eye(3) * 4, ("Na", "Na", "Na", "O"), np.eye(4, 3) / 2)
    (found,) = outcomes(Engines(), CspSettings(draws=5), rows_of([record("odd", crystal)]))
    assert found["starts"]["prototype"]["A"] == {"rms": None, "valid": False, "origin": "nothing fits"}
    assert found["starts"]["default"]["A"]["origin"] == "noise, 4 atoms"
    assert found["baseline"] == {"found": False, "rms": None, "any": False}


def test_that_match_rates_are_over_all_rows_and_rmse_over_matches():
    chosen = {"rms": 0.1, "valid": True, "origin": ""}
    missed = {"rms": None, "valid": False, "origin": ""}
    rows = [fabricated(chosen, 0.2), fabricated(missed, None), fabricated(missed, 0.4), fabricated(missed, None)]
    table = csp_table(rows, CspSettings(columns=("A",)))
    told = table.to_dict()
    assert (told["n"], told["match_rate"], told["baseline_match_rate"]) == (4, 0.25, 0.5)
    assert told["rmse"] == pytest.approx(0.1)
    assert (told["column"], told["start"]) == ("A", "default")
    assert "does not beat the baseline" in told["verdict"]
    assert table.lines[0].random_match.value == pytest.approx(0.25)  # one draw of each row, all from prototypes
    assert table.lines[0].from_noise.value == 0
    assert json.loads(json.dumps(told, allow_nan=False))["n"] == 4
    assert "retrieval baseline" in csp_text(table)


def test_that_the_shipped_column_is_the_last_one_run():
    chosen = {"rms": 0.1, "valid": True, "origin": ""}
    rows = [fabricated(chosen, None) | {"starts": {"default": {"any": True, "A": chosen, "C": chosen}}}]
    told = csp_table(rows, CspSettings(columns=("A", "C"))).to_dict()
    assert told["table"]["lines"][0]["random_match"]["value"] == pytest.approx(0.8)
    assert told["column"] == "C"
    assert "training data include most test compounds" in told["table"]["columns"]["C"]


def fabricated(chosen: dict, baseline: float | None) -> dict:
    return {
        "id": "x",
        "starts": {"default": {"any": chosen["rms"] is not None, "A": chosen}},
        "draws": {"noise": [{"rms": None}] * 2, "prototype": [], "symmetric": [{"rms": chosen["rms"]}] * 8},
        "baseline": {"found": True, "rms": baseline, "any": baseline is not None},
        "smact": True,
        "z_right": False,
        "seconds": {"draw": 1.0},
    }


def test_that_an_interval_holds_the_mean_and_shrinks_with_more_rows():
    few, many = (mean_with_interval([1.0, 0.0] * count) for count in (5, 500))
    assert few.low <= few.value == 0.5 <= few.high
    assert many.high - many.low < 0.2 * (few.high - few.low)


def test_that_rows_without_a_value_are_left_out_of_a_mean():
    assert mean_with_interval([0.2, None, 0.4]).value == pytest.approx(0.3)
    assert mean_with_interval([None, None]).value is None


def test_that_a_paired_difference_knows_a_constant_gain():
    gain = difference_with_interval([1.0, 0.5, 0.7], [0.9, 0.4, 0.6])
    assert gain.low == pytest.approx(0.1)
    assert gain.high == pytest.approx(0.1)


def test_that_a_larger_limit_only_adds_rows():
    rows = [EvaluationRow(str(number), rock_salt("Na", "Cl", 5.6), "NaCl") for number in range(30)]
    assert first_after_shuffle(rows, 20, 0)[:10] == first_after_shuffle(rows, 10, 0)
    assert first_after_shuffle(rows, 10, 0) != first_after_shuffle(rows, 10, 1)


def test_that_batches_hold_cells_of_one_size():
    small, large = rock_salt("Na", "Cl", 5.6), Crystal(np.eye(3) * 3, ("Cs", "Cl", "Br"), np.zeros((3, 3)))
    rows = [EvaluationRow(str(i), large if i % 3 else small, "") for i in range(9)]
    groups = groups_of_one_size(rows, 2)
    assert [[row.identifier for row in group] for group in groups] == [
        ["0", "3"],
        ["1", "2"],
        ["4", "5"],
        ["6"],
        ["7", "8"],
    ]


def test_that_more_than_twenty_atoms_are_left_out():
    big = Crystal(np.eye(3) * 9, ("Na",) * 21, np.random.default_rng(0).random((21, 3)))
    assert rows_of([record("big", big)]) == []
    with pytest.raises(UserCorrectable, match="no row to evaluate"):
        first_after_shuffle([], 5, 0)


@pytest.mark.parametrize(
    "wrong", [{"columns": ("D",)}, {"starts": ("parent",)}, {"strength": 0.0}, {"draws": 0}, {"steps": 0}]
)
def test_that_settings_out_of_range_are_refused(wrong):
    with pytest.raises(UserCorrectable):
        CspSettings(**wrong)


def test_that_a_journal_skips_what_is_done_and_forgets_a_torn_line(tmp_path):
    path = tmp_path / "run" / "journal.jsonl"
    with Journal(path, {"seed": 0}) as journal:
        journal.append([{"id": "a", "value": 1}, {"id": "b", "value": 2}])
    path.write_bytes(path.read_bytes() + b'{"id":"c","val')
    with Journal(path, {"seed": 0}) as journal:
        assert set(journal.outcomes) == {"a", "b"}
        journal.append([{"id": "b", "value": 9}, {"id": "c", "value": 3}])
    with Journal(path, {"seed": 0}) as journal:
        assert [outcome["value"] for outcome in journal.outcomes.values()] == [1, 2, 3]
    assert path.read_bytes().count(b"\n") == 4


def test_that_a_kill_within_the_first_line_starts_the_journal_anew(tmp_path):
    path = tmp_path / "journal.jsonl"
    path.write_bytes(b'{"settin')
    with Journal(path, {"seed": 0}) as journal:
        journal.append([{"id": "a"}])
    with Journal(path, {"seed": 0}) as journal:
        assert set(journal.outcomes) == {"a"}


def test_that_a_journal_of_other_settings_is_refused_by_name(tmp_path):
    path = tmp_path / "journal.jsonl"
    Journal(path, {"seed": 0, "columns": ("A",)}).__exit__(None, None, None)
    with pytest.raises(UserCorrectable, match=r"other settings \(columns\)"):
        Journal(path, {"seed": 0, "columns": ("A", "B")})


def test_that_another_file_is_not_taken_for_a_journal(tmp_path):
    path = tmp_path / "notes.txt"
    path.write_text("[1, 2]\nhello\n")
    with pytest.raises(UserCorrectable, match="not a journal"):
        Journal(path, {"seed": 0})
    assert path.read_text() == "[1, 2]\nhello\n"
