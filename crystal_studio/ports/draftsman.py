"""Crystals as drawings."""

from __future__ import annotations

from typing import Protocol

from crystal_studio.domain.crystal import Crystal


class Draftsman(Protocol):
    """Draws a crystal, without a window."""

    def __call__(self, crystal: Crystal, width: int, height: int) -> str:
        """The crystal with its cell, axes and a key of its elements, as SVG of a size in pixels.

        Never raises for a crystal, however odd.
        """
