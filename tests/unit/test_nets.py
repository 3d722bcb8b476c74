"""The networks: exact splitting, symmetries of crystals, sizes."""

from __future__ import annotations

import pytest
import torch

from crystal_studio.engines.nets.configurations import (
    CLIPS,
    DENOISERS,
    clip_from_dict,
    clip_to_dict,
    denoiser_from_dict,
    denoiser_to_dict,
)
from crystal_studio.engines.nets.cspnet import LATTICE_FEATURES, SplitEdgeLayer
from crystal_studio.engines.nets.denoiser_net import DenoiserNet, Prediction
from crystal_studio.engines.nets.embeddings import element_table, periodic_features, sinusoidal_time

torch.set_num_threads(1)


@pytest.fixture
def net() -> DenoiserNet:
    torch.manual_seed(0)
    return DenoiserNet(DENOISERS["tiny"]).eval()


def batch(seed: int = 0, atoms: tuple[int, ...] = (5, 3)) -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    width = max(atoms)
    mask = torch.arange(width)[None] < torch.tensor(atoms)[:, None]
    lattice = 4.0 * torch.eye(3) + 0.3 * torch.randn(len(atoms), 3, 3, generator=generator)
    return {
        "species_BN": torch.randint(1, 90, mask.shape, generator=generator) * mask,
        "frac_BN3": torch.rand(*mask.shape, 3, generator=generator) * mask[..., None],
        "lattice_B33": 0.5 * (lattice + lattice.transpose(1, 2)),
        "mask_BN": mask,
        "time_B": torch.full((len(atoms),), 0.3),
        "text_BT": torch.randn(len(atoms), 32, generator=generator),
        "has_text_B": torch.tensor([True, False]),
    }


def assert_close(first: Prediction, second: Prediction) -> None:
    for one, other in zip(vars(first).values(), vars(second).values(), strict=True):
        assert torch.allclose(one, other, atol=1e-4)


def test_that_the_split_edge_layer_equals_one_linear_layer_over_the_joined_features():
    torch.manual_seed(1)
    layer = SplitEdgeLayer(hidden=6, edge_features=5, out=7)
    node, lattice, edge = torch.randn(2, 4, 6), torch.randn(2, LATTICE_FEATURES), torch.randn(2, 4, 4, 5)
    joined = torch.cat(
        [
            node.unsqueeze(2).expand(-1, -1, 4, -1),
            node.unsqueeze(1).expand(-1, 4, -1, -1),
            lattice[:, None, None].expand(-1, 4, 4, -1),
            edge,
        ],
        dim=-1,
    )
    expected = torch.nn.functional.linear(joined, layer.joined_weight(), layer.receiver.bias)
    assert torch.allclose(layer(node, lattice, edge), expected, atol=1e-5)


def test_that_moving_the_whole_crystal_changes_no_prediction(net):
    inputs = batch()
    moved = inputs | {"frac_BN3": inputs["frac_BN3"] + torch.tensor([0.37, -0.12, 0.81])}
    assert_close(net(**inputs), net(**moved))


def test_that_whole_lattice_translations_of_single_atoms_change_no_prediction(net):
    inputs = batch()
    shift = torch.randint(-2, 3, inputs["frac_BN3"].shape, generator=torch.Generator().manual_seed(3))
    assert_close(net(**inputs), net(**(inputs | {"frac_BN3": inputs["frac_BN3"] + shift})))


def test_that_reordering_the_atoms_reorders_the_predictions(net):
    inputs = batch(atoms=(5, 5))
    order = torch.tensor([3, 1, 4, 0, 2])
    swapped = inputs | {name: inputs[name][:, order] for name in ("species_BN", "frac_BN3", "mask_BN")}
    plain, other = net(**inputs), net(**swapped)
    assert torch.allclose(plain.species_BNC[:, order], other.species_BNC, atol=1e-4)
    assert torch.allclose(plain.score_BN3[:, order], other.score_BN3, atol=1e-4)
    assert torch.allclose(plain.lattice_B6, other.lattice_B6, atol=1e-4)


def test_that_padding_changes_no_prediction(net):
    inputs = batch()
    alone = {name: value[1:, :3] if name.endswith(("BN", "BN3")) else value[1:] for name, value in inputs.items()}
    padded, single = net(**inputs), net(**alone)
    assert torch.allclose(padded.lattice_B6[1:], single.lattice_B6, atol=1e-5)
    assert torch.allclose(padded.score_BN3[1:, :3], single.score_BN3, atol=1e-5)


def test_that_the_scores_of_a_crystal_sum_to_zero(net):
    assert net(**batch()).score_BN3.sum(1).abs().max() < 1e-5


def test_that_a_crystal_without_text_ignores_the_text_vector(net):
    inputs = batch()
    other = net(**(inputs | {"text_BT": inputs["text_BT"] + 1}))
    assert torch.equal(net(**inputs).lattice_B6[1], other.lattice_B6[1])


def test_that_periodic_features_repeat_after_one_cell():
    diff = torch.rand(1, 2, 2, 3)
    assert torch.allclose(periodic_features(diff, 4), periodic_features(diff + 1, 4), atol=1e-4)


def test_that_time_embeddings_of_neighbouring_steps_differ():
    first, second = sinusoidal_time(torch.tensor([0.100, 0.101]), 16)
    assert (first - second).abs().max() > 0.1


def test_that_the_absorbing_state_has_no_chemistry():
    table = element_table()
    assert table[0].abs().sum() == 0
    assert (table[1:].abs().sum(1) > 0).all()


@pytest.mark.parametrize("name", sorted(DENOISERS))
def test_that_denoisers_survive_the_round_trip_through_plain_data(name):
    assert denoiser_from_dict(denoiser_to_dict(DENOISERS[name])) == DENOISERS[name]


@pytest.mark.parametrize("name", sorted(CLIPS))
def test_that_clips_survive_the_round_trip_through_plain_data(name):
    assert clip_from_dict(clip_to_dict(CLIPS[name])) == CLIPS[name]


def test_that_the_paper_denoiser_has_the_published_size():
    with torch.device("meta"):
        net = DenoiserNet(DENOISERS["paper"])
    assert 10e6 < sum(parameter.numel() for parameter in net.parameters()) < 16e6
