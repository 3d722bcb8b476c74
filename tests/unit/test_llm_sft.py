"""The supervised stage on a random toy model: trl's trainer with our clock, loss, log and checkpoints."""

from __future__ import annotations

import json
import os
import signal
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from crystal_studio.domain.errors import Unavailable, UserCorrectable
from crystal_studio.domain.intent import Limits
from crystal_studio.engines.fake import FakeContext
from crystal_studio.engines.llm.base_model import load_base, load_tokenizer
from crystal_studio.engines.llm.transformers_nf4 import create
from crystal_studio.ports.language_model import WritingTask
from crystal_studio.training.sft import CONFIGS, SftConfig, configuration, main, run
from crystal_studio.training.sft_checkpoints import newest_checkpoint, stored_in
from crystal_studio.training.sft_export import export
from crystal_studio.training.sft_rows import Example, read_examples


def losses(output: Path) -> list[float]:
    rows = [json.loads(line) for line in (output / "log.jsonl").read_text().splitlines()]
    return [row["loss"] for row in rows if "loss" in row]


def tiny(output: Path, *options: str) -> SftConfig:
    return configuration(["--config", "tiny", "--output", str(output), *options])[0]


class Killed(BaseException):
    """Ends a run as a kill does: nothing is saved."""


@pytest.fixture(scope="module")
def trained(tmp_path_factory) -> Path:
    """The folder of a whole tiny run."""
    output = tmp_path_factory.mktemp("sft") / "run"
    main(["--config", "tiny", "--output", str(output)])
    return output


def test_that_the_tiny_run_ends_and_its_last_quarter_is_better_than_its_first(trained):
    found = losses(trained)
    quarter = CONFIGS["tiny"].max_steps // 4
    assert len(found) == CONFIGS["tiny"].max_steps
    assert sum(found[-quarter:]) < 0.8 * sum(found[:quarter])


def test_that_the_log_tells_time_tokens_and_the_validation_loss(trained):
    rows = [json.loads(line) for line in (trained / "log.jsonl").read_text().splitlines()]
    assert rows[-1]["step"] == CONFIGS["tiny"].max_steps
    assert rows[-1]["val_loss"] < rows[0]["loss"]
    assert sum("val_loss" in row for row in rows) == 1
    assert [row["seconds"] for row in rows] == sorted(row["seconds"] for row in rows)
    assert all(28 <= row["tokens"] <= 64 for row in rows if "loss" in row)


def test_that_the_learning_rate_rises_then_falls(trained):
    rates = [row["learning_rate"] for row in map(json.loads, (trained / "log.jsonl").open()) if "loss" in row]
    peak = rates.index(max(rates))
    assert 0 < peak < 5
    assert rates[peak:] == sorted(rates[peak:], reverse=True)
    assert rates[-1] < 0.1 * CONFIGS["tiny"].learning_rate


def test_that_a_run_that_was_killed_goes_on_to_the_same_curve(trained, tmp_path, monkeypatch):
    from crystal_studio.training.sft_trainer import Tuner

    config = tiny(tmp_path / "run", "--save-minutes", "0")
    step_of = Tuner.training_step

    def killing(self, *args, **options):
        if self.state.global_step == 7:
            raise Killed
        return step_of(self, *args, **options)

    monkeypatch.setattr(Tuner, "training_step", killing)
    with pytest.raises(Killed):
        run(config)
    monkeypatch.setattr(Tuner, "training_step", step_of)
    (tmp_path / "run" / "checkpoint-7" / "trainer_state.json").write_text('{"global_')  # killed while it was saved
    assert newest_checkpoint(tmp_path / "run").name == "checkpoint-6"
    run(replace(config, save_minutes=5.0))
    assert losses(tmp_path / "run") == pytest.approx(losses(trained), abs=1e-5)


def test_that_a_signal_ends_the_run_with_a_checkpoint_and_the_clock_goes_on_from_it(tmp_path, monkeypatch):
    from crystal_studio.training.sft_trainer import Tuner

    step_of = Tuner.training_step

    def signalling(self, *args, **options):
        if self.state.global_step == 2:
            os.kill(os.getpid(), signal.SIGTERM)
        return step_of(self, *args, **options)

    config = tiny(tmp_path / "run")
    handler = signal.getsignal(signal.SIGTERM)
    monkeypatch.setattr(Tuner, "training_step", signalling)
    first = run(config)
    assert (first["step"], first["stopped"]) == (3, True)
    assert signal.getsignal(signal.SIGTERM) == handler
    seconds = stored_in(newest_checkpoint(tmp_path / "run"))["seconds"]
    monkeypatch.setattr(Tuner, "training_step", step_of)
    then = run(replace(config, max_steps=5))
    assert (then["step"], then["stopped"]) == (5, False)
    assert stored_in(newest_checkpoint(tmp_path / "run"))["seconds"] > seconds


def test_that_a_run_can_go_on_from_an_adapter_and_begins_as_good_as_that_one_ended(trained, tmp_path):
    shipped = export(trained, tmp_path / "adapter", Path(tiny(trained).base), {}).parent
    run(tiny(tmp_path / "run", "--adapter", str(shipped), "--max-steps", "4"))
    first, whole = losses(tmp_path / "run"), losses(trained)
    assert sum(first) / 4 < sum(whole[:4]) / 4 - 0.5 * (sum(whole[:4]) - sum(whole[-4:])) / 4
    with pytest.raises(UserCorrectable, match="no adapter in"):
        run(tiny(tmp_path / "other", "--adapter", str(tmp_path)))


def test_that_a_finished_run_trains_no_more(trained):
    before = losses(trained)
    assert run(tiny(trained))["step"] == CONFIGS["tiny"].max_steps
    assert losses(trained) == before


def test_that_another_setting_is_refused_in_the_folder_of_a_run(trained):
    with pytest.raises(UserCorrectable, match="another learning rate"):
        run(tiny(trained, "--learning-rate", "0.5"))


def test_that_the_exported_adapter_is_half_precision_carded_and_loaded_by_peft(trained, tmp_path):
    from peft import PeftModel
    from safetensors.torch import load_file

    folder = tmp_path / "registry" / "adapter" / "crystext-toy"
    user = tmp_path / "registry" / "crystal_writer" / "toy" / "model.toml"
    user.parent.mkdir(parents=True)
    user.write_text('version = "1"\n[options]\nadapter = { ref = "crystext-toy" }\n')
    card = export(trained, folder, trained / "base", {"valid": 0.5}).read_text()
    assert {"steps = 40", "valid = 0.5", "seed = 0"} <= set(card.splitlines())
    assert "short CIF" in card
    assert str(trained) not in card + (folder / "adapter_config.json").read_text()
    weights = load_file(folder / "adapter_model.safetensors")
    assert {tensor.dtype for tensor in weights.values()} == {torch.float16}
    assert user.read_text().startswith('version = "1-')
    tokens = torch.tensor([[5, 6, 7]])
    plain = load_base(trained / "base", "float32")
    before = plain(input_ids=tokens).logits
    tuned = PeftModel.from_pretrained(plain, str(folder))(input_ids=tokens).logits
    assert not torch.allclose(before, tuned, atol=1e-2)


def test_that_the_trained_adapter_is_loaded_by_the_engine_of_dialogues(trained):
    options = {"precision": "float32", "max_tokens": 12, "constrained": False}
    plain = create(trained / "base", options)
    tuned = create(trained / "base", {**options, "adapter": str(newest_checkpoint(trained))})
    task = WritingTask("SrTiO3", Limits())
    assert plain.write_pivots(task, 1, 0, FakeContext()) != tuned.write_pivots(task, 1, 0, FakeContext())


def packed(examples: list[Example]) -> dict[str, torch.Tensor]:
    from trl.trainer.sft_trainer import DataCollatorForLanguageModeling

    rows = [example.to_dict() for example in examples]
    row = {name: [token for each in rows for token in each[name]] for name in ("input_ids", "labels")}
    row["seq_lengths"] = [len(example.tokens) for example in examples]
    return DataCollatorForLanguageModeling(pad_token_id=1, padding_free=True)([row])


def test_that_only_the_target_is_learned(trained):
    from crystal_studio.training.sft_trainer import summed_loss

    model = load_base(trained / "base", "float32")
    tokens = [5, 6, 7, 8, 9, 10]
    logits = model(input_ids=torch.tensor([tokens])).logits[0]
    expected = torch.nn.functional.cross_entropy(logits[3:5], torch.tensor(tokens[4:]), reduction="sum")
    found, count = summed_loss(model, packed([Example(tokens, 4)]))
    assert count == 2
    assert float(found) == pytest.approx(float(expected), abs=1e-5)


def test_that_examples_packed_into_one_row_do_not_see_each_other(trained):
    from crystal_studio.training.sft_trainer import summed_loss

    model = load_base(trained / "base", "float32")
    first, second = Example([5, 6, 7, 8], 2), Example([5, 6, 90, 8, 9, 10, 11, 12], 4)
    together, count = summed_loss(model, packed([first, second]))
    apart = [float(summed_loss(model, packed([each]))[0]) for each in (first, second)]
    assert count == 6
    assert float(together) == pytest.approx(sum(apart), abs=1e-4)


def test_that_the_loss_of_a_step_is_the_mean_over_all_target_tokens_of_its_rows(trained, tmp_path):
    from crystal_studio.training.sft_trainer import summed_loss

    config = tiny(tmp_path / "two", "--rows", "2", "--max-steps", "1", "--row-tokens", "150")
    run(config)
    model = load_base(Path(config.base), "float32")
    examples = read_examples(Path(config.data) / "train.jsonl", load_tokenizer(Path(config.base)), 150)
    sums = [summed_loss(model, packed([each])) for each in examples]
    expected = float(sum(nll for nll, _ in sums)) / sum(count for _, count in sums)
    assert losses(Path(config.output))[0] == pytest.approx(expected, abs=1e-4)


def test_that_prompt_and_target_are_tokenized_apart_and_end_with_the_end_token(trained):
    tokenizer = load_tokenizer(trained / "base")
    rows = [json.loads(line) for line in (trained / "crystals" / "train.jsonl").read_text().splitlines()]
    example = read_examples(trained / "crystals" / "train.jsonl", tokenizer, 300)[0]
    assert tokenizer.decode(example.tokens[: example.start]) == rows[0]["prompt"]
    assert tokenizer.decode(example.tokens[example.start : -1]) == rows[0]["target"]
    assert example.tokens[-1] == tokenizer.eos_token_id


def test_that_long_lines_are_left_out_and_nothing_left_is_an_error(trained):
    tokenizer = load_tokenizer(trained / "base")
    path = trained / "crystals" / "train.jsonl"
    lengths = sorted(len(example.tokens) for example in read_examples(path, tokenizer, 1000))
    assert len(read_examples(path, tokenizer, lengths[3])) < len(lengths)
    with pytest.raises(UserCorrectable, match="--row-tokens"):
        read_examples(path, tokenizer, lengths[0] - 1)


def test_that_a_missing_library_is_named_with_what_installs_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "crystal_studio.training.sft_trainer", None)
    with pytest.raises(Unavailable, match=r"crystal-studio\[train\]"):
        run(SftConfig(base="somewhere"))


def test_that_a_missing_base_and_missing_data_are_named(trained, tmp_path):
    with pytest.raises(UserCorrectable, match="--base"):
        run(SftConfig())
    with pytest.raises(UserCorrectable, match="'crystext'"):
        read_examples(tmp_path / "none.jsonl", load_tokenizer(trained / "base"), 100)
