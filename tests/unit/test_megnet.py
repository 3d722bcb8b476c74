"""MatGL's MEGNet: our forward pass against published figures, and the import of its checkpoint."""

from __future__ import annotations

import hashlib
import io
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from crystal_studio.cli.console import Stop
from crystal_studio.cli.parser import build_parser
from crystal_studio.cli.program import Program
from crystal_studio.domain.card_toml import card_to_toml
from crystal_studio.domain.crystal import Crystal
from crystal_studio.domain.errors import Unavailable, UserCorrectable
from crystal_studio.domain.finding import State
from crystal_studio.engines.predictors.megnet import FIDELITIES, Megnet, MegnetGaps
from crystal_studio.engines.predictors.megnet_import import convert, main
from crystal_studio.registry.card_file import read_card
from crystal_studio.registry.catalog import FolderCatalog
from crystal_studio.registry.store import FolderModelStore
from crystal_studio.services.doctor_models import models as findings_of_models
from crystal_studio.services.models import verified_models

SHIPPED = Path(__file__).parents[2] / "models_registry"
CARD = SHIPPED / "predictor" / "megnet-mp-2019"
CAESIUM_CHLORIDE = Crystal(np.eye(3) * 4.1437, ("Cs", "Cl"), np.array([[0.0, 0.0, 0.0], [0.5, 0.5, 0.5]]))
# MatGL's tutorial "Property predictions using MEGNet or M3GNet models" prints these for this cell.
PUBLISHED_EV = {"PBE": 2.717, "GLLB-SC": 6.637, "HSE": 4.247, "SCAN": 3.345}


@pytest.fixture(scope="module")
def checkpoint(data_folder: Path) -> Path:
    folder = data_folder / "weights" / "MEGNet-MP-2019.4.1-BandGap-mfi"
    if not (folder / "state.pt").is_file():
        pytest.skip("the published checkpoint of MEGNet is not in the data folder")
    return folder


@pytest.fixture(scope="module")
def imported(checkpoint: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return convert(checkpoint, CARD, tmp_path_factory.mktemp("models") / "predictor" / CARD.name)


def test_that_the_network_gives_the_figures_of_matgls_own_tutorial(imported: Path) -> None:
    from safetensors.numpy import load_file

    network = Megnet(load_file(imported / "megnet.safetensors"), averages="leaving")
    found = {fidelity: network.gap_ev(CAESIUM_CHLORIDE, fidelity) for fidelity in FIDELITIES}
    assert found == pytest.approx(PUBLISHED_EV, abs=1e-3)


def test_that_the_imported_model_loads_and_says_pbe_and_hse(imported: Path) -> None:
    catalog = FolderCatalog([SHIPPED, imported.parents[1]])
    card = catalog.default(read_card(CARD / "model.toml").kind, CARD.name)
    model = catalog.load(card)
    assert isinstance(model, MegnetGaps)
    values = {quantity: model.predictor(quantity).predict([CAESIUM_CHLORIDE])[0] for quantity in model.quantities}
    assert {quantity: value.method for quantity, value in values.items()} == {"band_gap": "PBE", "band_gap_hse": "HSE"}
    assert values["band_gap_hse"].value > values["band_gap"].value
    assert all(value.low <= value.value <= value.high and value.sigma > 0 for value in values.values())
    with pytest.raises(Unavailable, match="Use the default"):
        model.predictor("band_gap").predict([Crystal(np.eye(3) * 3.4, ("Po",), np.zeros((1, 3)))])


def test_that_a_model_that_is_not_shipped_is_listed_with_how_to_get_it_and_is_no_problem(tmp_path: Path) -> None:
    catalog = FolderCatalog([SHIPPED, tmp_path])
    state = next(state for state in verified_models(catalog) if state.card.id == CARD.name)
    assert state.problem is None
    assert "models import FOLDER" in (state.how_to_install or "")
    with pytest.raises(Unavailable, match="models import"):
        catalog.load(state.card)
    finding = next(one for one in findings_of_models(catalog) if CARD.name in one.value)
    assert finding.state is State.GOOD
    assert "models import" in finding.remedy


def small_checkpoint(folder: Path, content: object) -> tuple[Path, Path]:
    """A checkpoint, and a folder with a card that names its hash."""
    source, card_folder = folder / "source", folder / "predictor" / CARD.name
    source.mkdir()
    card_folder.mkdir(parents=True)
    torch.save(content, source / "state.pt")
    digest = hashlib.sha256((source / "state.pt").read_bytes()).hexdigest()
    card = read_card(CARD / "model.toml")
    card = replace(card, sources=({**card.sources[0], "sha256": digest},))
    (card_folder / "model.toml").write_text(card_to_toml(card), encoding="utf-8")
    return source, card_folder


def test_that_a_checkpoint_becomes_safetensors_beside_its_card(tmp_path: Path) -> None:
    from safetensors.numpy import load_file

    source, card_folder = small_checkpoint(tmp_path, {"model.a.weight": torch.arange(3.0)})
    target = convert(source, card_folder, tmp_path / "models" / "predictor" / CARD.name)
    assert {path.name for path in target.iterdir()} == {"megnet.safetensors", "model.toml"}
    assert load_file(target / "megnet.safetensors")["a.weight"].tolist() == [0, 1, 2]


def test_that_another_file_than_the_published_one_is_not_opened(tmp_path: Path) -> None:
    source, _ = small_checkpoint(tmp_path, {"model.a": torch.zeros(1)})
    with pytest.raises(UserCorrectable, match="not the published file"):
        convert(source, CARD, tmp_path / "out")
    with pytest.raises(UserCorrectable, match=r"no 'state\.pt'"):
        convert(tmp_path, CARD, tmp_path / "out")
    assert not (tmp_path / "out").exists()


class Evil:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return Path.touch, ("ran",)


def test_that_a_checkpoint_with_code_in_it_is_refused_and_leaves_nothing(tmp_path: Path) -> None:
    source, card_folder = small_checkpoint(tmp_path, {"model.a": torch.zeros(1), "evil": Evil()})
    with pytest.raises(UserCorrectable, match="more than tensors"):
        convert(source, card_folder, tmp_path / "models" / "out")
    assert list((tmp_path / "models").iterdir()) == []


def test_that_the_importers_own_process_says_what_was_wrong(tmp_path: Path, capsys, monkeypatch) -> None:
    monkeypatch.setattr("resource.setrlimit", lambda what, limits: None)  # the limits would stay with the test process
    assert main([str(tmp_path), str(CARD), str(tmp_path / "out")]) != 0
    assert "Name the folder" in capsys.readouterr().err


def run(tmp_path: Path, *argv: str) -> tuple[int, str]:
    out = io.StringIO()
    program = Program(
        out=out,
        stop=Stop(),
        version="0",
        open_project=lambda path, read_only=False: pytest.fail("no project is needed"),
        engines=lambda model: pytest.fail("no engine is needed"),
        catalog=lambda: FolderCatalog([SHIPPED, tmp_path]),
        read_records=lambda name: pytest.fail("no data are needed"),
        models_folder=tmp_path,
        data_folder=None,
        model_store=lambda: FolderModelStore(
            FolderCatalog([SHIPPED, tmp_path]), tmp_path, SHIPPED / "offers.toml", "test"
        ),
    )
    arguments = build_parser("0").parse_args(list(argv))
    return arguments.run(arguments, program), out.getvalue()


def test_that_the_command_imports_into_the_persons_folder(checkpoint: Path, tmp_path: Path) -> None:
    status, text = run(tmp_path, "models", "import", str(checkpoint), "--json")
    assert status == 0
    assert json.loads(text)["folder"] == str(tmp_path / "predictor" / CARD.name)
    _, listed = run(tmp_path, "models", "--json")
    row = next(row for row in json.loads(listed)["models"] if row["id"] == CARD.name)
    assert row["installed"]
    assert row["how_to_install"] is None


def test_that_a_model_of_matgl_without_an_engine_is_refused(data_folder: Path, tmp_path: Path) -> None:
    other = data_folder / "weights" / "M3GNet-MP-2018.6.1-Eform"
    if not other.is_dir():
        pytest.skip("the published checkpoint is not here")
    for place in (other, other / "state.pt"):
        with pytest.raises(UserCorrectable, match="no network that the studio knows"):
            run(tmp_path, "models", "import", str(place))
