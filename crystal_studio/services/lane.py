"""Which engine host runs a job."""

from __future__ import annotations

from enum import StrEnum


class Lane(StrEnum):
    """One engine host each: `MODEL` for what needs weights, `SCIENCE` for chemistry."""

    MODEL = "model"
    SCIENCE = "science"
