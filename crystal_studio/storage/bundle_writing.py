"""Packing a project."""

from __future__ import annotations

import os
import sqlite3
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from crystal_studio.domain.bundled import Packed
from crystal_studio.domain.crystal import Crystal
from crystal_studio.domain.errors import ProjectUnavailable, UserCorrectable
from crystal_studio.domain.node_query import NodeOrder, NodeQuery
from crystal_studio.ports.context import JobContext
from crystal_studio.storage.backup import is_whole
from crystal_studio.storage.bundle_format import (
    CIF_FOLDER,
    ENDING,
    MANIFEST,
    MOST_CIFS,
    PROJECT,
    README,
    README_TEXT,
    Manifest,
    hash_of,
    hash_of_text,
)
from crystal_studio.storage.failure import in_words
from crystal_studio.storage.opening import open_for_reading
from crystal_studio.storage.sql_history_store import SqlHistoryStore

# Crystal, title and comment to a CIF.
ToCif = Callable[[Crystal, str, str], str]


def pack(project: Path, out: Path, program: str, to_cif: ToCif, context: JobContext) -> Packed:
    """Write a bundle; a bundle that is there is replaced when the new one is whole.

    Args:
        project: the project, which may be open and written to.
        out: the bundle.
        program: name and version.
        to_cif: writes a crystal.
        context: told the progress.

    Raises:
        UserCorrectable: `out` has another ending, or cannot be written.
        ProjectUnavailable: the project cannot be read, or the temporary folder is full.
        JobCancelled: stopped.
    """
    _refuse(out)
    with _private_folder() as folder:
        copy = folder / PROJECT
        context.progress("bundle", 0.0, "copying the project")
        _copy_without_queue(project, copy)
        context.check_cancelled()
        with SqlHistoryStore.open(copy, read_only=True) as store:
            num_nodes = store.num_nodes()
            texts = {README: README_TEXT.format(most=MOST_CIFS), **dict(_cifs(store, program, to_cif, context))}
        members = {name: hash_of_text(text) for name, text in texts.items()} | {PROJECT: hash_of(copy)}
        manifest = Manifest(program, datetime.now(UTC).isoformat(timespec="seconds"), num_nodes, members)
        context.progress("bundle", 0.6, "packing")
        _write(out, manifest, copy, texts)
    return Packed(out, num_nodes, len(texts) - 1, out.stat().st_size)


def _refuse(out: Path) -> None:
    if out.suffix.lower() != ENDING:
        raise UserCorrectable(f"'{out.name[-40:]}' does not end with {ENDING}. Give the bundle that ending.")
    if not out.parent.is_dir():
        raise UserCorrectable(f"The folder {out.parent} does not exist. Make it, or choose another.")


@contextmanager
def _private_folder() -> Iterator[Path]:
    try:
        with tempfile.TemporaryDirectory(prefix="crystal-studio-") as name:
            yield Path(name)
    except OSError as error:
        raise ProjectUnavailable(
            f"The folder for temporary files cannot hold the project ({error.strerror or error}). Free some space."
        ) from error


def _copy_without_queue(project: Path, copy: Path) -> None:
    """SQLite's backup: as of one moment, whoever writes meanwhile."""
    with in_words(project):
        source = open_for_reading(project)
        try:
            connection = source.engine.raw_connection()
            with closing(connection), closing(sqlite3.connect(copy)) as target:
                sqlite: Any = connection.driver_connection
                sqlite.backup(target)
                target.execute("DELETE FROM jobs")
                target.commit()
                target.execute("PRAGMA journal_mode=DELETE")
                target.execute("VACUUM")  # or what was in the queue could still be found in free pages
        finally:
            source.dispose()
    if not is_whole(copy):
        raise ProjectUnavailable(f"The copy of {project} is not whole. Check the disk, then try again.")


def _cifs(store: SqlHistoryStore, program: str, to_cif: ToCif, context: JobContext) -> Iterator[tuple[str, str]]:
    """Name and text of each, the newest first."""
    newest = NodeQuery(order=NodeOrder.CREATED, is_descending=True)
    outlines = store.search(newest, 0, MOST_CIFS)
    for index, one in enumerate(outlines):
        context.check_cancelled()
        context.progress("bundle", 0.1 + 0.5 * index / len(outlines), "writing CIFs")
        text = to_cif(store.crystal(one.id), one.formula, f"{program}, node {one.id}")
        yield f"{CIF_FOLDER}{one.formula}-{one.id}.cif", text


def _write(out: Path, manifest: Manifest, copy: Path, texts: dict[str, str]) -> None:
    part = out.with_name(out.name + ".part")
    try:
        with zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(MANIFEST, manifest.to_json())
            archive.write(copy, PROJECT)
            for name, text in texts.items():
                archive.writestr(name, text)
        os.replace(part, out)
    except OSError as error:
        raise UserCorrectable(f"{out} cannot be written ({error.strerror or error}). Choose another file.") from error
    finally:
        part.unlink(missing_ok=True)
