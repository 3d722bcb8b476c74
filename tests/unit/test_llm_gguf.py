"""A model exported to GGUF writes under llama.cpp what it writes under transformers; what cannot is refused."""

from __future__ import annotations

import json
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import torch

from crystal_studio.domain.errors import Unavailable, UserCorrectable
from crystal_studio.domain.intent import Limits
from crystal_studio.engines.fake import FakeContext
from crystal_studio.engines.llm import gguf_export, llama_cpp, transformers_nf4
from crystal_studio.engines.llm.base_model import load_base
from crystal_studio.ports.language_model import WritingTask
from crystal_studio.registry.card_file import read_card
from crystal_studio.training.sft_tiny import make_tiny, make_tiny_base

TASK = WritingTask("A titanate with strontium", Limits(formula="SrTiO3"))
needs_llama_cpp = pytest.mark.skipif(
    find_spec("llama_cpp") is None, reason="the extra 'gguf' (llama-cpp-python) is not installed"
)


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    torch.set_num_threads(1)  # two threads on products this small wait for each other on a busy machine
    folder = tmp_path_factory.mktemp("tiny")
    make_tiny(folder / "base", folder / "dialogues")
    return folder / "base"


@pytest.fixture(scope="module")
def adapter(base) -> Path:
    """A random adapter, large enough to change what is written."""
    from peft import LoraConfig, get_peft_model

    torch.manual_seed(3)
    layers = ["q_proj", "k_proj", "v_proj", "o_proj", "up_proj", "down_proj"]
    config = LoraConfig(r=4, lora_alpha=8, target_modules=layers, init_lora_weights=False)
    get_peft_model(load_base(base, "float32"), config).save_pretrained(str(base.parent / "adapter"))
    return base.parent / "adapter"


@pytest.fixture(scope="module")
def exported(base, adapter) -> Path:
    return gguf_export.export(base, base.parent / "language_model" / "tiny-gguf", adapter, "f32").parent


def test_that_the_card_of_an_export_names_its_backend_its_file_and_its_form(exported):
    card = read_card(exported / "model.toml")
    assert card.backend == "crystal_studio.engines.llm.llama_cpp:create"
    assert [file.path for file in card.files] == ["model.gguf"]
    assert card.options["form"] == "trained"


def test_that_no_chat_template_is_exported(exported):
    assert b"chat_template" not in (exported / "model.gguf").read_bytes()


def test_that_an_exported_file_is_read_back_number_for_number(base, exported):
    from gguf import GGUFReader

    tensors = {tensor.name: tensor.data for tensor in GGUFReader(exported / "model.gguf").tensors}
    embeddings = load_base(base, "float32").get_input_embeddings().weight.numpy()
    assert np.array_equal(tensors["token_embd.weight"], embeddings)
    assert len(tensors) == 2 * 9 + 2


@pytest.mark.parametrize(("kind", "least", "most"), [("f16", 0.4, 0.65), ("q8_0", 0.2, 0.45)])
def test_that_coarser_numbers_take_less_room(base, exported, tmp_path, kind, least, most):
    def numbers(folder: Path) -> int:
        from gguf import GGUFReader

        return sum(tensor.n_bytes for tensor in GGUFReader(folder / "model.gguf").tensors)

    coarse = gguf_export.export(base, tmp_path / "coarse", None, kind).parent
    assert least < numbers(coarse) / numbers(exported) < most


@needs_llama_cpp
@pytest.mark.parametrize(
    "options",
    [
        {"max_tokens": 120},
        {"max_tokens": 30, "constrained": False},
        {"max_tokens": 30, "constrained": False, "form": "prompted", "layout": "chatml"},
        {"max_tokens": 30, "constrained": False, "guessed": 4},
    ],
    ids=["constrained", "free", "prompted", "guessed"],
)
def test_that_both_libraries_write_the_same(base, adapter, exported, options):
    ours = transformers_nf4.create(base, {"precision": "float32", "adapter": str(adapter), **options})
    theirs = llama_cpp.create(exported, {"cache": "f32", "threads": 1, **options})
    written = ours.write_pivots(TASK, 2, 5, FakeContext())
    assert theirs.write_pivots(TASK, 2, 5, FakeContext()) == written
    assert theirs.write_pivots(TASK, 2, 5, FakeContext()) == written, "what is remembered changes nothing"


@needs_llama_cpp
def test_that_both_tokenizers_cut_alike(base, exported):
    ours = transformers_nf4.create(base, {"precision": "float32"})._model
    theirs = llama_cpp.create(exported, {})._model
    for text in ("Wish: SrTiO3, 1.97 Å\nPivot:", "<|im_start|>user\nü\n\n  x<|im_end|>", "日本 — don't", " "):
        assert theirs.tokens(text) == ours.tokens(text)
        assert theirs.text(theirs.tokens(text)) == text


@needs_llama_cpp
def test_that_a_longer_prompt_gets_a_larger_context(exported):
    writer = llama_cpp.create(exported, {"max_tokens": 8, "threads": 1})
    short = writer.write_pivots(TASK, 1, 0, FakeContext())
    writer.rewritten(form="prompted", constrained=False).write_pivots(TASK, 4, 0, FakeContext())
    assert writer._model._room >= 2048
    assert writer.write_pivots(TASK, 1, 0, FakeContext()) == short


@needs_llama_cpp
@pytest.mark.parametrize("content", [b"", b"GGUF", b"GGUF\x03\x00\x00\x00" + b"\xff" * 64, b"not a model"])
def test_that_a_damaged_file_is_refused(tmp_path, content):
    (tmp_path / "model.gguf").write_bytes(content)
    with pytest.raises(Unavailable, match=r"model\.gguf"):
        llama_cpp.create(tmp_path, {})


@needs_llama_cpp
def test_that_a_folder_without_a_file_is_refused(tmp_path):
    with pytest.raises(Unavailable, match="0 GGUF files"):
        llama_cpp.create(tmp_path, {})


def test_that_a_missing_library_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "llama_cpp", None)
    with pytest.raises(Unavailable, match="llama-cpp-python, which is not installed"):
        llama_cpp.create(tmp_path, {})


def test_that_an_existing_folder_is_not_overwritten(base, exported, capsys):
    assert gguf_export.main([str(base), str(exported)]) == 2
    assert "exists" in capsys.readouterr().err


def test_that_an_unknown_network_is_named_and_nothing_is_left(base, tmp_path, monkeypatch):
    monkeypatch.setattr("crystal_studio.engines.llm.gguf_network._NETWORKS", {})
    with pytest.raises(UserCorrectable, match="kind 'llama'"):
        gguf_export.export(base, tmp_path / "made" / "target", None)
    assert list((tmp_path / "made").iterdir()) == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"pre_tokenizer": {"type": "Metaspace"}}, "Metaspace"),
        ({"normalizer": {"type": "NFC"}}, "byte-level pairs"),
        ({"model": {"type": "Unigram", "vocab": []}}, "byte-level pairs"),
    ],
)
def test_that_an_unknown_tokenizer_is_named(tmp_path, change, said):
    make_tiny_base(tmp_path / "base")
    path = tmp_path / "base" / "tokenizer.json"
    known = json.loads(path.read_text())
    with pytest.raises(UserCorrectable, match=said):
        gguf_export._write_file(
            tmp_path / "x.gguf",
            load_base(tmp_path / "base", "float32"),
            _with_tokenizer(tmp_path, known | change),
            "tiny",
            "f32",
        )


def _with_tokenizer(folder: Path, tokenizer: dict) -> Path:
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer))
    return folder
