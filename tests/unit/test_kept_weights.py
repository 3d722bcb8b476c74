"""Weights that were unpacked and merged once, kept for the next start."""

from __future__ import annotations

import logging
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from crystal_studio.domain.errors import Unavailable
from crystal_studio.domain.intent import Limits
from crystal_studio.engines.fake import FakeContext
from crystal_studio.engines.llm import adapted_model, kept_weights
from crystal_studio.engines.llm.adapted_model import load_adapted
from crystal_studio.engines.llm.base_model import load_base
from crystal_studio.engines.llm.transformers_nf4 import create
from crystal_studio.ports.language_model import WritingTask
from crystal_studio.training.sft_tiny import make_tiny_base

TASK = WritingTask("An oxide with strontium", Limits(required=frozenset({"Sr", "O"})))
ALL_FILES = {"SHA256SUMS", "config.json", "generation_config.json", "model.safetensors"}


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.set_num_threads(1)  # two threads on products this small wait for each other on a busy machine
    folder = tmp_path_factory.mktemp("tiny") / "base"
    make_tiny_base(folder, embedding_scale=8.0)
    return folder


def make_adapter(base: Path, folder: Path, seed: int) -> Path:
    """A random adapter, large enough to change what is written."""
    from peft import LoraConfig, get_peft_model

    torch.manual_seed(seed)
    config = LoraConfig(r=4, lora_alpha=8, target_modules=["q_proj", "o_proj", "up_proj"], init_lora_weights=False)
    get_peft_model(load_base(base, "float32"), config).save_pretrained(str(folder))
    return folder


@pytest.fixture(scope="module")
def adapter(base: Path) -> Path:
    return make_adapter(base, base.parent / "adapter", 3)


@pytest.fixture
def options(base: Path, adapter: Path, tmp_path: Path) -> Iterator[dict[str, object]]:
    yield {"base": base, "adapter": adapter, "device": "cpu", "max_tokens": 30, "cache_folder": tmp_path / "weights"}
    settled()


def settled() -> None:
    """Wait until what is being kept is kept."""
    for thread in threading.enumerate():
        if thread.name == "keeping weights":
            thread.join()


def kept_in(cache: Path) -> list[Path]:
    """Folders of kept weights, once they are whole."""
    settled()
    return sorted(cache.iterdir()) if cache.exists() else []


def texts(options: dict[str, object]) -> list[str]:
    writer = create(Path(str(options["base"])), options)
    return writer.write_pivots(TASK, 3, 4, FakeContext())


def count_computations(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Folders from which weights were computed the long way since."""
    seen: list[Path] = []
    computed = adapted_model._computed
    monkeypatch.setattr(adapted_model, "_computed", lambda base, *others: seen.append(base) or computed(base, *others))
    return seen


def test_that_kept_weights_write_the_same_texts_token_for_token(base, options, monkeypatch) -> None:
    long_way = texts({**options, "cache_folder": None})
    untuned = texts({name: value for name, value in options.items() if name not in ("adapter", "cache_folder")})
    assert long_way != untuned, "the adapter has to matter here"
    computed = count_computations(monkeypatch)
    assert texts(options) == long_way
    (folder,) = kept_in(options["cache_folder"])
    assert {path.name for path in folder.iterdir()} == ALL_FILES
    assert texts(options) == long_way
    assert computed == [base], "the second time the weights are only read"


def test_that_kept_weights_are_the_same_numbers(base, options) -> None:
    first = load_adapted(base, options)
    settled()
    second = load_adapted(base, options)
    assert second.identity == first.identity
    assert not second.model.training
    states = first.model.state_dict(), second.model.state_dict()
    assert states[0].keys() == states[1].keys()
    assert all(torch.equal(states[0][name], states[1][name]) for name in states[0])


def test_that_a_start_with_kept_weights_imports_neither_bitsandbytes_nor_peft(base, options) -> None:
    load_adapted(base, options)
    settled()
    program = (
        "import sys; from pathlib import Path; from crystal_studio.engines.llm.adapted_model import load_adapted; "
        "base, adapter, cache = map(Path, sys.argv[1:]); "
        "load_adapted(base, {'base': base, 'adapter': adapter, 'device': 'cpu', 'cache_folder': cache}); "
        "print(sorted({'bitsandbytes', 'peft', 'torch'} & sys.modules.keys()))"
    )
    folders = [str(options[name]) for name in ("base", "adapter", "cache_folder")]
    done = subprocess.run([sys.executable, "-c", program, *folders], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['torch']"


def flip_a_byte(folder: Path) -> None:
    path = folder / "model.safetensors"
    content = bytearray(path.read_bytes())
    content[-5] ^= 1
    path.write_bytes(content)


def cut_short(folder: Path) -> None:
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-100])


def take_away_the_weights(folder: Path) -> None:
    (folder / "model.safetensors").unlink()


def empty_the_sums(folder: Path) -> None:
    (folder / "SHA256SUMS").write_text("")


def take_away_the_sums(folder: Path) -> None:
    (folder / "SHA256SUMS").unlink()


def write_sums_that_are_no_text(folder: Path) -> None:
    (folder / "SHA256SUMS").write_bytes(b"\xff\xfe")


def put_a_file_in_its_place(folder: Path) -> None:
    shutil.rmtree(folder)
    folder.write_text("no folder")


@pytest.mark.parametrize(
    "damage",
    [
        flip_a_byte,
        cut_short,
        take_away_the_weights,
        empty_the_sums,
        take_away_the_sums,
        write_sums_that_are_no_text,
        put_a_file_in_its_place,
    ],
)
def test_that_damaged_weights_are_told_computed_and_kept_again(base, options, damage, monkeypatch, caplog) -> None:
    expected = texts(options)
    (folder,) = kept_in(options["cache_folder"])
    damage(folder)
    computed = count_computations(monkeypatch)
    with caplog.at_level(logging.INFO, "crystal_studio"):
        assert texts(options) == expected
    assert "are made anew" in caplog.text
    assert kept_in(options["cache_folder"]) == [folder]
    assert texts(options) == expected
    assert computed == [base], "once after the damage"


def test_that_a_cache_folder_that_cannot_be_made_costs_nothing_but_time(base, options, tmp_path, caplog) -> None:
    (tmp_path / "file").write_text("in the way")
    with caplog.at_level(logging.INFO, "crystal_studio"):
        assert texts({**options, "cache_folder": tmp_path / "file" / "weights"}) == texts(options)
        settled()
    assert "cannot be kept" in caplog.text


def test_that_a_read_only_cache_folder_costs_nothing_but_time(base, options, tmp_path, caplog) -> None:
    if os.geteuid() == 0:  # who may write to any folder
        pytest.skip("root may write to any folder")
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o500)
    with caplog.at_level(logging.INFO, "crystal_studio"):
        assert texts({**options, "cache_folder": closed}) == texts(options)
        settled()
    closed.chmod(0o700)
    assert "cannot be kept" in caplog.text


def test_that_a_disk_that_fills_up_leaves_nothing_half_written(base, options, monkeypatch, caplog) -> None:
    def full(self: Path, *_: object, **__: object) -> int:
        raise OSError(28, "No space left on device")

    model = load_adapted(base, {**options, "cache_folder": None}).model
    kept = kept_weights.KeptWeights(options["cache_folder"], base, options["adapter"], "nf4")
    monkeypatch.setattr(Path, "write_text", full)
    with caplog.at_level(logging.INFO, "crystal_studio"):
        kept.keep(model)
    assert "No space left on device" in caplog.text
    assert kept_in(options["cache_folder"]) == []


def test_that_nothing_is_kept_on_a_disk_that_is_nearly_full(base, options, monkeypatch, caplog) -> None:
    monkeypatch.setattr(kept_weights, "_SPARED_BYTES", 1 << 60)
    with caplog.at_level(logging.INFO, "crystal_studio"):
        load_adapted(base, options)
        assert kept_in(options["cache_folder"]) == []
    assert "are not kept" in caplog.text


@pytest.mark.parametrize("other", [{"keep_unpacked": False}, {"unpack": False}, {"precision": "float32"}])
def test_that_nothing_is_kept_where_a_card_says_so_or_nothing_was_unpacked(base, options, other) -> None:
    load_adapted(base, {**options, **other})
    assert kept_in(options["cache_folder"]) == []


def test_that_another_adapter_base_precision_or_library_has_weights_of_its_own(base, adapter, tmp_path, monkeypatch):
    def name(base: Path, adapter: Path | None, precision: str = "nf4") -> str:
        return kept_weights.KeptWeights(tmp_path, base, adapter, precision).folder.name

    same_names = make_adapter(base, tmp_path / "other" / "adapter", 4)
    other_base = tmp_path / "other" / "base"
    make_tiny_base(other_base, seed=1, embedding_scale=8.0)
    names = {
        name(base, adapter),
        name(base, None),
        name(base, same_names),
        name(other_base, adapter),
        name(base, adapter, "int8"),
    }
    assert name(base, adapter) in names
    monkeypatch.setattr(kept_weights, "version", lambda library: f"another {library}")
    names.add(name(base, adapter))
    assert len(names) == 6


def test_that_only_the_folders_used_last_are_kept_and_halves_are_swept_up(base, options) -> None:
    cache = Path(str(options["cache_folder"]))
    load_adapted(base, options)
    (mine,) = kept_in(cache)
    old = [cache / (str(number) * 64) for number in range(4)]
    for age, folder in enumerate([*old, cache / ".writing-old", cache / ".writing-new", cache / "somebody else's"]):
        folder.mkdir()
        os.utime(folder, (1e9 - age, 1e9 - age))
    os.utime(cache / ".writing-new")
    os.utime(mine, (1e8, 1e8))
    load_adapted(base, options)  # a use counts
    load_adapted(base, {**options, "adapter": make_adapter(base, cache.parent / "second", 5)})
    left = kept_in(cache)
    assert mine in left
    assert [folder in left for folder in old] == [True, False, False, False]
    assert {".writing-new", "somebody else's"} <= {path.name for path in left}
    assert ".writing-old" not in {path.name for path in left}


def test_that_a_model_that_cannot_be_read_is_refused_as_without_a_cache(base, options, tmp_path) -> None:
    bare = tmp_path / "bare"
    bare.mkdir()
    for name in ("config.json", "tokenizer.json"):
        shutil.copy(base / name, bare / name)
    with pytest.raises(Unavailable, match="cannot be loaded"):
        load_adapted(bare, {**options, "base": bare})
    assert kept_in(options["cache_folder"]) == []
