"""Models in one file for a memory stick: what is packed comes out the same, and nothing else comes out."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path

import pytest
import tiny_models as tiny

from crystal_studio.app.paths import offers_file
from crystal_studio.domain.errors import JobCancelled, UserCorrectable
from crystal_studio.domain.model_card import ModelKind
from crystal_studio.engines.fake.context import FakeContext
from crystal_studio.registry import FolderCatalog
from crystal_studio.registry.store import FolderModelStore


def store_in(root: Path) -> FolderModelStore:
    return FolderModelStore(FolderCatalog([root / "shipped", root / "own"]), root / "own", offers_file(), "test 1")


@pytest.fixture
def packed(tmp_path: Path) -> Path:
    """A base and a model that builds on it, packed by naming the second only."""
    here = tmp_path / "here"
    tiny.own_model(here / "own", "base", ModelKind.LANGUAGE_MODEL)
    tiny.own_model(here / "shipped", "from-us", ModelKind.ADAPTER)
    options = {"base": {"ref": "base"}, "adapter": {"ref": "from-us"}}
    tiny.own_model(here / "own", "talker", ModelKind.LANGUAGE_MODEL, options=options, default=True)
    store = store_in(here)
    card = next(card for card in FolderCatalog([here / "own"]).cards() if card.id == "talker")
    return store.pack([card], tmp_path / "models.tar", FakeContext())


@pytest.fixture
def there(tmp_path: Path) -> FolderModelStore:
    tiny.own_model(tmp_path / "there" / "shipped", "from-us", ModelKind.ADAPTER)
    return store_in(tmp_path / "there")


def own_files(tmp_path: Path) -> list[str]:
    own = tmp_path / "there" / "own"
    return sorted(str(path.relative_to(own)) for path in own.rglob("*") if not path.is_dir())


def members(packed: Path) -> dict[str, bytes]:
    with tarfile.open(packed) as archive:
        return {info.name: archive.extractfile(info).read() for info in archive}  # type: ignore[union-attr]


def rewritten(packed: Path, change) -> Path:
    """The packed file with its members changed by hand, as a tar program would write them."""
    found = members(packed)
    change(found)
    with tarfile.open(packed, "w", format=tarfile.USTAR_FORMAT) as archive:
        for name, content in found.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return packed


def test_that_a_packed_model_brings_what_it_builds_on_and_comes_out_the_same(
    packed: Path, there: FolderModelStore, tmp_path: Path
) -> None:
    cards = there.unpack(packed, FakeContext())
    assert [card.id for card in cards] == ["base", "talker"]
    assert not any(card.default for card in cards)
    assert own_files(tmp_path) == [
        f"language_model/{name}/{file}" for name in ("base", "talker") for file in ("model.toml", "weights.safetensors")
    ]
    for name in ("base", "talker"):
        weights = [
            tmp_path / side / "own" / "language_model" / name / "weights.safetensors" for side in ("here", "there")
        ]
        assert weights[0].read_bytes() == weights[1].read_bytes()


def test_that_any_tar_program_can_look_into_a_packed_file(packed: Path) -> None:
    found = members(packed)
    manifest = json.loads(found.pop("manifest.json"))
    assert manifest["format"] == "crystal-studio-models"
    assert {f"{model}/{path}" for model, files in manifest["models"].items() for path in files} == set(found)


def test_that_models_that_are_there_already_stay_as_they_are(
    packed: Path, there: FolderModelStore, tmp_path: Path
) -> None:
    first = there.unpack(packed, FakeContext())
    assert there.unpack(packed, FakeContext()) == first
    card = tmp_path / "there" / "own" / "language_model" / "base" / "model.toml"
    card.write_text(card.read_text().replace('version = "1"', 'version = "2"'))
    with pytest.raises(UserCorrectable, match="'base' is there already"):
        store_in(tmp_path / "there").unpack(packed, FakeContext())


def test_that_a_model_without_what_it_builds_on_is_refused_whole(packed: Path, tmp_path: Path) -> None:
    with pytest.raises(UserCorrectable, match="talker builds on 'from-us', which is not installed"):
        store_in(tmp_path / "there").unpack(packed, FakeContext())
    assert own_files(tmp_path) == []


def test_that_a_damaged_or_cut_file_is_refused_and_nothing_is_kept(
    packed: Path, there: FolderModelStore, tmp_path: Path
) -> None:
    whole = packed.read_bytes()
    at = whole.index(b'"w"')
    for content in (whole[:at] + b'"v"' + whole[at + 3 :], whole[:-1500], whole[:700], whole[:100], b"", b"x" * 4096):
        packed.write_bytes(content)
        with pytest.raises(UserCorrectable, match=r"models\.tar"):
            there.unpack(packed, FakeContext())
        assert own_files(tmp_path) == []


def climbing(found: dict[str, bytes]) -> None:
    manifest = json.loads(found["manifest.json"])
    manifest["models"]["language_model/base"]["../../../evil.txt"] = {"size": 1, "sha256": "0" * 64}
    found["manifest.json"] = json.dumps(manifest).encode()


def unlisted(found: dict[str, bytes]) -> None:
    found["language_model/base/evil.py"] = b"import os"


def swapped(found: dict[str, bytes]) -> None:
    found["language_model/base/weights.safetensors"] = bytes(len(found["language_model/base/weights.safetensors"]))


def missing(found: dict[str, bytes]) -> None:
    del found["language_model/base/weights.safetensors"]


def programs(found: dict[str, bytes]) -> None:
    manifest = json.loads(found["manifest.json"])
    manifest["models"]["language_model/base"]["evil.py"] = {"size": 1, "sha256": "0" * 64}
    found["manifest.json"] = json.dumps(manifest).encode()


def promising(found: dict[str, bytes]) -> None:
    manifest = json.loads(found["manifest.json"])
    manifest["models"]["language_model/base"]["weights.safetensors"]["size"] = 10**15
    found["manifest.json"] = json.dumps(manifest).encode()


def oracle(found: dict[str, bytes]) -> None:
    found["manifest.json"] = found["manifest.json"].replace(b"language_model/base", b"oracle/../../base")


def newer(found: dict[str, bytes]) -> None:
    found["manifest.json"] = found["manifest.json"].replace(b'"version": 1', b'"version": 2')


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (climbing, "leads elsewhere"),
        (unlisted, "'language_model/base/evil.py', which its list of contents does not promise"),
        (swapped, "'weights.safetensors' .* damaged on its way"),
        (missing, "lacks 'language_model/base/weights.safetensors'"),
        (programs, "'evil.py', which may hold code"),
        (promising, "promises more than it can hold"),
        (oracle, "impossible name"),
        (newer, "another version"),
        (lambda found: found.pop("manifest.json"), "no packed file of models"),
    ],
)
def test_that_a_packed_file_that_was_tampered_with_is_refused(
    packed: Path, there: FolderModelStore, tmp_path: Path, change, reason: str
) -> None:
    with pytest.raises(UserCorrectable, match=reason):
        there.unpack(rewritten(packed, change), FakeContext())
    assert own_files(tmp_path) == []
    assert not list(tmp_path.rglob("evil*"))


@pytest.mark.parametrize(
    "kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE, tarfile.GNUTYPE_SPARSE]
)
def test_that_a_packed_file_with_anything_but_files_is_refused(
    packed: Path, there: FolderModelStore, tmp_path: Path, kind: bytes
) -> None:
    content = packed.read_bytes()
    info = tarfile.TarInfo("language_model/base/weights.safetensors")
    info.type, info.linkname = kind, "/etc/passwd"
    header = info.tobuf(tarfile.GNU_FORMAT)[:512]
    at = content.index(b"language_model/base/weights.safetensors\0")
    packed.write_bytes(content[:at] + header + content[at + 512 :])
    with pytest.raises(UserCorrectable, match=r"weights\.safetensors', which"):
        there.unpack(packed, FakeContext())
    assert own_files(tmp_path) == []


def test_that_packing_never_overwrites_and_a_stopped_one_leaves_no_file(packed: Path, tmp_path: Path) -> None:
    store = store_in(tmp_path / "here")
    (card,) = [card for card in FolderCatalog([tmp_path / "here" / "own"]).cards() if card.id == "base"]
    for target in (packed, tmp_path / "x.zip"):
        with pytest.raises(UserCorrectable, match="Choose another name"):
            store.pack([card], target, FakeContext())
    with pytest.raises(JobCancelled):
        store.pack([card], tmp_path / "stopped.tar", FakeContext().cancel_after(1))
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["models.tar"]


def test_that_a_damaged_model_is_not_packed(packed: Path, tmp_path: Path) -> None:
    (tmp_path / "here" / "own" / "language_model" / "base" / "weights.safetensors").write_bytes(b"x")
    (card,) = [card for card in FolderCatalog([tmp_path / "here" / "own"]).cards() if card.id == "base"]
    with pytest.raises(UserCorrectable, match="base cannot be packed"):
        store_in(tmp_path / "here").pack([card], tmp_path / "other.tar", FakeContext())


def test_that_a_stopped_unpacking_leaves_nothing(packed: Path, there: FolderModelStore, tmp_path: Path) -> None:
    for polls in range(5):
        with pytest.raises(JobCancelled):
            there.unpack(packed, FakeContext().cancel_after(polls))
        assert own_files(tmp_path) == []


def test_that_a_failure_at_the_last_model_takes_back_the_first(
    packed: Path, there: FolderModelStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Path.rename

    def rename(self: Path, target: Path) -> Path:
        if Path(target).name == "talker":
            raise PermissionError(13, "Permission denied")
        return real(self, target)

    monkeypatch.setattr(Path, "rename", rename)
    with pytest.raises(UserCorrectable, match="read-only"):
        there.unpack(packed, FakeContext())
    assert own_files(tmp_path) == []


def test_that_a_member_above_8_gb_keeps_its_size_in_one_block() -> None:
    from crystal_studio.registry.packed_format import header_of, read_header

    for size in (0, 8**11 - 1, 8**11, 40_000_000_000):
        assert read_header(header_of("denoiser/big/weights.safetensors", size), "x.tar") == (
            "denoiser/big/weights.safetensors",
            size,
        )
