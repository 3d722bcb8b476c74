"""Every fake can be told to answer, to fail and to stall."""

from __future__ import annotations

import time

import pytest
from contract_crystals import perovskite, rock_salt
from history_store_contract import FIRST, node
from sampler_contract import noise, request

from crystal_studio.domain.errors import JobCancelled, ProjectUnavailable, Unavailable
from crystal_studio.domain.intent import Limits
from crystal_studio.engines import fake
from crystal_studio.ports.language_model import WritingTask

TASK = WritingTask("a wide-gap oxide", Limits())


def write(model: fake.ScriptedLanguageModel, count: int = 1, context: fake.FakeContext | None = None) -> list[str]:
    return model.write_pivots(TASK, count, 0, context or fake.FakeContext())


def test_that_a_language_model_plays_back_its_texts_in_order():
    model = fake.ScriptedLanguageModel()
    model.enqueue(["first", ["second", "third"]])
    assert [write(model, 2), write(model, 2)] == [["first", "first"], ["second", "third"]]
    assert model.tasks == [TASK, TASK]


def test_that_a_language_model_without_script_keeps_the_named_formula():
    task = WritingTask("keep it", Limits(formula="KZnF3"))
    (text,) = fake.ScriptedLanguageModel().write_pivots(task, 1, 0, fake.FakeContext())
    assert text.startswith("KZnF3 crystallizes")


def test_that_a_language_model_hands_out_its_words_and_stops_between_two():
    context = fake.FakeContext().cancel_after(3)
    with pytest.raises(JobCancelled):
        write(fake.ScriptedLanguageModel(), context=context)
    assert [payload for _, payload in context.partials] == ["NaCl", " is", " Halite,"]


def test_that_an_enqueued_exception_is_raised_once():
    model = fake.ScriptedLanguageModel()
    model.enqueue([Unavailable("The weights are missing. Fetch them."), "after"])
    with pytest.raises(Unavailable):
        write(model)
    assert write(model) == ["after"]


def test_that_a_stall_delays_the_answer():
    sampler = fake.FakeSampler()
    sampler.script.enqueue([fake.Stall(0.05)])
    begin = time.monotonic()
    assert len(sampler.sample(request(noise()), fake.FakeContext())) == 1
    assert time.monotonic() - begin >= 0.05


def test_that_a_stall_can_be_cancelled():
    sampler = fake.FakeSampler()
    sampler.script.enqueue([fake.Stall(60)])
    with pytest.raises(JobCancelled):
        sampler.sample(request(noise()), fake.FakeContext().cancel_after(2))


FAILING = {
    "sampler": lambda engine: engine.sample(request(noise()), fake.FakeContext()),
    "aligner": lambda engine: engine.score("NaCl", [rock_salt()]),
    "predictor": lambda engine: engine.predict([rock_salt()]),
    "relaxer": lambda engine: engine.relax(rock_salt(), 5, fake.FakeContext()),
    "describer": lambda engine: engine.describe(rock_salt()),
    "symmetrizer": lambda engine: engine.space_group(rock_salt()),
    "checker": lambda engine: engine.check(rock_salt()),
    "comparer": lambda engine: engine.rms_distance(rock_salt(), perovskite()),
    "library": lambda engine: engine.decorate(rock_salt().composition, 1),
    "store": lambda engine: engine.commit(node(FIRST)),
}
ENGINES = {
    "sampler": fake.FakeSampler,
    "aligner": fake.FakeAligner,
    "predictor": fake.FakePredictor,
    "relaxer": fake.FakeRelaxer,
    "describer": fake.FakeDescriber,
    "symmetrizer": fake.FakeSymmetrizer,
    "checker": fake.FakeChecker,
    "comparer": fake.FakeComparer,
    "library": fake.FakePrototypeLibrary,
    "store": fake.FakeHistoryStore,
}


@pytest.mark.parametrize("name", ENGINES)
def test_that_each_fake_fails_when_told_to_and_then_goes_on(name):
    engine = ENGINES[name]()
    engine.script.enqueue([ProjectUnavailable("The disk is full. Free some space.")])
    with pytest.raises(ProjectUnavailable):
        FAILING[name](engine)
    FAILING[name](engine)


def test_that_a_failed_commit_stores_nothing():
    store = fake.FakeHistoryStore()
    store.script.enqueue([ProjectUnavailable("The disk is full. Free some space.")])
    with pytest.raises(ProjectUnavailable):
        store.commit(node(FIRST))
    assert store.nodes() == []


def test_that_a_scripted_answer_replaces_the_default():
    aligner = fake.FakeAligner()
    aligner.script.enqueue([[0.25]])
    assert aligner.score("NaCl", [rock_salt()]) == [0.25]
    assert aligner.score("NaCl", [rock_salt()]) == [1.0]
