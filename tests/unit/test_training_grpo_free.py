"""Free texts of a run of reinforcement, and the loss that leaves out what teaches nothing."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from crystal_studio.engines.llm.base_model import load_base, load_tokenizer
from crystal_studio.engines.llm.crystext.reading import reader_of
from crystal_studio.training.grpo_config import CONFIGS
from crystal_studio.training.grpo_free import free_texts
from crystal_studio.training.grpo_reward import GroupReward
from crystal_studio.training.grpo_tiny import teach_tiny
from crystal_studio.training.grpo_trainer import make_trainer
from crystal_studio.training.run_clock import RunClock

COLD = 1e-3  # so cold that the likeliest text is written


@pytest.fixture(scope="module")
def toy(tmp_path_factory) -> dict[str, str]:
    return teach_tiny(tmp_path_factory.mktemp("free"))


@pytest.fixture(scope="module")
def model(toy):
    return load_base(Path(toy["base"]), "float32").eval()


@pytest.fixture(scope="module")
def tokenizer(toy):
    return load_tokenizer(Path(toy["base"]))


def tokens_of(tokenizer, *prompts: str) -> list[list[int]]:
    return [tokenizer(prompt, add_special_tokens=False)["input_ids"] for prompt in prompts]


def written(model, tokenizer, prompts, temperature=1.0, max_tokens=60, seed=(0, 1), others=()) -> list[list[int]]:
    return free_texts(model, prompts, [tokenizer.eos_token_id, *others], temperature, max_tokens, seed)


def test_that_prompts_of_several_lengths_get_the_texts_that_transformers_writes_for_each_alone(model, tokenizer):
    prompts = tokens_of(tokenizer, "SrTiO3 221\n", "CaO 225\n", "ZnS 216\n", "CsCl 221\n")
    texts = written(model, tokenizer, prompts, COLD)
    assert len({len(text) for text in texts}) > 1  # so some left the batch before others
    for prompt, text in zip(prompts, texts, strict=True):
        alone = model.generate(
            torch.tensor([prompt]), do_sample=False, max_new_tokens=60, pad_token_id=tokenizer.eos_token_id
        )
        assert text == alone[0, len(prompt) :].tolist()
        assert text[-1] == tokenizer.eos_token_id


def test_that_a_token_comes_as_often_as_the_model_says(model, tokenizer):
    [prompt] = tokens_of(tokenizer, "CaO 225\n")
    [likeliest] = written(model, tokenizer, [prompt], COLD)
    beginning = [*prompt, *likeliest[: likeliest.index(tokenizer.encode("C")[0])]]  # Ca or Cd is next to come
    beginning.append(tokenizer.encode("C")[0])
    drawn = Counter(text[0] for text in written(model, tokenizer, [beginning] * 4000, 2.0, 1))
    with torch.no_grad():
        chances = (model(torch.tensor([beginning])).logits[0, -1] / 2.0).softmax(-1)
    likely = torch.nonzero(chances > 0.02)[:, 0].tolist()
    assert len(likely) > 1
    for token in likely:
        chance = float(chances[token])
        assert drawn[token] / 4000 == pytest.approx(chance, abs=5 * (chance * (1 - chance) / 4000) ** 0.5)


def test_that_a_seed_decides_every_draw_and_a_long_text_is_cut(model, tokenizer):
    prompts = tokens_of(tokenizer, "SrTiO3 221\n", "CaO 225\n") * 3
    once = written(model, tokenizer, prompts, 1.5)
    assert once == written(model, tokenizer, prompts, 1.5)
    assert once != written(model, tokenizer, prompts, 1.5, seed=(0, 2))
    assert [len(text) for text in written(model, tokenizer, prompts, COLD, max_tokens=4)] == [4] * 6


def test_that_each_of_several_ends_ends_a_text(model, tokenizer):
    prompts = tokens_of(tokenizer, "SrTiO3 221\n", "CaO 225\n")
    [newline] = tokenizer.encode("\n", add_special_tokens=False)
    for text, whole in zip(
        written(model, tokenizer, prompts, COLD, others=[newline]),
        written(model, tokenizer, prompts, COLD),
        strict=True,
    ):
        assert text == whole[: whole.index(newline) + 1]
        assert len(text) < len(whole)


@pytest.fixture
def trainer(toy, tmp_path):
    config = replace(CONFIGS["tiny"], output=str(tmp_path), beta=0.0, **toy)
    with reader_of("short") as read:
        yield make_trainer(config, RunClock(config, 0.0), GroupReward(read))


def gradients(trainer, inputs, compute) -> list[torch.Tensor]:
    trainer.model.zero_grad(set_to_none=True)
    compute(trainer.model, inputs).backward()
    return [one.grad for one in trainer.model.parameters() if one.requires_grad]


def scored(trainer, advantages: list[float]) -> dict[str, torch.Tensor]:
    """What the trainer is given of six texts, with these advantages."""
    trainer.current_gradient_accumulation_steps = 1
    rows = [{"prompt": "CaO 225\n", "target": "225\n4.81\nCa 4a\nO 4b"}] * len(advantages)
    torch.manual_seed(0)
    inputs = trainer._generate_and_score_completions(rows)
    return {**inputs, "advantages": torch.tensor(advantages)}


def test_that_leaving_out_what_teaches_nothing_changes_no_gradient(trainer):
    inputs = scored(trainer, [0.0, 1.5, 0.0, -0.5, 0.0, -1.0])
    whole = gradients(trainer, inputs, super(type(trainer), trainer).compute_loss)
    spared = gradients(trainer, inputs, trainer.compute_loss)
    assert max(float(one.abs().max()) for one in whole) > 0
    for one, other in zip(whole, spared, strict=True):
        assert torch.allclose(one, other, rtol=1e-4, atol=1e-7)


def test_that_texts_of_one_worth_move_nothing(trainer, monkeypatch):
    inputs = scored(trainer, [0.0] * 6)
    monkeypatch.setattr(trainer.model, "forward", None)  # nor is the model asked
    moved = gradients(trainer, inputs, trainer.compute_loss)
    assert not any(one.any() for one in moved if one is not None)


def test_that_where_the_divergence_is_charged_for_every_text_counts(trainer):
    inputs = scored(trainer, [0.0] * 6)
    trainer.beta = 0.5
    inputs["ref_per_token_logps"] = torch.full(inputs["completion_ids"].shape, -5.0)
    whole = gradients(trainer, inputs, super(type(trainer), trainer).compute_loss)
    spared = gradients(trainer, inputs, trainer.compute_loss)
    assert max(float(one.abs().max()) for one in whole) > 0
    for one, other in zip(whole, spared, strict=True):
        assert torch.allclose(one, other, rtol=1e-4, atol=1e-7)
