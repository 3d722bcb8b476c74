"""What travels between a window and its engine hosts: commands one way, events the other."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from crystal_studio.services.jobs import Job


@dataclass(frozen=True)
class Run:
    """Run a job; it answers with events of the same id, the last of which is `Done`, `Failed` or `Cancelled`."""

    id: str
    job: Job


@dataclass(frozen=True)
class Cancel:
    """Stop this job, running or waiting, and no other.

    Attributes:
        patient: whether the host is left the time it takes; else it is killed if it does not stop soon.
    """

    id: str
    patient: bool = False


@dataclass(frozen=True)
class Quit:
    """Finish: stop the running job, close what is open, exit."""


class Failure(StrEnum):
    """How a job failed, which decides how it is shown."""

    USER_CORRECTABLE = "a hint in the chat"
    UNAVAILABLE = "a banner with one action"
    BUG = "a dialog with the path of the log"
    HOST_DIED = "the engine stopped; the queue goes on"


@dataclass(frozen=True)
class Ready:
    """The host has started and waits for jobs."""

    process: int


@dataclass(frozen=True)
class Started:
    """A job began."""

    id: str


@dataclass(frozen=True)
class Progress:
    """A part of a job ("writing", "sampling", "relaxing", ...) is `fraction` (0 to 1) done."""

    id: str
    part: str
    fraction: float
    message: str = ""


@dataclass(frozen=True)
class Partial:
    """Unfinished: "token", "pivot", "notice" or "refused" (str), "frames" (tuple of `Frame`), "cell" (str, a node)."""

    id: str
    kind: str
    payload: object


@dataclass(frozen=True)
class Done:
    """A job ended well."""

    id: str
    result: object


@dataclass(frozen=True)
class Failed:
    """A job ended without a result; `message` says what was wrong and what to do."""

    id: str
    failure: Failure
    message: str
    details: str = ""


@dataclass(frozen=True)
class Cancelled:
    """A job was stopped; nothing of it is kept."""

    id: str


Command = Run | Cancel | Quit
Event = Ready | Started | Progress | Partial | Done | Failed | Cancelled
