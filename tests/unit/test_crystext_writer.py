"""The writer of crystals around a random tiny model: reasons of refusals, batches, dialects, bad input."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

import crystal_studio.engines.llm.crystext.writer as writer_module
from crystal_studio.domain.composition import Composition
from crystal_studio.domain.errors import Unavailable, UserCorrectable
from crystal_studio.engines.chem.cif import p1_cif, symmetrized_cif
from crystal_studio.engines.chem.short_cif import read, written
from crystal_studio.engines.chem.symmetry import SpglibSymmetrizer
from crystal_studio.engines.fake import FakeContext
from crystal_studio.engines.llm.base_model import load_base, load_tokenizer
from crystal_studio.engines.llm.beginnings import Beginnings, CachedBeginning
from crystal_studio.engines.llm.crystext.engine import create
from crystal_studio.engines.llm.crystext.prompt import prompt_of
from crystal_studio.engines.llm.crystext.reading import reader_of
from crystal_studio.engines.llm.crystext.refusal import Refused, crystal_of
from crystal_studio.engines.llm.crystext.short_form import ShortForm
from crystal_studio.engines.llm.crystext.site_matcher import LineGrammars, SiteGrammar
from crystal_studio.engines.llm.crystext.writer import form_of
from crystal_studio.engines.llm.decoding import Drawing, Row, decode_rows, vocabulary_of
from crystal_studio.engines.llm.packed_rows import PackedRows
from crystal_studio.engines.llm.separate_rows import SeparateRows
from crystal_studio.ports.crystal_writer import CrystalTask
from crystal_studio.training.sft_tiny import make_tiny

PEROVSKITE = CrystalTask(Composition.parse("SrTiO3"), 221, max_atoms=5)
QUARTZ = CrystalTask(Composition.parse("SiO2"), 152, num_atoms=9)
FREE = {"precision": "float32", "constrained": False, "max_tokens": 30}


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    torch.set_num_threads(1)  # two threads on products this small wait for each other on a busy machine
    folder = tmp_path_factory.mktemp("tiny")
    make_tiny(folder / "base", folder / "dialogues")
    return folder / "base"


@pytest.fixture(scope="module")
def writer(base):
    return create(base, {"precision": "float32"})


@pytest.mark.parametrize(("text", "reason"), [
    ("221\n3.91\nSr 1a\nTi 1b\nO three", "cannot be read. Line 5 is 'O three'"),
    ("cubic", "cannot be read. Line 1"),
    ("221\n3.91\nBa 1a\nTi 1b\nO 3c", "composition BaTiO3, not SrTiO3"),
    ("221\n3.91\nSr 1a\nTi 1b\nO 3c\nO 3d", "composition SrTiO6, not SrTiO3"),
    ("123\n3.91 4.40\nSr 1a\nTi 1d\nO 1c\nO 2e", r"space group P4/mmm \(123\) \(symprec 0.1 Å\), not Pm-3m \(221\)"),
    ("221\n0.60\nSr 1a\nTi 1b\nO 3c", "Line 2 gives a as '0.60'"),
    ("47\n1.00 1.00 9.00\nSr 1a\nTi 2q .040\nTi 2q .960", "composition SrTi4"),
])  # fmt: skip
def test_that_a_refusal_names_its_reason(text, reason):
    with pytest.raises(Refused, match=reason):
        crystal_of(text, PEROVSKITE, read)


def test_that_atoms_on_top_of_each_other_are_refused():
    with pytest.raises(Refused, match=r"Two atoms are 0\.39 Å apart"):
        crystal_of("99\n3.91 3.91\nPb 1a .000\nTi 1a .100\nO 1a .600\nO 2c .500", tetragonal(), read)


def tetragonal(**limits) -> CrystalTask:
    return CrystalTask(Composition.parse("PbTiO3"), 99, **limits)


def test_that_a_cell_of_another_size_is_refused():
    text = "99\n3.90 4.15\nPb 1a .000\nTi 1b .540\nO 1b .110\nO 2c .620"
    assert len(crystal_of(text, tetragonal(), read)) == 5
    with pytest.raises(Refused, match="5 atoms in the primitive cell, not 10"):
        crystal_of(text, tetragonal(num_atoms=10), read)
    with pytest.raises(Refused, match="5 atoms in the primitive cell; up to 4"):
        crystal_of(text, tetragonal(max_atoms=4), read)


def test_that_a_model_that_runs_out_of_tokens_is_asked_again_and_given_up(base):
    (answer,) = create(base, {"precision": "float32", "max_tokens": 6}).write(
        [PEROVSKITE], 0, FakeContext(), attempts=3
    )
    assert answer.crystal is None
    assert answer.refusals == ("It ran out of tokens: 6 were written without an end.",) * 3
    assert (answer.attempts, answer.tokens) == (3, 18)


def test_that_nonsense_of_a_free_model_is_refused_with_its_line(base):
    free = create(base, FREE)
    free._stop = frozenset(range(2, 130))  # half of the vocabulary, so that it soon ends
    for answer in free.write([PEROVSKITE] * 2, 0, FakeContext(), attempts=2):
        assert answer.crystal is None
        assert all("The text cannot be read. Line 1 is" in reason for reason in answer.refusals)


def test_that_a_wish_that_cannot_be_met_costs_no_token_even_of_a_free_model(base):
    context = FakeContext()
    with pytest.raises(UserCorrectable, match="fits no Wyckoff positions"):
        create(base, FREE).write([PEROVSKITE, CrystalTask(PEROVSKITE.composition, 230)], 0, context)
    assert context.partials == []


def test_that_more_crystals_than_a_batch_holds_are_all_written(writer, monkeypatch):
    context = FakeContext()
    monkeypatch.setattr(writer_module, "_MOST_ROWS", 16)
    answers = writer.write([PEROVSKITE] * 19, 4, context)
    assert all(answer.crystal is not None for answer in answers)
    assert len({answer.text for answer in answers}) == 19
    draws = {frame.draw for kind, payload in context.partials if kind == "frames" for frame in payload}
    assert draws == set(range(19))


def test_that_a_crystal_under_the_constraint_has_the_group_that_was_asked_for(writer):
    for answer in writer.write([PEROVSKITE, QUARTZ], 0, FakeContext()):
        assert answer.crystal is not None
        task = PEROVSKITE if answer.crystal.formula == "SrTiO3" else QUARTZ
        assert SpglibSymmetrizer().space_group(answer.crystal, 0.1).number == task.space_group
        assert read(answer.text).content_hash == answer.crystal.content_hash


def test_that_the_same_weights_can_write_freely(writer):
    free = writer.rewritten(constrained=False, max_tokens=12)
    assert (free.manner.constrained, writer.manner.constrained) == (False, True)
    assert free.write([PEROVSKITE], 0, FakeContext(), attempts=1)[0].crystal is None
    assert writer.write([PEROVSKITE], 0, FakeContext())[0].crystal is not None


@pytest.mark.parametrize("kind", [PackedRows, SeparateRows])
def test_that_rows_with_prompts_of_their_own_write_what_each_would_alone(base, kind):
    model = load_base(base, "float32")
    prompts = [list(range(2, 40)), [*range(2, 20), *range(60, 75)], list(range(2, 40))]

    def rows() -> list[Row]:
        return [Row(Drawing((7, index), 1.0, 25, frozenset()), None) for index in range(3)]

    def decode(chosen: list[Row], prompts: list[list[int]], shared: int) -> list[list[int]]:
        begun = CachedBeginning(model, Beginnings().cache_of(model, prompts[0][:shared]), kind)
        decode_rows(begun, prompts, chosen, lambda: None)
        return [row.tokens for row in chosen]

    together = decode(rows(), prompts, 18)
    alone = [decode([row], [prompt], 0)[0] for row, prompt in zip(rows(), prompts, strict=True)]
    assert together == alone
    assert len(set(map(tuple, together))) == 3


@pytest.mark.parametrize("kind", [PackedRows, SeparateRows])
def test_that_what_is_written_in_place_of_a_site_taken_back_is_drawn_as_if_there_had_been_none(base, kind, monkeypatch):
    monkeypatch.setattr(ShortForm, "stands", lambda _self, text: text[-1] not in "13579")
    model, tokenizer = load_base(base, "float32"), load_tokenizer(base)
    tasks = [QUARTZ, CrystalTask(Composition.parse("CaTiO3"), 62), QUARTZ]
    grammars = LineGrammars(vocabulary_of(tokenizer, model.config.vocab_size))
    prompts = [tokenizer(prompt_of(task, "short"))["input_ids"] for task in tasks]

    def rows() -> list[Row]:
        matchers = [SiteGrammar(grammars, form_of(task, "short")).matcher() for task in tasks]
        return [Row(Drawing((3, number), 1.0, 300, frozenset()), matcher) for number, matcher in enumerate(matchers)]

    together, alone = rows(), rows()
    begun = CachedBeginning(model, Beginnings().cache_of(model, []), kind)
    decode_rows(begun, prompts, together, lambda: None)
    for row, prompt in zip(alone, prompts, strict=True):  # everything is computed anew for every token
        while not row.finished:
            with torch.no_grad():
                scores = model(torch.tensor([[*prompt, *row.tokens]])).logits[0, -1].double().numpy()
            row.choose(scores[row.allowed], row.allowed)
    for row, other in zip(together, alone, strict=True):
        assert row.tokens == other.tokens
        sites = tokenizer.decode(row.tokens).split("\n")[2:]
        assert all(site[-1] not in "13579" for site in sites)
        assert any("." in site for site in sites)


def test_that_those_who_watch_see_no_site_that_is_taken_back(writer, monkeypatch):
    monkeypatch.setattr(ShortForm, "stands", lambda _self, text: text[-1] not in "13579")
    context = FakeContext()
    answer = writer.write([QUARTZ], 0, context, attempts=1)[0]
    assert "." in answer.text.split("\n", 2)[2]
    assert "".join(payload for kind, payload in context.partials if kind == "token") == answer.text


def test_that_a_plain_cif_is_read_into_its_primitive_cell_in_a_limited_child():
    crystal = read("225\n5.64\nNa 4a\nCl 4b")
    conventional = SpglibSymmetrizer().conventional(crystal)
    with reader_of("cif") as reader:
        for text in (p1_cif(conventional), symmetrized_cif(conventional, 0.1)):
            assert written(reader(text)) == written(crystal)
        with pytest.raises(UserCorrectable):
            reader("data_x\n_cell_length_a five")
        with pytest.raises(UserCorrectable):
            reader("Sure! Here is the CIF you asked for.")


def test_that_a_missing_adapter_is_refused(base, tmp_path):
    with pytest.raises(Unavailable, match="adapter"):
        create(base, {"precision": "float32", "adapter": str(tmp_path)})


def test_that_the_energy_above_the_hull_is_part_of_the_question(writer):
    stable = replace(PEROVSKITE, e_above_hull_ev=0.0)
    plain, asked = (writer.write([task], 3, FakeContext())[0].text for task in (PEROVSKITE, stable))
    assert plain != asked
