"""Batches of prepared crystals: which ones go together, and their padded tensors.

Shapes: B crystals, N atoms (padded).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from crystal_studio.training.data import Prepared

Order = NDArray[np.int64]


@dataclass(frozen=True)
class CrystalTensors:
    """Crystals of one batch; padding has species 0, coordinates 0 and a false mask."""

    species_BN: Tensor
    frac_BN3: Tensor
    lattice_B33: Tensor
    mask_BN: Tensor

    def __len__(self) -> int:
        return len(self.lattice_B33)


def collate(prepared: Prepared, rows: Sequence[int] | Order) -> CrystalTensors:
    """Padded tensors of the crystals with these row numbers."""
    sizes = prepared.sizes[np.asarray(rows)]
    width = int(sizes.max())
    numbers = np.zeros((len(rows), width), dtype=np.int64)
    frac = np.zeros((len(rows), width, 3), dtype=np.float32)
    for place, (row, size) in enumerate(zip(rows, sizes, strict=True)):
        start = prepared.starts[row]
        numbers[place, :size] = prepared.numbers[start : start + size]
        frac[place, :size] = prepared.frac[start : start + size]
    return CrystalTensors(
        species_BN=torch.from_numpy(numbers),
        frac_BN3=torch.from_numpy(frac),
        lattice_B33=torch.from_numpy(prepared.lattices[np.asarray(rows)]),
        mask_BN=torch.from_numpy(np.arange(width)[None, :] < sizes[:, None]),
    )


def plan_epoch(sizes: Order, seed: int, epoch: int, max_batch: int, max_pairs: int) -> list[Order]:
    """Row numbers of each batch of an epoch, crystals of similar size together, batches in random order.

    A batch holds at most ``max_batch`` crystals and ``max_pairs`` atom pairs (padding counted). The plan depends only
    on the arguments, so a resumed run sees the batches that it would have seen.
    """
    generator = np.random.default_rng([seed, epoch])
    keys = sizes + generator.uniform(0, 1.5, len(sizes))
    order = np.argsort(keys, kind="stable")
    batches: list[Order] = []
    current: list[int] = []
    for row in order[::-1]:
        widest = sizes[current].max() if current else 0
        pairs = (len(current) + 1) * max(int(widest), int(sizes[row])) ** 2
        if current and (len(current) >= max_batch or pairs > max_pairs):
            batches.append(np.array(current, dtype=np.int64))
            current = []
        current.append(int(row))
    batches.append(np.array(current, dtype=np.int64))
    return [batches[i] for i in generator.permutation(len(batches))]


class BatchPlan:
    """The batch of every step of a run, planned one epoch at a time."""

    def __init__(self, sizes: Order, seed: int, max_batch: int, max_pairs: int) -> None:
        self._sizes, self._seed = sizes, seed
        self._limits = (max_batch, max_pairs)
        self._epochs: dict[int, list[Order]] = {}
        self._starts = [0]

    def rows(self, step: int) -> Order:
        """Row numbers of the batch of a step, counted from 0."""
        epoch = 0
        while step >= self._starts[epoch] + len(self._epoch(epoch)):
            epoch += 1
        return self._epoch(epoch)[step - self._starts[epoch]]

    def _epoch(self, epoch: int) -> list[Order]:
        if epoch not in self._epochs:
            self._epochs[epoch] = plan_epoch(self._sizes, self._seed, epoch, *self._limits)
            if len(self._starts) == epoch + 1:
                self._starts.append(self._starts[epoch] + len(self._epochs[epoch]))
            self._epochs.pop(epoch - 2, None)
        return self._epochs[epoch]


def step_generator(seed: int, step: int) -> torch.Generator:
    """The generator of one training step: it depends on nothing that a restart could lose."""
    generator = torch.Generator()
    generator.manual_seed((seed * 1_000_003 + step * 7_919 + 12_345) % (2**63))
    return generator
