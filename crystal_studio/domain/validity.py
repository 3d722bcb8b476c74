"""The outcome of a validity check: named, versioned, with its numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class CheckResult:
    """One check on one crystal.

    Attributes:
        name: stable identifier, such as "min_distance".
        version: raised whenever the rule changes, so that stored results stay comparable.
        passed: None when the check could not decide (no radius tabulated, say).
        detail: one sentence for a person, with the number and the threshold.
        numbers: the figures behind the sentence; units in the keys.
        required: whether failing it makes a candidate invalid (otherwise it is advice).
    """

    name: str
    version: int
    passed: bool | None
    detail: str
    numbers: Mapping[str, float] = field(default_factory=dict)
    required: bool = False


def all_required_pass(checks: tuple[CheckResult, ...]) -> bool:
    """Whether no required check failed."""
    return all(check.passed is not False for check in checks if check.required)
