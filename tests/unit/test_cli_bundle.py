"""`report`, `bundle` and `unbundle`, as commands and as jobs."""

from __future__ import annotations

import io
import json
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from bundled import bundles, fill, some_nodes
from test_cli_design import PEROVSKITE, WISH
from test_cli_design import Session as DesignSession

from crystal_studio.app.engine_host import HostWorkbench
from crystal_studio.app.printing import QtDocumentPrinter
from crystal_studio.app.projects import open_project
from crystal_studio.cli.parser import build_parser
from crystal_studio.cli.program import Program
from crystal_studio.domain.errors import StudioError, Unavailable, UserCorrectable
from crystal_studio.engines.fake import FakeContext, FakeCrystalComparer
from crystal_studio.ports.history_store import HistoryStore
from crystal_studio.scene.svg import crystal_svg
from crystal_studio.services.handle import handle
from crystal_studio.services.jobs import BundleJob, ReportJob, UnbundleJob


class Session(DesignSession):
    """Commands that can draw, print and pack as well."""

    def run(self, *argv: str) -> tuple[int, str]:
        out = io.StringIO()
        program = Program(
            out=out,
            stop=self.stop,
            version="0",
            open_project=open_project,
            engines=lambda model: self.engines,
            catalog=lambda: pytest.fail("no catalogue is needed"),
            read_records=lambda name: pytest.fail("no data are needed"),
            models_folder=self.folder,
            data_folder=None,
            draftsman=lambda: crystal_svg,
            printer=QtDocumentPrinter,
            bundles=bundles,
        )
        arguments = build_parser("0").parse_args(list(argv))
        try:
            status = arguments.run(arguments, program)
        except StudioError as error:
            return int(error.exit_status), str(error)
        return status, out.getvalue()

    def answer(self, *argv: str) -> tuple[int, dict]:
        status, text = self.run(*argv, "--json")
        assert text.count("\n") == 1
        return status, json.loads(text)


class Bench:
    """What the three jobs need of a workbench."""

    version = "1.2.3"
    draftsman = staticmethod(crystal_svg)
    printer = QtDocumentPrinter()
    bundles = bundles()
    crystal_comparer = FakeCrystalComparer()

    def open_store(self, project: Path) -> AbstractContextManager[HistoryStore]:
        return open_project(project, take_lock=False)


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Session:
    return Session(tmp_path_factory.mktemp("session"))


@pytest.fixture(scope="module")
def designed(session: Session) -> tuple[str, list[str]]:
    """A project of two rounds, and the ids of its nodes."""
    session.engines.language_model.enqueue([PEROVSKITE, PEROVSKITE])
    _, answer = session.design(WISH, "--feedback", "Make the gap wider but keep the composition.", "--seed", "7")
    return str(session.folder / "p.cstudio"), [node["id"] for node in answer["nodes"]]


@pytest.mark.parametrize("ending", ["html", "pdf"])
def test_that_a_branch_is_reported(session: Session, designed: tuple[str, list[str]], ending: str) -> None:
    project, ids = designed
    out = session.folder / f"r.{ending}"
    status, answer = session.answer("report", project, ids[1][:8], "--out", str(out))
    assert (status, answer["error"], answer["rounds"], answer["file"]) == (0, None, 2, str(out))
    assert out.stat().st_size > 10_000
    assert session.run("report", project, ids[0], "--out", str(out)) == (0, f"1 round written to {out}\n")


@pytest.mark.parametrize(
    ("node", "out", "words"), [("nobody", "r.html", "no node"), ("", "r.docx", "endings"), ("", "no/r.pdf", "folder")]
)
def test_that_what_cannot_be_reported_is_bad_input(
    session: Session, designed: tuple[str, list[str]], node: str, out: str, words: str
) -> None:
    project, ids = designed
    arguments = ("report", project, node or ids[0], "--out", str(session.folder / out))
    status, text = session.run(*arguments)
    assert (status, words in text) == (2, True)
    status, answer = session.answer(*arguments)
    assert (status, words in answer["error"], answer["file"]) == (2, True, None)


def test_that_a_project_goes_into_a_bundle_and_out_of_it(session: Session, designed: tuple[str, list[str]]) -> None:
    project, ids = designed
    bundle, other = str(session.folder / "b.zip"), str(session.folder / "other.cstudio")
    status, answer = session.answer("bundle", project, "--out", bundle)
    assert (status, answer["error"], answer["nodes"], answer["cifs"]) == (0, None, 2, 2)
    assert answer["bytes"] == Path(bundle).stat().st_size
    assert session.run("bundle", project, "--out", bundle)[1].startswith("2 nodes, 2 CIFs, ")
    status, answer = session.answer("unbundle", other, bundle)
    assert (status, answer["new"], answer["known"], answer["conflicts"]) == (0, ids, 0, [])
    assert session.run("unbundle", other, bundle) == (0, "0 nodes added, 2 were there already\n")


def test_that_a_bundle_that_is_none_is_bad_input(session: Session) -> None:
    junk = session.folder / "junk.zip"
    junk.write_bytes(b"junk")
    arguments = ("unbundle", str(session.folder / "fourth.cstudio"), str(junk))
    status, text = session.run(*arguments)
    assert (status, "no zip file" in text) == (2, True)
    status, answer = session.answer(*arguments)
    assert (status, "no zip file" in answer["error"], answer["new"]) == (2, True, [])
    status, answer = session.answer("bundle", str(session.folder / "none.cstudio"), "--out", str(junk))
    assert (status, "no project" in answer["error"]) == (2, True)


def test_that_the_jobs_of_the_window_do_the_same(session: Session, designed: tuple[str, list[str]]) -> None:
    project, ids = designed
    folder, bench = session.folder, Bench()
    report = ReportJob(Path(project), ids[1], folder / "r.html")
    assert handle(report, bench, FakeContext()) == folder / "r.html"
    with open_project(Path(project)):  # the window holds the lock
        assert handle(BundleJob(Path(project), folder / "job.zip"), bench, FakeContext()) == folder / "job.zip"
    fill(folder / "third.cstudio", some_nodes(1, 1))
    with open_project(folder / "third.cstudio") as store:
        new = handle(UnbundleJob(folder / "third.cstudio", folder / "job.zip"), bench, FakeContext())
        assert new == tuple(ids)
        assert store.num_nodes() == 3


def test_that_a_job_tells_of_conflicts(tmp_path: Path) -> None:
    mine, theirs = some_nodes(1, 1), some_nodes(1, 1)
    object.__setattr__(theirs[0], "message", "asked otherwise")
    fill(tmp_path / "mine.cstudio", mine)
    fill(tmp_path / "theirs.cstudio", theirs)
    context, bench = FakeContext(), Bench()
    handle(BundleJob(tmp_path / "theirs.cstudio", tmp_path / "b.zip"), bench, context)
    (new,) = handle(UnbundleJob(tmp_path / "mine.cstudio", tmp_path / "b.zip"), bench, context)
    ((kind, sentence),) = context.partials
    assert (kind, new[:8] in str(sentence)) == ("conflict", True)


def test_that_a_report_of_another_ending_is_refused_before_anything_is_loaded(tmp_path: Path) -> None:
    with pytest.raises(UserCorrectable, match="endings"):
        handle(ReportJob(tmp_path / "none.cstudio", "x", tmp_path / "r.doc"), object(), FakeContext())


def test_that_the_engine_host_has_these_parts(tmp_path: Path) -> None:
    fill(tmp_path / "p.cstudio", some_nodes(1, 1))
    bench = HostWorkbench(demo=True)
    assert handle(BundleJob(tmp_path / "p.cstudio", tmp_path / "b.zip"), bench, FakeContext()) == tmp_path / "b.zip"
    assert bench.draftsman(some_nodes(1, 1)[0].crystal, 90, 90).startswith("<svg ")
    assert isinstance(bench.printer, QtDocumentPrinter)


def test_that_a_program_without_these_parts_says_so(tmp_path: Path) -> None:
    bare = DesignSession(tmp_path)
    status, text = bare.run("bundle", str(tmp_path / "p.cstudio"), "--out", str(tmp_path / "b.zip"))
    assert (status, "without this part" in text) == (int(Unavailable.exit_status), True)
