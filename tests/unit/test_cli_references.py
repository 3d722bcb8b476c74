"""`references` and `known` over a fake library: the JSON, the words and the exit statuses."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from test_cli_design import PEROVSKITE, WISH, Session

from crystal_studio.domain.crystal import Crystal
from crystal_studio.domain.known import Known, MatchKind, ReferenceMatch, SearchedSet


@pytest.fixture
def references(tmp_path: Path) -> Session:
    return Session(tmp_path)


@pytest.fixture
def formulas(tmp_path: Path) -> Path:
    path = tmp_path / "lab.txt"
    path.write_text("SrTiO3 NaCl\n")
    return path


def test_that_an_imported_set_is_listed_until_it_is_removed(references: Session, formulas: Path) -> None:
    status, text = references.run("references", "list")
    assert (status, "references import amcsd" in text) == (0, True)
    status, text = references.run("references", "import", str(formulas), "--name", "lab", "--json")
    assert status == 0
    (imported,) = json.loads(text)["sets"]
    assert (imported["name"], imported["entries"], imported["kind"]) == ("lab", 2, "compound")
    _, text = references.run("references", "list", "--json")
    assert [one["name"] for one in json.loads(text)["sets"]] == ["lab", "prototypes"]
    assert references.run("references", "remove", "lab")[0] == 0
    status, text = references.run("references", "remove", "lab", "--json")
    assert (status, json.loads(text)["sets"]) == (2, [])


def test_that_a_missing_source_is_bad_input(references: Session, tmp_path: Path) -> None:
    status, text = references.run("references", "import", str(tmp_path / "nowhere"))
    assert (status, "nowhere" in text) == (2, True)


def test_that_a_node_says_what_it_matches_in_json_and_in_words_and_keeps_it(
    references: Session, formulas: Path
) -> None:
    references.run("references", "import", str(formulas), "--name", "lab")
    references.engines.language_model.enqueue([PEROVSKITE])
    status, answer = references.design(WISH, "--seed", "7")
    assert status == 0
    known = answer["nodes"][0]["known"]
    expected = {"reference_set": "lab", "identifier": "1", "name": "", "formula": "SrTiO3", "rms": 0.0}
    assert known["matches"] == [expected | {"kind": "compound"}]
    assert [one["name"] for one in known["searched"]] == ["lab", "prototypes"]
    assert answer["nodes"][0]["seconds"]["known"] >= 0
    project = str(references.folder / "p.cstudio")
    _, text = references.run("history", project, "--json")
    assert json.loads(text)["nodes"][0]["known"] == known
    _, text = references.run("history", project, "--node", answer["nodes"][0]["id"])
    assert "  known    matches SrTiO3 (lab 1, RMS 0.000); not among the 1 prototypes of prototypes" in text


def test_that_known_tells_of_one_file(references: Session, tmp_path: Path) -> None:
    match = ReferenceMatch("amcsd", "0008446", "Tausonite", "SrTiO3", 0.002)
    known = Known((SearchedSet("amcsd", MatchKind.COMPOUND, 5844),), (match,))
    references.engines.references.script.enqueue([known, known])
    path = tmp_path / "a.cif"
    crystal = Crystal(np.eye(3) * 3.9, ("Sr", "Ti", "O", "O", "O"), np.arange(15).reshape(5, 3) / 15)
    path.write_text(references.engines.files.to_cif(crystal))
    status, text = references.run("known", str(path), "--json")
    assert status == 0
    assert json.loads(text)["known"]["matches"][0]["name"] == "Tausonite"
    _, text = references.run("known", str(path))
    assert text == "SrTiO3: matches Tausonite (SrTiO3, amcsd 0008446, RMS 0.002)\n"
