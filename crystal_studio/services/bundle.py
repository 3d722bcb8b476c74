"""A bundle is taken into a project."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

from crystal_studio.domain.bundled import Merged
from crystal_studio.ports.context import JobContext
from crystal_studio.ports.history_store import HistoryStore
from crystal_studio.ports.project_bundles import ProjectBundles

OpenStore = Callable[[Path], AbstractContextManager[HistoryStore]]


def unbundle(
    project: Path, bundle: Path, bundles: ProjectBundles, open_store: OpenStore, context: JobContext
) -> Merged:
    """Merge a bundle into a project, which is made if it is missing, but not for a bundle that is refused.

    Args:
        project: file of the project.
        bundle: the bundle.
        bundles: reads it.
        open_store: opens the project for writing, or knows that its lock is held.
        context: told the progress.

    Raises:
        UserCorrectable: the bundle is refused.
        ProjectUnavailable: the project cannot be opened or written to.
        JobCancelled: stopped; nothing was added.
    """
    with bundles.unpacked(bundle, context) as copy, open_store(project):
        return bundles.merge(copy, project, context)
