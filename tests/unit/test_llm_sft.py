"""The supervised stage on a random tiny model."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.domain.intent import Limits
from crystal_studio.engines.fake import FakeContext
from crystal_studio.engines.llm.base_model import load_base, load_tokenizer
from crystal_studio.engines.llm.transformers_nf4 import create
from crystal_studio.ports.language_model import WritingTask
from crystal_studio.training.sft import (
    Example,
    Progress,
    SftConfig,
    Trainer,
    configuration,
    learning_rate,
    read_examples,
    target_loss,
)


@pytest.fixture
def tiny(tmp_path) -> SftConfig:
    return configuration(["--config", "tiny", "--output", str(tmp_path / "sft"), "--learning-rate", "0.02"])


def test_that_ten_steps_lower_the_loss_and_are_logged(tiny):
    before = Trainer(tiny)
    first = before._step(before.train[:4])
    figures = before.run()
    assert figures["val_loss"] < first
    rows = [json.loads(line) for line in (before.output / "log.jsonl").read_text().splitlines()]
    assert rows[-2]["step"] == 10


def test_that_a_stopped_run_goes_on_where_it_was(tiny):
    Trainer(tiny).run()
    again = Trainer(tiny)
    assert again.progress.step == 10
    assert again.optimizer.state_dict()["state"]


def test_that_the_trained_adapter_is_loaded_by_the_engine(tiny):
    trainer = Trainer(tiny)
    trainer.run()
    options = {"precision": "float32", "max_tokens": 12, "constrained": False}
    plain = create(trainer.output / "base", options)
    tuned = create(trainer.output / "base", {**options, "adapter": str(trainer.output / "adapter")})
    task = WritingTask("SrTiO3", Limits())
    assert plain.write_pivots(task, 1, 0, FakeContext()) != tuned.write_pivots(task, 1, 0, FakeContext())


def test_that_only_the_target_is_learned(tiny):
    model = load_base(Path(tiny.base), "float32")
    tokens = [5, 6, 7, 8, 9, 10]
    logits = model(input_ids=torch.tensor([tokens])).logits[0]
    expected = torch.nn.functional.cross_entropy(logits[3:5], torch.tensor(tokens[4:]))
    found = target_loss(model, [Example(tokens, 4), Example(tokens, 4)], pad=1)
    assert float(found) == pytest.approx(float(expected), abs=1e-5)


def test_that_padding_changes_no_loss(tiny):
    model = load_base(Path(tiny.base), "float32")
    short, long = Example([5, 6, 7, 8], 2), Example([5, 6, 7, 8, 9, 10, 11, 12], 4)
    together = float(target_loss(model, [short, long], pad=1)) * 6
    apart = float(target_loss(model, [short], pad=1)) * 2 + float(target_loss(model, [long], pad=1)) * 4
    assert together == pytest.approx(apart, abs=1e-4)


def test_that_the_learning_rate_rises_then_falls():
    config = SftConfig(minutes=10, learning_rate=1.0)
    rates = [learning_rate(config, Progress(seconds=seconds)) for seconds in (0, 24, 300, 600)]
    assert rates[0] < rates[2] < rates[1]
    assert rates[3] == pytest.approx(0.05)


def test_that_missing_dialogues_are_named(tiny, tmp_path):
    with pytest.raises(UserCorrectable, match=r"training\.dialogues"):
        read_examples(tmp_path / "none.jsonl", load_tokenizer(Path(tiny.base)), 100)
