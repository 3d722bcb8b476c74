"""Crystal CLIP: its loss, its training and its port."""

from __future__ import annotations

import pytest
import torch

from crystal_studio.engines.nets.clip_net import CrystalClip, contrastive_loss
from crystal_studio.engines.nets.configurations import CLIPS

torch.set_num_threads(1)


def unit(count: int, seed: int) -> torch.Tensor:
    return torch.nn.functional.normalize(torch.randn(count, 8, generator=torch.Generator().manual_seed(seed)), dim=-1)


def test_that_the_contrastive_loss_is_the_same_with_texts_and_crystals_exchanged():
    text, crystal, scale = unit(6, 0), unit(6, 1), torch.tensor(10.0)
    assert contrastive_loss(text, crystal, scale) == pytest.approx(float(contrastive_loss(crystal, text, scale)))


def test_that_matching_pairs_cost_less_than_shuffled_ones():
    text, scale = unit(6, 0), torch.tensor(10.0)
    assert contrastive_loss(text, text, scale) < contrastive_loss(text, text.roll(1, 0), scale)


def test_that_an_offered_distorted_copy_raises_the_loss():
    text, scale = unit(6, 0), torch.tensor(10.0)
    assert contrastive_loss(text, text, scale, text[:3]) > contrastive_loss(text, text, scale)


def test_that_both_halves_give_unit_vectors():
    torch.manual_seed(0)
    model = CrystalClip(CLIPS["tiny"]).eval()
    mask = torch.ones(2, 3, dtype=torch.bool)
    crystal = model.encode_crystal(torch.full((2, 3), 8), torch.rand(2, 3, 3), 4 * torch.eye(3).expand(2, 3, 3), mask)
    text = model.encode_text(torch.tensor([[2, 5, 0], [2, 6, 7]]))
    for vectors in (crystal, text):
        assert torch.allclose(vectors.norm(dim=-1), torch.ones(2), atol=1e-5)


def test_that_padding_a_text_changes_no_vector():
    torch.manual_seed(0)
    model = CrystalClip(CLIPS["tiny"]).eval()
    short, long = model.encode_text(torch.tensor([[2, 5]])), model.encode_text(torch.tensor([[2, 5, 0, 0]]))
    assert torch.allclose(short, long, atol=1e-5)
