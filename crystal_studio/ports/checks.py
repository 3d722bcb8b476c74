"""Validity checks."""

from __future__ import annotations

from typing import Protocol

from crystal_studio.domain.crystal import Crystal
from crystal_studio.domain.validity import CheckResult


class Checker(Protocol):
    """Runs every check on a crystal, in a fixed order."""

    def check(self, crystal: Crystal, *, formula_is_named: bool = False) -> tuple[CheckResult, ...]:
        """Run them all; a formula that the person named is flagged by SMACT, never refused."""
