"""Bad models: each is refused, or taken without its bad part, with the file named, and nothing of it runs."""

from __future__ import annotations

import json
import socket
from dataclasses import replace
from pathlib import Path

import pytest
from malicious_models import TRAPS

from crystal_studio.app.paths import offers_file
from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.domain.model_card import ModelCard
from crystal_studio.domain.model_import import ImportMode
from crystal_studio.engines.fake.context import FakeContext
from crystal_studio.registry import FolderCatalog
from crystal_studio.registry.store import FolderModelStore

REFUSED = [name for name, trap in TRAPS.items() if not trap.is_stripped]
STRIPPED = [name for name, trap in TRAPS.items() if trap.is_stripped]


def store_in(models: Path) -> FolderModelStore:
    return FolderModelStore(FolderCatalog([models.parent / "shipped", models]), models, offers_file(), "test")


def everything_under(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if not path.is_dir()]


def test_that_there_are_at_least_forty_traps() -> None:
    assert len(TRAPS) >= 40


@pytest.mark.parametrize("name", REFUSED)
def test_that_a_bad_model_is_refused_with_the_file_named(name: str, tmp_path: Path) -> None:
    models, canary, trap = tmp_path / "models", tmp_path / "canary", TRAPS[name]
    source = trap.make(tmp_path / "source", canary)
    store = store_in(models)
    with pytest.raises(UserCorrectable) as caught:
        store.install(store.plan(source), ImportMode.COPY, FakeContext())
    assert trap.named in str(caught.value)
    assert not canary.exists()
    assert everything_under(models) == []


@pytest.mark.parametrize("name", STRIPPED)
def test_that_the_bad_part_of_a_model_is_left_behind_with_the_file_named(name: str, tmp_path: Path) -> None:
    models, canary, trap = tmp_path / "models", tmp_path / "canary", TRAPS[name]
    source = trap.make(tmp_path / "source", canary)
    store = store_in(models)
    plan = store.plan(source)
    assert trap.named in {path.name for path, _ in plan.left_behind}
    card = store.install(plan, ImportMode.COPY, FakeContext())
    assert not canary.exists()
    check_harmless(card, str(canary))


def check_harmless(card: ModelCard, canary: str) -> None:
    """Nothing but what the card lists is there, of harmless kinds, and no text of it names code."""
    listed = {card.folder / file.path for file in card.files} | {card.folder / "model.toml"}
    assert set(everything_under(card.folder)) == listed
    assert {path.suffix for path in listed} <= {".safetensors", ".gguf", ".json", ".toml"}
    for path in listed:
        content = path.read_bytes()
        for word in (b"chat_template", b"auto_map", b"evil", b"trust_remote_code", canary.encode()):
            assert word not in content, f"{path.name} holds {word!r}"
        if path.suffix == ".json":
            assert isinstance(json.loads(content), dict)


def test_that_a_stripped_language_model_loads_and_runs_no_canary(tmp_path: Path) -> None:
    """All bad parts at once, loaded by the engine itself."""
    models, canary, source = tmp_path / "models", tmp_path / "canary", tmp_path / "source"
    for name in (
        "code beside the weights",
        "a chat template of its own",
        "a chat template of the tokenizer",
        "auto_map",
    ):
        TRAPS[name].make(source, canary)
    store = store_in(models)
    store.install(store.plan(source, "tiny"), ImportMode.COPY, FakeContext())
    catalog = FolderCatalog([tmp_path / "shipped", models])
    (card,) = catalog.cards()
    loaded = catalog.load(replace(card, options={**card.options, "precision": "float32", "device": "cpu"}))
    assert loaded.identity == "tiny"
    assert not canary.exists()


def test_that_a_socket_bound_where_a_file_should_be_is_refused(tmp_path: Path, monkeypatch) -> None:
    source = TRAPS["code beside the weights"].make(tmp_path / "source", tmp_path / "canary")
    (source / "config.json").unlink()
    monkeypatch.chdir(source)  # the address of a socket may have 108 bytes only
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind("config.json")
        with pytest.raises(UserCorrectable, match=r"'config.json' .*not read"):
            store_in(tmp_path / "models").plan(source)
