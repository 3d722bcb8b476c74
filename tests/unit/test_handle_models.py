"""The jobs of the window of models, on real folders of models made for the test."""

from __future__ import annotations

import hashlib
import pickle
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from crystal_studio.domain.card_toml import card_to_toml
from crystal_studio.domain.errors import JobCancelled, Unavailable, UserCorrectable
from crystal_studio.domain.machine import Card, Machine
from crystal_studio.domain.model_card import ModelCard, ModelFile, ModelKind
from crystal_studio.domain.model_import import ImportMode, ImportPlan
from crystal_studio.domain.model_offer import ModelOffer
from crystal_studio.domain.trial import SelfTest, Trial
from crystal_studio.engines.fake import FakeContext
from crystal_studio.host.channel import MessageReader, encode
from crystal_studio.registry import FolderCatalog
from crystal_studio.registry.memory import FileModelMemory
from crystal_studio.services.child_probe import Probed
from crystal_studio.services.device_plan import Placement
from crystal_studio.services.doctor import Surroundings
from crystal_studio.services.handle import handle
from crystal_studio.services.jobs_models import (
    ChooseModelJob,
    DoctorJob,
    ImportModelJob,
    ModelsJob,
    ModelsReport,
    PackModelsJob,
    PlanImportJob,
    RemoveModelJob,
    TryModelJob,
    UnpackModelsJob,
    VerifyModelJob,
)
from crystal_studio.services.lane import Lane

LANGUAGE, DENOISER = ModelKind.LANGUAGE_MODEL, ModelKind.DENOISER
OFFER = ModelOffer(
    "qwen", "Qwen3-4B", LANGUAGE, ("pivots",), "a hub", "Apache-2.0", 8_000, {"4 bit": 3_000, "16 bit": 9_000}, "Fetch."
)
TRIAL = Trial(2.0, "NaCl", 900)


class Store:
    """A store that remembers what it was asked."""

    def __init__(self, own: Path) -> None:
        self._own = own
        self.asked: list[Any] = []
        self.offered = (OFFER,)

    def plan(self, source: Path, model_id: str | None = None) -> ImportPlan:
        return ImportPlan(source, LANGUAGE, model_id or "new", "A model.", (), (), 1, 1, self._own / "new")

    def install(self, plan: ImportPlan, mode: ImportMode, context: FakeContext) -> ModelCard:
        context.check_cancelled()
        self.asked.append(mode)
        return ModelCard(plan.model_id, plan.kind, "1", "m:f")

    def remove(self, card: ModelCard) -> None:
        if not self.writable(card):
            raise UserCorrectable(f"{card.id} ships with the program.")
        self.asked.append(card.id)

    def pack(self, cards, target: Path, context: FakeContext) -> Path:
        self.asked.append([card.id for card in cards])
        return target

    def unpack(self, file: Path, context: FakeContext) -> tuple[ModelCard, ...]:
        return (ModelCard(file.stem, LANGUAGE, "1", "m:f"),)

    def offers(self) -> tuple[ModelOffer, ...]:
        return self.offered

    def writable(self, card: ModelCard) -> bool:
        return card.folder.is_relative_to(self._own)


class Trials:
    """Every model answers the same."""

    def try_model(self, card: ModelCard, context: FakeContext) -> Trial:
        context.check_cancelled()
        if card.id == "broken":
            raise Unavailable("The trial died. Choose a smaller model.")
        return TRIAL

    def self_test(self, context: FakeContext) -> SelfTest:
        return SelfTest((), (("language model", "died of SIGKILL"),), 1.0)


class SilentProbe:
    """A probe whose process died."""

    def __init__(self, module: str) -> None:
        self.module = module

    def answer(self, context: FakeContext) -> Probed:
        return Probed(problem=f"{self.module} died")

    def close(self) -> None:
        self.is_closed = True


class Bench:
    """A workbench of real folders."""

    def __init__(self, home: Path) -> None:
        self.shipped, self.own = home / "shipped", home / "own"
        self.catalog = FolderCatalog((self.shipped, self.own))
        self.model_store = Store(self.own)
        self.model_memory = FileModelMemory(self.own, home / "models.json")
        self.model_trials = Trials()
        self.machine = Machine(2, 16_000, 14_000, (Card("Card", 4_000, 4_000, "580", "8.6"),))

    @property
    def surroundings(self) -> Surroundings:
        given = (self.catalog, self.model_memory, self.model_trials, self.machine, self.own, self.own)
        return Surroundings(*given, probe=SilentProbe)


def install(folder: Path, kind: ModelKind, name: str, **fields: Any) -> Path:
    home = folder / kind.value / name
    home.mkdir(parents=True)
    weights = name.encode() * 100_000
    (home / "weights.safetensors").write_bytes(weights)
    files = (ModelFile("weights.safetensors", hashlib.sha256(weights).hexdigest()),)
    given = {"options": {"device": "auto"}, "memory_mb": 1_000, "files": files, **fields}
    card = ModelCard(name, kind, "1", "crystal_studio.engines.made:create", **given)
    (home / "model.toml").write_text(card_to_toml(card), encoding="utf-8")
    return home


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    made = Bench(tmp_path)
    install(made.shipped, DENOISER, "usual", default=True)
    install(made.shipped, LANGUAGE, "talker", default=True, memory_mb=6_000)
    install(made.own, DENOISER, "mine")
    return made


def report(bench: Bench) -> ModelsReport:
    found = handle(ModelsJob(), bench, FakeContext())
    assert isinstance(found, ModelsReport)
    return found


def listed(bench: Bench, name: str):
    (found,) = [one for one in report(bench).cards if one.card.id == name]
    return found


def test_that_the_list_tells_of_every_model_what_a_person_asks(bench: Bench) -> None:
    usual, mine, talker = (listed(bench, name) for name in ("usual", "mine", "talker"))
    assert (usual.in_use, usual.shipped, usual.writable) == (True, True, False)
    assert (mine.in_use, mine.shipped, mine.writable) == (False, False, True)
    assert (mine.size_mb, mine.installed, mine.problem, mine.checked, mine.trial) == (1, True, None, False, None)
    assert (mine.fits, talker.fits) == ("fits on the card", "fits in memory, runs on the processor")
    plan = report(bench).plan
    assert {one.model_id: one.placement for one in plan.placed} == {"talker": Placement.CPU, "usual": Placement.CARD}


def test_that_a_report_travels_through_the_pipe_to_the_window(bench: Bench) -> None:
    found = report(bench)
    (read,) = MessageReader().feed(encode(found))
    assert read == found
    assert pickle.loads(pickle.dumps(ModelsJob())) == ModelsJob()


def test_that_listing_opens_no_file_of_a_model(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[Path] = []
    usual = Path.open

    def watched(path: Path, *arguments: Any, **named: Any) -> Any:
        opened.append(path)
        return usual(path, *arguments, **named)

    monkeypatch.setattr(Path, "open", watched)
    assert listed(bench, "mine").problem is None
    assert not [path for path in opened if path.suffix == ".safetensors"]
    (bench.own / "denoiser" / "mine" / "weights.safetensors").unlink()
    assert "lacks its file" in (listed(bench, "mine").problem or "")


def test_that_a_model_that_came_meanwhile_is_seen_and_its_offer_is_gone(bench: Bench) -> None:
    (offer,) = report(bench).offers
    assert dict(offer.fits) == {"4 bit": "fits on the card", "16 bit": "fits in memory, runs on the processor"}
    install(bench.own, LANGUAGE, "qwen")
    assert report(bench).offers == ()
    assert listed(bench, "qwen").installed


def test_that_an_optional_model_with_a_card_is_listed_once(bench: Bench) -> None:
    home = install(bench.shipped, LANGUAGE, "qwen", provenance={"how_to_install": "Fetch it from its authors."})
    (home / "weights.safetensors").unlink()
    assert not listed(bench, "qwen").installed
    assert report(bench).offers == ()


def test_that_a_model_whose_base_is_missing_says_which_and_what_to_do(bench: Bench) -> None:
    base = install(bench.own, LANGUAGE, "small-base")
    install(bench.own, LANGUAGE, "tuned", options={"base": {"ref": "small-base"}})
    install(bench.own, ModelKind.ADAPTER, "fitting", provenance={"base": "somebody/Small-Base"})
    install(bench.own, ModelKind.ADAPTER, "free")
    names = ("tuned", "fitting", "free")
    assert [listed(bench, name).problem for name in names] == [None, None, None]
    (base / "weights.safetensors").unlink()
    assert [listed(bench, name).problem for name in names] == [listed(bench, "small-base").problem] * 2 + [None]
    shutil.rmtree(base)
    for name in ("tuned", "fitting"):
        problem = listed(bench, name).problem or ""
        assert problem.startswith(f"The model {name} builds on another. The model 'small-base' is not installed.")
        assert "crystal-studio models offers" in problem
    assert listed(bench, "free").problem is None


def test_that_a_card_that_cannot_be_read_is_told_beside_the_others(bench: Bench) -> None:
    broken = bench.own / "denoiser" / "broken" / "model.toml"
    broken.parent.mkdir()
    broken.write_text("id = ")
    found = report(bench)
    assert [path for path, _ in found.complaints] == [broken]
    assert "cannot be read" in found.complaints[0][1]
    assert {one.card.id for one in found.cards} == {"usual", "talker", "mine"}


def test_that_verifying_says_what_is_wrong_and_remembers_what_is_right(bench: Bench) -> None:
    assert handle(VerifyModelJob(DENOISER, "mine"), bench, FakeContext()) is None
    assert listed(bench, "mine").checked
    (bench.own / "denoiser" / "mine" / "weights.safetensors").write_bytes(b"other")
    assert not listed(bench, "mine").checked
    problem = handle(VerifyModelJob(DENOISER, "mine"), bench, FakeContext())
    assert "is not the one its card names" in str(problem)
    assert not listed(bench, "mine").checked


def test_that_verifying_stops_inside_a_large_file_and_starts_anew(bench: Bench) -> None:
    home = install(bench.own, DENOISER, "large")
    weights = bytes(20_000_000)
    (home / "weights.safetensors").write_bytes(weights)
    card = listed(bench, "large").card
    whole = replace(card, files=(ModelFile("weights.safetensors", hashlib.sha256(weights).hexdigest()),))
    (home / "model.toml").write_text(card_to_toml(whole), encoding="utf-8")
    install(bench.own, DENOISER, "tuned", options={"base": {"ref": "large"}})
    stopped = FakeContext().cancel_after(3)
    with pytest.raises(JobCancelled):
        handle(VerifyModelJob(DENOISER, "large"), bench, stopped)
    assert 0 < stopped.reports[-1].fraction < 0.5
    assert not listed(bench, "large").checked
    context = FakeContext()
    assert handle(VerifyModelJob(DENOISER, "tuned"), bench, context) is None
    fractions = [one.fraction for one in context.reports]
    assert len(fractions) >= 6
    assert fractions == sorted(fractions)
    assert (fractions[0], fractions[-1]) == (0.0, 1.0)


def test_that_a_chosen_model_is_in_use_from_then_on(bench: Bench) -> None:
    handle(ChooseModelJob(DENOISER, "mine"), bench, FakeContext())
    assert listed(bench, "mine").in_use
    assert not listed(bench, "usual").in_use
    assert FolderCatalog((bench.shipped, bench.own)).default(DENOISER).id == "mine"


def test_that_only_an_installed_model_that_does_a_job_can_be_chosen(bench: Bench) -> None:
    install(bench.own, ModelKind.ADAPTER, "fit")
    absent = install(bench.own, DENOISER, "absent", provenance={"how_to_install": "Fetch it from its authors."})
    (absent / "weights.safetensors").unlink()
    for job, reason in (
        (ChooseModelJob(ModelKind.ADAPTER, "fit"), "does no job by itself"),
        (ChooseModelJob(DENOISER, "absent"), "Fetch it from its authors"),
        (ChooseModelJob(DENOISER, "none"), "no denoiser 'none' any more"),
    ):
        with pytest.raises(UserCorrectable, match=reason):
            handle(job, bench, FakeContext())
    assert bench.model_memory.chosen() == {}


def test_that_removing_a_chosen_model_gives_its_job_back(bench: Bench) -> None:
    handle(ChooseModelJob(DENOISER, "mine"), bench, FakeContext())
    handle(RemoveModelJob(DENOISER, "mine"), bench, FakeContext())
    assert bench.model_store.asked == ["mine"]
    assert bench.model_memory.chosen() == {}
    with pytest.raises(UserCorrectable, match="ships with the program"):
        handle(RemoveModelJob(DENOISER, "usual"), bench, FakeContext())


def test_that_a_trial_is_remembered_and_counts_in_the_plan(bench: Bench) -> None:
    assert handle(TryModelJob(LANGUAGE, "talker"), bench, FakeContext()) == TRIAL
    assert listed(bench, "talker").trial == TRIAL
    assert {one.model_id: one.seconds for one in report(bench).plan.placed} == {"talker": 2.0, "usual": None}
    install(bench.own, DENOISER, "broken")
    with pytest.raises(Unavailable, match="smaller model"):
        handle(TryModelJob(DENOISER, "broken"), bench, FakeContext())
    assert listed(bench, "broken").trial is None


def test_that_imports_go_to_the_store_as_asked(bench: Bench) -> None:
    plan = handle(PlanImportJob(Path("x")), bench, FakeContext())
    assert isinstance(plan, ImportPlan)
    card = handle(ImportModelJob(Path("x"), ImportMode.LINK, "named"), bench, FakeContext())
    assert (card.id, bench.model_store.asked) == ("named", [ImportMode.LINK])
    with pytest.raises(JobCancelled):
        handle(ImportModelJob(Path("x")), bench, FakeContext().cancel_after(0))


def test_that_models_are_packed_by_name_and_unpacked(bench: Bench) -> None:
    target = Path("stick.zip")
    assert handle(PackModelsJob(("mine", "usual"), target), bench, FakeContext()) == target
    assert bench.model_store.asked == [["mine", "usual"]]
    with pytest.raises(UserCorrectable, match="'none'"):
        handle(PackModelsJob(("mine", "none"), target), bench, FakeContext())
    with pytest.raises(UserCorrectable, match="Choose models"):
        handle(PackModelsJob((), target), bench, FakeContext())
    (card,) = handle(UnpackModelsJob(Path("a.zip")), bench, FakeContext())
    assert card.id == "a"


def test_that_the_doctor_can_be_asked_as_a_job(bench: Bench) -> None:
    found = handle(DoctorJob(self_test=True), bench, FakeContext())
    assert found[-1].name == "self-test: language model"
    assert found[-1].value == "it died of SIGKILL"
    assert isinstance(found, tuple)


def test_that_only_what_loads_weights_waits_for_the_engine_of_models() -> None:
    assert {TryModelJob.lane, DoctorJob(self_test=True).lane} == {Lane.MODEL}
    assert DoctorJob(self_test=False).lane is Lane.SCIENCE
    quick = (ModelsJob, VerifyModelJob, PlanImportJob, ImportModelJob, RemoveModelJob, PackModelsJob, ChooseModelJob)
    assert {job.lane for job in quick} == {Lane.SCIENCE}
