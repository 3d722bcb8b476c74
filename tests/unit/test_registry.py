"""Model cards: what is written reads back, what is wrong is refused with the reason."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from crystal_studio.app.paths import shipped_models_folder
from crystal_studio.domain.card_toml import card_to_toml
from crystal_studio.domain.errors import Unavailable
from crystal_studio.domain.model_card import ModelCard, ModelFile, ModelKind
from crystal_studio.registry import FolderCatalog
from crystal_studio.registry.card_file import read_card

DIGEST = "0123456789abcdef" * 4
CARD = ModelCard(
    id="gap-small",
    kind=ModelKind.PREDICTOR,
    version="1",
    backend="crystal_studio.engines.predictors.gap:create",
    files=(ModelFile("weights.safetensors", DIGEST), ModelFile("sub/config.json", DIGEST)),
    sources=({"type": "wheel", "package": "chgnet", "version": "0.4.2", "file": "a/b", "sha256": DIGEST},),
    options={
        "steps": 5,
        "rate": 1e-05,
        "on": True,
        "text": 'a "quoted"\n\\ line',
        "nested": {"ref": "x", "l": [1, [2]]},
    },
    provenance={"rows": 14561, "mae ev": 0.41, "limits": "ångström \x7f \x00"},
    memory_mb=200,
    default=True,
)


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str], Path]:
    def write_card(text: str) -> Path:
        path = tmp_path / "predictor" / "gap-small" / "model.toml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    return write_card


def test_that_a_written_card_reads_back_equal(write: Callable[[str], Path]) -> None:
    path = write(card_to_toml(CARD))
    read = read_card(path)
    assert read == ModelCard(**{**vars(CARD), "folder": path.parent})


def test_that_a_value_that_is_no_plain_data_cannot_be_written() -> None:
    with pytest.raises(TypeError, match="object"):
        card_to_toml(ModelCard(**{**vars(CARD), "options": {"x": object()}}))


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ('version = "1"', "", "'version' is missing"),
        ('version = "1"', "version = 1", "'version' must be of type str"),
        ("memory_mb = 200", "memory_mb = true", "'memory_mb' must be of type int"),
        ("default = true", 'defualt = "yes"', "'defualt' is no field"),
        ('id = "gap-small"', 'id = "gap-large"', "id must be the folder's name"),
        ('kind = "predictor"', 'kind = "oracle"', "kind must be"),
        ('kind = "predictor"', 'kind = "denoiser"', "kind must be"),
        (":create", ".create", "module:factory"),
        ('path = "weights.safetensors"', 'path = "../weights.safetensors"', "inside the model's folder"),
        ('path = "weights.safetensors"', 'path = "/etc/passwd.txt"', "inside the model's folder"),
        ('path = "weights.safetensors"', 'path = "weights.pt"', "may hold code"),
        ('path = "weights.safetensors"', 'path = "modeling.py"', "may hold code"),
        (DIGEST, "ABC", "no SHA-256"),
        ('type = "wheel"', 'type = "torrent"', "must have a type"),
        ('package = "chgnet"', 'parcel = "chgnet"', "has texts named"),
        ('id = "gap-small"', "id = ", "cannot be read"),
    ],
)
def test_that_a_wrong_card_is_refused_with_its_reason(
    write: Callable[[str], Path], old: str, new: str, reason: str
) -> None:
    text = card_to_toml(CARD)
    assert old in text
    with pytest.raises(Unavailable, match=reason):
        read_card(write(text.replace(old, new, 1)))


def test_that_a_wrong_card_is_left_out_with_a_complaint_and_hides_no_other(
    tmp_path: Path, write: Callable[[str], Path]
) -> None:
    path = write("id = ")
    good = tmp_path / "denoiser" / "d" / "model.toml"
    good.parent.mkdir(parents=True)
    good.write_text(card_to_toml(ModelCard("d", ModelKind.DENOISER, "1", CARD.backend)), encoding="utf-8")
    catalog = FolderCatalog([tmp_path])
    assert [card.id for card in catalog.cards()] == ["d"]
    assert list(catalog.complaints()) == [path]
    with pytest.raises(Unavailable, match="cannot be read"):
        catalog.default(ModelKind.PREDICTOR)
    with pytest.raises(Unavailable, match="cannot be read"):
        catalog.default(ModelKind.PREDICTOR, "gap-small")


def test_that_a_model_still_being_written_is_not_found(tmp_path: Path, write: Callable[[str], Path]) -> None:
    half = write(card_to_toml(CARD))
    half.parent.rename(half.parent.with_name(".export-1"))
    catalog = FolderCatalog([tmp_path])
    assert catalog.cards() == []
    assert catalog.complaints() == {}


def test_that_every_shipped_card_is_read_and_whole() -> None:
    catalog = FolderCatalog([shipped_models_folder()])
    assert catalog.complaints() == {}
    assert catalog.cards()
    for card in catalog.cards():
        if card.is_installed and not any("ref" in value for value in card.options.values() if isinstance(value, dict)):
            catalog.verify(card)
