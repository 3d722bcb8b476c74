"""`crystal-studio models`: what is printed, what JSON says, and exit statuses."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
import tiny_models as tiny

from crystal_studio.app.paths import offers_file
from crystal_studio.cli.console import Stop
from crystal_studio.cli.parser import build_parser
from crystal_studio.cli.program import Program
from crystal_studio.domain.errors import ExitStatus, UserCorrectable
from crystal_studio.registry import FolderCatalog
from crystal_studio.registry.store import FolderModelStore


class Session:
    """Runs commands over a shipped and an own folder."""

    def __init__(self, root: Path) -> None:
        self.folders = [root / "shipped", root / "own"]
        tiny.own_model(self.folders[0], "gap-shipped")

    def run(self, *words: str) -> tuple[int, str]:
        """Exit status and what was printed."""
        out = io.StringIO()
        program = Program(
            out=out,
            stop=Stop(),
            version="0",
            open_project=lambda path, read_only=False: pytest.fail("no project is needed"),
            engines=lambda model: pytest.fail("no engine is needed"),
            catalog=lambda: FolderCatalog(self.folders),
            read_records=lambda name: pytest.fail("no data are needed"),
            models_folder=self.folders[1],
            data_folder=None,
            model_store=lambda: FolderModelStore(
                FolderCatalog(self.folders), self.folders[1], offers_file(), "Crystal Studio 0"
            ),
        )
        arguments = build_parser("0", "models").parse_args(["models", *words])
        return arguments.run(arguments, program), out.getvalue()

    def json(self, *words: str) -> tuple[int, dict[str, Any]]:
        """Exit status and the one object that was printed."""
        status, text = self.run(*words, "--json")
        assert text.count("\n") == 1
        return status, json.loads(text)


@pytest.fixture
def session(tmp_path: Path) -> Session:
    return Session(tmp_path)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tiny.language_model(tmp_path / "Tiny", auto_map={"AutoModelForCausalLM": "modeling.Evil"})
    (folder / "modeling.py").write_text("raise SystemExit")
    return folder


def test_that_an_import_tells_what_it_took_and_what_it_left_with_the_reason(session: Session, source: Path) -> None:
    status, text = session.run("import", str(source))
    assert status == ExitStatus.DONE
    lines = text.splitlines()
    assert lines[0].startswith("Llama language model, 0.0 M parameters, 32 bit (language_model)")
    assert "  taken: model.safetensors" in lines
    assert "  left behind: modeling.py: a program: nothing that comes with a model is run" in lines
    assert "  left behind: config.json: its 'auto_map' is left out, which names code or a program" in lines
    assert lines[-2] == f"tiny: installed in {session.folders[1]}/language_model/tiny"
    assert lines[-1].startswith("use it with `crystal-studio design ... --model tiny`")


def test_that_json_of_an_import_holds_the_same(session: Session, source: Path) -> None:
    status, row = session.json("import", str(source), "--id", "mine", "--dry-run")
    assert (status, row["error"], row["model"], row["mode"]) == (0, None, "mine", "dry-run")
    assert {"file": str(source / "modeling.py"), "reason": "a program: nothing that comes with a model is run"} in row[
        "left_behind"
    ]
    assert not session.folders[1].exists()


def test_that_a_refusal_is_told_in_json_or_raised(session: Session, tmp_path: Path) -> None:
    status, row = session.json("import", str(tmp_path / "nowhere"))
    assert status == ExitStatus.BAD_INPUT
    assert "There is no file or folder" in row["error"]
    with pytest.raises(UserCorrectable, match="There is no file or folder"):
        session.run("import", str(tmp_path / "nowhere"))
    with pytest.raises(UserCorrectable, match="not allowed with"):
        session.run("import", str(tmp_path), "--copy", "--link")


def test_that_packing_removing_and_unpacking_bring_a_model_back(session: Session, source: Path, tmp_path: Path) -> None:
    session.run("import", str(source))
    status, row = session.json("pack", "tiny", "--out", str(tmp_path / "tiny.tar"))
    assert (status, row["bytes"]) == (0, (tmp_path / "tiny.tar").stat().st_size)
    assert session.json("remove", "tiny") == (0, {"removed": "tiny", "error": None})
    assert [row["id"] for row in session.json("list")[1]["models"]] == ["gap-shipped"]
    status, row = session.json("unpack", str(tmp_path / "tiny.tar"))
    assert [model["id"] for model in row["models"]] == ["tiny"]
    status, row = session.json("verify")
    assert {model["id"]: model["problem"] for model in row["models"]} == {"gap-shipped": None, "tiny": None}


def test_that_a_damaged_model_gives_the_status_of_a_missing_one(session: Session, source: Path) -> None:
    session.run("import", str(source))
    (session.folders[1] / "language_model" / "tiny" / "model.safetensors").write_bytes(b"x")
    status, row = session.json("verify")
    assert status == ExitStatus.MODEL_MISSING
    assert row["error"] == "a model is damaged or missing"


def test_that_shipped_models_are_not_removed_and_unknown_ones_are_named(session: Session) -> None:
    with pytest.raises(UserCorrectable, match="not yours to change"):
        session.run("remove", "gap-shipped")
    with pytest.raises(UserCorrectable, match="No model 'gap-large' is installed"):
        session.run("remove", "gap-large")


def test_that_the_catalogue_is_printed_with_sizes_and_commands(session: Session) -> None:
    status, text = session.run("offers")
    assert status == ExitStatus.DONE
    assert "qwen3-4b-instruct: Qwen3-4B-Instruct-2507 (language_model;" in text
    assert "8.0 GB to fetch; memory 2.8 GB at 4 bit, 4.4 GB at 8 bit, 8.0 GB at 16 bit; Apache-2.0" in text
    unusable = text.partition("m3gnet-mp-2018-eform: ")[2].partition("tensornet-matpes-pbe: ")[0]
    assert "This version has no engine for it, and the import refuses it." in unusable
    _, row = session.json("offers")
    assert row["error"] is None
    assert {one["id"] for one in row["offers"] if one["lacks"]} == {"m3gnet-mp-2018-eform", "tensornet-matpes-pbe"}
    assert {"id", "source", "licence", "size_mb", "memory_mb", "how"} <= row["offers"][0].keys()


def test_that_json_may_be_asked_for_before_or_behind_the_action(session: Session) -> None:
    assert session.run("--json", "list") == session.run("list", "--json") == session.run("--json")
