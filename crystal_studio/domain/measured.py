"""A number with its unit and its uncertainty."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Measured:
    """A predicted or measured quantity.

    Attributes:
        value: best estimate, in `unit`.
        unit: such as "eV" or "eV/atom".
        sigma: half the width of the 68 % interval around `value`, in `unit`.
        method: what produced it, such as "PBE" for a gap learned from PBE data.
        in_distribution: whether the crystal resembles what the model was trained on.
        low: lower end of the 95 % interval, in `unit`; None where only `sigma` is known. Errors of learned models
            have longer tails than a normal distribution, so it is further away than two sigma.
        high: upper end of the 95 % interval.
    """

    value: float
    unit: str
    sigma: float
    method: str
    in_distribution: bool = True
    low: float | None = None
    high: float | None = None
