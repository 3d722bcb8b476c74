"""The report on a machine: what it finds, and that finding out is cheap."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from crystal_studio.domain.errors import Unavailable
from crystal_studio.domain.finding import Finding, State
from crystal_studio.domain.model_card import ModelCard, ModelKind
from crystal_studio.services import doctor
from crystal_studio.services.doctor import examine, has_problem
from crystal_studio.services.models import NEEDED_KINDS, missing_models, verified_models


class FakeCatalog:
    """Cards of the given kinds, of which some are damaged."""

    def __init__(self, kinds: Sequence[ModelKind], damaged: Sequence[ModelKind] = ()) -> None:
        self._cards = [ModelCard(f"a-{kind}", kind, "1", "m:f") for kind in kinds]
        self._damaged = damaged

    def cards(self) -> Sequence[ModelCard]:
        return self._cards

    def default(self, kind: ModelKind, model_id: str | None = None) -> ModelCard:
        for card in self._cards:
            if card.kind is kind:
                return card
        raise Unavailable(f"No {kind}. Fetch it.")

    def verify(self, card: ModelCard) -> None:
        if card.kind in self._damaged:
            raise Unavailable(f"{card.id} is damaged. Mend it.")

    def load(self, card: ModelCard) -> Any:
        raise AssertionError("a report loads nothing")


def report(tmp_path: Path, catalog: FakeCatalog, data: Path | None = None) -> dict[str, Finding]:
    return {finding.name: finding for finding in examine(catalog, tmp_path / "models", data, tmp_path)}


def test_that_a_whole_machine_has_no_problem(tmp_path: Path) -> None:
    found = report(tmp_path, FakeCatalog(NEEDED_KINDS))
    assert not has_problem(list(found.values()))
    assert found["python"].value == ".".join(map(str, sys.version_info[:3]))
    assert found["torch"].value[0].isdigit()
    assert all(bool(finding.remedy) == (finding.state is not State.GOOD) for finding in found.values())


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


def test_that_a_missing_package_is_a_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "PACKAGES", ("no-such-package",))
    finding = report(tmp_path, FakeCatalog(NEEDED_KINDS))["no-such-package"]
    assert finding.state is State.PROBLEM
    assert "installer/studio" in finding.remedy


def test_that_a_folder_that_cannot_be_written_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / "models").write_text("a file where the folder should be")
    found = report(tmp_path, FakeCatalog(NEEDED_KINDS))
    assert found["models folder"].state is State.PROBLEM
    assert found["project folder"].state is State.GOOD


def test_that_training_data_is_found_or_asked_for_without_being_a_problem(tmp_path: Path) -> None:
    assert report(tmp_path, FakeCatalog(NEEDED_KINDS))["training data"].state is State.ADVICE
    assert report(tmp_path, FakeCatalog(NEEDED_KINDS), tmp_path)["training data"].state is State.ADVICE
    (tmp_path / "crystals").mkdir()
    assert report(tmp_path, FakeCatalog(NEEDED_KINDS), tmp_path)["training data"].state is State.GOOD


def test_that_little_memory_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "_memory_gib", lambda: 2.0)
    assert report(tmp_path, FakeCatalog(NEEDED_KINDS))["memory"].state is State.ADVICE


def test_that_the_cuda_line_tells_a_driver_without_a_cuda_build(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    driver = tmp_path / "version"
    driver.touch()
    monkeypatch.setattr(doctor, "_NVIDIA_DRIVER", driver)
    monkeypatch.setattr(doctor, "_cuda_of_torch", lambda: None)
    assert report(tmp_path, FakeCatalog(NEEDED_KINDS))["cuda"].state is State.ADVICE
    monkeypatch.setattr(doctor, "_cuda_of_torch", lambda: "12.8")
    assert "CUDA 12.8" in report(tmp_path, FakeCatalog(NEEDED_KINDS))["cuda"].value


def test_that_examining_imports_no_heavy_library() -> None:
    script = (
        "import sys\n"
        "from pathlib import Path\n"
        "from crystal_studio.registry import FolderCatalog\n"
        "from crystal_studio.app.paths import models_folders\n"
        "from crystal_studio.services.doctor import examine\n"
        "assert examine(FolderCatalog(models_folders()), Path('.'), None, Path('.'))\n"
        "heavy = {'torch', 'transformers', 'pymatgen', 'robocrys', 'smact', 'spglib', 'chgnet', 'sqlalchemy'}\n"
        "sys.exit(', '.join(heavy & sys.modules.keys()) or 0)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
