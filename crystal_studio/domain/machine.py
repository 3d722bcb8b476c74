"""What a machine has to run models on."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Card:
    """A graphics card that the installed torch can compute on.

    Attributes:
        name: as its driver calls it.
        memory_mb: its memory, in MB of 10^6 bytes.
        free_mb: of it, what no program holds at the moment.
        driver: version of the driver.
        compute: compute capability, such as "8.6"; "" where the driver does not tell.
    """

    name: str
    memory_mb: int
    free_mb: int
    driver: str
    compute: str


@dataclass(frozen=True)
class Machine:
    """A workstation.

    Attributes:
        cores: that this process may use.
        memory_mb: main memory that this process may use, in MB of 10^6 bytes.
        free_mb: of it, what is available without swapping.
        cards: that can be computed on; empty where there is none.
    """

    cores: int
    memory_mb: int
    free_mb: int
    cards: tuple[Card, ...] = ()
