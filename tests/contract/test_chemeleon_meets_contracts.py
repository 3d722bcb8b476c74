"""An imported Chemeleon keeps the promises of the ports, whatever its weights."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from aligner_contract import AlignerContract
from chemeleon_checkpoint import STEPS, clip_checkpoint, denoiser_checkpoint, write_word_pieces
from contract_crystals import perovskite
from sampler_contract import SamplerContract, noise, parent, request

from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.domain.model_card import ModelKind
from crystal_studio.engines.alignment import chemeleon_clip
from crystal_studio.engines.devices import checkpoint_reader
from crystal_studio.engines.fake import FakeContext
from crystal_studio.engines.sampling import chemeleon
from crystal_studio.engines.sampling.chemeleon_import import main, take_in
from crystal_studio.ports.sampler import SampleRequest
from crystal_studio.registry import FolderCatalog

torch.set_num_threads(1)


def converted(folder: Path, checkpoint: dict) -> Path:
    """A checkpoint as the converter leaves it, with the word pieces beside it."""
    folder.mkdir(parents=True)
    torch.save(checkpoint, folder / "source.ckpt")
    checkpoint_reader.read(folder / "source.ckpt", folder)
    write_word_pieces(folder)
    return folder


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("registry")
    take_in(converted(folder / ".converted" / "denoiser", denoiser_checkpoint()), folder / "denoiser" / "chemeleon")
    take_in(converted(folder / ".converted" / "clip", clip_checkpoint()), folder / "aligner" / "chemeleon-clip")
    return folder


@pytest.fixture(scope="module")
def sampler(registry: Path) -> chemeleon.ChemeleonSampler:
    return chemeleon.create(registry / "denoiser" / "chemeleon", {"device": "cpu"})


class TestChemeleonSampler(SamplerContract):
    @pytest.fixture
    def subject(self, sampler):
        return sampler


class TestChemeleonAligner(AlignerContract):
    @pytest.fixture
    def subject(self, registry):
        return chemeleon_clip.create(registry / "aligner" / "chemeleon-clip", {"device": "cpu"})


def test_that_the_catalogue_verifies_and_loads_what_was_imported(registry):
    catalog = FolderCatalog([registry])
    denoiser, aligner = (catalog.default(kind) for kind in (ModelKind.DENOISER, ModelKind.ALIGNER))
    assert isinstance(catalog.load(denoiser), chemeleon.ChemeleonSampler)
    assert catalog.load(aligner).score("NaCl, cubic", [perovskite()])[0] == pytest.approx(
        catalog.load(aligner).score("nacl, cubic", [perovskite()])[0]
    )


def test_that_all_the_published_steps_can_be_taken(sampler):
    (drawn,) = sampler.sample(SampleRequest("NaCl, cubic", (noise(("Na", "Cl")),), 1), FakeContext())
    assert drawn.species == ("Na", "Cl")
    assert np.isfinite(drawn.lattice).all()


def test_that_the_text_and_its_weight_change_what_is_drawn(sampler):
    drawn = [
        sampler.sample(request(noise(("Na", "Cl")), text=text), FakeContext())[0].content_hash
        for text in ("", "NaCl, cubic", "SrTiO3 crystal")
    ]
    assert len(set(drawn)) == 3


def test_that_a_start_without_noise_comes_back_as_it_is(sampler):
    state = parent(("Sr", "Ti", "O", "O", "O"), strength=0.0)
    assert sampler.sample(request(state), FakeContext())[0].content_hash == perovskite().content_hash


def test_that_the_upright_cell_has_the_same_lengths_and_angles_and_three_zeros():
    lattice = torch.randn(5, 3, 3) + 4 * torch.eye(3)
    upright = chemeleon.upright(lattice)
    assert torch.allclose(upright @ upright.transpose(1, 2), lattice @ lattice.transpose(1, 2), atol=1e-4)
    assert float(upright[:, [0, 2, 2], [1, 0, 1]].abs().max()) == 0
    assert bool((upright[:, [0, 1, 2], [0, 1, 2]] > 0).all())


def test_that_more_steps_than_trained_are_refused(sampler):
    with pytest.raises(UserCorrectable, match=f"Choose 1 to {STEPS}"):
        sampler.sample(SampleRequest("", (noise(),), 1, steps=STEPS + 1), FakeContext())


def test_that_a_missing_vocabulary_is_asked_for_by_name(tmp_path, capsys):
    folder = converted(tmp_path / "converted", clip_checkpoint())
    (folder / "vocab.txt").unlink()
    assert main([str(folder), str(tmp_path / "model")]) == 2
    assert "vocab.txt" in capsys.readouterr().err
    assert not (tmp_path / "model").exists()


def test_that_another_vocabulary_is_refused(tmp_path):
    folder = converted(tmp_path / "converted", clip_checkpoint())
    (folder / "vocab.txt").write_text("[PAD]\nword\n", encoding="utf-8")
    with pytest.raises(UserCorrectable, match="not the vocabulary of this checkpoint"):
        take_in(folder, tmp_path / "model")


@pytest.mark.parametrize("setting", [{"edge_style": "knn"}, {"ip": False}, {"smooth": True}])
def test_that_a_network_that_was_never_published_is_refused_by_its_setting(tmp_path, setting):
    folder = converted(tmp_path / "converted", clip_checkpoint(**setting))
    with pytest.raises(UserCorrectable, match=next(iter(setting))):
        take_in(folder, tmp_path / "model")


def test_that_a_checkpoint_of_something_else_is_refused_with_the_missing_weight(tmp_path):
    folder = converted(tmp_path / "converted", {"state_dict": {"weight": torch.ones(2)}})
    with pytest.raises(UserCorrectable, match="is missing"):
        take_in(folder, tmp_path / "model")


@pytest.mark.parametrize(
    "name",
    ["decoder.csp_layer_1.node_mlp.2.weight", "sigma_scheduler.sigmas", "text_encoder.clip_model.text_proj.1.bias"],
)
def test_that_a_weight_that_does_not_fit_the_others_is_refused_before_anything_is_written(tmp_path, name):
    checkpoint = denoiser_checkpoint()
    checkpoint["state_dict"][name] = torch.randn(7)
    folder = converted(tmp_path / "converted", checkpoint)
    with pytest.raises(UserCorrectable, match=r"does not fit|not of one length"):
        take_in(folder, tmp_path / "models" / "model")
    assert list((tmp_path / "models").iterdir()) == []


def test_that_the_shared_weights_of_a_denoiser_are_stored_once(tmp_path):
    folder = converted(tmp_path / "converted", denoiser_checkpoint())
    same_as = json.loads((folder / "hyperparameters.json").read_text())["same_as"]
    assert len([name for name in same_as if name.startswith("text_encoder.")]) > 10
