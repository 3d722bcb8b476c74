"""Checkpoints of Chemeleon through the import: recognised without being opened, converted by limited processes."""

from __future__ import annotations

import os
import pickle
import zipfile
from pathlib import Path
from typing import Any

import pytest

from crystal_studio.app.paths import offers_file
from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.domain.model_card import ModelKind
from crystal_studio.domain.model_import import ImportMode
from crystal_studio.engines.fake.context import FakeContext
from crystal_studio.registry import FolderCatalog
from crystal_studio.registry.store import FolderModelStore

SIGNS = {ModelKind.DENOISER: "decoder.coord_out.weight", ModelKind.ALIGNER: "graph_proj.0.weight"}


class Touch:
    """Unpickled, it touches a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, (f"touch {self.path}",)


def evil_checkpoint(folder: Path, canary: Path, sign: str) -> Path:
    """A checkpoint as torch writes them; whoever unpickles it touches the canary."""
    folder.mkdir(parents=True)
    with zipfile.ZipFile(folder / "evil.ckpt", "w") as archive:
        archive.writestr("archive/data.pkl", pickle.dumps({"state_dict": {sign: Touch(canary)}}, 2))
        archive.writestr("archive/version", "3\n")
    (folder / "vocab.txt").write_text("[PAD]\n")
    return folder


@pytest.fixture
def store(tmp_path: Path) -> FolderModelStore:
    models = tmp_path / "models"
    return FolderModelStore(FolderCatalog([tmp_path / "shipped", models]), models, offers_file(), "test")


@pytest.mark.parametrize("kind", SIGNS)
def test_that_a_checkpoint_is_recognised_without_being_unpickled(
    kind: ModelKind, store: FolderModelStore, tmp_path: Path
) -> None:
    folder = evil_checkpoint(tmp_path / "source", tmp_path / "canary", SIGNS[kind])
    for place in (folder, folder / "evil.ckpt"):
        plan = store.plan(place, "chemeleon-x")
        assert plan.kind is kind
        assert [path.name for path in plan.taken] == ["evil.ckpt", "vocab.txt"]
    assert not (tmp_path / "canary").exists()
    with pytest.raises(UserCorrectable, match="cannot be linked"):
        store.install(plan, ImportMode.LINK, FakeContext())


def test_that_a_checkpoint_without_its_word_pieces_says_what_to_bring(store: FolderModelStore, tmp_path: Path) -> None:
    folder = evil_checkpoint(tmp_path / "source", tmp_path / "canary", SIGNS[ModelKind.ALIGNER])
    (folder / "vocab.txt").unlink()
    with pytest.raises(UserCorrectable, match=r"'vocab\.txt' is missing.*MatTPUSciBERT"):
        store.plan(folder / "evil.ckpt")


def test_that_a_checkpoint_with_code_in_it_is_refused_by_its_converter(store: FolderModelStore, tmp_path: Path) -> None:
    canary = tmp_path / "canary"
    folder = evil_checkpoint(tmp_path / "source", canary, SIGNS[ModelKind.DENOISER])
    with pytest.raises(UserCorrectable, match=r"evil\.ckpt was not imported"):
        store.install(store.plan(folder), ImportMode.COPY, FakeContext())
    assert not canary.exists()
    assert [path for path in (tmp_path / "models").rglob("*") if not path.is_dir()] == []


@pytest.mark.slow
@pytest.mark.parametrize("kind", SIGNS)
def test_that_a_checkpoint_becomes_a_model_that_loads(kind: ModelKind, store: FolderModelStore, tmp_path: Path) -> None:
    import torch
    from chemeleon_checkpoint import clip_checkpoint, denoiser_checkpoint, write_word_pieces

    source = tmp_path / "source"
    source.mkdir()
    made = denoiser_checkpoint() if kind is ModelKind.DENOISER else clip_checkpoint()
    torch.save(made, source / "chemeleon.ckpt")
    write_word_pieces(source)
    card = store.install(store.plan(source, "chemeleon-tiny"), ImportMode.COPY, FakeContext())
    assert (card.kind, card.id) == (kind, "chemeleon-tiny")
    assert {Path(file.path).suffix for file in card.files} <= {".safetensors", ".json"}
    catalog = FolderCatalog([tmp_path / "shipped", tmp_path / "models"])
    assert catalog.load(catalog.default(kind)) is not None
