"""Band gap, formation energy and energy above the hull from one network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from crystal_studio.domain.crystal import Crystal
from crystal_studio.domain.errors import Unavailable
from crystal_studio.domain.measured import Measured
from crystal_studio.engines.predictors.geometry_features import crystal_features
from crystal_studio.engines.predictors.property_network import QUANTITIES, UNITS, Interval, PropertyNetwork

_REMEMBERED_CRYSTALS = 64


class NetworkProperties:
    """Implements `ports.predictor.PropertyModel`: three views of one network, which share its features."""

    quantities: tuple[str, ...] = QUANTITIES

    def __init__(self, network: PropertyNetwork, known_elements: frozenset[str]) -> None:
        self._network = network
        self._known_elements = known_elements
        # Crystals are hashed by identity: the views of one round are asked about the very same objects.
        self._features = lru_cache(maxsize=_REMEMBERED_CRYSTALS)(crystal_features)

    def predictor(self, quantity: str) -> NetworkPredictor:
        """The predictor of one quantity.

        Raises:
            Unavailable: the network does not predict it.
        """
        if quantity not in self.quantities:
            raise Unavailable(f"This model predicts {', '.join(self.quantities)}, not '{quantity}'. Name another.")
        return NetworkPredictor(self, quantity)

    def predict(self, quantity: str, crystals: Sequence[Crystal]) -> list[Measured]:
        """One quantity of each crystal."""
        if not crystals:
            return []
        features = np.stack([self._features(crystal) for crystal in crystals]).astype(np.float32)
        found = self._network.predict(features)[quantity]
        familiar = self._network.is_familiar(features)
        return [
            _measured(quantity, found, i, bool(familiar[i]) and set(crystal.species) <= self._known_elements)
            for i, crystal in enumerate(crystals)
        ]


class NetworkPredictor:
    """Implements `ports.predictor.Predictor` for one head of the network."""

    def __init__(self, properties: NetworkProperties, quantity: str) -> None:
        self._properties = properties
        self.quantity = quantity

    def predict(self, crystals: Sequence[Crystal]) -> list[Measured]:
        """Best estimate and intervals for each crystal."""
        return self._properties.predict(self.quantity, crystals)


def create(folder: Path, options: Mapping[str, Any]) -> NetworkProperties:
    """Load the network from its card's folder.

    Raises:
        Unavailable: the weights are missing or damaged.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        network = PropertyNetwork(load_file(folder / str(options.get("file", "ensemble.safetensors"))))
    except (OSError, SafetensorError) as error:
        raise Unavailable("The property predictor cannot be read. Restore its file from the repository.") from error
    return NetworkProperties(network, frozenset(options.get("known_elements", ())))


def _measured(quantity: str, found: Interval, index: int, in_distribution: bool) -> Measured:
    return Measured(
        value=float(found.value[index]),
        unit=UNITS[quantity],
        sigma=float(found.sigma[index]),
        method="PBE",
        in_distribution=in_distribution,
        low=float(found.low[index]),
        high=float(found.high[index]),
    )
