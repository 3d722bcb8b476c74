"""Colours can be told apart."""

from __future__ import annotations

import pytest

from crystal_studio.ui.theme import DARK, LIGHT

READABLE = 4.5  # WCAG 2.2, 1.4.3


def luminance(colour: str) -> float:
    """Relative luminance, 0 to 1. Source: WCAG 2.2, definition of relative luminance."""
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(first: str, second: str) -> float:
    low, high = sorted((luminance(first), luminance(second)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=lambda theme: theme.name)
@pytest.mark.parametrize("ground", ["window", "surface"])
@pytest.mark.parametrize("text", ["text", "muted", "accent", "good", "warning", "bad"])
def test_that_every_text_can_be_read_on_every_ground(theme, ground, text) -> None:
    assert contrast(getattr(theme, text), getattr(theme, ground)) >= READABLE


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=lambda theme: theme.name)
def test_that_selected_text_can_be_read(theme) -> None:
    assert contrast(theme.on_accent, theme.accent) >= READABLE
