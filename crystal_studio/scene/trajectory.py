"""A denoising trajectory as scenes in which atom k is always sphere k."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from crystal_studio.domain.crystal import Crystal
from crystal_studio.domain.trajectory import Frame
from crystal_studio.scene.build import build
from crystal_studio.scene.drawable import Scene
from crystal_studio.scene.options import SceneOptions


def frame_options(options: SceneOptions) -> SceneOptions:
    """The same options without images that come and go as atoms cross the faces of the cell, and without hiding any."""
    return replace(options, boundary=False, complete=False, hidden=frozenset(), supercell=(1, 1, 1))


def frame_scene(crystal: Crystal, options: SceneOptions) -> Scene:
    """One unfinished crystal: its spheres are its atoms, in their order, each within the cell."""
    return build(crystal, frame_options(options))


def frame_scenes(frames: Sequence[Frame], options: SceneOptions) -> Iterator[Scene]:
    """One scene after another, built when it is asked for."""
    return (frame_scene(frame.crystal, options) for frame in frames)
