"""A number with its unit and its uncertainty."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Measured:
    """A predicted or measured quantity.

    Attributes:
        value: best estimate, in `unit`.
        unit: such as "eV" or "eV/atom".
        sigma: one standard deviation, in `unit`.
        method: what produced it, such as "PBE" for a gap learned from PBE data.
        in_distribution: whether the crystal resembles what the model was trained on.
    """

    value: float
    unit: str
    sigma: float
    method: str
    in_distribution: bool = True
