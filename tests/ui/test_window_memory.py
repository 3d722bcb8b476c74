"""What a window remembers, and what it makes of memories that cannot be used."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from crystal_studio.scene.colours import ColourScheme
from crystal_studio.scene.drawable import Style
from crystal_studio.scene.options import LabelKind, SceneOptions
from crystal_studio.ui.process_memory import resident_bytes
from crystal_studio.ui.stored_options import options_from_plain, options_to_plain


def test_that_the_way_of_drawing_comes_back_but_for_what_is_of_one_crystal() -> None:
    chosen = SceneOptions(
        style=Style.POLYHEDRA,
        scheme=ColourScheme.VESTA,
        colours={"Ti": (1, 2, 3)},
        hidden=frozenset({"O"}),
        supercell=(2, 2, 2),
        cell=False,
        labels=LabelKind.SITE,
        cutoffs_angstrom={("O", "Ti"): 2.4},
        sphere_scale=1.5,
    )
    options, unreadable = options_from_plain(options_to_plain(chosen))
    assert unreadable == ()
    assert options == SceneOptions(
        style=Style.POLYHEDRA,
        scheme=ColourScheme.VESTA,
        colours={"Ti": (1, 2, 3)},
        cell=False,
        labels=LabelKind.SITE,
        cutoffs_angstrom={("O", "Ti"): 2.4},
        sphere_scale=1.5,
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("style", "spheres"),
        ("style", 3),
        ("cell", "yes"),
        ("sphere_scale", 100),
        ("sphere_scale", "big"),
        ("colours", {"Ti": [1, 2]}),
        ("colours", {"Ti": [1, 2, 999]}),
        ("colours", {"Xx": [1, 2, 3]}),
        ("colours", "red"),
        ("cutoffs_angstrom", {"Ti": 2.0}),
        ("cutoffs_angstrom", {"Ti-O": -1.0}),
    ],
)
def test_that_one_value_that_cannot_be_used_costs_only_itself_and_is_named(name: str, value: object) -> None:
    options, unreadable = options_from_plain({"labels": "element", "bonds": False, name: value})
    assert unreadable == (name,)
    assert options == SceneOptions(labels=LabelKind.ELEMENT, bonds=False)


def test_that_nothing_stored_means_the_usual_way() -> None:
    assert options_from_plain({}) == (SceneOptions(), ())


def test_that_memory_counts_the_children_too() -> None:
    alone = resident_bytes()
    assert alone is not None
    held = subprocess.Popen(
        [sys.executable, "-c", "x = b'1' * 300_000_000; print(flush=True); input()"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    try:
        held.stdout.readline()
        assert resident_bytes(os.getpid()) > alone + 250_000_000
    finally:
        held.communicate(b"\n")


def test_that_the_memory_of_a_process_that_has_ended_is_not_known() -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    assert resident_bytes(ended.pid) is None
