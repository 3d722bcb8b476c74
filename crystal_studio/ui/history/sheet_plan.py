"""What a contact sheet is to draw, read from text fields."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.domain.history import Node

MOST_CELLS = 64
MOST_SEED = 2**63 - 1
_MINUTE, _HOUR = 60.0, 3600.0


@dataclass(frozen=True)
class SheetPlan:
    """Numbers of a sheet; every strength is drawn with every seed and every guidance scale."""

    strengths: tuple[float, ...]
    seeds: tuple[int, ...]
    guidances: tuple[float, ...]

    @property
    def num_cells(self) -> int:
        """How many rounds it takes."""
        return len(self.strengths) * len(self.seeds) * max(len(self.guidances), 1)


def read_strengths(text: str) -> tuple[float, ...]:
    """Numbers above 0 and at most 1.

    Raises:
        UserCorrectable: one is not, or there are none.
    """
    found = _numbers(text, lambda value: 0 < value <= 1, "strength", "above 0 and at most 1")
    if not found:
        raise UserCorrectable("Give at least one strength, such as 0.1, 0.3, 0.5.")
    return found


def read_guidances(text: str) -> tuple[float, ...]:
    """Numbers of at least 0; none stands for the model's own.

    Raises:
        UserCorrectable: one is not.
    """
    return _numbers(text, lambda value: 0 <= value <= 20, "guidance scale", "from 0 to 20")


def read_first_seed(text: str) -> int:
    """A whole number.

    Raises:
        UserCorrectable: it is none.
    """
    if not text.strip().isascii() or not text.strip().isdigit() or int(text) > MOST_SEED:
        raise UserCorrectable(f"Give a whole number from 0 to {MOST_SEED:,}.")
    return int(text)


def refuse_too_many(plan: SheetPlan) -> None:
    """Raises:
    UserCorrectable: there are more cells than one sheet holds.
    """
    if plan.num_cells > MOST_CELLS:
        raise UserCorrectable(f"These are {plan.num_cells:,} cells; a sheet has at most {MOST_CELLS}.")


def seconds_of_round(nodes: Sequence[Node]) -> float | None:
    """How long a round took lately, None where nobody knows."""
    known = [sum(node.seconds.values()) for node in nodes if node.seconds]
    return sorted(known)[len(known) // 2] if known else None


def duration(seconds: float) -> str:
    """A length of time in words."""
    if seconds < _MINUTE:
        return f"{max(round(seconds), 1)} s"
    return f"{seconds / _MINUTE:.0f} min" if seconds < _HOUR else f"{seconds / _HOUR:.1f} h"


def estimate(plan: SheetPlan, seconds: float | None) -> str:
    """Number of cells, and how long they may take."""
    cells = f"{plan.num_cells} cell{'s' * (plan.num_cells != 1)}"
    return f"{cells}, about {duration(plan.num_cells * seconds)}" if seconds is not None else cells


def _numbers(text: str, fits: Callable[[float], bool], name: str, wanted: str) -> tuple[float, ...]:
    found: list[float] = []
    for part in (one for one in re.split(r"[,;\s]+", text) if one):
        try:
            value = float(part)
        except ValueError:
            value = float("nan")
        if not fits(value):
            raise UserCorrectable(f"'{part[:20]}' is no {name}. Give numbers {wanted}, such as 0.1, 0.3.")
        found.append(value)
    return tuple(dict.fromkeys(found))
