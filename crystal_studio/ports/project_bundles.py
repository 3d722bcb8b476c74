"""Whole projects as single files to keep or to send."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

from crystal_studio.domain.bundled import Merged, Packed
from crystal_studio.ports.context import JobContext


class ProjectBundles(Protocol):
    """Packs projects, and takes what was packed into projects."""

    def pack(self, project: Path, out: Path, context: JobContext) -> Packed:
        """Write the project as of now, but its queue, into one file; others may go on writing to the project.

        Raises:
            UserCorrectable: the file has another ending or cannot be written.
            ProjectUnavailable: the project cannot be read.
            JobCancelled: stopped; nothing was written.
        """

    def unpacked(self, bundle: Path, context: JobContext) -> AbstractContextManager[Path]:
        """The project of a bundle as a private, checked, migrated copy for the time of a `with` block.

        Raises:
            UserCorrectable: it is no bundle, damaged, newer than this program, or made to do harm.
            JobCancelled: stopped.
        """

    def merge(self, copy: Path, project: Path, context: JobContext) -> Merged:
        """Add what an unpacked copy has and a project, whose lock is held, has not; all of it or nothing.

        Raises:
            UserCorrectable: a node of the copy cannot be read.
            ProjectUnavailable: the project cannot be written to.
            JobCancelled: stopped; nothing was added.
        """
