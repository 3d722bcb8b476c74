"""Seconds of processor time that each model takes in a round of ten candidates, on one core.

Usage: python tests/benchmarks/seconds_of_a_round.py
A round is composed for each of two wishes by the models in use, and every call of a model is timed; a first round
loads them and does not count. The mean of a model goes into its card as `provenance.seconds_of_a_round.cpu`, from
which the plan of the devices tells how long a round takes. Prints figures; never fails on one.
"""

from __future__ import annotations

import os

os.environ["OMP_NUM_THREADS"] = "1"

from collections import Counter
from collections.abc import Callable
from statistics import mean
from time import process_time
from typing import Any

from crystal_studio.app.offline import stay_offline
from crystal_studio.app.wiring import InstalledEngines, installed_engines
from crystal_studio.domain.model_card import ModelKind
from crystal_studio.engines.fake import FakeContext
from crystal_studio.services.design import DesignRequest, compose

WISHES = (
    "An oxide insulator with a wide band gap that contains strontium and titanium",
    "A lithium-containing sulfide with four formula units in the cell",
)
_SEED = 7
_MODELS = {
    "language_model": ModelKind.LANGUAGE_MODEL,
    "prototypes": ModelKind.PROTOTYPES,
    "sampler": ModelKind.DENOISER,
    "aligner": ModelKind.ALIGNER,
    "band_gap": ModelKind.PREDICTOR,
    "e_above_hull": ModelKind.PREDICTOR,
    "relaxer": ModelKind.RELAXER,
}


class Timed:
    """A model whose calls are timed."""

    def __init__(self, model: Any, kind: ModelKind, spent: Counter[str]) -> None:
        self._model, self._kind, self._spent = model, kind, spent

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._model, name)
        return self._timed(found) if callable(found) else found

    def _timed(self, method: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **named: Any) -> Any:
            began = process_time()
            try:
                return method(*arguments, **named)
            finally:
                self._spent[self._kind.value] += process_time() - began

        return call


def timed_engines(spent: Counter[str]) -> InstalledEngines:
    """The models in use, timed from their first call on."""
    engines = installed_engines()
    for name, kind in _MODELS.items():
        engines.__dict__[name] = Timed(getattr(engines, name), kind, spent)
    return engines


def main() -> None:
    """Print a line for every wish, and the means."""
    stay_offline()
    spent: Counter[str] = Counter()
    engines = timed_engines(spent)
    rounds = []
    for wish in (WISHES[0], *WISHES):
        spent.clear()
        began = process_time()
        node = compose(DesignRequest(wish, None, _SEED), engines, FakeContext()).node
        rounds.append(dict(spent))
        told = ", ".join(f"{kind} {seconds:.2f}" for kind, seconds in sorted(spent.items()))
        print(f"{node.crystal.formula}: {process_time() - began:.2f} s of processor time; {told}", flush=True)
    for kind, identity in sorted(engines.identities().items()):
        seconds = mean(one.get(kind, 0.0) for one in rounds[1:])
        print(f"{kind} {identity}: {seconds:.2f} s, the mean of {len(WISHES)} rounds")


if __name__ == "__main__":
    main()
