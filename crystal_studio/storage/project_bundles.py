"""Bundles of projects, behind their port."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path

from crystal_studio.domain.bundled import Merged, Packed
from crystal_studio.ports.context import JobContext
from crystal_studio.storage.bundle_merging import merge
from crystal_studio.storage.bundle_reading import unpacked
from crystal_studio.storage.bundle_writing import ToCif, pack


class ZipBundles:
    """Implements `ports.project_bundles.ProjectBundles` with zip files."""

    def __init__(self, program: str, to_cif: ToCif) -> None:
        self._program = program
        self._to_cif = to_cif

    def pack(self, project: Path, out: Path, context: JobContext) -> Packed:
        """Write the project as of now, but its queue, into one file."""
        return pack(project, out, self._program, self._to_cif, context)

    def unpacked(self, bundle: Path, context: JobContext) -> AbstractContextManager[Path]:
        """The project of a bundle as a private, checked, migrated copy for the time of a `with` block."""
        return unpacked(bundle, context)

    def merge(self, copy: Path, project: Path, context: JobContext) -> Merged:
        """Add what an unpacked copy has and a project, whose lock is held, has not; all of it or nothing."""
        return merge(copy, project, context)
