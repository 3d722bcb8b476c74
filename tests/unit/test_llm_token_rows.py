"""Rows fed together, packed or apart, write what one token at a time would; what is remembered changes nothing."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from transformers import AutoConfig, AutoModelForCausalLM

from crystal_studio.domain.intent import Limits
from crystal_studio.engines.fake import FakeContext
from crystal_studio.engines.llm.base_model import load_base, load_tokenizer
from crystal_studio.engines.llm.beginnings import Beginnings, CachedBeginning
from crystal_studio.engines.llm.decoding import Decoding, Grammar, _row, decode, vocabulary_of
from crystal_studio.engines.llm.packed_rows import PackedRows
from crystal_studio.engines.llm.pivot_constraint import grammar_of
from crystal_studio.engines.llm.separate_rows import SeparateRows
from crystal_studio.engines.llm.token_rows import TokenRows
from crystal_studio.engines.llm.transformers_nf4 import create
from crystal_studio.engines.llm.writing import common_beginning
from crystal_studio.ports.language_model import WritingTask
from crystal_studio.training.sft_tiny import make_tiny

PROMPT = list(range(2, 60))
NOTHING = np.zeros(1, dtype=np.int64)


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    torch.set_num_threads(1)  # two threads on products this small wait for each other on a busy machine
    folder = tmp_path_factory.mktemp("tiny")
    make_tiny(folder / "base", folder / "dialogues")
    return folder / "base"


@pytest.fixture(scope="module")
def model(base):
    return load_base(base, "float32")


@pytest.fixture(params=[PackedRows, SeparateRows], ids=["packed", "separate"])
def kind(request):
    return request.param


def whole(model, tokens) -> np.ndarray:
    """Scores behind the last token, from one pass over everything."""
    with torch.inference_mode():
        return model(input_ids=torch.tensor([list(tokens)])).logits[0, -1].double().numpy()


def begun(model, known: int, beginnings: Beginnings | None = None) -> tuple[PackedRows, np.ndarray]:
    """A prompt of which the first `known` tokens were remembered, and the scores behind it."""
    packed = PackedRows(model, (beginnings or Beginnings()).cache_of(model, PROMPT[:known]))
    return packed, packed.start(PROMPT[known:], None)[0]


def continued(model, kind, known: int, rows: int) -> TokenRows:
    """Rows that go on from a prompt of which the first `known` tokens were remembered."""
    begun = kind(model, Beginnings().cache_of(model, PROMPT[:known]), dict.fromkeys(range(rows), -2))
    assert begun.advance({-2: PROMPT[known:]}, None)[0] == pytest.approx(whole(model, PROMPT), abs=1e-5)
    return begun


@pytest.mark.parametrize("known", [0, 1, 40, 57])
def test_that_a_remembered_beginning_gives_the_scores_of_one_pass(model, known):
    assert begun(model, known)[1] == pytest.approx(whole(model, PROMPT), abs=1e-5)


def test_that_what_is_remembered_is_lent_as_a_copy(model):
    beginnings = Beginnings()
    cold = begun(model, 40, beginnings)[1]
    lent = beginnings.cache_of(model, PROMPT[:40])
    for layer in lent.layers:
        layer.keys.zero_()
    assert lent.get_seq_length() == 40
    assert np.array_equal(begun(model, 40, beginnings)[1], cold)


def test_that_only_the_latest_beginnings_are_kept(model):
    beginnings = Beginnings(capacity=2)
    for end in (10, 20, 10, 30):
        beginnings.cache_of(model, PROMPT[:end])
    assert [len(key) for key in beginnings._known] == [10, 30]


@pytest.mark.parametrize("known", [0, 40])
def test_that_rows_of_different_lengths_do_not_see_each_other(model, kind, known):
    rows = continued(model, kind, known, 3)
    rows.advance({0: [7], 1: [9, 10, 11], 2: [4]}, NOTHING)
    scores = rows.advance({2: [5, 6], 0: [8]}, None)
    assert scores[0] == pytest.approx(whole(model, [*PROMPT, 4, 5, 6]), abs=1e-5)
    assert scores[1] == pytest.approx(whole(model, [*PROMPT, 7, 8]), abs=1e-5)


@pytest.mark.parametrize("count", [3, 200])
def test_that_scores_of_some_tokens_are_those_among_all(model, count):
    scored = np.arange(count) + 5
    with torch.inference_mode():
        some = PackedRows(model, Beginnings().cache_of(model, ())).start(PROMPT, scored)
    assert some[0] == pytest.approx(whole(model, PROMPT)[scored], abs=1e-5)
    assert model.get_output_embeddings().weight is model.get_input_embeddings().weight


def one_token_at_a_time(model, decoding: Decoding, index: int, grammar: Grammar) -> list[int]:
    """One alternative by definition: nothing cached, nothing forced ahead, the whole vocabulary sorted."""
    matcher, tokens = grammar.matcher(), []
    generator = np.random.default_rng((decoding.seed, index))
    while len(tokens) < decoding.max_tokens and not matcher.is_stopped():
        scores = whole(model, PROMPT + tokens)
        bits = np.unpackbits(np.frombuffer(matcher.compute_bitmask(), dtype=np.uint8), bitorder="little")
        scores = np.where(bits[: len(scores)], scores, -np.inf)
        token = int(np.argmax(scores)) if index == 0 else drawn(scores, min(0.7 + 0.25 * index, 1.5), generator)
        if token in decoding.stop:
            break
        matcher.consume_token(token)
        tokens.append(token)
    return tokens


def drawn(scores: np.ndarray, temperature: float, generator: np.random.Generator) -> int:
    scaled = np.exp((scores - scores.max()) / temperature)
    order = np.argsort(-scaled, kind="stable")
    share = scaled[order] / scaled.sum()
    kept = int(np.searchsorted(np.cumsum(share), 0.95)) + 1
    return int(generator.choice(order[:kept], p=share[:kept] / share[:kept].sum()))


@pytest.mark.parametrize(
    "limits",
    [Limits(formula="SrTiO3", dimensionality=3), Limits(required=frozenset({"Ga", "Te"}), dimensionality=2)],
    ids=["formula", "layered"],
)
def test_that_rows_write_what_one_token_at_a_time_would(base, model, kind, limits):
    tokenizer = load_tokenizer(base)
    grammar = Grammar(vocabulary_of(tokenizer, model.config.vocab_size), grammar_of(limits))
    decoding = Decoding(3, 5, 170, frozenset({tokenizer.eos_token_id}))
    begun = CachedBeginning(model, Beginnings().cache_of(model, PROMPT[:30]), kind)
    rows = decode(begun, PROMPT, decoding, grammar, lambda _length, _tokens: None)
    assert rows == [one_token_at_a_time(model, decoding, index, grammar) for index in range(3)]
    assert len({len(row) for row in rows}) > 1, "rows should end at different times"


@pytest.mark.parametrize("spread", [0.01, 1.0, 8.0])
def test_that_drawing_among_the_likely_draws_what_sorting_everything_would(spread):
    scores = np.random.default_rng(3).normal(0.0, spread, 5000)
    row = _row(Decoding(4, 11, 8, frozenset()), 3, None)
    generator = np.random.default_rng((11, 3))
    assert [row._draw(scores) for _ in range(300)] == [drawn(scores, 1.45, generator) for _ in range(300)]


def test_that_what_is_written_does_not_depend_on_what_was_asked_before(base):
    options = {"precision": "float32", "max_tokens": 40, "form": "prompted"}
    task, other = (WritingTask(message, Limits(required=frozenset({"O"}))) for message in ("An oxide", "Another"))
    cold = create(base, options).write_pivots(task, 2, 9, FakeContext())
    warm = create(base, options)
    warm.write_pivots(other, 2, 1, FakeContext())
    assert warm.write_pivots(task, 2, 9, FakeContext()) == cold


def test_that_every_prompt_of_the_prompted_form_reuses_its_beginning(base):
    writer = create(base, {"precision": "float32", "max_tokens": 8, "form": "prompted"})
    for message in ("An oxide", "Something else"):
        writer.write_pivots(WritingTask(message, Limits()), 1, 0, FakeContext())
    (known,) = writer._model.beginnings._known
    assert len(known) > 500
    assert common_beginning([1, 2, 3], [1, 2, 4, 5]) == [1, 2]


def test_that_a_row_that_ended_leaves_its_place_to_another(model, kind):
    rows = continued(model, kind, 40, 4)
    rows.advance({row: [row + 3] for row in range(4)}, NOTHING)
    rows.advance({1: [20, 21], 3: [22]}, NOTHING)
    scores = rows.advance({3: [30], 1: [31]}, None)
    assert scores[0] == pytest.approx(whole(model, [*PROMPT, 6, 22, 30]), abs=1e-5)
    assert scores[1] == pytest.approx(whole(model, [*PROMPT, 4, 20, 21, 31]), abs=1e-5)


def test_that_rows_outgrow_the_room_that_they_began_with(model):
    rows = continued(model, SeparateRows, 40, 5)
    text = [number % 90 + 2 for number in range(150)]
    rows.advance({row: text[:1] for row in range(5)}, NOTHING)
    for start in range(1, 150, 30):
        scores = rows.advance({1: text[start : start + 30], 4: [5]}, None)
    assert scores[0] == pytest.approx(whole(model, [*PROMPT, *text]), abs=1e-5)
    assert scores[1] == pytest.approx(whole(model, [*PROMPT, text[0], *[5] * 5]), abs=1e-5)
    assert {kept.shape[0] for pair in rows._kept._layers for kept in pair} == {2}, "room grows for who is left"


@pytest.mark.parametrize("family", ["mistral", "qwen3", "gemma3_text", "gpt2", "stablelm"])
def test_that_separate_rows_fit_every_family_of_models(family):
    torch.manual_seed(0)
    size = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "pad_token_id": 0, "eos_token_id": 1}
    size |= {} if family == "gpt2" else {"num_key_value_heads": 2, "intermediate_size": 64}
    config = AutoConfig.for_model(family, vocab_size=120, bos_token_id=0, max_position_embeddings=256, **size)
    other = AutoModelForCausalLM.from_config(config).eval()
    rows = continued(other, SeparateRows, 40, 2)
    rows.advance({0: [5], 1: [6, 7]}, NOTHING)
    scores = rows.advance({1: [9], 0: [8, 3]}, None)
    assert scores[0] == pytest.approx(whole(other, [*PROMPT, 6, 7, 9]), abs=1e-5)
    assert scores[1] == pytest.approx(whole(other, [*PROMPT, 5, 8, 3]), abs=1e-5)


def test_that_a_model_attends_as_usual_after_a_step_of_separate_rows(model):
    usual = model.config._attn_implementation
    continued(model, SeparateRows, 40, 1)
    assert model.config._attn_implementation == usual


def test_that_tokens_taken_back_are_not_seen_again(model, kind):
    rows = continued(model, kind, 40, 2)
    rows.advance({0: [7, 8, 9], 1: [3]}, NOTHING)
    rows.forget(0, 2)
    assert rows.advance({0: [5]}, None)[0] == pytest.approx(whole(model, [*PROMPT, 7, 5]), abs=1e-5)


def test_that_scores_are_given_behind_as_many_tokens_as_asked(model, kind):
    scores = continued(model, kind, 40, 2).advance({0: [7, 8, 9], 1: [3]}, None, {0: 2})
    for found, tokens in zip(scores, ([7, 8], [7, 8, 9], [3]), strict=True):
        assert found == pytest.approx(whole(model, [*PROMPT, *tokens]), abs=1e-5)


class Counted:
    """Rows that count their steps."""

    def __init__(self, begun: CachedBeginning) -> None:
        self.length, self._begun, self.steps = begun.length, begun, 0

    def rows(self, continued):
        self._rows = self._begun.rows(continued)
        return self

    def advance(self, *given):
        self.steps += 1
        return self._rows.advance(*given)

    def forget(self, *given):
        self._rows.forget(*given)


def written_freely(model, count: int, guessed: int) -> tuple[list[list[int]], int]:
    """The texts, and the steps of the model that they took."""
    counted = Counted(CachedBeginning(model, Beginnings().cache_of(model, PROMPT[:30]), PackedRows))
    decoding = Decoding(count, 5, 40, frozenset(), guessed=guessed)
    return decode(counted, PROMPT, decoding, None, lambda _length, _tokens: None), counted.steps


def test_that_guessed_tokens_change_no_text(model):
    plain, steps = written_freely(model, 3, 0)
    guessed, fewer = written_freely(model, 3, 4)
    assert guessed == plain
    assert fewer <= steps


def test_that_a_text_that_repeats_itself_is_written_in_fewer_steps(model):
    (plain, most), (guessed, least) = written_freely(model, 1, 0), written_freely(model, 1, 6)
    assert guessed == plain
    assert len(set(plain[0])) < 10, "a random model's likeliest text repeats itself"
    assert least < most / 2
