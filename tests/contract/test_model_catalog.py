"""What every model catalogue promises (ports/model_catalog.py)."""

from __future__ import annotations

import hashlib
import os
import sys
from importlib.metadata import EntryPoint
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from crystal_studio.domain.card_toml import card_to_toml
from crystal_studio.domain.errors import ExitStatus, Unavailable
from crystal_studio.domain.model_card import ModelCard, ModelFile, ModelKind
from crystal_studio.registry import FolderCatalog, integrity, resolve

BACKEND = "crystal_studio.engines.made_for_this_test:create"
WEIGHTS = b"some weights"


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Path, Any]]:
    """Calls of a factory that a card may name."""
    seen: list[tuple[Path, Any]] = []

    def create(folder: Path, options: Any) -> object:
        seen.append((folder, options))
        return object()

    module = ModuleType("crystal_studio.engines.made_for_this_test")
    module.create = create  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, module.__name__, module)
    return seen


def install(root: Path, identifier: str = "small", kind: ModelKind = ModelKind.PREDICTOR, **fields: Any) -> Path:
    """Put a model with one file into a registry; returns its folder."""
    folder = root / kind.value / identifier
    folder.mkdir(parents=True)
    (folder / "weights.safetensors").write_bytes(WEIGHTS)
    file = ModelFile("weights.safetensors", hashlib.sha256(WEIGHTS).hexdigest())
    settings: dict[str, Any] = {"version": "1", "backend": BACKEND, "files": (file,)}
    card = ModelCard(identifier, kind, **{**settings, **fields})
    (folder / "model.toml").write_text(card_to_toml(card), encoding="utf-8")
    return folder


def only_card(catalog: FolderCatalog) -> ModelCard:
    (card,) = catalog.cards()
    return card


def test_that_a_model_is_loaded_once_with_its_folder_and_options(tmp_path: Path, calls: list) -> None:
    folder = install(tmp_path, options={"steps": 5, "nested": {"a": [1, 2.5, "x"]}})
    catalog = FolderCatalog([tmp_path])
    card = catalog.default(ModelKind.PREDICTOR)
    assert catalog.load(card) is catalog.load(card)
    assert calls == [(folder, {"steps": 5, "nested": {"a": [1, 2.5, "x"]}})]


def test_that_the_place_for_what_can_be_computed_again_is_handed_over_whatever_the_card_says(
    tmp_path: Path, calls: list
) -> None:
    install(tmp_path / "models", options={"steps": 5, "cache_folder": "/somewhere/else"})
    catalog = FolderCatalog([tmp_path / "models"], tmp_path / "cache")
    catalog.load(catalog.default(ModelKind.PREDICTOR))
    assert calls[0][1] == {"steps": 5, "cache_folder": tmp_path / "cache"}


def test_that_a_reference_becomes_the_folder_of_the_other_model(tmp_path: Path, calls: list) -> None:
    base = install(tmp_path, "base", ModelKind.LANGUAGE_MODEL)
    install(tmp_path, "tuned", ModelKind.ADAPTER, options={"base": {"ref": "base"}, "list": [{"ref": "base"}]})
    catalog = FolderCatalog([tmp_path])
    catalog.load(catalog.default(ModelKind.ADAPTER))
    assert calls[0][1] == {"base": base, "list": [base]}


def test_that_a_reference_to_an_altered_model_is_refused(tmp_path: Path, calls: list) -> None:
    base = install(tmp_path, "base", ModelKind.LANGUAGE_MODEL)
    install(tmp_path, "tuned", ModelKind.ADAPTER, options={"base": {"ref": "base"}})
    (base / "weights.safetensors").write_bytes(b"other weights")
    catalog = FolderCatalog([tmp_path])
    with pytest.raises(Unavailable, match="tuned builds on another"):
        catalog.verify(catalog.default(ModelKind.ADAPTER))
    with pytest.raises(Unavailable, match="tuned builds on another"):
        catalog.load(catalog.default(ModelKind.ADAPTER))
    assert calls == []


def test_that_a_reference_to_a_missing_model_names_the_command_that_fetches_it(tmp_path: Path) -> None:
    install(tmp_path, "tuned", ModelKind.ADAPTER, options={"base": {"ref": "smollm"}})
    catalog = FolderCatalog([tmp_path])
    with pytest.raises(Unavailable, match=r"smollm.*bash installer/studio"):
        catalog.verify(only_card(catalog))


def test_that_an_altered_file_is_refused_before_any_code_runs(tmp_path: Path, calls: list) -> None:
    folder = install(tmp_path)
    (folder / "weights.safetensors").write_bytes(b"evil weights")
    catalog = FolderCatalog([tmp_path])
    with pytest.raises(Unavailable, match="not the one its card names") as caught:
        catalog.load(only_card(catalog))
    assert caught.value.exit_status == ExitStatus.MODEL_MISSING
    assert calls == []


def test_that_a_file_altered_after_it_was_verified_is_noticed(tmp_path: Path) -> None:
    folder = install(tmp_path)
    catalog = FolderCatalog([tmp_path])
    catalog.verify(only_card(catalog))
    (folder / "weights.safetensors").write_bytes(b"SOME weights")
    os.utime(folder / "weights.safetensors", ns=(1, 1))
    with pytest.raises(Unavailable, match="not the one"):
        catalog.verify(only_card(catalog))


def test_that_a_missing_file_is_named(tmp_path: Path) -> None:
    folder = install(tmp_path)
    (folder / "weights.safetensors").unlink()
    catalog = FolderCatalog([tmp_path])
    with pytest.raises(Unavailable, match=r"lacks its file .*weights\.safetensors"):
        catalog.verify(only_card(catalog))


def test_that_a_link_out_of_the_folder_is_refused(tmp_path: Path) -> None:
    folder = install(tmp_path / "models")
    outside = tmp_path / "outside.safetensors"
    (folder / "weights.safetensors").rename(outside)
    (folder / "weights.safetensors").symlink_to(outside)
    catalog = FolderCatalog([tmp_path / "models"])
    with pytest.raises(Unavailable, match="leads out of its folder"):
        catalog.verify(only_card(catalog))


@pytest.mark.parametrize(
    "backend", ["os:system", "crystal_studio.enginesx:create", "crystal_studio.storage:SqlHistoryStore"]
)
def test_that_only_our_engines_may_be_named(tmp_path: Path, backend: str) -> None:
    install(tmp_path, backend=backend)
    catalog = FolderCatalog([tmp_path])
    with pytest.raises(Unavailable, match="no engine of Crystal Studio"):
        catalog.load(only_card(catalog))


def test_that_a_declared_entry_point_may_be_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    point = EntryPoint("plain", "collections:OrderedDict", resolve.ENTRY_POINT_GROUP)
    monkeypatch.setattr(resolve, "entry_points", lambda group: [point] if group == point.group else [])
    install(tmp_path, backend="collections:OrderedDict")
    assert resolve.factory_of(only_card(FolderCatalog([tmp_path]))).__name__ == "OrderedDict"


@pytest.mark.parametrize("backend", ["crystal_studio.engines.nowhere:create", "crystal_studio.engines.fake:nothing"])
def test_that_a_backend_that_does_not_exist_is_named(tmp_path: Path, backend: str) -> None:
    install(tmp_path, backend=backend)
    catalog = FolderCatalog([tmp_path])
    with pytest.raises(Unavailable, match=r"nowhere|does not exist"):
        catalog.load(only_card(catalog))


def test_that_a_file_inside_an_installed_package_is_verified(tmp_path: Path) -> None:
    digest = integrity.sha256_of(Path(pytest.__file__))
    source = {"type": "wheel", "package": "pytest", "version": "9", "file": "pytest/__init__.py", "sha256": digest}
    install(tmp_path, "whole", files=(), sources=(source,))
    install(tmp_path, "altered", files=(), sources=({**source, "sha256": "0" * 64},))
    install(tmp_path, "absent", files=(), sources=({**source, "package": "no-such-package"},))
    catalog = FolderCatalog([tmp_path])
    catalog.verify(catalog.default(ModelKind.PREDICTOR, "whole"))
    with pytest.raises(Unavailable, match=r"not the one .*pip install"):
        catalog.verify(catalog.default(ModelKind.PREDICTOR, "altered"))
    with pytest.raises(Unavailable, match="needs the package no-such-package"):
        catalog.verify(catalog.default(ModelKind.PREDICTOR, "absent"))


def test_that_no_model_for_a_job_names_the_command_that_fetches_one(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="bash installer/studio"):
        FolderCatalog([tmp_path / "nowhere"]).default(ModelKind.LANGUAGE_MODEL)


def test_that_a_missing_shipped_model_names_the_folder_that_should_hold_it(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match=r"ships in .*nowhere.*crystal-studio train"):
        FolderCatalog([tmp_path / "nowhere"]).default(ModelKind.PREDICTOR)


def test_that_an_unknown_name_lists_what_is_installed(tmp_path: Path) -> None:
    install(tmp_path)
    with pytest.raises(Unavailable, match=r"'large' is not installed .*installed: small"):
        FolderCatalog([tmp_path]).default(ModelKind.PREDICTOR, "large")


def test_that_the_persons_default_outranks_the_shipped_one(tmp_path: Path) -> None:
    install(tmp_path / "shipped", "zeta", default=True)
    install(tmp_path / "user", "alpha", default=True)
    catalog = FolderCatalog([tmp_path / "shipped", tmp_path / "user"])
    assert catalog.default(ModelKind.PREDICTOR).id == "alpha"


def test_that_the_persons_card_replaces_the_shipped_one_of_the_same_id(tmp_path: Path) -> None:
    install(tmp_path / "shipped")
    folder = install(tmp_path / "user", version="2")
    assert only_card(FolderCatalog([tmp_path / "shipped", tmp_path / "user"])).folder == folder


def test_that_several_models_without_a_default_ask_for_one(tmp_path: Path) -> None:
    install(tmp_path, "one")
    install(tmp_path, "two")
    with pytest.raises(Unavailable, match=r"one, two.*Mark one as default"):
        FolderCatalog([tmp_path]).default(ModelKind.PREDICTOR)
