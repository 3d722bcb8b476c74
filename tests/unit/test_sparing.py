"""A card that runs out of memory costs time, never the round and never another result."""

from __future__ import annotations

import pytest
import torch

from crystal_studio.engines.nets.configurations import DENOISERS
from crystal_studio.engines.nets.denoiser_net import DenoiserNet, Prediction
from crystal_studio.engines.sampling.sparing import SparingNetwork

BATCH, ATOMS = 7, 4


class SmallCard(DenoiserNet):
    """A network on a card with room for so many crystals; on the processor there is room for all."""

    def __init__(self, room: int) -> None:
        torch.manual_seed(0)
        super().__init__(DENOISERS["tiny"])
        self.room, self.is_on_card = room, True
        self.calls: list[int] = []

    def to(self, device):
        self.is_on_card = torch.device(device).type != "cpu"
        return self

    def forward(self, species_BN, *rest) -> Prediction:
        if self.is_on_card and len(species_BN) > self.room:
            raise torch.OutOfMemoryError("CUDA out of memory.")
        self.calls.append(len(species_BN))
        return super().forward(species_BN, *rest)


@pytest.fixture
def inputs(monkeypatch) -> tuple[torch.Tensor, ...]:
    # There need be no card in the machine that runs this: tensors sent to one stay where they are.
    monkeypatch.setattr(torch.Tensor, "to", lambda tensor, *_target: tensor)
    generator = torch.Generator().manual_seed(1)
    return (
        torch.randint(1, 90, (BATCH, ATOMS), generator=generator),
        torch.rand(BATCH, ATOMS, 3, generator=generator),
        4 * torch.eye(3).expand(BATCH, 3, 3) + torch.rand(BATCH, 1, 1, generator=generator),
        torch.ones(BATCH, ATOMS, dtype=torch.bool),
        torch.rand(BATCH, generator=generator),
        torch.randn(BATCH, 32, generator=generator),
        torch.ones(BATCH, dtype=torch.bool),
    )


def run(net: SmallCard, inputs) -> tuple[Prediction, list[str]]:
    told: list[str] = []
    with torch.no_grad():
        return SparingNetwork(net, torch.device("cuda"), told.append)(*inputs), told


@pytest.mark.parametrize(("room", "calls"), [(7, [7]), (4, [4, 3]), (3, [2, 2, 2, 1]), (1, [1] * 7), (0, [7])])
def test_that_the_parts_give_what_the_whole_would(inputs, room: int, calls: list[int]) -> None:
    whole, silent = run(SmallCard(BATCH), inputs)
    net = SmallCard(room)
    found, told = run(net, inputs)
    assert net.calls == calls
    assert silent == []
    assert bool(told) == (room < BATCH)
    for one, other in zip(vars(found).values(), vars(whole).values(), strict=True):
        torch.testing.assert_close(one, other)


def test_that_each_step_back_is_told_in_words(inputs) -> None:
    net = SmallCard(0)
    _found, told = run(net, inputs)
    assert not net.is_on_card
    assert [words for words in told if "at a time" in words] == told[:-1]
    assert "on the processor" in told[-1]


def test_that_a_processor_without_memory_is_an_error(inputs) -> None:
    class Full(SmallCard):
        def forward(self, *_inputs) -> Prediction:
            raise torch.OutOfMemoryError("no memory")

    with pytest.raises(torch.OutOfMemoryError):
        SparingNetwork(Full(0), torch.device("cpu"), pytest.fail)(*inputs)
