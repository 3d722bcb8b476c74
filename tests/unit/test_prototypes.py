"""The prototype model: fitting, ranking, ideas."""

from __future__ import annotations

import gzip
import json
import tomllib

import numpy as np
import pytest
import torch

from crystal_studio.domain.composition import Composition
from crystal_studio.domain.crystal import Crystal
from crystal_studio.domain.elements import BY_SYMBOL
from crystal_studio.domain.errors import Unavailable
from crystal_studio.domain.intent import Direction, Goal, Limits, Quantity
from crystal_studio.engines.sampling import prototypes
from crystal_studio.engines.sampling.prototypes_bank import load_bank, save_bank
from crystal_studio.engines.sampling.prototypes_ranking import Metric, Weights, element_distances, slot_permutations
from crystal_studio.engines.sampling.prototypes_swaps import is_charge_balanced
from crystal_studio.training import prototypes as stage
from crystal_studio.training import prototypes_metric
from crystal_studio.training.data import Record
from crystal_studio.training.prototypes_evaluate import BASELINE, Given, match_rates
from crystal_studio.training.prototypes_fit import fit, prototype_name
from crystal_studio.training.prototypes_metric import MetricNet, lookups, loss_on, own_compounds, train

FACE_CENTRED = np.array([[0.0, 0.5, 0.5], [0.5, 0.0, 0.5], [0.5, 0.5, 0.0]])
WIDER = (Goal(Quantity.BAND_GAP, Direction.HIGHER),)


def rock_salt(cation: str, anion: str, edge: float) -> Crystal:
    return Crystal(FACE_CENTRED * edge, (cation, anion), np.array([[0.0, 0.0, 0.0], [0.5, 0.5, 0.5]]))


def caesium_chloride(cation: str, anion: str, edge: float) -> Crystal:
    return Crystal(np.eye(3) * edge, (cation, anion), np.array([[0.0, 0.0, 0.0], [0.5, 0.5, 0.5]]))


def perovskite(a: str, b: str, edge: float) -> Crystal:
    frac = [[0, 0, 0], [0.5, 0.5, 0.5], [0.5, 0.5, 0], [0.5, 0, 0.5], [0, 0.5, 0.5]]
    return Crystal(np.eye(3) * edge, (a, b, "O", "O", "O"), np.array(frac))


RECORDS = [
    Record("1", rock_salt("Na", "Cl", 5.64), 225, 5.0, 0.0),
    Record("2", rock_salt("K", "Cl", 6.3), 225, 5.1, 0.0),
    Record("3", rock_salt("Mg", "O", 4.21), 225, 4.5, 0.0),
    Record("4", caesium_chloride("Cs", "Cl", 4.12), 221, 5.3, 0.0),
    Record("5", caesium_chloride("Cs", "Br", 4.29), 221, 4.3, 0.3),
    Record("6", perovskite("Sr", "Ti", 3.91), 221, 1.8, 0.0),
    Record("7", perovskite("Ba", "Ti", 4.0), 221, 1.7, 0.0),
    Record("8", perovskite("Ca", "Zr", 4.1), 221, 3.2, 0.0),
]
TEXTS = {"6": "SrTiO3 is (Cubic) Perovskite structured and crystallizes in the cubic Pm-3m space group. Sr(1) is"}


@pytest.fixture(scope="module")
def bank():
    return fit(RECORDS, TEXTS)


@pytest.fixture(scope="module")
def model(bank):
    return prototypes.PrototypeModel(bank, Weights())


def test_that_members_of_one_prototype_fall_into_one_class(bank):
    assert sorted(bank.class_size.tolist()) == [2, 3, 3]


def test_that_a_bank_read_back_decorates_the_very_same_crystal(bank, tmp_path):
    save_bank(bank, tmp_path / "bank.npz")
    read = prototypes.create(tmp_path, {"file": "bank.npz", "temperature": 0.05})
    (first,), (second,) = (
        library.decorate(Composition.parse("CaTiO3"), 1)
        for library in (prototypes.PrototypeModel(bank, Weights()), read)
    )
    assert first.crystal.content_hash == second.crystal.content_hash


def test_that_a_damaged_bank_is_unavailable(tmp_path):
    (tmp_path / "bank.npz").write_bytes(b"PK nonsense")
    with pytest.raises(Unavailable, match="Restore"):
        load_bank(tmp_path / "bank.npz")


def test_that_the_nearest_salt_lends_its_prototype(model):
    best = model.decorate(Composition.parse("RbCl"), 1)[0]
    assert best.space_group == 225
    assert model.decorate(Composition.parse("CsI"), 1)[0].space_group == 221


def test_that_two_members_of_a_prototype_are_proposed_once(model):
    assert sorted(found.space_group for found in model.decorate(Composition.parse("RbCl"), 10)) == [221, 225]


def test_that_the_excluded_compound_lends_nothing(model, bank):
    alone = fit(RECORDS[:1], {})
    assert (
        prototypes.PrototypeModel(alone, Weights()).decorate(
            Composition.parse("NaCl"), 1, exclude_formulas=frozenset({"NaCl"})
        )
        == []
    )
    kept = model.decorate(Composition.parse("NaCl"), 5, exclude_formulas=frozenset({"NaCl"}))
    exact = next(found for found in model.decorate(Composition.parse("NaCl"), 5) if found.space_group == 225)
    assert exact.crystal.content_hash not in {found.crystal.content_hash for found in kept}


def test_that_the_training_crystal_itself_comes_back_at_its_own_volume(model):
    best = model.decorate(Composition.parse("NaCl"), 1)[0].crystal
    assert best.volume_angstrom3 == pytest.approx(RECORDS[0].crystal.volume_angstrom3, rel=1e-4)


def test_that_a_prototype_named_by_a_part_of_its_name_is_found(model):
    found = model.decorate(Composition.parse("CaTiO3"), 3, prototype="perovskite")
    assert [item.prototype for item in found] == ["(Cubic) Perovskite"]
    assert model.decorate(Composition.parse("CaTiO3"), 3, prototype="spinel") == []


def test_that_a_class_seen_only_far_above_the_hull_is_marked():
    model = prototypes.PrototypeModel(fit([RECORDS[4]], {}), Weights())
    assert model.decorate(Composition.parse("CsI"), 1)[0].above_hull


def test_that_replacing_an_element_keeps_the_stoichiometry_and_brings_the_substitute(model):
    limits = Limits(
        required=frozenset({"Ti", "O"}),
        excluded=frozenset({"Sr"}),
        replaced=(("Sr", frozenset({"Ca", "Ba"})),),
        anonymous=(1, 1, 3),
    )
    ideas = model.ideas(limits, (), 3, near=Composition.parse("SrTiO3"), near_space_group=221)
    assert {idea.formula for idea in ideas} == {"BaTiO3", "CaTiO3"}


def test_that_a_fixed_formula_gives_its_space_groups_only(model):
    ideas = model.ideas(Limits(formula="RbCl"), WIDER, 5)
    assert {idea.formula for idea in ideas} == {"RbCl"}
    assert sorted(idea.space_group for idea in ideas) == [221, 225]


def test_that_a_wider_gap_ranks_the_insulating_relatives_higher(model):
    limits = Limits(required=frozenset({"O"}), num_elements=3, allowed=frozenset({"O", "Sr", "Ca", "Ba", "Ti", "Zr"}))
    plain, wide = ([idea.formula for idea in model.ideas(limits, goals, 20)] for goals in ((), WIDER))
    assert wide.index("CaZrO3") <= plain.index("CaZrO3")
    assert wide.index("CaZrO3") < wide.index("BaTiO3")


def test_that_an_excluded_crystal_system_is_never_proposed(model):
    assert model.ideas(Limits(formula="RbCl", excluded_systems=frozenset({"cubic"})), (), 5) == []


def test_that_formula_units_follow_the_space_group(model):
    assert model.formula_units(Composition.parse("SrTiO3"), 221) == {1: 1.0}
    assert model.formula_units(Composition.parse("Na17Cl3")) == {}


@pytest.mark.parametrize(("formula", "balanced"), [("NaCl", True), ("Na2Cl", False), ("SrTiO3", True), ("NiAl", True)])
def test_that_charges_are_summed_over_common_states(formula, balanced):
    assert is_charge_balanced(Composition.parse(formula)) is balanced


def test_that_chemical_distance_puts_calcium_nearer_to_strontium_than_to_zinc():
    distances = element_distances(Weights())
    ca, sr, zn = (BY_SYMBOL[symbol].number for symbol in ("Ca", "Sr", "Zn"))
    assert distances[ca, sr] < distances[ca, zn]
    assert np.allclose(distances, distances.T)


def test_that_only_slots_of_equal_amount_are_exchanged():
    assert slot_permutations((1, 1, 3)).tolist() == [[0, 1, 2], [1, 0, 2]]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (
            "MgO is Halite, Rock Salt structured and crystallizes in the cubic Fm-3m space group. Mg(1)",
            "Halite, Rock Salt",
        ),
        ("AB is Indium-like structured and crystallizes in the tetragonal I4/mmm space group.", "Indium-like"),
        ("GaTe crystallizes in the hexagonal P6_3/mmc space group. Ga(1)", None),
    ],
)
def test_that_the_prototype_is_read_from_the_first_sentence(text, name):
    assert prototype_name(text) == name


def test_that_a_known_relative_is_matched_and_counted(bank):
    rows = [Record("x", rock_salt("Rb", "Cl", 6.6), 225)]
    for weights in (Weights(), BASELINE):
        assert match_rates(prototypes.PrototypeModel(bank, weights), rows, Given())["match_1"] == 1.0


def test_that_the_learned_distance_is_read_back_and_nought_for_the_compound_itself(bank, tmp_path, monkeypatch):
    monkeypatch.setattr(prototypes_metric, "_ROWS_IN_STEP", 1)  # eight crystals would not fill a step
    families = [lookups(bank, family, own_compounds(bank, family)) for family in bank.families.values()]
    net, loss = train(families, families, epochs=2, seed=0)
    untrained = loss_on(MetricNet(torch.Generator().manual_seed(0)), families)
    assert loss < untrained
    metric = net.exported(Weights())
    metric.save(tmp_path / "metric.npz")
    family = bank.families[(1, 1)]
    read = Metric.load(tmp_path / "metric.npz")
    cost, _ = read.substitutions(family, family.elements[0])
    assert cost[0] == pytest.approx(0, abs=1e-9)
    assert np.all(cost[1:] > 0)
    np.testing.assert_allclose(cost, metric.substitutions(family, family.elements[0])[0])


def test_that_the_card_says_how_the_distance_was_learned_until_the_library_is_fitted_anew(tmp_path, monkeypatch):
    monkeypatch.setattr(prototypes_metric, "_ROWS_IN_STEP", 1)
    (tmp_path / "crystals").mkdir()
    lines = [
        json.dumps({"id": one.identifier, "spacegroup": one.space_group, **one.crystal.to_dict()}) for one in RECORDS
    ]
    for split in ("train", "val"):
        (tmp_path / "crystals" / f"{split}.jsonl.gz").write_bytes(gzip.compress("\n".join(lines).encode()))
    options = ("--data", str(tmp_path), "--card", str(tmp_path / "card"))
    (tmp_path / "card").mkdir()
    told = []
    for action in (("fit",), ("metric", "--epochs", "1", "--seed", "3"), ("evaluate", "--limit", "1"), ("fit",)):
        stage.main([*action, *options])
        told.append(tomllib.loads((tmp_path / "card" / "model.toml").read_text())["provenance"])
    learned = {"metric_epochs": 1, "metric_seed": 3, "metric_val_loss_nats": told[1]["metric_val_loss_nats"]}
    found = [{name: one[name] for name in one if name.startswith("metric_")} for one in told]
    assert found == [{}, learned, learned, {}]
    assert told[1]["metric_val_loss_nats"] > 0
    assert "val" in told[2]["metrics"]
