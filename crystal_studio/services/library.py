"""Crystals in and out: nodes are written to files, crystals of files become roots of the tree."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from math import isfinite
from pathlib import Path
from uuid import uuid4

from crystal_studio.domain.candidate import Candidate, Start
from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.domain.exported import FileFormat, LabelledCrystal, WritingStyle, WrittenFile
from crystal_studio.domain.history import Node
from crystal_studio.domain.imported import Imported, ReadFile, RefusedFile
from crystal_studio.domain.intent import Intent
from crystal_studio.domain.model_card import ModelKind
from crystal_studio.domain.outline import NodeOutline
from crystal_studio.domain.pivot import PivotSource
from crystal_studio.domain.validity import all_required_pass
from crystal_studio.ports.context import JobContext
from crystal_studio.ports.crystal_files import CrystalFiles
from crystal_studio.ports.history_store import HistoryStore
from crystal_studio.services.appraise import Appraisal, appraise
from crystal_studio.services.engines import Engines
from crystal_studio.services.file_names import FileNames
from crystal_studio.services.jobs import ExportJob
from crystal_studio.services.provenance import ENVIRONMENT, provenance_line

PASTED = "pasted text"
READ = "read"  # key of `Node.parameters`: how the file of an imported crystal was read
MOST_FILES = 5_000
_ENDINGS = {".cif", ".mcif", ".vasp", ".poscar", ".contcar", ".xyz", ".extxyz", ".json"}
_PACKED = {".gz", ".bz2", ".xz"}
_SYMPREC_ANGSTROM = (1e-5, 1.0)


def export_nodes(
    job: ExportJob, store: HistoryStore, files: CrystalFiles, context: JobContext, version: str
) -> tuple[WrittenFile, ...]:
    """Write the crystals of nodes to files, each file at once or not at all.

    Args:
        job: which nodes, how and where to.
        store: their project.
        files: writes them.
        context: told the progress.
        version: of the program, for the line that says what made them.

    Raises:
        UserCorrectable: there is no such node, the order cannot be carried out as it stands, or a file is there.
        JobCancelled: stopped; the files that were written stay.
    """
    _refuse_order(job)
    style = WritingStyle(job.file_format, job.symprec_angstrom, job.conventional)
    plan = _plan(job, store)
    refuse_overwriting([path for path, _ in plan], job.overwrite)
    written = []
    for number, (path, nodes) in enumerate(plan):
        context.check_cancelled()
        context.progress("writing", number / len(plan), path.name)
        crystals = [_labelled(store.node(node), job, store, version) for node in nodes]
        orders = publish(path, crystals, style, files, job.overwrite)
        written.append(WrittenFile(path, nodes, orders))
    context.progress("writing", 1.0)
    return tuple(written)


def is_one_file(job: ExportJob) -> bool:
    """Whether everything goes to the one file that `out` names; else `out` is a folder."""
    if job.out.is_dir():
        return False
    return len(job.nodes) == 1 or (job.file_format.holds_several and bool(job.out.suffix))


def import_files(
    files: Sequence[Path],
    text: str,
    engines: Engines,
    reader: CrystalFiles,
    store: HistoryStore,
    context: JobContext,
    parameters: Mapping[str, object] | None = None,
) -> Imported:
    """Read crystals and commit each ordered one as a root: described, checked, predicted, ready for feedback.

    Args:
        files: files and folders.
        text: what was pasted, "" for nothing.
        engines: measure the crystals.
        reader: reads the files.
        store: where the roots are committed.
        context: told the progress.
        parameters: stored with each node besides how its file was read.

    Raises:
        UserCorrectable: nothing was given to read.
        Unavailable: a model is missing.
        JobCancelled: stopped; the nodes that were committed stay.
    """
    found = read_files(files, text, reader, context)
    return import_read(found, engines, store, context, parameters)


def read_files(
    files: Sequence[Path], text: str, reader: CrystalFiles, context: JobContext
) -> tuple[ReadFile | RefusedFile, ...]:
    """Every crystal of files, of folders and of a pasted text, in order, and what could not be read.

    Raises:
        UserCorrectable: nothing was given to read.
        JobCancelled: stopped.
    """
    if not files and not text.strip():
        raise UserCorrectable("There is nothing to read. Name a file, or paste the text of one.")
    found: list[ReadFile | RefusedFile] = []
    listed: list[Path] = []
    for path in files:
        inside = _inside(path) if path.is_dir() else [path]
        found += [inside] if isinstance(inside, RefusedFile) else []
        listed += [] if isinstance(inside, RefusedFile) else inside
    for item in reader.read_all(_told(listed, context)):
        context.check_cancelled()
        found.append(item)
    if text.strip():
        found += reader.read_text(text, PASTED)
    context.progress("reading", 1.0)
    return tuple(found)


def import_read(
    found: Sequence[ReadFile | RefusedFile],
    engines: Engines,
    store: HistoryStore,
    context: JobContext,
    parameters: Mapping[str, object] | None = None,
) -> Imported:
    """Commit the ordered ones among crystals that were read; see `import_files`."""
    nodes: list[str] = []
    read: list[ReadFile] = []
    refused = [item for item in found if isinstance(item, RefusedFile)]
    crystals = [item for item in found if isinstance(item, ReadFile)]
    for number, item in enumerate(crystals):
        context.check_cancelled()
        context.progress("importing", number / len(crystals), item.name)
        if item.is_ordered:
            try:
                node = _root(item, engines, context, parameters or {})
            except UserCorrectable as error:
                refused.append(RefusedFile(item.name, f"It was read, but not taken. {error}"))
                continue
            store.commit(node)
            nodes.append(node.id)
        read.append(item)
    return Imported(tuple(nodes), tuple(read), tuple(refused))


def _root(item: ReadFile, engines: Engines, context: JobContext, parameters: Mapping[str, object]) -> Node:
    """The node of a crystal that was read."""
    found = appraise(item.crystal, None, Intent(""), engines, context)
    failed = [one for one in found.checks if one.required and one.passed is False]
    bare = Node(
        id=uuid4().hex,
        parent=None,
        round=1,
        message="",
        intent=Intent(""),
        pivot=found.description,
        pivot_source=PivotSource.DESCRIBED,
        crystal=item.crystal,
        relaxed=False,
        description=found.description,
        space_group=found.space_group,
        alignment=found.alignment,
        checks=found.checks,
        band_gap=found.band_gap,
        chosen=0,
        candidates=(_candidate(item, found),),
        seed=0,
        strength=0.0,  # nothing was noised
        models=_models(engines),
        parameters={**parameters, ENVIRONMENT: engines.environment(), READ: _how(item)},
        notes=(
            f"read from {item.name} by {item.reader}",
            *item.warnings,
            *(f"it fails a check: {one.name}: {one.detail}" for one in failed),
        ),
        created=datetime.now(UTC).isoformat(timespec="seconds"),
    )
    return found.of(bare)


def _candidate(item: ReadFile, found: Appraisal) -> Candidate:
    return Candidate(
        drawn=item.crystal,
        start=Start.FILE,
        origin=item.name,
        checks=found.checks,
        alignment=found.alignment,
        space_group=found.space_group,
        band_gap=found.band_gap,
        energy_per_atom_ev=found.energy_per_atom_ev,
        goal_values=found.goal_values,
        rank=1 if all_required_pass(found.checks) else None,
        e_above_hull=found.e_above_hull,
    )


def _models(engines: Engines) -> dict[str, str]:
    """Those that measured it; none wrote or drew it."""
    makers = {ModelKind.LANGUAGE_MODEL.value, ModelKind.DENOISER.value}
    return {kind: name for kind, name in engines.identities().items() if kind not in makers}


def _how(item: ReadFile) -> dict[str, object]:
    """How it was read, as plain data."""
    return {
        "file": item.name,
        "sha256": item.sha256,
        "reader": item.reader,
        "steps": list(item.steps),
        "warnings": list(item.warnings),
    }


def _told(paths: Sequence[Path], context: JobContext) -> Iterator[Path]:
    """The paths, each told as it is begun."""
    for number, path in enumerate(paths):
        context.check_cancelled()
        context.progress("reading", number / len(paths), path.name)
        yield path


def _inside(folder: Path) -> list[Path] | RefusedFile:
    """The crystal files in a folder and below it, by name; what is hidden or linked from elsewhere is left out."""
    found: list[Path] = []
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        found += [Path(place, name) for name in sorted(names) if _is_named_as_crystal(name)]
        if len(found) > MOST_FILES:
            return RefusedFile(folder.name, f"The folder holds more than {MOST_FILES:,} files. Import a part of it.")
    if not found:
        return RefusedFile(folder.name, "The folder holds no file with the ending of a crystal. Name the files.")
    return found


def _is_named_as_crystal(name: str) -> bool:
    path = Path(name)
    if path.suffix.lower() in _PACKED:
        path = Path(path.stem)
    is_vasp = path.name.upper().startswith(("POSCAR", "CONTCAR"))
    return not name.startswith(".") and (path.suffix.lower() in _ENDINGS or is_vasp)


def _refuse_order(job: ExportJob) -> None:
    """Refuse what cannot be carried out, whatever the nodes are."""
    low, high = _SYMPREC_ANGSTROM
    if not job.nodes:
        raise UserCorrectable("No node was named. Choose at least one.")
    if not low <= job.symprec_angstrom <= high:
        raise UserCorrectable(
            f"A tolerance of {job.symprec_angstrom:g} Å finds no symmetry. Give {low:.5f} to {high:g} Å."
        )
    if job.with_trajectory and job.file_format is not FileFormat.EXTXYZ:
        raise UserCorrectable("Only extended XYZ holds the way to a crystal. Choose that format, or leave the way out.")


def _plan(job: ExportJob, store: HistoryStore) -> list[tuple[Path, tuple[str, ...]]]:
    """Each file with the ids of its nodes; a node that is named twice is written once."""
    marks = store.marks()
    names = FileNames(job.pattern, job.file_format.ending, len(job.nodes))
    named: dict[str, str] = {}
    for asked in job.nodes:
        node = store.node(asked)
        if node.id not in named:
            mark = marks.get(node.id)
            named[node.id] = names.name(NodeOutline.of(node), mark.name if mark else "")
    if is_one_file(replace(job, nodes=tuple(named))):
        return [(job.out, tuple(named))]
    return [(job.out / name, (node,)) for node, name in named.items()]


def refuse_overwriting(paths: Sequence[Path], overwrite: bool) -> None:
    """Refuse what would replace a file unasked; to be called before anything is written.

    Raises:
        UserCorrectable: a file or a folder is there.
    """
    there = [path for path in paths if path.exists() or path.is_symlink()]
    folders = [path for path in there if path.is_dir()]
    if folders:
        raise UserCorrectable(f"'{folders[0]}' is a folder. Name a file.")
    if there and not overwrite:
        more = f" and {len(there) - 1} more" if len(there) > 1 else ""
        raise UserCorrectable(f"'{there[0]}'{more} is there already. Choose another name, or allow it to be replaced.")


def _labelled(node: Node, job: ExportJob, store: HistoryStore, version: str) -> LabelledCrystal:
    predicted = {"band_gap_ev": node.band_gap, "e_above_hull_ev_per_atom": node.e_above_hull}
    return LabelledCrystal(
        crystal=node.crystal,
        title=f"{node.crystal.formula}_{node.id[:8]}",
        provenance=provenance_line(node, version),
        node=node.id,
        properties={name: one.value for name, one in predicted.items() if one is not None and isfinite(one.value)},
        frames=tuple(frame.crystal for frame in store.frames(node.id)) if job.with_trajectory else (),
    )


def publish(
    path: Path, crystals: Sequence[LabelledCrystal], style: WritingStyle, files: CrystalFiles, overwrite: bool
) -> tuple[tuple[int, ...], ...]:
    """Write beside the place, then move there in one step.

    Raises:
        UserCorrectable: the disk refuses, or the file has appeared meanwhile.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserCorrectable(f"'{path}' cannot be written ({error.strerror}). Choose another place.") from error
    temporary = path.with_name(f".{path.name[:80]}.{uuid4().hex[:8]}.part")
    try:
        orders = files.write(temporary, crystals, style)
        with temporary.open("rb") as file:
            os.fsync(file.fileno())
        if overwrite:
            temporary.replace(path)
        else:
            _move_new(temporary, path)
    except OSError as error:
        raise UserCorrectable(f"'{path}' cannot be written ({error.strerror}). Choose another place.") from error
    finally:
        temporary.unlink(missing_ok=True)
    return orders


def _move_new(temporary: Path, path: Path) -> None:
    """Move to where nothing is; a link fails where something has appeared, a move would replace it."""
    try:
        os.link(temporary, path)
    except FileExistsError as error:
        raise UserCorrectable(f"'{path}' is there already. Choose another name, or allow it to be replaced.") from error
    except OSError:  # a disk without links
        refuse_overwriting([path], overwrite=False)
        temporary.replace(path)
