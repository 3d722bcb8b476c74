"""The language models keep the promises of their port."""

from __future__ import annotations

import pytest
import torch
from language_model_contract import LanguageModelContract

from crystal_studio.engines.fake import ScriptedLanguageModel
from crystal_studio.engines.llm.transformers_nf4 import create
from crystal_studio.training.sft_tiny import make_tiny


class TestScriptedLanguageModel(LanguageModelContract):
    @pytest.fixture
    def subject(self):
        return ScriptedLanguageModel()


@pytest.fixture(scope="module")
def tiny_base(tmp_path_factory):
    torch.set_num_threads(1)  # two threads on products this small wait for each other on a busy machine
    folder = tmp_path_factory.mktemp("tiny")
    make_tiny(folder / "base", folder / "dialogues")
    return folder / "base"


class TestTransformersConstrained(LanguageModelContract):
    @pytest.fixture
    def subject(self, tiny_base):
        return create(tiny_base, {"precision": "float32", "max_tokens": 120})


class TestTransformersFree(LanguageModelContract):
    @pytest.fixture
    def subject(self, tiny_base):
        return create(tiny_base, {"precision": "float32", "max_tokens": 40, "constrained": False, "form": "prompted"})
