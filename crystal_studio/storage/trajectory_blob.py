"""Frames of a trajectory as compressed JSON: numbers only, in five decimals, which no eye can tell from more."""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from crystal_studio.domain.crystal import Array, Crystal
from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.domain.trajectory import Frame

_DECIMALS = 5
_WRITTEN = "written"
_MOST_BYTES = 64_000_000


def pack_frames(frames: Sequence[Frame]) -> bytes:
    """Bytes to store."""
    rows = [
        {
            "draw": frame.draw,
            "step": frame.step,
            "steps": frame.steps,
            "species": list(frame.crystal.species),
            "lattice": _rounded(frame.crystal.lattice),
            "frac": _rounded(frame.crystal.frac_coords),
            **({_WRITTEN: True} if frame.is_written else {}),
        }
        for frame in frames
    ]
    return zlib.compress(json.dumps(rows, separators=(",", ":")).encode(), level=6)


def unpack_frames(packed: bytes) -> tuple[Frame, ...]:
    """Inverse of `pack_frames`.

    Raises:
        ValueError: the bytes hold no frames.
    """
    inflate = zlib.decompressobj()
    try:
        text = inflate.decompress(packed, _MOST_BYTES)
        if not inflate.eof:
            raise ValueError(f"the frames are cut short, or longer than {_MOST_BYTES} bytes")
        return tuple(map(_frame, json.loads(text)))
    except (zlib.error, KeyError, TypeError, UserCorrectable) as error:
        raise ValueError("the frames cannot be read") from error


def _frame(row: Mapping[str, Any]) -> Frame:
    crystal = Crystal.from_dict(row)
    return Frame(row["draw"], row["step"], row["steps"], crystal, is_written=row.get(_WRITTEN, False) is True)


def _rounded(numbers: Array) -> list[list[float]]:
    rounded: list[list[float]] = np.round(numbers, _DECIMALS).tolist()
    return rounded
