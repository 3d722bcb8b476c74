"""What is remembered about models: the person's choice, trials and checks; damage never stops the program."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from crystal_studio.domain.card_toml import card_to_toml
from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.domain.model_card import ModelCard, ModelFile, ModelKind
from crystal_studio.domain.trial import Trial
from crystal_studio.registry import FolderCatalog
from crystal_studio.registry.choices import CHOICES_NAME
from crystal_studio.registry.memory import FileModelMemory

KIND = ModelKind.LANGUAGE_MODEL
TRIAL = Trial(1.5, "NaCl crystallizes", 900, "cpu", 4.25)


def install(folder: Path, name: str, *, default: bool = False, optional: bool = False) -> ModelCard:
    home = folder / KIND.value / name
    home.mkdir(parents=True)
    weights = b"weights of " + name.encode()
    if not optional:
        (home / "weights.safetensors").write_bytes(weights)
    card = ModelCard(
        id=name,
        kind=KIND,
        version="1",
        backend="crystal_studio.engines.made:create",
        files=(ModelFile("weights.safetensors", hashlib.sha256(weights).hexdigest()),),
        provenance={"how_to_install": "Fetch it."} if optional else {},
        default=default,
        folder=home,
    )
    (home / "model.toml").write_text(card_to_toml(card), encoding="utf-8")
    return card


@pytest.fixture
def shelves(tmp_path: Path) -> tuple[Path, Path]:
    return tmp_path / "shipped", tmp_path / "mine"


@pytest.fixture
def memory(tmp_path: Path, shelves) -> FileModelMemory:
    return FileModelMemory(shelves[1], tmp_path / "state" / "models.json")


def test_that_the_chosen_model_does_the_job_now_and_after_the_next_start(shelves, memory) -> None:
    install(shelves[0], "usual", default=True)
    install(shelves[0], "other")
    catalog = FolderCatalog(shelves)
    assert catalog.default(KIND).id == "usual"
    memory.choose(KIND, "other")
    assert catalog.default(KIND).id == "other"
    assert FolderCatalog(shelves).default(KIND).id == "other"
    assert catalog.default(KIND, "usual").id == "usual"
    memory.choose(KIND, None)
    assert catalog.default(KIND).id == "usual"


def test_that_a_choice_whose_model_is_gone_or_not_installed_counts_for_nothing(shelves, memory) -> None:
    install(shelves[0], "usual", default=True)
    install(shelves[0], "optional", optional=True)
    for name in ("gone", "optional"):
        memory.choose(KIND, name)
        assert FolderCatalog(shelves).default(KIND).id == "usual"
        assert memory.chosen() == {KIND: name}


@pytest.mark.parametrize("text", ["", "language_model = 3", "language_model = [", "\x00\xff", "oracle = 'x'"])
def test_that_a_damaged_file_of_choices_counts_for_nothing_and_can_be_written_anew(shelves, memory, text) -> None:
    install(shelves[0], "usual", default=True)
    shelves[1].mkdir()
    (shelves[1] / CHOICES_NAME).write_text(text, encoding="utf-8")
    assert FolderCatalog(shelves).default(KIND).id == "usual"
    assert memory.chosen() == {}
    memory.choose(KIND, "usual")
    assert memory.chosen() == {KIND: "usual"}


def test_that_one_choice_leaves_the_others(memory) -> None:
    memory.choose(KIND, "one")
    memory.choose(ModelKind.DENOISER, "two")
    memory.choose(KIND, "three")
    assert memory.chosen() == {KIND: "three", ModelKind.DENOISER: "two"}


def test_that_a_choice_that_cannot_be_written_is_refused_with_the_folder_named(tmp_path, memory, shelves) -> None:
    shelves[1].write_text("a file where the folder should be")
    with pytest.raises(UserCorrectable, match=str(shelves[1])):
        memory.choose(KIND, "one")


def test_that_a_trial_is_remembered_for_these_very_files_only(tmp_path, shelves, memory) -> None:
    card = install(shelves[1], "mine")
    assert memory.trial(card) is None
    memory.remember_trial(card, TRIAL)
    assert FileModelMemory(shelves[1], tmp_path / "state" / "models.json").trial(card) == TRIAL
    other = ModelCard(**{**vars(card), "files": (ModelFile("weights.safetensors", "0" * 64),)})
    assert memory.trial(other) is None


def test_that_a_check_holds_until_a_file_is_touched(shelves, memory) -> None:
    card = install(shelves[1], "mine")
    assert not memory.is_checked(card)
    memory.remember_check(card)
    assert memory.is_checked(card)
    os.utime(card.folder / "weights.safetensors", (1, 1))
    assert not memory.is_checked(card)
    memory.remember_check(card)
    (card.folder / "weights.safetensors").unlink()
    assert not memory.is_checked(card)


@pytest.mark.parametrize(
    "text", ["", "[]", "{", '{"trials": 3, "checks": []}', '{"trials": {"language_model/mine": 3}}']
)
def test_that_damaged_memories_are_forgotten_and_written_anew(tmp_path, shelves, memory, text) -> None:
    card = install(shelves[1], "mine")
    path = tmp_path / "state" / "models.json"
    path.parent.mkdir()
    path.write_text(text)
    assert memory.trial(card) is None
    assert not memory.is_checked(card)
    memory.remember_trial(card, TRIAL)
    memory.remember_check(card)
    assert memory.trial(card) == TRIAL
    assert memory.is_checked(card)


def test_that_a_trial_with_a_value_of_the_wrong_kind_is_forgotten(tmp_path, shelves, memory) -> None:
    card = install(shelves[1], "mine")
    memory.remember_trial(card, TRIAL)
    path = tmp_path / "state" / "models.json"
    path.write_text(path.read_text().replace("1.5", '"soon"'))
    assert memory.trial(card) is None


def test_that_memories_that_cannot_be_written_are_only_lost(tmp_path, shelves) -> None:
    card = install(shelves[1], "mine")
    blocked = tmp_path / "blocked"
    blocked.write_text("a file where the folder should be")
    memory = FileModelMemory(shelves[1], blocked / "models.json")
    memory.remember_trial(card, TRIAL)
    memory.remember_check(card)
    assert memory.trial(card) is None
    assert not memory.is_checked(card)
