"""One line of what the doctor found."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """How a finding stands."""

    GOOD = "good"
    ADVICE = "advice"
    PROBLEM = "problem"


@dataclass(frozen=True)
class Finding:
    """One line of the report.

    Attributes:
        name: what was looked at.
        value: what was found.
        state: whether it is good, could be better, or stops the design loop.
        remedy: what to do, "" where all is good.
    """

    name: str
    value: str
    state: State = State.GOOD
    remedy: str = ""
