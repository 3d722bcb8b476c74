"""Projects to pack, and bundles made by hand, honest ones and others."""

from __future__ import annotations

import hashlib
import json
import random
import tempfile
import zipfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from random_nodes import random_frames, random_node
from sqlalchemy import insert

from crystal_studio.domain.crystal import Crystal
from crystal_studio.domain.history import Node
from crystal_studio.engines.fake import FakeContext
from crystal_studio.storage.changes import insert_node
from crystal_studio.storage.connection import writing_engine
from crystal_studio.storage.project_bundles import ZipBundles
from crystal_studio.storage.sql_history_store import SqlHistoryStore
from crystal_studio.storage.tables import trajectories
from crystal_studio.storage.trajectory_blob import pack_frames


def to_cif(crystal: Crystal, title: str, comment: str) -> str:
    return f"data_{title}\n# {comment}\n"


def bundles() -> ZipBundles:
    return ZipBundles("Crystal Studio 0.0.1", to_cif)


def some_nodes(seed: int, count: int, parents: tuple[Node, ...] = ()) -> list[Node]:
    """A tree: each node below one that is there, or a root."""
    rng = random.Random(seed)
    found = list(parents)
    for _ in range(count):
        found.append(random_node(rng, rng.choice(found) if found and rng.random() < 0.7 else None))
    return found[len(parents) :]


@cache
def _empty_project() -> bytes:
    """The tables take longer to make than the nodes to store."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "empty.cstudio"
        SqlHistoryStore.open(path).close()
        return path.read_bytes()


def fill(project: Path, nodes: list[Node], with_frames: bool = True) -> None:
    """Store nodes, every second one with its trajectory, without waiting for the disk after each."""
    if not project.exists():
        project.write_bytes(_empty_project())
    engine = writing_engine(project)
    with engine.begin() as connection:
        for index, node in enumerate(nodes):
            insert_node(connection, node)
            if with_frames and index % 2:
                frames = pack_frames(random_frames(random.Random(index)))
                connection.execute(insert(trajectories).values(node_id=node.id, frames=frames))
    engine.dispose()


def pack(project: Path, out: Path) -> Path:
    return bundles().pack(project, out, FakeContext()).file


def members_of(bundle: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(bundle) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def zipped(out: Path, members: Mapping[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> Path:
    """A zip file of these members."""
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return out


def with_project(members: Mapping[str, bytes], project: bytes) -> dict[str, bytes]:
    """Another project in a bundle, its manifest made to agree."""
    manifest = json.loads(members["manifest.json"])
    manifest["members"]["project.cstudio"] = {"sha256": hashlib.sha256(project).hexdigest(), "size": len(project)}
    return {**members, "manifest.json": json.dumps(manifest).encode(), "project.cstudio": project}
