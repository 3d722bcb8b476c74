"""Learn the distance by which compounds share prototypes: neighbourhood components analysis over element embeddings.

Each compound of `train` is looked up among the others of its anonymous formula, never its own; what it loses is the
logarithm of the share of votes that fall on templates which StructureMatcher would call its structure. That chance is
read from the difference of the two fingerprints (measured once on 3,656 template pairs of `val`), since matching nine
million pairs would take weeks.

Source: Goldberger et al., NeurIPS 2004 (neighbourhood components analysis).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from crystal_studio.engines.sampling.prototypes_bank import FINGERPRINT_BINS, Bank, Family
from crystal_studio.engines.sampling.prototypes_ranking import Metric, Weights, element_distances, slot_permutations

DIMENSIONS = 12
_HULL_EV = 0.1
_ROWS_IN_STEP = 256
_PAIRS_IN_BATCH = 200_000
_LEARNING_RATE = 1e-2
_TETHER = 1e-3
_STARTING_SHARPNESS = 10 / 3
# Mean fingerprint difference -> chance of a match, for the same space group and for another one.
_DIFFERENCE = (0, 0.5, 1.5, 2.5, 3.5, 4.5, 5.5, 7, 9, 11.5, 15, 20, 30)
_SAME_GROUP = (1, 1, 0.974, 0.965, 0.95, 0.93, 0.86, 0.75, 0.68, 0.52, 0.5, 0.47, 0.4)
_OTHER_GROUP = (0.85, 0.8, 0.5, 0.45, 0.28, 0.16, 0.127, 0.115, 0.07, 0.063, 0.051, 0.034, 0.03)


@dataclass(frozen=True)
class Lookups:
    """All lookups within one anonymous formula: Q compounds among F templates of S slots, P orders of the slots.

    Attributes:
        share: (S,) of the atoms.
        orders: (P, S) which element of the compound sits on which slot.
        compounds: (Q, S) atomic numbers.
        templates: (F, S) atomic numbers.
        chance: (P, Q, F) that the decorated template matches the compound.
        permitted: (2, Q, F) templates of another compound, and those of them with the compound's own formula units.
        high: (F,) 1 for templates more than 0.1 eV/atom over the hull.
    """

    share: Tensor
    orders: Tensor
    compounds: Tensor
    templates: Tensor
    chance: Tensor
    permitted: Tensor
    high: Tensor


@dataclass(frozen=True)
class Asked:
    """Compounds to look up in one family: elements (Q, S), fingerprints (Q, ...), formula units (Q,), groups (Q,)."""

    elements: NDArray[np.int64]
    fingerprints: NDArray[np.float32]
    formula_units: NDArray[np.int64]
    space_groups: NDArray[np.int64]


def own_compounds(bank: Bank, family: Family) -> Asked:
    """The family's members themselves."""
    return Asked(
        family.elements,
        np.stack([bank.fingerprint(int(member)) for member in family.members]).astype(np.float32),
        family.formula_units.astype(np.int64),
        bank.space_group[family.members].astype(np.int64),
    )


def lookups(bank: Bank, family: Family, asked: Asked) -> Lookups:
    """Prepare one family."""
    amounts = np.array(family.anonymous)
    orders = slot_permutations(family.anonymous)
    groups = bank.space_group[family.members].astype(np.int64)
    labels = [np.sort(elements * 1000 + amounts, axis=1) for elements in (asked.elements, family.elements)]
    other = (labels[0][:, None] != labels[1][None]).any(-1)
    same_units = asked.formula_units[:, None] == family.formula_units[None]
    return Lookups(
        share=torch.tensor(amounts / amounts.sum(), dtype=torch.float32),
        orders=torch.tensor(orders),
        compounds=torch.tensor(asked.elements),
        templates=torch.tensor(family.elements),
        chance=torch.tensor(_chances(bank, family, asked, orders, asked.space_groups[:, None] == groups[None])),
        permitted=torch.tensor(np.stack([other, other & same_units])),
        high=torch.tensor(np.nan_to_num(bank.hull[family.members].astype(np.float32)) > _HULL_EV).float(),
    )


def _chances(
    bank: Bank, family: Family, asked: Asked, orders: NDArray[np.int64], same_group: NDArray[np.bool_]
) -> NDArray[np.float16]:
    from scipy.spatial.distance import cdist

    templates = own_compounds(bank, family).fingerprints
    slots = len(family.anonymous)
    wanted = asked.fingerprints.reshape(len(asked.elements), -1)
    found = np.empty((len(orders), len(wanted), len(templates)), np.float16)
    for index, order in enumerate(orders):
        place = np.argsort(order)
        pairs = [_pair(place[a], place[b]) for a in range(slots) for b in range(a + 1)]
        far = cdist(wanted, templates[:, pairs].reshape(len(templates), -1), "cityblock")
        far /= len(pairs) * FINGERPRINT_BINS
        same, other = (np.interp(far, _DIFFERENCE, chances) for chances in (_SAME_GROUP, _OTHER_GROUP))
        found[index] = np.where(same_group, same, other)
    return found


def _pair(first: int, second: int) -> int:
    high, low = max(first, second), min(first, second)
    return int(high * (high + 1) // 2 + low)


class MetricNet(nn.Module):
    """Element embeddings that start as the hand-made chemical distance."""

    def __init__(self, generator: torch.Generator) -> None:
        super().__init__()
        start = torch.zeros(119, DIMENSIONS)
        start[:, :4] = torch.tensor(_chemical_rows(Weights()), dtype=torch.float32)
        noise = 0.02 * torch.randn(2, 119, DIMENSIONS, generator=generator)
        noise[..., :4] = 0
        self.slots = nn.Parameter(start + noise[0])
        self.means = nn.Parameter(0.3 * start + noise[1])
        self.log_sharpness = nn.Parameter(torch.tensor(float(np.log(_STARTING_SHARPNESS))))
        self.above_hull = nn.Parameter(torch.tensor(0.25))
        self.share_power = nn.Parameter(torch.tensor(0.5))
        self._start = (self.slots.detach().clone(), self.means.detach().clone())

    def log_shares(self, asked: Lookups, rows: Tensor, restricted: bool) -> tuple[Tensor, Tensor] | None:
        """Log share of the votes (Q', F) of each template and its chance to match; None where nothing is permitted."""
        compounds = asked.compounds[rows]
        permitted = asked.permitted[int(restricted), rows]
        known = permitted.any(1)
        if not known.any():
            return None
        distances = torch.cdist(self.slots, self.slots) ** 2
        weight = asked.share**self.share_power
        weight = weight / weight.sum()
        best, order = torch.stack([
            torch.stack([weight[slot] * distances[compounds[:, place]][:, asked.templates[:, slot]]
                         for slot, place in enumerate(order)]).sum(0)
            for order in asked.orders
        ]).min(0)  # fmt: skip
        means = [(self.means[numbers] * asked.share[None, :, None]).sum(1) for numbers in (compounds, asked.templates)]
        away = ((means[0][:, None] - means[1][None]) ** 2).sum(-1)
        votes = -(best + away) * self.log_sharpness.exp() - self.above_hull * asked.high
        chance = asked.chance[:, rows].gather(0, order[None])[0].float()
        return torch.log_softmax(votes.masked_fill(~permitted, -1e9)[known], 1), chance[known]

    def tether(self) -> Tensor:
        """Squared distance from the chemical start."""
        return ((self.slots - self._start[0]) ** 2).sum() + ((self.means - self._start[1]) ** 2).sum()

    def exported(self, weights: Weights) -> Metric:
        """The metric in units of the weights' temperature."""
        scale = float((self.log_sharpness.exp() * weights.temperature).sqrt().detach())
        arrays = [(scale * part).detach().numpy().astype(np.float32) for part in (self.slots, self.means)]
        return Metric(arrays[0], arrays[1], float(self.share_power.detach()), float(self.above_hull.detach()))


def _chemical_rows(weights: Weights) -> NDArray[np.float64]:
    """(119, 4) vectors whose squared distances are the chemical ones, by classical scaling."""
    squared = element_distances(weights)
    centre = np.eye(len(squared)) - 1 / len(squared)
    values, vectors = np.linalg.eigh(-0.5 * centre @ squared @ centre)
    return np.asarray(vectors[:, -4:] * np.sqrt(np.maximum(values[-4:], 0)))


def train(families: Sequence[Lookups], checks: Sequence[Lookups], epochs: int, seed: int) -> tuple[MetricNet, float]:
    """The net of the epoch with the lowest loss on the checks, and that loss in nats."""
    generator = torch.Generator().manual_seed(seed)
    net = MetricNet(generator)
    optimizer = torch.optim.Adam(net.parameters())
    best, kept = float("inf"), net.state_dict()
    for epoch in range(epochs):
        for group in optimizer.param_groups:
            group["lr"] = _LEARNING_RATE * (1 - epoch / (epochs + 1))
        _epoch(net, optimizer, families, generator)
        found = loss_on(net, checks)
        if found < best:
            best, kept = found, {name: value.clone() for name, value in net.state_dict().items()}
    net.load_state_dict(kept)
    return net, best


def loss_on(net: MetricNet, families: Sequence[Lookups]) -> float:
    """Mean of -log(share of votes on matching templates), nats, given the number of formula units and not."""
    with torch.no_grad():
        found = [
            -torch.logsumexp(shares[0] + shares[1].log(), 1)
            for family in families
            for restricted in (True, False)
            if (shares := net.log_shares(family, torch.arange(len(family.compounds)), restricted)) is not None
        ]
    return float(torch.cat(found).mean())


def _epoch(
    net: MetricNet, optimizer: torch.optim.Optimizer, families: Sequence[Lookups], generator: torch.Generator
) -> None:
    batches = [(family, rows) for family in families for rows in _row_batches(family, generator)]
    total = sum(len(family.compounds) for family in families)
    seen = 0
    for index in torch.randperm(len(batches), generator=generator).tolist():
        family, rows = batches[index]
        for restricted in (True, False):
            shares = net.log_shares(family, rows, restricted)
            if shares is not None:
                loss: Tensor = -torch.logsumexp(shares[0] + shares[1].log(), 1).sum() / _ROWS_IN_STEP
                loss.backward()  # type: ignore[no-untyped-call]
                seen += len(shares[0])
        if seen >= _ROWS_IN_STEP:
            pull: Tensor = _TETHER * net.tether() * seen / total
            pull.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            optimizer.zero_grad()
            seen = 0


def _row_batches(family: Lookups, generator: torch.Generator) -> list[Tensor]:
    size = max(8, _PAIRS_IN_BATCH // (len(family.templates) * len(family.orders)))
    order = torch.randperm(len(family.compounds), generator=generator)
    return [order[start : start + size] for start in range(0, len(order), size)]
