"""A card that runs out of memory costs time: the language model and the aligner give what they would have given."""

from __future__ import annotations

import logging
from typing import Any

import numpy as np
import pytest
import torch

from crystal_studio.domain.composition import Composition
from crystal_studio.domain.crystal import Crystal
from crystal_studio.domain.errors import Unavailable
from crystal_studio.domain.intent import Limits
from crystal_studio.engines.alignment.crystal_clip import CrystalClipAligner
from crystal_studio.engines.devices.sparing import (
    CardSparing,
    loaded_where_it_fits,
    memory_in_words,
    run_where_it_fits,
)
from crystal_studio.engines.fake import FakeContext
from crystal_studio.engines.llm import transformers_nf4
from crystal_studio.engines.llm.crystext.writer import CrysTextWriter, Manner
from crystal_studio.engines.llm.packed_rows import PackedRows
from crystal_studio.engines.llm.separate_rows import SeparateRows
from crystal_studio.engines.llm.transformers_nf4 import create
from crystal_studio.engines.llm.writing import PivotWriter
from crystal_studio.ports.crystal_writer import CrystalTask
from crystal_studio.ports.language_model import WritingTask
from crystal_studio.training.sft_tiny import make_tiny

TASK = WritingTask("an oxide of strontium", Limits(required=frozenset({"Sr", "O"})))
OPTIONS = {"precision": "float32", "max_tokens": 24}
FULL = torch.OutOfMemoryError("CUDA out of memory.")


def refuse(*_arguments: object) -> None:
    raise FULL


@pytest.fixture(scope="module")
def tiny_base(tmp_path_factory):
    torch.set_num_threads(1)
    folder = tmp_path_factory.mktemp("tiny")
    make_tiny(folder / "base", folder / "dialogues")
    return folder / "base"


@pytest.fixture
def small_card(monkeypatch: pytest.MonkeyPatch):
    """Feeding more rows at once than there is room for, on a model that counts as on a card, runs out of memory."""

    def room_for(rows: int, writer: Any) -> list[int]:
        fed: list[int] = []

        def sparing(kind: Any) -> Any:
            feed = kind.advance

            def advance(self: Any, tokens_of: Any, *arguments: Any) -> Any:
                owners = {row for row in self._continued} or set(tokens_of)
                if writer.sparing.on_card and len(owners) > rows:
                    raise FULL
                fed.append(len(owners))
                return feed(self, tokens_of, *arguments)

            return advance

        for kind in (PackedRows, SeparateRows):
            monkeypatch.setattr(kind, "advance", sparing(kind))
        writer.sparing.on_card = True
        return fed

    return room_for


def notices(context: FakeContext) -> list[str]:
    return [str(payload) for kind, payload in context.partials if kind == "notice"]


@pytest.mark.parametrize(("room", "told"), [(8, 0), (4, 1), (2, 2), (1, 3), (0, 4)])
def test_that_a_language_model_writes_the_same_however_small_the_card(tiny_base, small_card, room, told) -> None:
    whole = create(tiny_base, OPTIONS).write_pivots(TASK, 4, 7, FakeContext())
    model = create(tiny_base, OPTIONS)
    small_card(room, model)
    context = FakeContext()
    assert model.write_pivots(TASK, 4, 7, context) == whole
    assert len(notices(context)) == told
    assert model.sparing.on_card == (room > 0)
    if told:
        assert notices(context)[0] == "the graphics card ran out of memory: written 4 at a time"


def test_that_a_language_model_that_left_the_card_says_so_every_time(tiny_base, small_card) -> None:
    model = create(tiny_base, OPTIONS)
    small_card(0, model)
    model.write_pivots(TASK, 1, 7, FakeContext())
    context = FakeContext()
    model.write_pivots(TASK, 1, 7, context)
    assert notices(context) == [
        "the graphics card has no memory for even one text: written on the processor, which is slower"
    ]


def test_that_a_language_model_that_does_not_fit_is_loaded_on_the_processor(tiny_base, monkeypatch) -> None:
    load = transformers_nf4.load_adapted
    asked: list[str] = []

    def full(folder: Any, options: Any) -> Any:
        asked.append(options["device"])
        if options["device"] != "cpu":
            raise FULL
        return load(folder, options)

    monkeypatch.setattr(transformers_nf4, "load_adapted", full)
    model = create(tiny_base, {**OPTIONS, "device": "cuda"})
    assert asked == ["cuda", "cpu"]
    context = FakeContext()
    assert model.write_pivots(TASK, 1, 7, context)
    assert notices(context) == [
        "the graphics card has no memory for the model: written on the processor, which is slower"
    ]


def test_that_a_machine_without_memory_is_a_sentence_and_no_bug(tiny_base, monkeypatch) -> None:
    model = create(tiny_base, OPTIONS)
    monkeypatch.setattr(PivotWriter, "_decoded", lambda *_arguments: refuse())
    with pytest.raises(Unavailable, match="not enough memory for the language model"):
        model.write_pivots(TASK, 1, 7, FakeContext())
    monkeypatch.setattr(transformers_nf4, "load_adapted", refuse)
    with pytest.raises(Unavailable, match="choose a smaller model"):
        create(tiny_base, OPTIONS)


@pytest.mark.parametrize(("room", "told"), [(3, 0), (2, 1), (0, 3)])
def test_that_a_writer_of_crystals_writes_the_same_however_small_the_card(tiny_base, small_card, room, told) -> None:
    tasks = [CrystalTask(Composition.parse(formula), 225) for formula in ("NaCl", "MgO", "LiF")]
    identity, model, tokenizer = transformers_nf4.load_adapted(tiny_base, OPTIONS)

    def writer() -> CrysTextWriter:
        return CrysTextWriter(identity, model, tokenizer, Manner(max_tokens=40), lambda: model)

    whole = [one.text for one in writer().write(tasks, 3, FakeContext(), attempts=1)]
    spared = writer()
    small_card(room, spared)
    context = FakeContext()
    assert [one.text for one in spared.write(tasks, 3, context, attempts=1)] == whole
    assert len(notices(context)) == told


class SmallClip:
    """Encoders on a card with room for so many rows."""

    def __init__(self, room: int) -> None:
        self.room, self.is_on_card = room, True

    def to(self, device: torch.device) -> None:
        self.is_on_card = device.type != "cpu"

    def encode_text(self, tokens_BL: torch.Tensor) -> torch.Tensor:
        return self._vectors(tokens_BL.float())

    def encode_crystal(self, species_BN: torch.Tensor, *_rest: torch.Tensor) -> torch.Tensor:
        return self._vectors(species_BN.float())

    def _vectors(self, rows: torch.Tensor) -> torch.Tensor:
        if self.is_on_card and len(rows) > self.room:
            raise FULL
        return torch.stack([rows.sum(1), rows[:, 0]], dim=1)


class Letters:
    """A letter is a number."""

    def encode_batch(self, texts) -> torch.Tensor:
        return torch.tensor([[ord(text[0]), ord(text[-1])] for text in texts])


def crystal(first: str, second: str) -> Crystal:
    return Crystal(np.eye(3) * 4.0, (first, second), np.array([[0.0, 0, 0], [0.5, 0.5, 0.5]]))


@pytest.mark.parametrize(("room", "told"), [(9, 0), (3, 1), (1, 3), (0, 4)])
def test_that_an_aligner_scores_the_same_however_small_the_card(monkeypatch, caplog, room: int, told: int) -> None:
    # There need be no card in the machine that runs this: tensors sent to one stay where they are.
    monkeypatch.setattr(torch.Tensor, "to", lambda tensor, *_target: tensor)
    crystals = [crystal(first, "O") for first in ("Mg", "Ca", "Sr", "Ba", "Zn")]
    whole = CrystalClipAligner(SmallClip(9), Letters(), torch.device("cuda")).score("oxide", crystals)
    spared = CrystalClipAligner(SmallClip(room), Letters(), torch.device("cuda"))
    with caplog.at_level(logging.WARNING):
        assert spared.score("oxide", crystals) == whole
    assert len({record.message for record in caplog.records}) <= max(told, 0)
    assert bool(caplog.records) == bool(told)
    assert spared.model.is_on_card == (room > 0)


def test_that_what_the_processor_has_no_memory_for_is_not_tried_again() -> None:
    calls: list[tuple[int, int]] = []

    def part(begin: int, end: int) -> int:
        calls.append((begin, end))
        raise FULL

    with pytest.raises(torch.OutOfMemoryError):
        CardSparing(False, pytest.fail, "done", "thing").run(8, part, pytest.fail)
    assert calls == [(0, 8)]


def test_that_the_network_follows_its_call_to_the_processor() -> None:
    net = torch.nn.Linear(2, 2)

    class OnCard(torch.nn.Linear):
        def parameters(self, *_arguments: Any):
            return iter([torch.nn.Parameter(torch.empty(1, device="meta"))])

    tried: list[str] = []

    def call(place: torch.device) -> str:
        tried.append(place.type)
        if place.type != "cpu":
            raise FULL
        return "done"

    assert run_where_it_fits(OnCard(2, 2), call) == "done"
    assert tried == ["meta", "cpu"]
    with pytest.raises(torch.OutOfMemoryError):
        run_where_it_fits(net, lambda _place: refuse())


def test_that_loading_goes_to_the_processor_once() -> None:
    assert loaded_where_it_fits(str.upper, "cuda") == ("CUDA", False)
    assert loaded_where_it_fits(lambda name: refuse() if name != "cpu" else name, "auto") == ("cpu", True)
    with pytest.raises(torch.OutOfMemoryError):
        loaded_where_it_fits(refuse, "cpu")


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        FULL,
        RuntimeError("[enforce fail at alloc_cpu.cpp:124] DefaultCPUAllocator: can't allocate memory: you tried"),
        RuntimeError("DefaultCPUAllocator: not enough memory: you tried to allocate 8000 bytes."),
    ],
)
def test_that_every_want_of_memory_is_said_in_words(error: Exception) -> None:
    with pytest.raises(Unavailable, match="Close other programs"), memory_in_words("this"):
        raise error


def test_that_another_error_stays_what_it_is() -> None:
    with pytest.raises(RuntimeError, match="shapes"), memory_in_words("this"):
        raise RuntimeError("shapes do not fit")
