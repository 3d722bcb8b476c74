"""Bundles that are none, damaged or made to do harm are refused in 5 s with a sentence, and leave nothing behind."""

from __future__ import annotations

import json
import sqlite3
import stat
import struct
import tempfile
import time
import zipfile
import zlib
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from bundled import bundles, fill, members_of, pack, some_nodes, with_project, zipped

from crystal_studio.app.projects import open_project
from crystal_studio.domain.errors import ProjectUnavailable, UserCorrectable
from crystal_studio.engines.fake import FakeContext
from crystal_studio.services.bundle import unbundle
from crystal_studio.storage import schema

SECONDS = 5.0
Members = dict[str, bytes]


@pytest.fixture(scope="module")
def honest(tmp_path_factory: pytest.TempPathFactory) -> Members:
    """The members of a bundle of two nodes."""
    folder = tmp_path_factory.mktemp("honest")
    fill(folder / "p.cstudio", some_nodes(1, 2))
    return members_of(pack(folder / "p.cstudio", folder / "b.zip"))


@pytest.fixture
def refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Path, str], None]:
    """A function that asserts that a bundle is refused in time, in words, and without a trace."""
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))

    def refuse(bundle: Path, words: str) -> None:
        project = tmp_path / "p.cstudio"
        before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
        began = time.monotonic()
        with pytest.raises((UserCorrectable, ProjectUnavailable), match=words) as found:
            unbundle(project, bundle, bundles(), open_project, FakeContext())
        assert time.monotonic() - began < SECONDS
        assert len(str(found.value)) < 300
        assert {path for path in tmp_path.rglob("*")} == before.keys()

    return refuse


def raw_member(name: str, packed: bytes, size: int, checksum: int) -> bytes:
    """A local header and its bytes."""
    head = struct.pack("<4s5H3L2H", b"PK\3\4", 20, 0, 8, 0, 0x21, checksum, len(packed), size, len(name), 0)
    return head + name.encode() + packed


def raw_entry(name: str, packed: int, size: int, checksum: int, offset: int) -> bytes:
    """An entry of the directory."""
    fixed = (b"PK\1\2", 20, 20, 0, 8, 0, 0x21, checksum, packed, size, len(name), 0, 0, 0, 0, 0, offset)
    return struct.pack("<4s6H3L5H2L", *fixed) + name.encode()


def raw_end(entries: int, directory: int, offset: int) -> bytes:
    return struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, entries, entries, directory, offset, 0)


def raw_zip(out: Path, body: bytes, entries: list[bytes], count: int | None = None) -> Path:
    directory = b"".join(entries)
    out.write_bytes(body + directory + raw_end(count or len(entries), len(directory), len(body)))
    return out


def deflated(content: bytes) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return packer.compress(content) + packer.flush()


def test_that_a_bomb_of_zeros_is_refused_by_its_ratio(tmp_path: Path, honest: Members, refused) -> None:
    bomb = zipped(tmp_path / "b.zip", with_project(honest, bytes(60_000_000)))
    assert bomb.stat().st_size < 1_000_000
    refused(bomb, "too tightly")


def test_that_a_bomb_in_a_member_that_is_never_read_is_refused_too(tmp_path: Path, honest: Members, refused) -> None:
    refused(zipped(tmp_path / "b.zip", {**honest, "cif/a.cif": bytes(60_000_000)}), "too tightly")


def test_that_a_bomb_that_lies_about_its_size_is_read_no_further_than_it_says(
    tmp_path: Path, honest: Members, refused
) -> None:
    """The directory tells of 1 MB, the stream holds 40 MB."""
    told = with_project(honest, bytes(1_000_000))
    packed = deflated(bytes(40_000_000))
    manifest = deflated(told["manifest.json"])
    body = raw_member("manifest.json", manifest, len(told["manifest.json"]), zlib.crc32(told["manifest.json"]))
    start = len(body)
    checksum = zlib.crc32(bytes(1_000_000))
    body += raw_member("project.cstudio", packed, 1_000_000, checksum)
    entries = [
        raw_entry("manifest.json", len(manifest), len(told["manifest.json"]), zlib.crc32(told["manifest.json"]), 0),
        raw_entry("project.cstudio", len(packed), 1_000_000, checksum, start),
    ]
    refused(raw_zip(tmp_path / "b.zip", body, entries), "another program|damaged")


def test_that_members_that_overlap_are_refused(tmp_path: Path, honest: Members, refused) -> None:
    """A hundred entries that all point at the same half megabyte."""
    packed = deflated(b"".join(struct.pack("<Q", number * 7919) for number in range(60_000)))
    body = raw_member("0", packed, 480_000, 0)
    entries = [raw_entry(str(number), len(packed), 480_000, 0, 0) for number in range(100)]
    refused(raw_zip(tmp_path / "b.zip", body, entries), "overlap")


def test_that_a_member_behind_the_directory_is_refused(tmp_path: Path, refused) -> None:
    body = raw_member("manifest.json", b"", 0, 0)
    refused(raw_zip(tmp_path / "b.zip", body, [raw_entry("manifest.json", 500, 500, 0, 0)]), "overlap")


def test_that_a_million_members_are_refused_before_they_are_listed(tmp_path: Path, refused) -> None:
    entry = raw_entry("a", 0, 0, 0, 0)
    refused(raw_zip(tmp_path / "b.zip", b"", [entry] * 1_000_000, 60_000), "more than 5,000 files")


def test_that_a_count_of_files_that_lies_does_not_hide_them(tmp_path: Path, refused) -> None:
    entries = [raw_entry(f"{number}", 0, 0, 0, 0) for number in range(6_000)]
    refused(raw_zip(tmp_path / "b.zip", b"", entries, 2), "more than 5,000 files")


def test_that_a_zip_in_a_zip_is_no_project(tmp_path: Path, honest: Members, refused) -> None:
    inner = zipped(tmp_path / "inner.zip", honest).read_bytes()
    refused(zipped(tmp_path / "b.zip", with_project(honest, inner)), "damaged project")


@pytest.mark.parametrize(
    "name",
    [
        "../outside", "cif/../../outside", "/etc/outside", "C:\\outside", "cif\\..\\outside", "a//b", "./a", "a\nb",
        "a\0b", "C:/x",
    ],
)  # fmt: skip
def test_that_a_name_that_leads_elsewhere_is_refused(tmp_path: Path, honest: Members, refused, name: str) -> None:
    packed = zipped(tmp_path / "b.zip", {**honest, "x" * len(name): b"x"}).read_bytes()
    (tmp_path / "b.zip").write_bytes(packed.replace(b"x" * len(name), name.encode()))
    refused(tmp_path / "b.zip", "leads elsewhere|damaged")


def test_that_a_symlink_is_refused(tmp_path: Path, honest: Members, refused) -> None:
    bundle = tmp_path / "b.zip"
    with zipfile.ZipFile(bundle, "w") as archive:
        link = zipfile.ZipInfo("project.cstudio")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
        archive.writestr("manifest.json", honest["manifest.json"])
    refused(bundle, "link or a device")


@pytest.mark.parametrize("second", ["project.cstudio", "PROJECT.CStudio"])
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_that_a_name_that_comes_twice_is_refused(tmp_path: Path, honest: Members, refused, second: str) -> None:
    bundle = zipped(tmp_path / "b.zip", honest)
    with zipfile.ZipFile(bundle, "a") as archive:
        archive.writestr(second, b"another project")
    refused(bundle, "twice")


def test_that_another_hash_is_refused(tmp_path: Path, honest: Members, refused) -> None:
    changed = bytearray(honest["project.cstudio"])
    changed[-1] ^= 1
    refused(zipped(tmp_path / "b.zip", {**honest, "project.cstudio": bytes(changed)}), "another hash")


def test_that_another_size_than_the_manifest_tells_is_refused(tmp_path: Path, honest: Members, refused) -> None:
    refused(zipped(tmp_path / "b.zip", {**honest, "project.cstudio": b"short"}), "manifest tells")


@pytest.mark.parametrize("share", [0.02, 0.5, 0.99])
def test_that_a_truncated_bundle_is_refused(tmp_path: Path, honest: Members, refused, share: float) -> None:
    whole = zipped(tmp_path / "b.zip", honest).read_bytes()
    (tmp_path / "b.zip").write_bytes(whole[: int(len(whole) * share)])
    refused(tmp_path / "b.zip", "no zip file, or a damaged one")


def test_that_a_flipped_byte_is_refused(tmp_path: Path, honest: Members, refused) -> None:
    whole = bytearray(zipped(tmp_path / "b.zip", honest).read_bytes())
    whole[len(whole) // 3] ^= 0xFF
    (tmp_path / "b.zip").write_bytes(bytes(whole))
    refused(tmp_path / "b.zip", "damaged|another hash")


@pytest.mark.parametrize("content", [b"", b"PK\5\6", b"data_SrTiO3\n_cell_length_a 3.9\n", bytes(70_000)])
def test_that_what_is_no_zip_is_refused(tmp_path: Path, refused, content: bytes) -> None:
    (tmp_path / "b.zip").write_bytes(content)
    refused(tmp_path / "b.zip", "no zip file")


def test_that_a_missing_bundle_and_a_folder_are_refused(tmp_path: Path, refused) -> None:
    refused(tmp_path / "nowhere.zip", "no file")
    (tmp_path / "folder.zip").mkdir()
    refused(tmp_path / "folder.zip", "cannot be unpacked")


def test_that_a_zip_of_other_things_is_told_apart(tmp_path: Path, refused) -> None:
    refused(zipped(tmp_path / "b.zip", {"thesis.pdf": b"%PDF"}), "no bundle of Crystal Studio")


@pytest.mark.parametrize(
    ("manifest", "words"),
    [
        (b"{}", "cannot be read"),
        (b"not json", "cannot be read"),
        (b"[" * 100_000, "cannot be read"),
        (b"\xff\xfe", "cannot be read"),
        (b'{"format": "other", "version": 1}', "not a bundle"),
        (b'{"format": "crystal-studio-bundle", "version": 2}', "newer Crystal Studio"),
        (b'{"format": "crystal-studio-bundle", "version": 1, "members": []}', "cannot be read"),
    ],
)
def test_that_a_manifest_that_is_none_is_refused(
    tmp_path: Path, honest: Members, refused, manifest: bytes, words: str
) -> None:
    refused(zipped(tmp_path / "b.zip", {**honest, "manifest.json": manifest}), words)


def test_that_an_encrypted_member_is_refused(tmp_path: Path, honest: Members, refused) -> None:
    whole = bytearray(zipped(tmp_path / "b.zip", honest).read_bytes())
    entry = whole.rfind(b"PK\1\2")
    whole[entry + 8] |= 1
    (tmp_path / "b.zip").write_bytes(bytes(whole))
    refused(tmp_path / "b.zip", "encrypted")


def test_that_another_way_of_packing_is_refused(tmp_path: Path, honest: Members, refused) -> None:
    refused(zipped(tmp_path / "b.zip", honest, zipfile.ZIP_LZMA), "packed in a way")


def test_that_a_damaged_database_is_refused(tmp_path: Path, honest: Members, refused) -> None:
    damaged = bytearray(honest["project.cstudio"])
    for page in range(2 * 4096, len(damaged) - 4096, 3 * 4096):
        damaged[page : page + 512] = bytes([0x5A]) * 512
    refused(zipped(tmp_path / "b.zip", with_project(honest, bytes(damaged))), "damaged project")


def test_that_half_a_database_is_refused(tmp_path: Path, honest: Members, refused) -> None:
    half = honest["project.cstudio"][: len(honest["project.cstudio"]) // 2]
    refused(zipped(tmp_path / "b.zip", with_project(honest, half)), "damaged project")


def changed_database(tmp_path: Path, honest: Members, *statements: str) -> Path:
    """A bundle whose database was changed by somebody who knows SQL."""
    database = tmp_path / "changed"
    database.write_bytes(honest["project.cstudio"])
    with closing(sqlite3.connect(database)) as connection:
        for statement in statements:
            connection.execute(statement)
        connection.commit()
    content = database.read_bytes()
    database.unlink()
    return zipped(tmp_path / "b.zip", with_project(honest, content))


def test_that_a_newer_schema_is_refused(tmp_path: Path, honest: Members, refused) -> None:
    refused(changed_database(tmp_path, honest, f"PRAGMA user_version = {schema.SCHEMA_MAJOR + 1}"), "newer Crystal")
    newer = "UPDATE alembic_version SET version_num = '9999'"
    refused(changed_database(tmp_path, honest, newer, "ALTER TABLE nodes ADD COLUMN mood TEXT"), "newer Crystal")


def test_that_a_database_of_another_program_is_refused(tmp_path: Path, honest: Members, refused) -> None:
    refused(changed_database(tmp_path, honest, "PRAGMA application_id = 252006674"), "another program")
    refused(changed_database(tmp_path, honest, "DELETE FROM alembic_version"), "another program")


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TRIGGER t AFTER INSERT ON nodes BEGIN DELETE FROM nodes; END",
        "CREATE VIEW v AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n",
        "ALTER TABLE nodes ADD COLUMN big BLOB AS (zeroblob(1000000000))",
        "CREATE VIRTUAL TABLE more USING fts5(text)",
        "CREATE INDEX odd ON nodes (length(hex(zeroblob(10000000))))",
        "DROP TABLE trajectories",
    ],
)
def test_that_tables_other_than_ours_are_refused(tmp_path: Path, honest: Members, refused, statement: str) -> None:
    refused(changed_database(tmp_path, honest, statement), "tables are not those|damaged")


def test_that_a_node_without_its_parent_is_refused(tmp_path: Path, honest: Members, refused) -> None:
    statements = ("PRAGMA foreign_keys = OFF", "UPDATE nodes SET parent = 'nobody' WHERE ordinal = 1")
    refused(changed_database(tmp_path, honest, *statements), "damaged project")


def test_that_a_trajectory_that_unpacks_to_gigabytes_adds_nothing(tmp_path: Path, honest: Members) -> None:
    """It is read after the nodes: what they added is taken back."""
    fill(tmp_path / "p.cstudio", [])
    blob = zlib.compress(bytes(70_000_000), 6).hex()
    statement = f"INSERT INTO trajectories SELECT id, x'{blob}' FROM nodes WHERE ordinal = 1"
    bundle = changed_database(tmp_path, honest, statement)
    began = time.monotonic()
    with pytest.raises(UserCorrectable, match="nothing was added"):
        unbundle(tmp_path / "p.cstudio", bundle, bundles(), open_project, FakeContext())
    assert time.monotonic() - began < SECONDS
    with open_project(tmp_path / "p.cstudio", read_only=True) as store:
        assert store.num_nodes() == 0


def test_that_a_full_temporary_folder_is_told(
    tmp_path: Path, honest: Members, refused, monkeypatch: pytest.MonkeyPatch
) -> None:
    nearly_full = type("Usage", (), {"free": 1000})
    monkeypatch.setattr("shutil.disk_usage", lambda folder: nearly_full)
    refused(zipped(tmp_path / "b.zip", honest), "Free some space")


def test_that_the_honest_bundle_of_these_tests_is_taken(tmp_path: Path, honest: Members) -> None:
    bundle = zipped(tmp_path / "b.zip", honest)
    assert json.loads(honest["manifest.json"])["nodes"] == 2
    assert len(unbundle(tmp_path / "p.cstudio", bundle, bundles(), open_project, FakeContext()).new) == 2
