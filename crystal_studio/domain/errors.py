"""The errors that cross a room's border; anything else is our bug."""

from __future__ import annotations

from enum import IntEnum


class ExitStatus(IntEnum):
    """Exit statuses of the command line."""

    DONE = 0
    BUG = 1
    BAD_INPUT = 2
    NOTHING_VALID = 3
    MODEL_MISSING = 4
    DIFFERENT = 5
    STOPPED = 130


class StudioError(Exception):
    """Base of our own errors: one sentence on what was wrong, one on what to do."""

    exit_status = ExitStatus.BUG


class UserCorrectable(StudioError):
    """The request cannot be met as it stands; the message says what to change."""

    exit_status = ExitStatus.BAD_INPUT


class NothingValid(UserCorrectable):
    """No candidate passed the checks within the bounded number of draws."""

    exit_status = ExitStatus.NOTHING_VALID


class Unavailable(StudioError):
    """Something the job needs (a model, a library, a writable folder) is not there."""

    exit_status = ExitStatus.MODEL_MISSING


class ProjectUnavailable(StudioError):
    """A project file is damaged, newer than this program, locked or not writable."""

    exit_status = ExitStatus.BAD_INPUT


class ProjectLocked(ProjectUnavailable):
    """Another window or command is writing to the project; it can still be read."""


class JobCancelled(StudioError):
    """The person stopped the job; nothing of it is kept."""

    exit_status = ExitStatus.STOPPED
