"""The catalogue of models that could be fetched: whole, and its sizes are reckoned again."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from crystal_studio.app.paths import offers_file
from crystal_studio.domain.errors import Unavailable
from crystal_studio.domain.model_card import ModelKind
from crystal_studio.registry.offers import read_offers

# As published in each config.json: words, width, layers, inner width, heads, their keys, width of a head, tied, norms
# of queries and keys.
DENSE = {
    "qwen3-4b-instruct": (151_936, 2_560, 36, 9_728, 32, 8, 128, True, True),
    "qwen3-8b-instruct": (151_936, 4_096, 36, 12_288, 32, 8, 128, False, True),
    "llama-3.1-8b": (128_256, 4_096, 32, 14_336, 32, 8, 128, False, False),
    "mistral-7b-v0.3": (32_768, 4_096, 32, 14_336, 32, 8, 128, False, False),
}
# As their authors state them, in billions.
STATED = {"qwen3-4b-instruct": 4.02, "qwen3-8b-instruct": 8.19, "llama-3.1-8b": 8.03, "mistral-7b-v0.3": 7.25}


def numbers(name: str) -> tuple[int, int]:
    """Parameters inside the layers' matrices, and elsewhere."""
    words, width, layers, inner, heads, keys, head, tied, normed = DENSE[name]
    in_layers = layers * (2 * width * heads * head + 2 * width * keys * head + 3 * width * inner)
    norms = layers * (2 * width + (2 * head if normed else 0)) + width
    return in_layers, words * width * (1 if tied else 2) + norms


def test_that_the_catalogue_names_what_a_workstation_would_fetch_each_once() -> None:
    offers = read_offers(offers_file())
    ids = [offer.id for offer in offers]
    assert len(set(ids)) == len(ids)
    assert set(DENSE) | {"crystext-llama-3.1-8b", "crystext-mistral-7b-v0.3", "megnet-mp-2019"} <= set(ids)
    assert len([name for name in ids if name.startswith("chemeleon-")]) == 4
    for offer in offers:
        assert offer.licence
        assert offer.source
        assert offer.jobs
        assert offer.size_mb > 0
        assert "import" in offer.how or "no engine" in offer.lacks


@pytest.mark.parametrize("name", DENSE)
def test_that_sizes_of_language_models_follow_from_their_published_configurations(name: str) -> None:
    table = next(one for one in tomllib.loads(offers_file().read_text())["offers"] if one["id"] == name)
    in_layers, elsewhere = numbers(name)
    assert table["parameters"] == {"in_layers": in_layers, "elsewhere": elsewhere}
    assert (in_layers + elsewhere) / 1e9 == pytest.approx(STATED[name], abs=0.006)
    offer = next(one for one in read_offers(offers_file()) if one.id == name)
    assert offer.kind is ModelKind.LANGUAGE_MODEL
    assert offer.size_mb == pytest.approx((in_layers + elsewhere) * 2 / 1e6, abs=1)
    assert offer.memory_mb["16 bit"] == offer.size_mb
    assert offer.memory_mb["4 bit"] == pytest.approx((in_layers * 0.5625 + elsewhere * 2) / 1e6, abs=1)
    assert offer.memory_mb["4 bit"] < offer.memory_mb["8 bit"] < offer.memory_mb["16 bit"]


def test_that_an_adapter_needs_the_memory_of_its_base() -> None:
    offers = {offer.id: offer for offer in read_offers(offers_file())}
    writer, base = offers["crystext-llama-3.1-8b"], offers["llama-3.1-8b"]
    assert writer.kind is ModelKind.CRYSTAL_WRITER
    assert writer.size_mb < 100
    assert all(writer.memory_mb[bits] > base.memory_mb[bits] for bits in base.memory_mb)


@pytest.mark.parametrize("text", ["", "offers = 3", "[[offers]]\nid = 'x'", "[[offers"])
def test_that_a_damaged_catalogue_is_named(tmp_path: Path, text: str) -> None:
    path = tmp_path / "offers.toml"
    path.write_text(text)
    with pytest.raises(Unavailable, match=r"offers\.toml cannot be read"):
        read_offers(path)
