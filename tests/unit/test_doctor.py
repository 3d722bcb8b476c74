"""The report on a machine: what it finds, that what is not good has a remedy, and that asking is cheap."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from crystal_studio.domain.errors import JobCancelled, Unavailable
from crystal_studio.domain.finding import Finding, State
from crystal_studio.domain.machine import Card, Machine
from crystal_studio.domain.model_card import ModelCard, ModelKind
from crystal_studio.domain.trial import SelfTest, Trial, TriedStep
from crystal_studio.engines.devices import probe
from crystal_studio.engines.fake import FakeContext
from crystal_studio.services import doctor, doctor_display, doctor_libraries, doctor_machine
from crystal_studio.services.child_probe import GRAPHICS, LIBRARIES, ChildProbe, Probed
from crystal_studio.services.doctor import Surroundings, examine, has_problem
from crystal_studio.services.models import NEEDED_KINDS, missing_models, verified_models
from crystal_studio.services.self_test import STEPS

MACHINE = Machine(8, 32_000, 28_000)
WITH_CARD = Machine(8, 32_000, 28_000, (Card("NVIDIA A4000", 16_000, 15_000, "580.95", "8.6"),))
CARD = {"name": "NVIDIA A4000", "memory_mb": 16_000, "free_mb": 15_000, "compute": "8.6"}
TORCH = {"version": "2.13.0", "built_for_cuda": None, "processor": "AVX2", "threads": 4, "cards": []}
KERNELS = {"version": "0.50.2", "has_cuda_kernels": False, "kernels": {"nf4 cpu": {"error": 0.07}}}
OPENGL = {"vendor": "Intel", "renderer": "Mesa Intel UHD 630", "version": "4.6"}
FACTS = {
    LIBRARIES: Probed({"torch": TORCH, "bitsandbytes": KERNELS}),
    GRAPHICS: Probed({"opengl": OPENGL, "missing_libraries": []}),
}


class FakeCatalog:
    """Cards of the given kinds, of which some are damaged."""

    def __init__(self, kinds: Sequence[ModelKind] = NEEDED_KINDS, damaged: Sequence[ModelKind] = ()) -> None:
        self._cards = [ModelCard(f"a-{kind}", kind, "1", "m:f", memory_mb=100) for kind in kinds]
        self._damaged = damaged

    def cards(self) -> Sequence[ModelCard]:
        return self._cards

    def complaints(self) -> Mapping[Path, Unavailable]:
        return {}

    def refresh(self) -> None:
        self.is_fresh = True

    def default(self, kind: ModelKind, model_id: str | None = None) -> ModelCard:
        for card in self._cards:
            if card.kind is kind:
                return card
        raise Unavailable(f"No {kind}. Fetch it.")

    def foundations(self, card: ModelCard) -> Sequence[ModelCard]:
        return ()

    def verify(self, card: ModelCard, on_bytes: Callable[[int], object] | None = None) -> None:
        if card.kind in self._damaged:
            raise Unavailable(f"{card.id} is damaged. Mend it.")

    def load(self, card: ModelCard) -> Any:
        raise AssertionError("a report loads nothing")


class Memory:
    """A person who has chosen."""

    def __init__(self, chosen: Mapping[ModelKind, str] | None = None) -> None:
        self._chosen = dict(chosen or {})

    def chosen(self) -> Mapping[ModelKind, str]:
        return self._chosen

    def trial(self, card: ModelCard) -> Trial | None:
        return Trial(2.0, "", 100)


class Trials:
    """A self-test that ends as told."""

    def __init__(self, tested: SelfTest | None = None) -> None:
        self.tested = tested or SelfTest(tuple(TriedStep(name, 1.5, "done") for name in STEPS), (), 9.5)

    def self_test(self, context: object) -> SelfTest:
        return self.tested


class ToldProbe:
    """A probe that is told what to say."""

    def __init__(self, probed: Probed) -> None:
        self._probed = probed

    def answer(self, context: FakeContext) -> Probed:
        return self._probed

    def close(self) -> None:
        self.is_closed = True


def around(tmp_path: Path, catalog: FakeCatalog | None = None, facts: Mapping[str, Probed] = FACTS, **fields: Any):
    given = {"memory": Memory(), "trials": Trials(), "machine": MACHINE, **fields}
    return Surroundings(
        catalog=catalog or FakeCatalog(),
        models_folder=tmp_path / "models",
        project_folder=tmp_path,
        probe=lambda module: ToldProbe(facts[module]),
        **given,
    )


def report(tmp_path: Path, catalog: FakeCatalog | None = None, *, self_test: bool = False, **fields: Any):
    found = examine(around(tmp_path, catalog, **fields), FakeContext(), self_test=self_test)
    assert all(one.remedy for one in found if one.state is not State.GOOD), "every finding has its remedy"
    return {finding.name: finding for finding in found}


def test_that_a_whole_machine_has_no_problem(tmp_path: Path) -> None:
    found = report(tmp_path, self_test=True)
    assert not has_problem(list(found.values()))
    assert found["python"].value == ".".join(map(str, sys.version_info[:3]))
    assert found["torch"].value[0].isdigit()
    assert found["opengl"] == Finding("opengl", "Intel, Mesa Intel UHD 630, 4.6")
    assert found["device plan"].value.endswith("A round takes about 12 s.")
    assert found["self-test"].value.startswith("9.5 s in all")


def test_that_a_damaged_and_a_missing_model_are_problems_with_their_remedies(tmp_path: Path) -> None:
    catalog = FakeCatalog([k for k in NEEDED_KINDS if k is not ModelKind.LANGUAGE_MODEL], [ModelKind.DENOISER])
    found = report(tmp_path, catalog)
    assert found["model denoiser"] == Finding(
        "model denoiser", "a-denoiser 1, damaged or missing", State.PROBLEM, "a-denoiser is damaged. Mend it."
    )
    assert found["model language_model"].remedy == "No language_model. Fetch it."
    assert has_problem(list(found.values()))
    assert [state.problem for state in verified_models(catalog)].count(None) == len(NEEDED_KINDS) - 2
    assert list(missing_models(catalog)) == [ModelKind.LANGUAGE_MODEL]


def test_that_a_card_that_cannot_be_read_and_a_choice_that_is_gone_are_told(tmp_path: Path, monkeypatch) -> None:
    catalog = FakeCatalog()
    monkeypatch.setattr(catalog, "complaints", lambda: {Path("x/model.toml"): Unavailable("It is wrong. Mend it.")})
    found = report(tmp_path, catalog, memory=Memory({ModelKind.DENOISER: "gone", ModelKind.ALIGNER: "a-aligner"}))
    assert found["model card"].remedy == "It is wrong. Mend it."
    assert found["chosen denoiser"].state is State.ADVICE
    assert "chosen aligner" not in found


def test_that_a_missing_package_is_a_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "PACKAGES", ("no-such-package",))
    finding = report(tmp_path)["no-such-package"]
    assert finding.state is State.PROBLEM
    assert "installer/studio" in finding.remedy


def test_that_a_folder_that_cannot_be_written_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / "models").write_text("a file where the folder should be")
    found = report(tmp_path)
    assert found["models folder"].state is State.PROBLEM
    assert found["project folder"].state is State.GOOD


def test_that_a_full_disk_and_an_absent_share_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor_machine, "DISK_NEEDED_GB", 1e9)
    found = report(tmp_path, shared_folders=(tmp_path / "share",))
    assert found["models folder"].state is State.ADVICE
    assert "is not there" in found["shared models"].value
    assert report(tmp_path, shared_folders=(tmp_path,))["shared models"].state is State.GOOD


def test_that_imports_that_were_killed_are_found_once_they_are_old(tmp_path: Path) -> None:
    assert report(tmp_path)["unfinished imports"].value == "none"
    left = tmp_path / "models" / ".importing-ab12"
    left.mkdir(parents=True)
    (left / "weights.safetensors").write_bytes(b"x" * 3_000_000)
    assert report(tmp_path)["unfinished imports"].value == "none", "one that is under way is left alone"
    os.utime(left, (1, 1))
    finding = report(tmp_path)["unfinished imports"]
    assert finding.state is State.ADVICE
    assert finding.value == ".importing-ab12 (3 MB)"


def test_that_training_data_is_found_or_asked_for_without_being_a_problem(tmp_path: Path) -> None:
    assert report(tmp_path)["training data"].state is State.ADVICE
    assert report(tmp_path, data_folder=tmp_path)["training data"].state is State.ADVICE
    (tmp_path / "crystals").mkdir()
    assert report(tmp_path, data_folder=tmp_path)["training data"].state is State.GOOD


def test_that_little_memory_is_said(tmp_path: Path) -> None:
    assert report(tmp_path, machine=Machine(2, 8_000, 2_000))["memory"].state is State.ADVICE


def test_that_models_too_large_for_the_machine_are_a_problem(tmp_path: Path) -> None:
    assert report(tmp_path, machine=Machine(2, 100, 50))["device plan"].state is State.PROBLEM


@pytest.mark.parametrize(
    ("found", "state"),
    [(("glibc", "2.17"), State.PROBLEM), (("glibc", "2.99"), State.GOOD), (("", ""), None), (("musl", "1.2"), None)],
)
def test_that_an_old_c_library_is_a_problem(tmp_path, monkeypatch, found: tuple[str, str], state: State | None) -> None:
    monkeypatch.setattr(doctor_machine.platform, "libc_ver", lambda: found)
    finding = report(tmp_path).get("glibc")
    assert (finding.state if finding else None) is state


def test_that_a_locale_without_utf_8_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor_machine.locale, "getpreferredencoding", lambda **_: "ANSI_X3.4-1968")
    assert report(tmp_path)["locale"].state is State.ADVICE


def libraries(torch: Mapping[str, Any] = TORCH, kernels: Mapping[str, Any] = KERNELS) -> Mapping[str, Probed]:
    return {**FACTS, LIBRARIES: Probed({"torch": dict(torch), "bitsandbytes": dict(kernels)})}


def test_that_the_cuda_line_tells_what_lacks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    driver = tmp_path / "version"
    monkeypatch.setattr(doctor_libraries, "_NVIDIA_DRIVER", driver)
    assert "no NVIDIA driver" in report(tmp_path)["cuda"].value
    built = {**TORCH, "built_for_cuda": "13.0"}
    assert "no NVIDIA driver" in report(tmp_path, facts=libraries(built))["cuda"].value
    driver.write_text("NVRM version: NVIDIA UNIX x86_64 Kernel Module  470.82.01  Wed Oct 27")
    assert "CUDA flavour" in report(tmp_path)["cuda"].remedy
    old = report(tmp_path, facts=libraries({**built, "cuda_problem": "The NVIDIA driver on your system is too old"}))
    assert old["cuda"].state is State.ADVICE
    assert "too old (driver 470.82.01)" in old["cuda"].value
    good = report(tmp_path, facts=libraries({**built, "cards": [CARD]}), machine=WITH_CARD)
    assert good["cuda"] == Finding("cuda", "torch built for CUDA 13.0, NVIDIA driver 580.95")
    assert good["card"].value == "NVIDIA A4000, 15.0 of 16.0 GB free, compute capability 8.6, tried"


def test_that_a_card_that_torch_cannot_use_is_a_problem(tmp_path: Path) -> None:
    card = {**CARD, "problem": "no kernel image is available for execution on the device"}
    found = report(tmp_path, facts=libraries({**TORCH, "built_for_cuda": "13.0", "cards": [card]}), machine=WITH_CARD)
    assert found["card"].state is State.PROBLEM
    assert "no kernel image" in found["card"].value


def test_that_kernels_that_fail_are_told_by_what_needs_them(tmp_path: Path) -> None:
    broken = {"problem": "the mean error is 0.900"}
    kernels = {**KERNELS, "kernels": {"nf4 cpu": {"error": 0.07}, "int8 cpu": broken}}
    found = report(tmp_path, facts=libraries(kernels=kernels))
    assert found["bitsandbytes kernels"].value == "0.50.2, CPU kernels; tried: nf4 cpu"
    assert found["bitsandbytes kernels, int8 cpu"].state is State.ADVICE
    found = report(tmp_path, facts=libraries(kernels={**KERNELS, "kernels": {"nf4 cpu": broken}}))
    assert found["bitsandbytes kernels, nf4 cpu"].state is State.PROBLEM
    found = report(tmp_path, facts=libraries(kernels={"problem": "No module named 'bitsandbytes'"}))
    assert found["bitsandbytes kernels"].state is State.PROBLEM


def test_that_libraries_that_kill_the_probe_are_a_problem(tmp_path: Path) -> None:
    found = report(tmp_path, facts={**FACTS, LIBRARIES: Probed(problem="the process died of SIGILL")})
    assert found["torch on this machine"].value == "the process died of SIGILL"
    assert found["torch on this machine"].state is State.PROBLEM
    found = report(tmp_path, facts=libraries({"problem": "libcudart.so.13: cannot open shared object file"}))
    assert found["torch on this machine"].state is State.PROBLEM


@pytest.mark.parametrize("renderer", ["llvmpipe (LLVM 15.0.6, 256 bits)", "softpipe", "Software Rasterizer"])
def test_that_drawing_in_software_is_told(tmp_path: Path, renderer: str) -> None:
    facts = {**FACTS, GRAPHICS: Probed({"opengl": {**OPENGL, "renderer": renderer}, "missing_libraries": []})}
    finding = report(tmp_path, facts=facts)["opengl"]
    assert finding.state is State.ADVICE
    assert finding.value.startswith("drawn in software: ")


@pytest.mark.parametrize(
    "probed", [Probed(problem="the process died of SIGSEGV"), Probed({}), Probed({"opengl": {"problem": "no display"}})]
)
def test_that_a_machine_without_opengl_can_still_design(tmp_path: Path, probed: Probed) -> None:
    found = report(tmp_path, facts={**FACTS, GRAPHICS: probed})
    assert found["opengl"].state is State.ADVICE
    assert not has_problem(list(found.values()))


def test_that_libraries_which_the_window_lacks_are_named_with_their_packages(tmp_path: Path) -> None:
    facts = {**FACTS, GRAPHICS: Probed({"opengl": OPENGL, "missing_libraries": ["libxcb-cursor.so.0"]})}
    assert "apt install libxcb-cursor0" in report(tmp_path, facts=facts)["window libraries"].remedy


@pytest.mark.parametrize(
    ("environment", "said", "state"),
    [
        ({}, "none", State.ADVICE),
        ({"DISPLAY": ":0"}, "X11 (:0)", State.GOOD),
        ({"DISPLAY": "localhost:10.0"}, "X11 (localhost:10.0, over the network)", State.GOOD),
        ({"WAYLAND_DISPLAY": "wayland-0", "DISPLAY": ":0"}, "Wayland (wayland-0) and X11 (:0)", State.GOOD),
        ({"QT_QPA_PLATFORM": "offscreen"}, "none; QT_QPA_PLATFORM asks for offscreen", State.GOOD),
    ],
)
@pytest.mark.skipif(sys.platform != "linux", reason="other systems always have a display")
def test_that_the_display_is_what_the_session_says(environment, said: str, state: State) -> None:
    finding = doctor_display.display(environment)
    assert (finding.value, finding.state) == (said, state)


def trials_of(*steps: TriedStep, broken_off: tuple[tuple[str, str], ...] = ()) -> Trials:
    return Trials(SelfTest(steps, broken_off, 30.0))


def test_that_a_step_of_the_self_test_that_fails_is_a_problem_with_its_remedy(tmp_path: Path) -> None:
    steps = [TriedStep(name, 1.0, "done") for name in STEPS]
    steps[0] = TriedStep(STEPS[0], 2.0, problem="The model lacks its file.")
    found = report(tmp_path, self_test=True, trials=trials_of(*steps))
    assert found["self-test: denoiser"].state is State.PROBLEM
    assert found["self-test: denoiser"].value == "The model lacks its file. (2.0 s)"
    assert found["self-test: checks"].state is State.GOOD


def test_that_a_self_test_that_dies_names_the_step_it_died_in(tmp_path: Path) -> None:
    died = trials_of(TriedStep("denoiser", 1.0, "drawn"), broken_off=(("checks", "died of SIGKILL"),))
    found = report(tmp_path, self_test=True, trials=died)
    assert found["self-test: checks"].state is State.PROBLEM
    assert found["self-test: checks"].value == "it died of SIGKILL"
    assert "self-test" not in found
    late = trials_of(broken_off=(("denoiser", "took longer than 120 s"), ("checks", "ended too early")))
    slow = report(tmp_path, self_test=True, trials=late)
    assert [slow[f"self-test: {name}"].state for name in ("denoiser", "checks")] == [State.ADVICE, State.PROBLEM]


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A module of these lines that a probe can run."""

    def write(text: str) -> str:
        (tmp_path / "probed_module.py").write_text(text)
        monkeypatch.syspath_prepend(tmp_path)
        return "probed_module"

    return write


def test_that_a_stopped_report_leaves_no_process_behind(tmp_path: Path, module) -> None:
    slow = module("import time; time.sleep(60)")
    started: list[ChildProbe] = []

    def slow_probe(_module: str) -> ChildProbe:
        started.append(ChildProbe(slow))
        return started[-1]

    fields = {"machine": MACHINE, "memory": Memory(), "trials": Trials()}
    surroundings = Surroundings(
        FakeCatalog(), models_folder=tmp_path, project_folder=tmp_path, probe=slow_probe, **fields
    )
    with pytest.raises(JobCancelled):
        examine(surroundings, FakeContext().cancel_after(4))
    assert len(started) == 2
    assert all(one._child.poll() is not None for one in started)


@pytest.mark.parametrize(
    ("text", "facts", "problem"),
    [
        ("print('{\"a\": 1}')", {"a": 1}, ""),
        ("print([1])", {}, "the answer cannot be read"),
        ("raise SystemExit(3)", {}, "the process ended with status 3"),
        ("raise ImportError('libGL.so.1 is missing')", {}, "ImportError: libGL.so.1 is missing"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", {}, "the process died of SIGSEGV"),
    ],
)
def test_that_a_probe_says_what_its_process_said_or_why_it_said_nothing(module, text, facts, problem) -> None:
    assert ChildProbe(module(text)).answer(FakeContext()) == Probed(facts, problem)


def test_that_a_probe_that_hangs_is_ended(module) -> None:
    probed = ChildProbe(module("import time; time.sleep(60)"), most_seconds=0.5).answer(FakeContext())
    assert probed.problem == "no answer within 0 s"


def test_that_opengl_is_asked_in_a_process_of_its_own() -> None:
    probed = ChildProbe(GRAPHICS).answer(FakeContext())
    assert probed.problem == ""
    assert {"renderer", "vendor", "version"} <= probed.facts["opengl"].keys() or "problem" in probed.facts["opengl"]
    assert "vtkmodules" not in sys.modules or os.environ.get("QT_QPA_PLATFORM")


def test_that_bitsandbytes_is_tried_with_numbers() -> None:
    found = probe._bitsandbytes()
    assert 0.05 < found["kernels"]["nf4 cpu"]["error"] < 0.1
    assert found["kernels"]["int8 cpu"]["error"] < 0.02
    assert json.dumps({"torch": probe._torch(), "bitsandbytes": found})


def test_that_a_kernel_that_computes_something_else_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probe, "_round_trip", lambda _name, exact: exact * 0)
    assert probe._tried("nf4", "cpu")["problem"].startswith("the mean error is 0.")
    monkeypatch.setattr(probe, "_round_trip", lambda _name, exact: exact.no_such_kernel)
    assert "no_such_kernel" in probe._tried("nf4", "cpu")["problem"]


def test_that_examining_imports_no_heavy_library() -> None:
    script = (
        "import sys\n"
        "import crystal_studio.app.model_wiring, crystal_studio.services.handle, crystal_studio.cli.doctor\n"
        "from crystal_studio.app.model_wiring import open_model_memory, create_model_trials, read_machine\n"
        "open_model_memory(), create_model_trials(), read_machine()\n"
        "heavy = {'torch', 'transformers', 'pymatgen', 'robocrys', 'smact', 'spglib', 'chgnet', 'sqlalchemy'}\n"
        "sys.exit(', '.join(heavy & sys.modules.keys()) or 0)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
