"""The property predictor: neighbours, features that no choice of cell changes, training and calibration."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import numpy as np
import pytest
import torch

from crystal_studio.domain.composition import Composition
from crystal_studio.domain.crystal import Crystal
from crystal_studio.domain.errors import Unavailable
from crystal_studio.engines.predictors import properties
from crystal_studio.engines.predictors.composition_features import composition_features
from crystal_studio.engines.predictors.geometry_features import CUTOFF_ANGSTROM, crystal_features
from crystal_studio.engines.predictors.neighbours import neighbours_of
from crystal_studio.engines.predictors.property_network import QUANTITIES, Estimate, interval
from crystal_studio.registry.card_file import read_card
from crystal_studio.training.properties_calibrate import assemble, calibration, distorted_marked, evaluate
from crystal_studio.training.properties_data import Samples, load, prepare, save
from crystal_studio.training.properties_export import Training, export
from crystal_studio.training.properties_familiar import distorted
from crystal_studio.training.properties_fit import MemberTrainer, loss_of, train

FACE_CENTRED = np.array([[0.0, 0.5, 0.5], [0.5, 0.0, 0.5], [0.5, 0.5, 0.0]])
SALT = Crystal(FACE_CENTRED * 5.64, ("Na", "Cl"), np.array([[0.0, 0.0, 0.0], [0.5, 0.5, 0.5]]))
SHIPPED = Path(__file__).parents[2] / "models_registry" / "predictor" / "properties-mp"
SKEW = np.array([[1, 2, 0], [0, 1, -1], [0, 0, 1]])
torch.set_num_threads(1)


def in_another_cell(crystal: Crystal) -> Crystal:
    return Crystal(SKEW @ crystal.lattice, crystal.species, crystal.frac_coords @ np.linalg.inv(SKEW) + 0.3)


def doubled(crystal: Crystal) -> Crystal:
    frac = np.vstack([crystal.frac_coords, np.add(crystal.frac_coords, [0, 0, 1])]) / [1, 1, 2]
    return Crystal(np.diag([1, 1, 2]) @ crystal.lattice, crystal.species * 2, frac)


def test_that_rock_salt_has_six_nearest_and_twelve_next_neighbours():
    found = neighbours_of(SALT, 4.5)
    near = found.distance_angstrom[found.centre == 0]
    assert np.isclose(near, 2.82).sum() == 6
    assert np.isclose(near, 2.82 * np.sqrt(2)).sum() == 12


def test_that_every_pair_is_found_from_both_ends():
    found = neighbours_of(in_another_cell(SALT), 6.0)
    assert np.bincount(found.centre).tolist() == np.bincount(found.neighbour).tolist()
    assert np.allclose(np.linalg.norm(found.direction, axis=1), 1.0)


@pytest.mark.parametrize("change", [in_another_cell, doubled])
def test_that_features_do_not_change_with_the_choice_of_cell(change):
    assert np.allclose(crystal_features(change(SALT)), crystal_features(SALT), atol=1e-6)


def test_that_polymorphs_differ_in_geometry_only():
    caesium_chloride = Crystal(np.eye(3) * 3.5, ("Na", "Cl"), np.array([[0.0, 0.0, 0.0], [0.5, 0.5, 0.5]]))
    first, second = crystal_features(SALT), crystal_features(caesium_chloride)
    same = len(composition_features(Composition.parse("NaCl")))
    assert np.array_equal(first[:same], second[:same])
    assert np.abs(first[same:] - second[same:]).max() > 0.1


def test_that_a_small_displacement_changes_features_a_little():
    moved = Crystal(SALT.lattice, SALT.species, np.add(SALT.frac_coords, [[0, 0, 0], [1e-5, 0, 0]]))
    assert np.abs(crystal_features(moved) - crystal_features(SALT)).max() < 1e-2


def test_that_an_atom_alone_within_the_cutoff_still_has_features():
    lonely = Crystal(np.eye(3) * (2 * CUTOFF_ANGSTROM), ("Na",), np.zeros((1, 3)))
    assert np.isfinite(crystal_features(lonely)).all()


# Losses of the ten steps of `test_that_the_first_ten_losses_are_the_stored_ones`; a refactor must not move them.
TEN_LOSSES = (9.97028, 8.93787, 8.57662, 8.93062, 9.00230, 8.51390, 7.97688, 8.51467, 8.12893, 8.14269)


def samples(count: int, seed: int) -> Samples:
    """Made-up crystals whose three targets follow simple rules of the features, a few of them unknown."""
    draws = np.random.default_rng(seed)
    features = draws.normal(size=(count, 50)).astype(np.float32)
    gaps = np.maximum(features[:, 0] + 0.5 * features[:, 1], 0)
    formation = -1.5 + 0.7 * features[:, 2]
    hull = 0.05 * np.maximum(features[:, 3], 0)
    targets = np.stack([gaps, formation, hull], axis=1).astype(np.float32)
    targets[::7, 0], targets[3::11, 1:] = np.nan, np.nan
    return Samples(features, targets, np.full(count, 4), gaps.astype(np.float32))


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("properties")
    fitted, selected = samples(1500, 0), samples(400, 1)
    train(fitted, selected, folder, members=2, epochs=14)
    assemble(fitted, selected, samples(600, 6).features * 2.5, folder)
    return folder


def test_that_training_learns_simple_rules_and_is_calibrated(trained):
    figures = evaluate(samples(400, 2), trained)
    assert figures["band_gap"]["mae"] < 0.25
    assert figures["formation_energy"]["mae"] < 0.25
    assert figures["e_above_hull"]["mae"] < 0.012
    for quantity in QUANTITIES:
        # Half of the gaps and hull energies are zero, which any sigma covers.
        assert 0.6 < figures[quantity]["coverage_68"] < (0.77 if quantity == "formation_energy" else 0.9)
        assert 0.55 < figures[quantity]["coverage_68_of_unsure_half"] < 0.8
        assert 0.91 < figures[quantity]["coverage_95"] < 0.995
    assert figures["band_gap"]["in_distribution"] > 0.9
    assert figures["band_gap"]["megnet_gap_n"] == 400


def test_that_a_finished_member_is_not_trained_again(trained, monkeypatch):
    monkeypatch.setattr(MemberTrainer, "run", lambda *arguments: pytest.fail("it is there already"))
    before = (trained / "member-0.safetensors").read_bytes()
    train(samples(1500, 0), samples(400, 1), trained, members=2, epochs=14)
    assert (trained / "member-0.safetensors").read_bytes() == before


def test_that_something_far_from_the_training_set_is_marked(trained):
    far, near = samples(50, 3), samples(50, 3)
    figures = evaluate(Samples(far.features * 30, far.targets, far.sizes, far.megnet_gaps), trained)
    assert distorted_marked(far.features * 30, trained) > 0.5
    assert figures["band_gap"]["in_distribution"] < 0.5 < evaluate(near, trained)["band_gap"]["in_distribution"]


def test_that_intervals_of_long_tailed_errors_hold_what_they_promise():
    draws = np.random.default_rng(0)
    scale = draws.uniform(0.05, 0.5, 4000)
    values = np.full(4000, -1.0)
    targets = (values + scale**2 * draws.standard_t(2, 4000)).astype(np.float32)
    fitted = calibration(Estimate(values[:2000], scale[:2000]), targets[:2000])
    found = interval("formation_energy", Estimate(values[2000:], scale[2000:]), *fitted)
    error = np.abs(targets[2000:] - found.value)
    assert abs((error <= found.sigma).mean() - 0.68) < 0.04
    assert abs(((targets[2000:] >= found.low) & (targets[2000:] <= found.high)).mean() - 0.95) < 0.02
    assert (error <= 1.96 * found.sigma).mean() < 0.93
    surest = scale[2000:] < np.quantile(scale[2000:], 0.25)
    assert abs((error <= found.sigma)[surest].mean() - 0.68) < 0.07


@pytest.mark.parametrize("quantity", QUANTITIES)
def test_that_an_interval_holds_its_value_and_stays_physical(quantity):
    estimate = Estimate(np.array([0.0, 0.1, 2.0]), np.array([0.3, 1.0, 0.1]))
    found = interval(quantity, estimate, np.array([-1.0, 1.0]), np.array([[0.8, 2.5], [1.0, 3.0]]))
    assert (found.low <= found.value).all()
    assert (found.value <= found.high).all()
    assert (found.sigma > 0).all()
    if quantity != "formation_energy":
        assert (found.low >= 0).all()


def test_that_the_first_ten_losses_are_the_stored_ones():
    fitted = samples(640, 5)
    trainer = MemberTrainer((torch.from_numpy(fitted.features), torch.from_numpy(fitted.targets)), 11, 4)
    losses: list[float] = []
    while len(losses) < 10:
        trainer.epoch(losses.append)
    assert losses[:10] == pytest.approx(TEN_LOSSES, rel=2e-4)


def test_that_unknown_targets_do_not_move_the_loss():
    outputs = torch.randn(6, 7, generator=torch.Generator().manual_seed(0))
    targets = torch.tensor([[1.0, -1.0, 0.1], [0.0, -2.0, 0.0]] + [[torch.nan] * 3] * 4)
    assert float(loss_of(outputs, targets)) == pytest.approx(float(loss_of(outputs[:2], targets[:2])), rel=1e-6)


def test_that_an_exported_folder_loads_as_its_card_says(trained, tmp_path):
    figures = evaluate(samples(100, 4), trained)
    folder = tmp_path / "predictor" / "gap"
    export(trained, folder, {"val": figures}, Training((1500, 1400, 1400), 84, ("Na", "Cl"), 14, 2, 0.8))
    card = read_card(folder / "model.toml")
    model = properties.create(folder, card.options)
    assert model.quantities == QUANTITIES == tuple(card.options["quantities"])
    assert card.provenance["metrics"]["val"]["band_gap"]["n"] == figures["band_gap"]["n"]
    with pytest.raises(Unavailable, match="not 'colour'"):
        model.predictor("colour")


def test_that_missing_weights_are_unavailable(tmp_path):
    with pytest.raises(Unavailable, match="Restore"):
        properties.create(tmp_path, {})


def test_that_features_are_computed_once_for_all_quantities(monkeypatch):
    counted = []
    monkeypatch.setattr(properties, "crystal_features", lambda one: counted.append(one) or crystal_features(one))
    model = properties.create(SHIPPED, read_card(SHIPPED / "model.toml").options)
    values = [model.predictor(quantity).predict([SALT])[0].value for quantity in QUANTITIES]
    assert len(counted) == 1
    assert len(set(values)) == 3


def test_that_distorted_copies_keep_the_number_of_atoms_and_differ_from_their_originals():
    fluoride = Crystal(np.eye(3) * 4.0, ("Cs", "F", "F"), np.array([[0, 0, 0], [0.5, 0.5, 0.5], [0.5, 0, 0]]))
    originals = [SALT, fluoride] * 6
    copies = list(distorted(originals, np.random.default_rng(0)))
    assert [len(copy) for copy in copies] == [len(one) for one in originals]
    differences = [
        np.abs(crystal_features(c) - crystal_features(o)).max() for c, o in zip(copies, originals, strict=True)
    ]
    assert min(differences) > 0.01


def test_that_prepared_samples_read_back_and_are_not_computed_twice(tmp_path):
    rows = [
        {
            "id": "a",
            **SALT.to_dict(),
            "band_gap": 5.0,
            "e_above_hull": 0.0,
            "formation_energy": -2.0,
            "megnet_gap": 5.1,
        },
        {"id": "b", **SALT.to_dict(), "band_gap": 4.0},
        {"id": "c", **SALT.to_dict()},
    ]
    (tmp_path / "crystals").mkdir()
    for split in ("train", "val", "test", "megnet_test"):
        with gzip.open(tmp_path / "crystals" / f"{split}.jsonl.gz", "wt", encoding="utf-8") as lines:
            lines.writelines(json.dumps(row) + "\n" for row in rows)
    prepare(tmp_path, tmp_path / "out")
    found = load(tmp_path / "out", "test")
    assert np.array_equal(found.targets, np.array([[5, -2, 0], [4, np.nan, np.nan]], np.float32), equal_nan=True)
    assert np.array_equal(found.megnet_gaps, np.array([5.1, np.nan], np.float32), equal_nan=True)
    save(samples(5, 0), tmp_path / "out" / "test.npz")
    prepare(tmp_path, tmp_path / "out")
    assert len(load(tmp_path / "out", "test")) == 5
