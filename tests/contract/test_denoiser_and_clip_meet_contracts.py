"""The denoiser and Crystal CLIP keep the promises of their ports, whatever their weights."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from aligner_contract import AlignerContract
from contract_crystals import perovskite, rock_salt
from sampler_contract import SamplerContract, noise, parent, request

from crystal_studio.domain.candidate import Start
from crystal_studio.domain.errors import Unavailable, UserCorrectable
from crystal_studio.engines.alignment import crystal_clip
from crystal_studio.engines.fake import FakeContext
from crystal_studio.engines.nets.clip_net import CrystalClip
from crystal_studio.engines.nets.configurations import CLIPS, DENOISERS
from crystal_studio.engines.nets.denoiser_net import DenoiserNet
from crystal_studio.engines.nets.tokenizer import Tokenizer
from crystal_studio.engines.sampling import denoiser
from crystal_studio.engines.sampling.denoiser_frames import FrameMaker
from crystal_studio.ports.sampler import SampleRequest, StartState
from crystal_studio.training.export import CARD, Provenance, export_clip, export_denoiser
from crystal_studio.training.loop import BEST

TEXTS = ["NaCl crystallizes in the cubic Fm-3m space group.", "SrTiO3 is (Cubic) Perovskite structured"]
PROVENANCE = Provenance(rows=2, data_sha256="0" * 64, seed=0, configuration="tiny")
torch.set_num_threads(1)


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Untrained weights of the tiny configuration, exported as a trained run would be."""
    folder = tmp_path_factory.mktemp("registry")
    torch.manual_seed(0)
    tokenizer, clip = Tokenizer.fit(TEXTS, minimum=1, max_tokens=24), CrystalClip(CLIPS["tiny"])
    for name, model in (("clip", clip), ("denoiser", DenoiserNet(DENOISERS["tiny"]))):
        (folder / name).mkdir()
        best = {"weights": model.state_dict(), "step": 0, "seconds": 0.0, "figures": {"loss": 1.0}}
        torch.save(best, folder / name / BEST)
    export_clip(folder / "clip", CLIPS["tiny"], tokenizer, folder / "aligner", PROVENANCE)
    export_denoiser(
        folder / "denoiser", DENOISERS["tiny"], clip, tokenizer, folder / "sampler", replace(PROVENANCE, version="2")
    )
    return folder


@pytest.fixture(scope="module")
def sampler(registry: Path) -> denoiser.DenoiserSampler:
    return denoiser.create(registry / "sampler", {"device": "cpu", "steps": 4})


class TestDenoiserSampler(SamplerContract):
    @pytest.fixture
    def subject(self, sampler):
        return sampler


class TestCrystalClipAligner(AlignerContract):
    @pytest.fixture
    def subject(self, registry):
        return crystal_clip.create(registry / "aligner", {"device": "cpu"})


def test_that_a_card_has_the_version_it_was_exported_with(registry):
    versions = {name: tomllib.loads((registry / name / CARD).read_text()) for name in ("aligner", "sampler")}
    assert {name: card["version"] for name, card in versions.items()} == {"aligner": "1", "sampler": "2"}
    assert not any("version" in card["provenance"] for card in versions.values())


def test_that_the_score_hardly_depends_on_the_choice_of_cell(registry):
    aligner = crystal_clip.create(registry / "aligner", {"device": "cpu"})
    salt = rock_salt()
    change = np.array([[1, 1, 0], [0, 1, 0], [0, 1, 1]])
    other = type(salt)(change @ salt.lattice, salt.species, salt.frac_coords @ np.linalg.inv(change) + 0.2)
    assert aligner.score(TEXTS[0], [other]) == pytest.approx(aligner.score(TEXTS[0], [salt]), abs=5e-3)


def test_that_a_vanishing_strength_returns_the_very_parent(sampler):
    state = parent(("Sr", "Ti", "O", "O", "O"), strength=1e-6)
    (drawn,) = sampler.sample(request(state), FakeContext())
    assert drawn.content_hash == perovskite().content_hash


def test_that_a_replaced_element_changes_even_at_a_vanishing_strength(sampler):
    state = parent((None, "Ti", "O", "O", "O"), strength=1e-6, allowed=frozenset({"Ca", "Ba"}))
    (drawn,) = sampler.sample(request(state), FakeContext())
    assert drawn.species[0] in {"Ca", "Ba"}
    assert drawn.species[1:] == ("Ti", "O", "O", "O")


def test_that_one_seed_gives_the_same_bytes(sampler):
    ask = request(noise(), parent(("Sr", "Ti", None, None, None)), text=TEXTS[0])
    first, second = (sampler.sample(ask, FakeContext()) for _ in range(2))
    for one, other in zip(first, second, strict=True):
        assert one.lattice.tobytes() == other.lattice.tobytes()
        assert one.frac_coords.tobytes() == other.frac_coords.tobytes()


def test_that_watching_changes_no_number(sampler, monkeypatch):
    ask = request(noise(), parent(("Sr", "Ti", None, None, None), strength=0.5), text=TEXTS[0])
    watched = sampler.sample(ask, FakeContext())
    monkeypatch.setattr(FrameMaker, "is_due", lambda self, step, steps: False)
    unwatched = sampler.sample(ask, FakeContext())
    for one, other in zip(watched, unwatched, strict=True):
        assert one.lattice.tobytes() == other.lattice.tobytes()
        assert one.frac_coords.tobytes() == other.frac_coords.tobytes()
        assert one.species == other.species


def test_that_an_atom_without_an_element_shows_the_old_one_or_one_that_it_may_become(sampler):
    context = FakeContext()
    states = (parent((None, "Ti", "O", "O", "O"), allowed=frozenset({"Ba"})), noise(allowed=frozenset({"O", "Mg"})))
    sampler.sample(request(*states), context)
    first, second = next(payload for kind, payload in context.partials if kind == "frames")
    assert first.crystal.species == ("Sr", "Ti", "O", "O", "O")
    assert set(second.crystal.species) == {"O"}


def test_that_frames_of_a_start_are_in_the_cell_choice_of_the_start(sampler):
    context = FakeContext()
    cell = perovskite()
    sheared = np.array([[1.0, 0, 0], [1, 1, 0], [0, 1, 1]])
    start = type(cell)(sheared @ cell.lattice, cell.species, cell.frac_coords @ np.linalg.inv(sheared))
    state = StartState(Start.PROTOTYPE, "sheared", start, 5, start.species, strength=0.01)
    sampler.sample(request(state), context)
    for (frame,) in (payload for kind, payload in context.partials if kind == "frames"):
        assert np.allclose(frame.crystal.lengths_angstrom, start.lengths_angstrom, rtol=0.15)


def test_that_a_start_of_another_size_is_refused(sampler):
    state = StartState(Start.PARENT, "parent", perovskite(), 6, (None,) * 6, strength=0.5)
    with pytest.raises(UserCorrectable, match="5 atoms"):
        sampler.sample(request(state), FakeContext())


def test_that_masks_without_any_element_are_refused(sampler):
    state = noise(allowed=frozenset({"O"}), excluded=frozenset({"O"}))
    with pytest.raises(UserCorrectable, match="No element is left"):
        sampler.sample(request(state), FakeContext())


def test_that_an_impossible_number_of_steps_is_refused(sampler):
    with pytest.raises(UserCorrectable, match="steps"):
        sampler.sample(SampleRequest("", [noise()], 1, steps=0), FakeContext())


def test_that_a_folder_without_weights_is_unavailable(tmp_path):
    for create in (denoiser.create, crystal_clip.create):
        with pytest.raises(Unavailable, match="Install it again"):
            create(tmp_path, {})
