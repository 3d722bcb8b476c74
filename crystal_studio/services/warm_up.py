"""Loading models before they are needed."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from crystal_studio.domain.crystal import Crystal
from crystal_studio.ports.context import JobContext
from crystal_studio.services.engines import Engines

_ROCK_SALT = Crystal(
    np.array([[0.0, 2.82, 2.82], [2.82, 0.0, 2.82], [2.82, 2.82, 0.0]]),
    ("Na", "Cl"),
    np.array([[0.0, 0.0, 0.0], [0.5, 0.5, 0.5]]),
)

# What a person is told, and the least work that makes an engine load what it would load later.
_TOUCHES: tuple[tuple[str, Callable[[Engines], object]], ...] = (
    ("language model", lambda engines: engines.language_model.identity),
    ("denoiser", lambda engines: engines.sampler),
    ("prototypes", lambda engines: engines.prototypes.expected_volume_angstrom3(_ROCK_SALT.composition)),
    ("alignment", lambda engines: engines.aligner),
    ("properties", lambda engines: (engines.band_gap, engines.e_above_hull)),
    ("potential", lambda engines: engines.relaxer.energies([_ROCK_SALT])),
    ("checks", lambda engines: engines.checker.check(_ROCK_SALT)),
    ("descriptions", lambda engines: engines.describer.describe(_ROCK_SALT)),
    ("known crystals", lambda engines: engines.references),
)


def warm_up(engines: Engines, context: JobContext) -> dict[str, str]:
    """Load every engine of a design round; returns kind -> "id@fingerprint" of the models loaded.

    Raises:
        Unavailable: a model is missing; says what to do.
        JobCancelled: stopped between two engines.
    """
    for index, (name, touch) in enumerate(_TOUCHES):
        context.check_cancelled()
        context.progress("loading", index / len(_TOUCHES), name)
        before = engines.identities()
        touch(engines)
        new = [model.partition("@")[0] for kind, model in engines.identities().items() if kind not in before]
        context.progress("loading", (index + 1) / len(_TOUCHES), ", ".join(new) or name)
    return engines.identities()
