"""CrysText-RL on a toy that has learned right and wrong texts alike."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import signal
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest

from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.engines.llm.base_model import load_base, load_tokenizer
from crystal_studio.training.grpo import logged, main, quarters, run
from crystal_studio.training.grpo_config import CONFIGS, GrpoConfig, configuration
from crystal_studio.training.grpo_constrained import ConstrainedTexts
from crystal_studio.training.grpo_reward import GroupReward
from crystal_studio.training.grpo_tiny import teach_tiny
from crystal_studio.training.grpo_trainer import read_prompts, task_of
from crystal_studio.training.reward_plot import reward_plot
from crystal_studio.training.rewards import PART_NAMES
from crystal_studio.training.sft_checkpoints import newest_checkpoint

WEIGHTS = "adapter_model.safetensors"


@pytest.fixture(scope="module")
def taught(tmp_path_factory) -> Path:
    """The folder of the toy, taught once."""
    folder = tmp_path_factory.mktemp("grpo")
    teach_tiny(folder / "taught")
    return folder / "taught"


@pytest.fixture
def tiny(taught, tmp_path) -> GrpoConfig:
    return replace(CONFIGS["tiny"], output=str(tmp_path / "run"), max_steps=4, **teach_tiny(taught))


@pytest.fixture(scope="module")
def made(taught, tmp_path_factory) -> Path:
    """A run of four steps, made once."""
    output = tmp_path_factory.mktemp("made") / "run"
    run(replace(CONFIGS["tiny"], output=str(output), max_steps=4, **teach_tiny(taught)))
    return output


@pytest.fixture
def trained(tiny, made) -> GrpoConfig:
    """A copy of that run."""
    shutil.copytree(made, tiny.output)
    return tiny


def weights(folder: Path) -> dict:
    from safetensors.torch import load_file

    return load_file(folder / WEIGHTS)


def largest_difference(one: dict, two: dict) -> float:
    assert one.keys() == two.keys()
    return max(float((one[name].float() - two[name].float()).abs().max()) for name in one)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_that_the_reward_of_the_last_quarter_is_above_that_of_the_first(seed, taught, tmp_path, capsys):
    shutil.copytree(taught, tmp_path / "run" / "taught")
    main(["--config", "tiny", "--output", str(tmp_path / "run"), "--seed", str(seed)])
    printed = json.loads(capsys.readouterr().out)
    assert printed["step"] == 16
    assert printed["seconds"] < 120
    assert printed["reward_last_quarter"] > printed["reward_first_quarter"] + 0.3
    rows = logged(tmp_path / "run")
    assert [row["step"] for row in rows] == list(range(1, 17))
    for row in rows:
        assert row["reward"] == pytest.approx(sum(row[name] for name in PART_NAMES), abs=1e-4)
    names = {text.text.split()[0] for text in ElementTree.parse(tmp_path / "run" / "rewards.svg").iter() if text.text}
    assert {"reward", "parses", "valid", "formula", "loose", "medium", "strict"} <= names


@pytest.mark.training
def test_that_ten_steps_of_the_real_size_reward_what_is_written(tmp_path):
    given = os.environ.get("CRYSTAL_STUDIO_GRPO")
    if not given:
        pytest.skip("CRYSTAL_STUDIO_GRPO holds no options of the stage: --base, --adapter and --data")
    config, _ = configuration([*shlex.split(given), "--max-steps", "10", "--output", str(tmp_path)])
    assert run(config)["step"] == 10
    rows = logged(tmp_path)
    assert all(-2 <= row["reward"] <= 3 and row.get("kl", 0) >= 0 for row in rows)
    assert any(row["parses"] > -2 for row in rows)


def test_that_the_reference_stays_the_supervised_model_while_the_policy_moves(trained):
    checkpoint = newest_checkpoint(Path(trained.output))
    supervised = weights(Path(trained.adapter))
    assert largest_difference(weights(checkpoint / "ref"), supervised) == 0
    assert largest_difference(weights(checkpoint), supervised) > 1e-4
    assert logged(Path(trained.output))[0]["kl"] == pytest.approx(0, abs=1e-6)
    assert logged(Path(trained.output))[-1]["kl"] > 0


def test_that_under_the_constraint_every_text_says_what_was_asked_for_and_the_policy_moves(tiny):
    hot = replace(tiny, constrained=True, temperature=3.0, max_tokens=200)  # so hot that it errs where it may
    assert run(hot)["step"] == 4
    rows = logged(Path(hot.output))
    assert all(row["parses"] == 0.5 and row["formula"] == 0.5 for row in rows)
    assert any(row["reward_spread"] > 0 for row in rows)
    assert rows[0]["kl"] == pytest.approx(0, abs=1e-6)
    checkpoint = newest_checkpoint(Path(hot.output))
    assert largest_difference(weights(checkpoint / "ref"), weights(Path(hot.adapter))) == 0
    assert largest_difference(weights(checkpoint), weights(Path(hot.adapter))) > 1e-4


def test_that_probabilities_under_the_constraint_are_shared_by_what_it_leaves(tiny):
    import torch

    tokenizer, model = load_tokenizer(Path(tiny.base)), load_base(Path(tiny.base), "float32")
    rows = read_prompts(Path(tiny.data) / "train.jsonl", tokenizer, tiny.max_tokens)
    size = model.config.vocab_size
    texts = ConstrainedTexts(tokenizer, size, {row["prompt"]: task_of(row) for row in rows}, "short", 1.0, 80)
    prompts = [tokenizer(row["prompt"])["input_ids"] for row in rows for _ in range(2)]
    drawn = texts.drawn(model, prompts, (0, 1))
    assert drawn == texts.drawn(model, prompts, (0, 1))
    longest = max(map(len, drawn))
    logs, entropies = texts.log_probabilities(torch.zeros(len(drawn), longest, size), prompts, drawn)
    for row, text in enumerate(drawn):
        assert tokenizer.decode(text).splitlines()[0] == rows[row // 2]["target"].splitlines()[0]
        assert torch.allclose(logs[row], -entropies[row], atol=1e-6)  # of equal chances
        assert float(logs[row, : len(text)].min()) < -1  # a digit of the cell, at least
        assert not logs[row, :3].any()  # the number of the space group is forced
        assert not logs[row, len(text) :].any()
    unlikely = torch.zeros(len(drawn), longest, size)
    unlikely[:, :, [token for token in range(size) if token not in drawn[0]]] = 50.0
    shared, _ = texts.log_probabilities(unlikely, prompts, drawn)
    assert float(shared[0].sum()) < float(logs[0].sum())
    with pytest.raises(KeyError):
        texts.log_probabilities(unlikely, prompts, drawn[::-1])


def test_that_a_signal_ends_the_step_and_the_next_call_goes_on_as_if_there_had_been_none(tiny, made, monkeypatch):
    asked = GroupReward.__call__
    calls = []

    def interrupted(self, *arguments, **options):
        calls.append(1)
        if len(calls) == 2:
            os.kill(os.getpid(), signal.SIGTERM)
        return asked(self, *arguments, **options)

    monkeypatch.setattr(GroupReward, "__call__", interrupted)
    figures = run(tiny)
    assert (figures["step"], figures["stopped"]) == (2, True)
    with (Path(tiny.output) / "log.jsonl").open("a", encoding="utf-8") as log:
        log.write('{"step": 3, "rew')  # a kill after the checkpoint
    assert run(tiny)["step"] == 4
    assert [row["step"] for row in logged(Path(tiny.output))] == [1, 2, 3, 4]
    ends = [weights(newest_checkpoint(one)) for one in (made, Path(tiny.output))]
    assert largest_difference(*ends) < 1e-6


def test_that_a_run_that_is_over_is_not_trained_on(trained):
    before = weights(newest_checkpoint(Path(trained.output)))
    assert run(trained)["step"] == 4
    assert largest_difference(weights(newest_checkpoint(Path(trained.output))), before) == 0


def test_that_the_time_is_kept_over_restarts(trained):
    assert run(replace(trained, minutes=1e-3, max_steps=100))["step"] == 4


def test_that_the_one_adapter_shipped_fits_the_plain_base(trained, tmp_path):
    import torch
    from peft import PeftModel

    from crystal_studio.training.sft_export import export

    shipped = tmp_path / "adapter" / "toy-rl"
    card = export(Path(trained.output), shipped, Path(trained.base), {"reward_last_quarter": 1.5}).read_text(
        encoding="utf-8"
    )
    assert "reward_last_quarter = 1.5" in card
    assert str(tmp_path) not in card + (shipped / "adapter_config.json").read_text(encoding="utf-8")
    assert sorted(path.name for path in shipped.iterdir()) == ["adapter_config.json", WEIGHTS, "model.toml"]
    tokens = load_tokenizer(Path(trained.base))("SrTiO3 221\n", return_tensors="pt")["input_ids"]
    logits = []
    for folder in (shipped, newest_checkpoint(Path(trained.output)), Path(trained.adapter)):
        model = PeftModel.from_pretrained(load_base(Path(trained.base), "float32"), str(folder)).eval()
        with torch.no_grad():
            logits.append(model(input_ids=tokens).logits)
    exported, trained, supervised = logits
    assert float((exported - trained).abs().max()) < 0.02
    assert float((supervised - trained).abs().max()) > 0.05


def test_that_what_is_missing_is_named(tiny, tmp_path):
    with pytest.raises(UserCorrectable, match="--base"):
        run(replace(tiny, base=""))
    with pytest.raises(UserCorrectable, match="no adapter"):
        run(replace(tiny, adapter=str(tmp_path)))
    with pytest.raises(UserCorrectable, match="crystext"):
        run(replace(tiny, data=str(tmp_path)))
    with pytest.raises(UserCorrectable, match="--max-tokens"):
        run(replace(tiny, max_tokens=5, output=str(tmp_path / "short")))


def test_that_other_settings_do_not_go_on_with_a_run(trained):
    with pytest.raises(UserCorrectable, match="another beta"):
        run(replace(trained, beta=0.5, max_steps=8))


def test_that_the_paper_has_six_samples_and_its_learning_rate():
    config, export_to = configuration(["--config", "paper", "--base", "llama"])
    assert (config.generations, config.learning_rate, config.temperature) == (6, 1e-6, 1.0)
    assert (config.dialect, config.space_group_weight, export_to) == ("cif", 0.0, None)
    assert config.beta > 0


def test_that_quarters_are_means_of_the_ends():
    assert quarters([{"reward": value} for value in (0, 2, 9, 9, 9, 9, 4, 5)]) == {
        "reward_first_quarter": 1.0,
        "reward_last_quarter": 4.5,
    }
    assert quarters([{"reward": 1.0}] * 3) == {}


@pytest.mark.parametrize("count", [0, 1, 3, 500])
def test_that_a_run_of_any_length_is_drawn(count):
    rows = [{"step": step, "reward": step / 100, "parses": -2.0, "strict": 0.0} for step in range(1, count + 1)]
    root = ElementTree.fromstring(reward_plot(rows))
    words = [text.text for text in root.iter() if text.text]
    assert any(word.startswith("parses") for word in words) == (count > 0)
    assert not any(word.startswith("strict") for word in words)
    for line in root.iter("{http://www.w3.org/2000/svg}polyline"):
        places = [tuple(map(float, place.split(","))) for place in line.get("points").split()]
        assert len(places) <= 60
        assert all(0 <= x <= 720 and 0 <= y <= 400 for x, y in places)
