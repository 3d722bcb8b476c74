"""Teach the property network what it does not know: crystals far from the training set, and crystals out of shape.

Its targets are known of relaxed crystals only, so that its values for displaced atoms, a wrong volume or swapped
elements are guesses. A small net learns to tell known crystals from such copies of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from crystal_studio.domain.crystal import Crystal
from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.engines.predictors.geometry_features import crystal_features
from crystal_studio.training.data import read_json_lines
from crystal_studio.training.properties_data import Floats, say

DISTORTED = {"train": 6000, "val": 600}
_KEPT_OF_EACH = 0.99
_MOST_ATOMS = 20
_AXES = 40
_HIDDEN = 48
_EPOCHS = 12
_BATCH = 256
_RATE = 2e-3
_DECAY = 5e-2


def prepare_distorted(data: Path, output: Path, seed: int = 0) -> None:
    """Compute the features of distorted copies of train and val crystals; finished splits are kept."""
    for split, count in DISTORTED.items():
        path = output / f"distorted-{split}.npy"
        if path.exists():
            continue
        draws = np.random.default_rng([seed, count])
        records = read_json_lines(data / "crystals" / f"{split}.jsonl.gz")
        crystals = [record.crystal for record in records if len(record.crystal) <= _MOST_ATOMS]
        chosen = draws.choice(len(crystals), min(count, len(crystals)), replace=False)
        copies = distorted([crystals[index] for index in chosen], draws)
        np.save(path, np.stack([crystal_features(crystal) for crystal in copies]).astype(np.float32))
        say({"split": f"distorted {split}", "crystals": len(chosen)})


def load_distorted(output: Path, split: str) -> Floats:
    """Features of the distorted copies of "train" or "val", shape (D, F).

    Raises:
        UserCorrectable: `prepare` has not been run.
    """
    path = output / f"distorted-{split}.npy"
    if not path.exists():
        raise UserCorrectable(f"There is no '{path}'. Run 'crystal-studio train properties prepare' first.")
    return np.asarray(np.load(path, allow_pickle=False), dtype=np.float32)


def distorted(crystals: Sequence[Crystal], draws: np.random.Generator) -> Iterator[Crystal]:
    """A copy of each: atoms displaced by 0.1 to 0.6 angstrom, volume changed by 10 to 50 %, or elements swapped."""
    for index, crystal in enumerate(crystals):
        if index % 3 == 0:
            yield _displaced(crystal, draws)
        elif index % 3 == 1 or len(crystal.composition.reduced.amounts) < 2 or _is_one_to_one(crystal):
            yield _strained(crystal, draws)
        else:
            yield _swapped(crystal)


def familiarity(fitted: Floats, selected: Floats, copies: Floats, seed: int = 0) -> dict[str, NDArray[Any]]:
    """Tensors of both tests; each is passed by 99 % of `selected`. All features are scaled.

    Args:
        fitted: (M, F) training crystals.
        selected: (N, F) crystals that set the limits.
        copies: (D, F) distorted training crystals.
        seed: of the net's weights and batches.
    """
    _, values, axes = np.linalg.svd(fitted[::4], full_matrices=False)
    whiten = (axes[:_AXES].T / (values[:_AXES] / np.sqrt(len(fitted[::4])))).astype(np.float32)
    length = ((selected @ whiten) ** 2).sum(1)
    net = _trained(fitted, copies, seed)
    with torch.no_grad():
        logits = net(torch.from_numpy(selected))[:, 0].numpy()
    weights = {name: value.numpy() for name, value in net.state_dict().items()}
    return {
        "axes": whiten,
        "furthest": np.array([np.quantile(length, _KEPT_OF_EACH)], np.float32),
        "relaxed.first.weight": weights["0.weight"],
        "relaxed.first.bias": weights["0.bias"],
        "relaxed.last.weight": weights["3.weight"],
        "relaxed.last.bias": weights["3.bias"],
        "relaxed.least": np.array([np.quantile(logits, 1 - _KEPT_OF_EACH)], np.float32),
    }


def _trained(fitted: Floats, copies: Floats, seed: int) -> nn.Module:
    """A net whose output is positive for known crystals and negative for distorted ones."""
    torch.manual_seed(seed)
    draws = torch.Generator().manual_seed(seed)
    features = torch.from_numpy(np.concatenate([fitted, copies]))
    known = torch.cat([torch.ones(len(fitted)), torch.zeros(len(copies))])
    net = nn.Sequential(nn.Linear(features.shape[1], _HIDDEN), nn.SiLU(), nn.Dropout(0.2), nn.Linear(_HIDDEN, 1))
    optimizer = torch.optim.AdamW(net.parameters(), lr=_RATE, weight_decay=_DECAY)
    steps = _EPOCHS * -(-len(known) // _BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, _RATE, total_steps=steps)
    for _ in range(_EPOCHS):
        for batch in torch.randperm(len(known), generator=draws).split(_BATCH):  # type: ignore[no-untyped-call]
            optimizer.zero_grad()
            logits = net(features[batch])[:, 0]
            nn.functional.binary_cross_entropy_with_logits(logits, known[batch]).backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            schedule.step()
    return net.eval()


def _displaced(crystal: Crystal, draws: np.random.Generator) -> Crystal:
    size_angstrom = np.exp(draws.uniform(np.log(0.1), np.log(0.6)))
    shifts = draws.normal(size=crystal.frac_coords.shape) * size_angstrom
    if len(crystal) == 1:
        return _strained(crystal, draws)
    return Crystal(crystal.lattice, crystal.species, crystal.frac_coords + shifts @ np.linalg.inv(crystal.lattice))


def _strained(crystal: Crystal, draws: np.random.Generator) -> Crystal:
    factor = draws.uniform(0.7, 0.9) if draws.random() < 0.5 else draws.uniform(1.1, 1.5)
    return Crystal(crystal.lattice * factor ** (1 / 3), crystal.species, crystal.frac_coords)


def _is_one_to_one(crystal: Crystal) -> bool:
    """Whether swapping the elements may give the same crystal, as in rock salt."""
    return [count for _, count in crystal.composition.reduced.amounts] == [1, 1]


def _swapped(crystal: Crystal) -> Crystal:
    """Each element takes the place of the next one, the volume stays."""
    elements = sorted(set(crystal.species))
    following = dict(zip(elements, elements[1:] + elements[:1], strict=True))
    return Crystal(crystal.lattice, tuple(following[symbol] for symbol in crystal.species), crystal.frac_coords)
