"""`export` and `import`: the JSON, the files and the exit statuses."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from crystal_studio.app.projects import open_project
from crystal_studio.cli.console import Stop
from crystal_studio.cli.parser import build_parser
from crystal_studio.cli.program import Program
from crystal_studio.domain.crystal import Crystal
from crystal_studio.domain.errors import ExitStatus, StudioError
from crystal_studio.domain.imported import ReadFile, SharedSite
from crystal_studio.engines.fake.bundle import FakeEngines

SALT = Crystal(np.eye(3) * 4.12, ("Cs", "Cl"), np.array([[0.0, 0, 0], [0.5, 0.5, 0.5]]))


class Session:
    """Runs commands as the program would, on fake engines and a real project."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.project = folder / "p.cstudio"
        self.engines = FakeEngines()

    def run(self, command: str, *argv: str) -> tuple[int, str]:
        out = io.StringIO()
        program = Program(
            out=out,
            stop=Stop(),
            version="1.2.3",
            open_project=open_project,
            engines=lambda model: self.engines,
            catalog=lambda: pytest.fail("no catalogue is needed"),
            read_records=lambda name: pytest.fail("no data are needed"),
            models_folder=self.folder,
            data_folder=None,
        )
        arguments = build_parser("0", command).parse_args([command, str(self.project), *argv])
        try:
            status = arguments.run(arguments, program)
        except StudioError as error:
            return int(error.exit_status), str(error)
        return status, out.getvalue()

    def json(self, command: str, *argv: str) -> tuple[int, dict[str, Any]]:
        status, text = self.run(command, *argv, "--json")
        assert text.count("\n") == 1
        return status, json.loads(text)

    def file(self, name: str, text: str | None = None) -> str:
        path = self.folder / name
        path.write_text(self.engines.files.to_cif(SALT) if text is None else text, encoding="utf-8")
        return str(path)


@pytest.fixture
def session(tmp_path: Path) -> Session:
    return Session(tmp_path)


def test_that_an_import_makes_the_project_and_tells_nodes_and_refusals(session: Session) -> None:
    status, answer = session.json("import", session.file("good.cif"), session.file("bad.cif", "prose"))
    assert (status, answer["error"], answer["project"]) == (0, None, str(session.project.resolve()))
    (node,), (read,), (refused,) = answer["nodes"], answer["read"], answer["refused"]
    assert (node["formula"], node["pivot_source"], node["start"], node["parent"]) == ("CsCl", "described", "file", None)
    assert read["node"] == node["id"]
    assert read["ordered"]
    assert refused["name"] == "bad.cif"
    with open_project(session.project, read_only=True) as store:
        assert store.node(node["id"]).crystal.content_hash == SALT.content_hash


def test_that_nothing_read_is_a_failure_that_makes_no_project(session: Session) -> None:
    bad = session.file("bad.cif", "prose")
    status, answer = session.json("import", bad, str(session.folder / "absent.cif"))
    assert status == ExitStatus.BAD_INPUT
    assert "bad.cif" in answer["error"]
    assert (answer["nodes"], len(answer["refused"])) == ([], 2)
    assert not session.project.exists()
    assert session.run("import", bad)[0] == ExitStatus.BAD_INPUT


def test_that_a_disordered_crystal_is_read_but_makes_no_node(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    shared = ReadFile("d.cif", SALT, (SharedSite(0, {"Cs": 0.5, "Rb": 0.5}),), "pymatgen", (), ("shared sites",))
    monkeypatch.setattr(session.engines.files, "read_all", lambda paths: iter([shared for _ in paths]))
    status, answer = session.json("import", session.file("d.cif"))
    assert (status, answer["error"], answer["nodes"]) == (0, None, [])
    (read,) = answer["read"]
    assert (read["ordered"], read["node"]) == (False, None)
    assert read["shared"] == [{"index": 0, "occupancies": {"Cs": 0.5, "Rb": 0.5}}]


def test_that_an_export_tells_absolute_paths_and_refuses_to_replace(session: Session) -> None:
    _, imported = session.json("import", session.file("a.cif"), session.file("b.cif"))
    ids = [node["id"] for node in imported["nodes"]]
    out = session.folder / "out"
    words = (*ids, "--format", "cif", "--out", str(out), "--pattern", "{formula}-{number}")
    status, answer = session.json("export", *words)
    assert (status, answer["error"]) == (0, None)
    assert [Path(file).name for file in answer["files"]] == ["CsCl-1.cif", "CsCl-2.cif"]
    assert all(Path(file).is_file() and Path(file).is_absolute() for file in answer["files"])
    status, answer = session.json("export", *words)
    assert (status, answer["files"]) == (ExitStatus.BAD_INPUT, [])
    assert "is there already" in answer["error"]
    assert session.json("export", *words, "--overwrite")[0] == 0
    status, text = session.run("export", ids[0][:8], "--format", "cif", "--out", str(session.folder / "one.cif"))
    assert (status, text.strip()) == (0, str((session.folder / "one.cif").resolve()))


@pytest.mark.parametrize("words", [("--format", "docx", "--out", "x"), ("--format", "cif"), ("--out", "x")])
def test_that_an_export_without_a_known_format_and_a_place_is_refused(session: Session, words: tuple[str, ...]) -> None:
    with pytest.raises(StudioError):
        session.run("export", "aaaa", *words)


def test_that_an_unknown_node_or_project_is_a_clear_refusal(session: Session) -> None:
    status, answer = session.json("export", "aaaa", "--format", "cif", "--out", str(session.folder / "x.cif"))
    assert status == ExitStatus.BAD_INPUT
    assert (answer["files"], bool(answer["error"])) == ([], True)
    session.json("import", session.file("a.cif"))
    status, answer = session.json("export", "ffff", "--format", "cif", "--out", str(session.folder / "x.cif"))
    assert status == ExitStatus.BAD_INPUT
    assert not (session.folder / "x.cif").exists()
