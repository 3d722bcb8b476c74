"""Models coming in and going out: whole or not at all, from every place that a model may lie in."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import tiny_models as tiny

from crystal_studio.app.paths import offers_file, shipped_models_folder
from crystal_studio.domain.errors import JobCancelled, Unavailable, UserCorrectable
from crystal_studio.domain.model_card import ModelCard, ModelKind
from crystal_studio.domain.model_import import ImportMode
from crystal_studio.engines.fake.context import FakeContext
from crystal_studio.registry import FolderCatalog, disk, writing
from crystal_studio.registry.store import FolderModelStore


class Shelves:
    """A shipped, a shared and an own folder, with a store over them."""

    def __init__(self, root: Path) -> None:
        self.shipped, self.shared, self.own = root / "shipped", root / "shared", root / "own"
        self.catalog = FolderCatalog([self.shipped, self.shared, self.own])
        self.store = FolderModelStore(self.catalog, self.own, offers_file(), "test 1")

    def take(self, source: Path, model_id: str | None = None, mode: ImportMode = ImportMode.COPY) -> ModelCard:
        """Plan and install."""
        return self.store.install(self.store.plan(source, model_id), mode, FakeContext())

    def card(self, model_id: str) -> ModelCard:
        """The card of an id."""
        return next(card for card in self.catalog.cards() if card.id == model_id)

    def left(self) -> list[str]:
        """Every file in the person's folder, scratch folders included."""
        return sorted(str(path.relative_to(self.own)) for path in self.own.rglob("*") if not path.is_dir())


@pytest.fixture
def shelves(tmp_path: Path) -> Shelves:
    return Shelves(tmp_path)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return tiny.language_model(tmp_path / "Tiny Llama 1B")


def test_that_a_language_model_of_a_folder_gets_a_card_that_design_can_use(shelves: Shelves, source: Path) -> None:
    (source / "README.md").write_text("# Tiny")
    plan = shelves.store.plan(source)
    assert plan.kind is ModelKind.LANGUAGE_MODEL
    assert plan.model_id == "tiny-llama-1b"
    assert plan.what == "Llama language model, 0.0 M parameters, 32 bit"
    assert {path.name for path in plan.taken} == {"config.json", "tokenizer.json", "model.safetensors"}
    assert [(path.name, reason) for path, reason in plan.left_behind if path.name == "README.md"]
    assert plan.target == shelves.own / "language_model" / "tiny-llama-1b"
    assert not shelves.own.exists()
    card = shelves.store.install(plan, ImportMode.COPY, FakeContext())
    assert card == shelves.card("tiny-llama-1b")
    assert card.backend == "crystal_studio.engines.llm.transformers_nf4:create"
    assert card.options == {"form": "prompted", "layout": "chatml", "precision": "nf4", "device": "auto"}
    assert not card.default
    shelves.catalog.verify(card)
    assert shelves.left() == [
        f"language_model/tiny-llama-1b/{name}"
        for name in ("config.json", "model.safetensors", "model.toml", "tokenizer.json")
    ]


def test_that_what_is_written_of_a_configuration_is_numbers_and_known_words(shelves: Shelves, source: Path) -> None:
    card = shelves.take(source)
    written = json.loads((card.folder / "config.json").read_text())
    assert written == {name: value for name, value in tiny.CONFIG.items() if name != "transformers_version"}


def test_that_the_snapshot_of_a_hubs_cache_is_taken_through_its_links(
    shelves: Shelves, source: Path, tmp_path: Path
) -> None:
    repository = tiny.in_hub_cache(source, tmp_path / "hub")
    for place in (repository, repository / "snapshots" / "0123abcd"):
        assert shelves.store.plan(place).model_id == "tiny-llama"
    card = shelves.take(repository)
    assert not any(path.is_symlink() for path in card.folder.iterdir())
    with pytest.raises(UserCorrectable, match=r"several models.*models--"):
        shelves.store.plan(tmp_path / "hub")


def test_that_weights_in_several_files_are_taken_with_their_index(shelves: Shelves, tmp_path: Path) -> None:
    card = shelves.take(tiny.sharded_language_model(tmp_path / "sharded"))
    assert len([file for file in card.files if file.path.endswith(".safetensors")]) == 2
    assert "model.safetensors.index.json" in {file.path for file in card.files}


def test_that_a_large_model_stays_packed_on_the_processor_and_needs_the_memory_of_4_bits(
    shelves: Shelves, tmp_path: Path
) -> None:
    """Qwen3-4B by its shapes; its 8 GB are a hole in the file."""
    shapes = {"model.embed_tokens.weight": (151_936, 2_560), "model.norm.weight": (2_560,)}
    for layer in range(36):
        stem = f"model.layers.{layer}."
        shapes |= {f"{stem}mlp.{name}_proj.weight": (9_728, 2_560) for name in ("gate", "up", "down")}
        shapes |= {f"{stem}self_attn.{name}_proj.weight": (4_096, 2_560) for name in ("q", "o")}
        shapes |= {f"{stem}self_attn.{name}_proj.weight": (1_024, 2_560) for name in ("k", "v")}
    header, end = tiny.header_of(shapes), 0
    for item in header.values():
        size = item["data_offsets"][1] - item["data_offsets"][0]
        item |= {"dtype": "BF16", "data_offsets": [end, end + size // 2]}
        end += size // 2
    sizes = {"hidden_size": 2_560, "vocab_size": 151_936, "num_hidden_layers": 36, "model_type": "qwen3"}
    folder = tiny.language_model(tmp_path / "Qwen3-4B", **sizes, architectures=["Qwen3ForCausalLM"])
    weights = folder / "model.safetensors"
    weights.write_bytes(tiny.safetensors(header, 0))
    os.truncate(weights, weights.stat().st_size + end)
    plan = shelves.store.plan(folder)
    assert plan.what == "Qwen3 language model, 4.0 B parameters, 16 bit"
    assert plan.size_mb == 8_045
    assert plan.memory_mb == pytest.approx(2_822, abs=2)
    offer = next(one for one in shelves.store.offers() if one.id == "qwen3-4b-instruct")
    assert plan.memory_mb == pytest.approx(offer.memory_mb["4 bit"], abs=2)


def test_that_a_gguf_file_is_for_llama_cpp_and_loses_its_chat_template(shelves: Shelves, tmp_path: Path) -> None:
    template = "{{ messages }}" * 9
    path = tiny.gguf_model(tmp_path / "Tiny-Q4.gguf", template)
    before = path.read_bytes()
    card = shelves.take(path)
    assert card.id == "tiny-q4"
    assert card.backend == "crystal_studio.engines.llm.llama_cpp:create"
    assert card.options == {"file": "model.gguf", "form": "prompted", "layout": "chatml"}
    after = (card.folder / "model.gguf").read_bytes()
    assert len(after) == len(before)
    assert after == before.replace(b"tokenizer.chat_template", b"tokenizer.chat_stripped").replace(
        template.encode(), b" " * len(template)
    )
    assert path.read_bytes() == before


def test_that_a_chat_template_across_the_edge_of_two_chunks_is_blanked(
    shelves: Shelves, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing, "_CHUNK_BYTES", 7)
    card = shelves.take(tiny.gguf_model(tmp_path / "tiny.gguf", "{{ evil }}"))
    assert b"evil" not in (card.folder / "model.gguf").read_bytes()
    assert b"general.name" in (card.folder / "model.gguf").read_bytes()


def test_that_a_wheel_is_read_as_a_zip_file(shelves: Shelves, tmp_path: Path) -> None:
    content = tiny.gguf_model(tmp_path / "a.gguf").read_bytes()
    files = {"llm_tiny/a.gguf": content, "llm_tiny-1.dist-info/RECORD": b"x"}
    plan = shelves.store.plan(tiny.wheel(tmp_path / "llm_tiny-1-py3-none-any.whl", files))
    assert plan.model_id == "llm-tiny"
    card = shelves.store.install(plan, ImportMode.COPY, FakeContext())
    assert (card.folder / "model.gguf").read_bytes() == content
    with pytest.raises(UserCorrectable, match=r"wheel cannot be linked.*--copy"):
        shelves.take(plan.source, "another", ImportMode.LINK)


def test_that_links_leave_large_files_where_they_are_and_are_verified(shelves: Shelves, source: Path) -> None:
    card = shelves.take(source, mode=ImportMode.LINK)
    assert (card.folder / "model.safetensors").readlink() == source / "model.safetensors"
    assert not (card.folder / "config.json").is_symlink()
    shelves.catalog.verify(card)
    (source / "model.safetensors").write_bytes(b"x")
    with pytest.raises(Unavailable, match=r"not the one its card names.*links into"):
        shelves.catalog.verify(card)
    (source / "model.safetensors").unlink()
    with pytest.raises(Unavailable, match=r"lacks its file.*put them back there"):
        shelves.catalog.verify(card)
    shelves.store.remove(card)
    assert (source / "config.json").exists()


def test_that_a_dry_run_checks_everything_and_writes_nothing(shelves: Shelves, source: Path) -> None:
    card = shelves.take(source, mode=ImportMode.DRY_RUN)
    assert {file.path for file in card.files} == {"config.json", "tokenizer.json", "model.safetensors"}
    assert not shelves.own.exists()


def test_that_a_model_of_ours_is_taken_with_its_card_and_never_as_the_default(shelves: Shelves, tmp_path: Path) -> None:
    made = tiny.own_model(tmp_path / "stick", default=True, options={"steps": 5}, provenance={"how_to_install": "rm"})
    plan = shelves.store.plan(made)
    assert [reason for path, reason in plan.left_behind] == ["its wish to be the default is left out"]
    card = shelves.store.install(plan, ImportMode.COPY, FakeContext())
    assert card.options == {"steps": 5}
    assert not card.default
    assert card.provenance == {}
    assert shelves.take(made, "gap-other").id == "gap-other"


def test_that_an_adapter_under_the_id_of_a_writer_becomes_one_with_its_base(shelves: Shelves, tmp_path: Path) -> None:
    lora = tiny.adapter(tmp_path / "lora", base_model_name_or_path="meta-llama/Llama-3.1-8B")
    assert shelves.store.plan(lora).kind is ModelKind.ADAPTER
    with pytest.raises(
        UserCorrectable, match=r"'meta-llama/Llama-3\.1-8B', which is not installed.*--id llama-3\.1-8b"
    ):
        shelves.store.plan(lora, "crystext-llama-3.1-8b")
    shelves.take(tiny.language_model(tmp_path / "base"), "llama-3.1-8b")
    card = shelves.take(lora, "crystext-llama-3.1-8b")
    assert card.kind is ModelKind.CRYSTAL_WRITER
    assert card.options["base"] == {"ref": "llama-3.1-8b"}
    assert card.options["adapter"] == {"ref": "crystext-llama-3.1-8b"}
    shelves.catalog.verify(card)
    with pytest.raises(UserCorrectable, match=r"crystext-llama-3\.1-8b builds on llama"):
        shelves.store.remove(shelves.card("llama-3.1-8b"))


def test_that_published_files_are_known_by_the_hash_that_a_card_waits_for(shelves: Shelves, tmp_path: Path) -> None:
    published = tmp_path / "MEGNet-of-MatGL"
    published.mkdir()
    (published / "state.pt").write_bytes(b"pickled")
    (published / "model.pt").write_bytes(b"pickled too")
    tiny.write_json(published / "config.json", {"model_type": "llama"})
    awaited = {"type": "repository", "repository": "a/b", "revision": "main", "file": "x/state.pt"}
    card = tiny.own_model(
        shelves.shipped,
        "megnet-awaited",
        sources=({**awaited, "sha256": hashlib.sha256(b"pickled").hexdigest()},),
        provenance={"how_to_install": "Fetch it."},
    )
    (card / "weights.safetensors").unlink()
    plan = shelves.store.plan(published)
    assert (plan.kind, plan.model_id) == (ModelKind.PREDICTOR, "megnet-awaited")
    assert [path.name for path in plan.taken] == ["state.pt"]
    assert (published / "model.pt", "a pickle, which could hold code") in plan.left_behind
    (published / "state.pt").write_bytes(b"another")
    (published / "config.json").unlink()
    with pytest.raises(UserCorrectable, match=r"holds 2 checkpoints \(model\.pt, state\.pt\)"):
        shelves.store.plan(published)
    tiny.write_json(published / "model.json", {"@class": "Potential", "kwargs": {"model": {"@class": "TensorNet"}}})
    with pytest.raises(UserCorrectable, match=r"holds a TensorNet of MatGL.*'state\.pt' is a pickle"):
        shelves.store.plan(published)


def test_that_no_id_is_given_twice_whatever_the_kind(shelves: Shelves, source: Path, tmp_path: Path) -> None:
    tiny.own_model(shelves.shipped, "tiny-llama-1b")
    with pytest.raises(UserCorrectable, match=r"'tiny-llama-1b' is there already.*--id"):
        shelves.take(source)
    assert shelves.take(source, "another").id == "another"
    for wrong in ("Upper", "../x", "", "a" * 61, ".hidden"):
        with pytest.raises(UserCorrectable, match="cannot be a model's id"):
            shelves.store.plan(source, wrong)


def test_that_a_model_that_changed_since_it_was_looked_at_is_not_taken(shelves: Shelves, source: Path) -> None:
    plan = shelves.store.plan(source)
    (source / "new.txt").write_text("x")
    with pytest.raises(UserCorrectable, match="has changed since"):
        shelves.store.install(plan, ImportMode.COPY, FakeContext())


def test_that_a_model_still_being_downloaded_is_refused(shelves: Shelves, source: Path) -> None:
    (source / "model.safetensors").rename(source / "model.safetensors.incomplete")
    with pytest.raises(UserCorrectable, match=r"'model\.safetensors' is missing.*not whole"):
        shelves.store.plan(source)


def full_after(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From now on the disk is full when the weights are to be settled on it."""
    real = disk.os.fsync

    def fsync(descriptor: int) -> None:
        if os.readlink(f"/proc/self/fd/{descriptor}").endswith("model.safetensors"):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        real(descriptor)

    monkeypatch.setattr(disk.os, "fsync", fsync)


def test_that_a_disk_that_fills_up_while_it_is_written_to_keeps_nothing(
    shelves: Shelves, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    full_after(shelves.own, monkeypatch)
    with pytest.raises(UserCorrectable, match=r"is full; nothing was kept\. Free some space"):
        shelves.take(source)
    assert shelves.left() == []
    assert shelves.catalog.cards() == []


def test_that_a_disk_without_room_is_told_before_anything_is_written(
    shelves: Shelves, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(disk.shutil, "disk_usage", lambda folder: shutil._ntuple_diskusage(100, 90, 10))
    with pytest.raises(UserCorrectable, match="20 MB too little"):
        shelves.take(source)
    assert not shelves.own.exists()


@pytest.fixture
def read_only(shelves: Shelves, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The person's folder, which may only be read."""

    def refuse(*arguments: object, **options: object) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    shelves.own.mkdir()
    if os.geteuid() == 0:  # who may write to any folder, but not to a disk that is mounted read-only
        monkeypatch.setattr(disk.tempfile, "mkdtemp", refuse)
    shelves.own.chmod(0o500)
    yield shelves.own
    shelves.own.chmod(0o700)


@contextmanager
def small_files() -> Iterator[None]:
    """A disk that takes no file above 2,000 bytes, as FAT32 takes none above 4 GB: the kernel itself refuses.

    As short as can be: what the tests print may go to a longer file.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2_000, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_that_a_disk_that_takes_no_large_files_is_told_and_nothing_is_kept(
    shelves: Shelves, source: Path, tmp_path: Path
) -> None:
    plan = shelves.store.plan(source)
    with small_files(), pytest.raises(UserCorrectable, match=r"takes no file of that size.*exFAT"):
        shelves.store.install(plan, ImportMode.COPY, FakeContext())
    assert shelves.left() == []
    linked = shelves.take(source, mode=ImportMode.LINK)
    with small_files(), pytest.raises(UserCorrectable, match="takes no file of that size"):
        shelves.store.pack([linked], tmp_path / "stick.tar", FakeContext())
    assert not list(tmp_path.glob("*.tar*"))


def test_that_a_read_only_folder_is_named_and_nothing_is_kept(shelves: Shelves, source: Path, read_only: Path) -> None:
    with pytest.raises(UserCorrectable, match=r"own is read-only for you\. Give yourself write access"):
        shelves.take(source)
    assert shelves.left() == []


def test_that_a_stopped_import_leaves_nothing(shelves: Shelves, source: Path) -> None:
    plan = shelves.store.plan(source)
    for polls in range(3):  # before the vocabulary, the weights, and their place
        with pytest.raises(JobCancelled):
            shelves.store.install(plan, ImportMode.COPY, FakeContext().cancel_after(polls))
        assert shelves.left() == []


def test_that_what_a_killed_import_left_is_swept_away_by_the_next(shelves: Shelves, source: Path) -> None:
    left = shelves.own / ".importing-killed"
    left.mkdir(parents=True)
    (left / ".lock").touch()
    (left / "huge.safetensors").write_bytes(b"x")
    with disk.scratch_in(shelves.own) as running:
        shelves.take(source)
        assert running.exists()
    assert not left.exists()


KILLED = """
import sys, time
from pathlib import Path
from crystal_studio.domain.model_import import ImportMode
from crystal_studio.registry import FolderCatalog
from crystal_studio.registry.store import FolderModelStore

class Slow:
    def progress(self, part, fraction, message=""):
        print(fraction, flush=True)
        time.sleep(60)
    def check_cancelled(self):
        pass

own, source, offers = map(Path, sys.argv[1:])
store = FolderModelStore(FolderCatalog([own]), own, offers, "test")
store.install(store.plan(source), ImportMode.COPY, Slow())
"""


def test_that_an_import_that_is_killed_registers_nothing_and_can_be_done_again(shelves: Shelves, source: Path) -> None:
    command = [sys.executable, "-c", KILLED, str(shelves.own), str(source), str(offers_file())]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        assert child.stdout.readline()  # it is in the middle of a file now
        assert len(list(shelves.own.glob(".importing-*"))) == 1
        child.kill()
    shelves.catalog.refresh()
    assert shelves.catalog.cards() == []
    assert shelves.catalog.complaints() == {}
    shelves.take(source)
    assert list(shelves.own.glob(".importing-*")) == []


def test_that_the_persons_models_can_be_removed_and_no_others(shelves: Shelves, source: Path) -> None:
    tiny.own_model(shelves.shipped, "shipped-one")
    tiny.own_model(shelves.shared, "shared-one")
    mine = shelves.take(source)
    assert shelves.store.writable(mine)
    for name in ("shipped-one", "shared-one"):
        assert not shelves.store.writable(shelves.card(name))
        with pytest.raises(UserCorrectable, match="not yours to change"):
            shelves.store.remove(shelves.card(name))
        assert shelves.card(name).folder.is_dir()
    shelves.store.remove(mine)
    assert shelves.left() == []
    assert [card.id for card in shelves.catalog.cards()] == ["shared-one", "shipped-one"]


def test_that_a_shared_model_outranks_a_shipped_one_and_the_persons_both(shelves: Shelves) -> None:
    for number, folder in enumerate((shelves.shipped, shelves.shared, shelves.own)):
        tiny.own_model(folder, f"gap-{number}", default=True)
        shelves.catalog.refresh()
        assert shelves.catalog.default(ModelKind.PREDICTOR).id == f"gap-{number}"
    assert shelves.catalog.is_shipped(shelves.card("gap-0"))
    assert not shelves.catalog.is_shipped(shelves.card("gap-1"))


def test_that_a_long_lived_catalogue_sees_a_new_model_and_forgets_a_removed_one(shelves: Shelves, source: Path) -> None:
    other = FolderCatalog([shelves.shipped, shelves.own])
    assert other.cards() == []
    card = shelves.take(source)
    assert other.cards() == []
    other.refresh()
    assert [one.id for one in other.cards()] == [card.id]
    shelves.store.remove(card)
    other.refresh()
    assert other.cards() == []


def test_that_every_model_of_ours_that_ships_could_be_imported_from_a_stick(shelves: Shelves) -> None:
    for card in FolderCatalog([shipped_models_folder()]).cards():
        if card.files and card.is_installed:
            plan = shelves.store.plan(card.folder)
            assert (plan.kind, plan.model_id) == (card.kind, card.id)
            assert {path.name for path in plan.taken} == {file.path for file in card.files}


def test_that_hashes_on_the_card_are_those_of_the_files_written(shelves: Shelves, source: Path) -> None:
    card = shelves.take(source)
    for file in card.files:
        assert hashlib.sha256((card.folder / file.path).read_bytes()).hexdigest() == file.sha256
