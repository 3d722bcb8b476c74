"""The band-gap predictor: neighbours, features that no choice of cell changes, training and calibration."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from crystal_studio.domain.composition import Composition
from crystal_studio.domain.crystal import Crystal
from crystal_studio.domain.errors import Unavailable
from crystal_studio.engines.predictors import band_gap
from crystal_studio.engines.predictors.composition_features import composition_features
from crystal_studio.engines.predictors.geometry_features import CUTOFF_ANGSTROM, crystal_features
from crystal_studio.engines.predictors.neighbours import neighbours_of
from crystal_studio.training.bandgap_export import export
from crystal_studio.training.bandgap_fit import Samples, evaluate, train

FACE_CENTRED = np.array([[0.0, 0.5, 0.5], [0.5, 0.0, 0.5], [0.5, 0.5, 0.0]])
SALT = Crystal(FACE_CENTRED * 5.64, ("Na", "Cl"), np.array([[0.0, 0.0, 0.0], [0.5, 0.5, 0.5]]))
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


def samples(count: int, seed: int) -> Samples:
    draws = np.random.default_rng(seed)
    features = draws.normal(size=(count, 50)).astype(np.float32)
    gaps = np.maximum(features[:, 0] + 0.5 * features[:, 1], 0).astype(np.float32)
    return Samples(features, gaps, np.full(count, 4))


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bandgap")
    train(samples(1500, 0), samples(400, 1), folder, members=1, epochs=12)
    return folder


def test_that_training_learns_a_simple_rule_and_is_calibrated(trained):
    figures = evaluate(samples(400, 2), trained)
    assert figures["mae_ev"] < 0.25
    assert 0.55 < figures["coverage_68"] < 0.85
    assert figures["in_distribution"] > 0.9


def test_that_something_far_from_the_training_set_is_marked(trained):
    far = Samples(samples(50, 3).features * 30, samples(50, 3).gaps, np.full(50, 4))
    assert evaluate(far, trained)["in_distribution"] < 0.5


def test_that_an_exported_folder_loads_as_its_card_says(trained, tmp_path):
    import tomllib

    figures = evaluate(samples(100, 4), trained)
    export(trained, tmp_path / "gap", {"val": figures}, 2000, ["Na", "Cl"])
    card = tomllib.loads((tmp_path / "gap" / "model.toml").read_text(encoding="utf-8"))
    predictor = band_gap.create(tmp_path / "gap", card["options"])
    assert predictor.quantity == "band_gap"
    assert card["provenance"]["metrics"]["val"]["n"] == 100


def test_that_missing_weights_are_unavailable(tmp_path):
    with pytest.raises(Unavailable, match="Restore"):
        band_gap.create(tmp_path, {})
