"""The relaxer: safe loading, silence, crystals it cannot treat."""

from __future__ import annotations

import math
import tomllib
from pathlib import Path

import numpy as np
import pytest
import torch

from crystal_studio.domain.crystal import Crystal
from crystal_studio.domain.errors import Unavailable, UserCorrectable
from crystal_studio.engines.fake import FakeContext
from crystal_studio.engines.predictors import chgnet_relaxer

pytest.importorskip("chgnet", reason="install chgnet to relax crystals")
CARD = tomllib.loads(
    (Path(__file__).parents[2] / "models_registry" / "relaxer" / "chgnet-0.3.0" / "model.toml").read_text("utf-8")
)
SALT = Crystal(np.eye(3) * 5.64, ("Na", "Cl"), np.array([[0.0, 0.0, 0.0], [0.5, 0.5, 0.5]])).scaled_to(45.0)
LONELY = Crystal(np.eye(3) * 15.0, ("Na",), np.zeros((1, 3)))
torch.set_num_threads(1)


@pytest.fixture(scope="module")
def relaxer() -> chgnet_relaxer.ChgnetRelaxer:
    return chgnet_relaxer.create(Path(), CARD["options"])


def test_that_weights_with_another_hash_are_refused_before_they_are_read():
    relaxer = chgnet_relaxer.create(Path(), {**CARD["options"], "sha256": "0" * 64})
    with pytest.raises(Unavailable, match="not the expected file"):
        relaxer.energies([SALT])


def test_that_missing_weights_are_unavailable():
    relaxer = chgnet_relaxer.create(Path(), {**CARD["options"], "weights": "absent.pth.tar"})
    with pytest.raises(Unavailable, match="missing"):
        relaxer.energies([SALT])


def test_that_an_atom_without_neighbours_never_ranks_first(relaxer):
    energies = relaxer.energies([LONELY, SALT])
    assert energies[0] == math.inf
    assert math.isfinite(energies[1])


def test_that_relaxing_an_atom_without_neighbours_is_refused_with_advice(relaxer):
    with pytest.raises(UserCorrectable, match="denser"):
        relaxer.relax(LONELY, 3, FakeContext())


def test_that_nothing_is_printed_and_no_file_is_left_behind(relaxer, capfd, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    fresh = chgnet_relaxer.create(Path(), CARD["options"])
    fresh.relax(SALT, 2, FakeContext())
    assert capfd.readouterr() == ("", "")
    assert list(tmp_path.iterdir()) == []


def test_that_each_step_reports_progress(relaxer):
    context = FakeContext()
    relaxer.relax(SALT, 3, context)
    assert [report.fraction for report in context.reports][-1] == 1.0


def test_that_energy_forces_and_stress_are_chgnets_own(relaxer):
    from ase import units
    from pymatgen.core import Lattice, Structure

    frac = np.array([[0.0, 0.02, 0.0], [0.5, 0.5, 0.47]])
    crystal = Crystal(SALT.lattice @ (np.eye(3) + np.diag([0.03, -0.02], 1)), SALT.species, frac)
    relaxer.energies([crystal])  # loads the potential
    energy, forces, stress = relaxer._potential.evaluate(crystal)
    net = relaxer._potential._model
    own = net.predict_structure(Structure(Lattice(crystal.lattice), list(crystal.species), frac), task="efs")
    assert energy == pytest.approx(2 * float(own["e"]), abs=1e-5)
    assert np.abs(forces).max() > 0.01
    np.testing.assert_allclose(forces, own["f"], atol=1e-4)
    np.testing.assert_allclose(stress, own["s"] * units.GPa, atol=1e-5)
