"""One model, tried on this machine."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Trial:
    """What a model did when it did its part of a design round, by itself, in a process of its own.

    Attributes:
        seconds: that its part of a round took, once it was loaded.
        text: what it made, for a person: a pivot, a formula, an energy.
        memory_mb: the most main memory that the process held, its libraries included, in MB of 10^6 bytes.
        device: where it ran: "cpu", or the name of the card.
        load_seconds: that importing its libraries, checking its files and loading it took.
        card_mb: the most memory of the card that it held; 0 on the processor.
    """

    seconds: float
    text: str
    memory_mb: int
    device: str = "cpu"
    load_seconds: float = 0.0
    card_mb: int = 0


@dataclass(frozen=True)
class TriedStep:
    """One step of a self-test.

    Attributes:
        name: what was tried.
        seconds: that it took, loading included.
        found: what it made, for a person; "" where it failed.
        problem: why it failed; "" where it did not.
    """

    name: str
    seconds: float
    found: str = ""
    problem: str = ""


@dataclass(frozen=True)
class SelfTest:
    """A tiny design round that was run in processes of its own.

    Attributes:
        steps: those that came to an end.
        broken_off: (the step that a process was at, how it ended) of each that ended before its last step.
        seconds: of the whole, starting the processes included.
    """

    steps: tuple[TriedStep, ...]
    broken_off: tuple[tuple[str, str], ...]
    seconds: float
