"""Opening a bundle that anybody may have made: everything is checked before it is used, and little of it is used.

Only the manifest and the project are ever read; nothing is written outside a private folder. What can be told from the
zip's directory is told before anything is inflated, so a bomb costs no more than a look.
"""

from __future__ import annotations

import hashlib
import shutil
import stat
import struct
import tempfile
import unicodedata
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from crystal_studio.domain.errors import ProjectUnavailable, UserCorrectable
from crystal_studio.ports.context import JobContext
from crystal_studio.storage.bundle_database import make_ready
from crystal_studio.storage.bundle_format import MANIFEST, PROJECT, Member, NotABundle, read_manifest

_MOST_MEMBERS = 5000
_MOST_DIRECTORY_BYTES = 4_000_000
_MOST_MANIFEST_BYTES = 2_000_000
_MOST_PROJECT_BYTES = 16_000_000_000
_MOST_RATIO = 200  # of real projects 4 to 20; DEFLATE ends at 1032
_SMALL_BYTES = 1_000_000  # below which no ratio matters
_CHUNK_BYTES = 1 << 20
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_ENCRYPTED = 0x1
_LOCAL_HEADER_BYTES = 30
_END = struct.Struct("<4s4H2LH")
_END64 = struct.Struct("<4sQ2H2L4Q")
_LONGEST_COMMENT = 65_535


@contextmanager
def unpacked(bundle: Path, context: JobContext) -> Iterator[Path]:
    """The project of a bundle, checked and up to date, in a private folder for the time of a `with` block.

    Raises:
        UserCorrectable: it is no bundle, damaged, newer than this program, or made to do harm; nothing is kept.
        ProjectUnavailable: the temporary folder is full.
        JobCancelled: stopped.
    """
    with tempfile.TemporaryDirectory(prefix="crystal-studio-") as folder:
        copy = Path(folder) / PROJECT
        try:
            _extract(bundle, copy, context)
            make_ready(copy)
        except NotABundle as error:
            raise UserCorrectable(f"{bundle.name[-60:]} {error}. Nothing was taken from it.") from error
        yield copy


def _extract(bundle: Path, copy: Path, context: JobContext) -> None:
    """Write the project to `copy` after every check.

    Raises:
        NotABundle: says what is wrong.
        UserCorrectable: the file cannot be read at all.
    """
    try:
        with bundle.open("rb") as file:
            _check_end(file)
            with zipfile.ZipFile(file) as archive:
                members = _checked(archive.infolist(), archive.start_dir)
                manifest = read_manifest(_small(archive, members[MANIFEST]))
                told = manifest.members.get(PROJECT)
                if told is None or told.size != members[PROJECT].file_size:
                    raise NotABundle("does not hold the project that its manifest tells of")
                _write_project(archive, members[PROJECT], told, copy, context)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, struct.error, UnicodeError) as error:
        raise NotABundle("is no zip file, or a damaged one; ask for it again") from error
    except FileNotFoundError as error:
        raise UserCorrectable(f"There is no file {bundle}. Check its name.") from error
    except OSError as error:
        raise ProjectUnavailable(f"{bundle} cannot be unpacked ({error.strerror or error}). Check the disk.") from error


def _check_end(file: BinaryIO) -> None:
    """The end record tells how much a zip's directory holds: `ZipFile` would read all of it, however much."""
    size = file.seek(0, 2)
    start = max(0, size - _END.size - _LONGEST_COMMENT)
    file.seek(start)
    tail = file.read()
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or len(tail) - at < _END.size:
        raise zipfile.BadZipFile("no end record")
    _, _, _, _, entries, directory_bytes, _, _ = _END.unpack_from(tail, at)
    at64 = tail.rfind(b"PK\x06\x06", 0, at)
    if at64 >= 0 and at - at64 >= _END64.size:
        _, _, _, _, _, _, _, entries64, bytes64, _ = _END64.unpack_from(tail, at64)
        entries, directory_bytes = max(entries, entries64), max(directory_bytes, bytes64)
        if (entries, directory_bytes) == (0xFFFF, 0xFFFFFFFF):
            entries, directory_bytes = entries64, bytes64
    if entries > _MOST_MEMBERS or directory_bytes > _MOST_DIRECTORY_BYTES:
        raise NotABundle(f"holds more than {_MOST_MEMBERS:,} files, which no bundle does")


def _checked(found: Sequence[zipfile.ZipInfo], directory_start: int) -> dict[str, zipfile.ZipInfo]:
    """Name -> member, after everything that the directory tells was looked at."""
    if len(found) > _MOST_MEMBERS:
        raise NotABundle(f"holds more than {_MOST_MEMBERS:,} files, which no bundle does")
    seen: set[str] = set()
    for info in found:
        _check_member(info)
        folded = unicodedata.normalize("NFC", info.filename).casefold()
        if folded in seen:
            raise NotABundle(f"holds the file '{info.filename[:60]}' twice")
        seen.add(folded)
    _check_overlaps(found, directory_start)
    members = {info.filename: info for info in found}
    if MANIFEST not in members or PROJECT not in members:
        raise NotABundle("is a zip file, but no bundle of Crystal Studio")
    return members


def _check_member(info: zipfile.ZipInfo) -> None:
    name = info.orig_filename
    parts = name.rstrip("/").split("/")
    if (
        not name.isprintable()
        or "\\" in name
        or ":" in name
        or name.startswith("/")
        or any(part in ("", ".", "..") for part in parts)
    ):
        raise NotABundle(f"holds a file whose name leads elsewhere ({name[:60]!r})")
    kind = stat.S_IFMT(info.external_attr >> 16)
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise NotABundle(f"holds '{name[:60]}', which is a link or a device and no file")
    if info.flag_bits & _ENCRYPTED or info.compress_type not in _METHODS:
        raise NotABundle("is encrypted, or packed in a way that no bundle is")
    limit = _MOST_MANIFEST_BYTES if name == MANIFEST else _MOST_PROJECT_BYTES
    if info.file_size > limit:
        raise NotABundle(f"holds '{name[:60]}' of {info.file_size / 1e6:,.0f} MB, more than a bundle may")
    if info.file_size > max(_SMALL_BYTES, _MOST_RATIO * info.compress_size):
        raise NotABundle(f"is packed too tightly to be real ('{name[:60]}' unpacks to {info.file_size / 1e6:,.0f} MB)")


def _check_overlaps(found: Sequence[zipfile.ZipInfo], directory_start: int) -> None:
    """Members that share bytes unpack to far more than the file holds."""
    ordered = sorted(found, key=lambda info: info.header_offset)
    starts = [info.header_offset for info in ordered[1:]] + [directory_start]
    for info, after in zip(ordered, starts, strict=True):
        end = info.header_offset + _LOCAL_HEADER_BYTES + len(info.orig_filename) + info.compress_size
        if info.header_offset < 0 or end > after:
            raise NotABundle("holds files that overlap each other")


def _small(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    with archive.open(info) as member:
        return member.read(_MOST_MANIFEST_BYTES)


def _write_project(
    archive: zipfile.ZipFile, info: zipfile.ZipInfo, told: Member, copy: Path, context: JobContext
) -> None:
    """Inflate the project, no further than its manifest says, and compare its hash."""
    if shutil.disk_usage(copy.parent).free < told.size * 1.1:
        raise ProjectUnavailable(
            f"The project needs {told.size / 1e6:,.0f} MB in the folder {copy.parent.parent}. Free some space."
        )
    digest, written = hashlib.sha256(), 0
    with archive.open(info) as member, copy.open("xb") as target:
        while chunk := member.read(_CHUNK_BYTES):
            context.check_cancelled()
            written += len(chunk)
            if written > told.size:
                raise NotABundle("holds more than its manifest says")
            digest.update(chunk)
            target.write(chunk)
            context.progress("bundle", 0.3 * written / told.size, "unpacking")
    if written != told.size or digest.hexdigest() != told.sha256:
        raise NotABundle("was changed or damaged on its way: its project has another hash; ask for it again")
