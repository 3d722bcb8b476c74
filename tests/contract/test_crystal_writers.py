"""The writers of crystals keep the promises of their port."""

from __future__ import annotations

import pytest
import torch
from crystal_writer_contract import CrystalWriterContract

from crystal_studio.engines.fake import FakeCrystalWriter
from crystal_studio.engines.llm.crystext.engine import create
from crystal_studio.training.sft_tiny import make_tiny


class TestFakeCrystalWriter(CrystalWriterContract):
    @pytest.fixture
    def subject(self):
        return FakeCrystalWriter()


@pytest.fixture(scope="module")
def writer(tmp_path_factory):
    """A random tiny model: only the constraint knows what a crystal is."""
    torch.set_num_threads(1)  # two threads on products this small wait for each other on a busy machine
    folder = tmp_path_factory.mktemp("tiny")
    make_tiny(folder / "base", folder / "dialogues")
    return create(folder / "base", {"precision": "float32"})


class TestCrysTextWriter(CrystalWriterContract):
    @pytest.fixture
    def subject(self, writer):
        return writer
