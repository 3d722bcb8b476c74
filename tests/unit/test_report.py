"""The report of a branch: every number is in it, nothing runs in it, nothing is fetched by it."""

from __future__ import annotations

import random
import re
from base64 import b64decode
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest
from random_nodes import random_node

from crystal_studio.app.printing import QtDocumentPrinter
from crystal_studio.domain.comparison import Comparison
from crystal_studio.domain.document import Beside, Document, Drawing, Drawings, Facts, Heading, Table, Text
from crystal_studio.domain.errors import JobCancelled, Unavailable, UserCorrectable
from crystal_studio.domain.history import Node
from crystal_studio.domain.intent import Direction, Goal, Intent, Quantity
from crystal_studio.domain.mark import Mark
from crystal_studio.domain.measured import Measured
from crystal_studio.domain.validity import CheckResult
from crystal_studio.engines.fake import FakeContext, FakeCrystalComparer, FakeHistoryStore
from crystal_studio.engines.fake.bundle import FakeEngines
from crystal_studio.scene.svg import crystal_svg
from crystal_studio.services import report_file
from crystal_studio.services.compare import compare
from crystal_studio.services.design import DesignRequest, respond
from crystal_studio.services.report import Branch, ReportTools, branch_document
from crystal_studio.services.report_file import write_report
from crystal_studio.services.report_html import to_html

HOSTILE = "<script>alert(1)</script><img src=http://evil.example/x onerror=alert(2)> \"quoted\" & 'quoted' ]]>"
HARMLESS = {
    "html", "head", "meta", "title", "style", "body", "h1", "h2", "h3", "p", "table", "thead", "tbody", "tr", "th",
    "td", "div", "figure", "img", "svg", "text", "line", "circle", "rect", "footer",
}  # fmt: skip


def compared(parent: Node, node: Node) -> Comparison:
    return compare(parent, node, FakeCrystalComparer())


TOOLS = ReportTools("1.2.3", crystal_svg, compared)


@pytest.fixture(scope="module")
def branch() -> list[Node]:
    """Three rounds of the fakes, with what the models of a release would tell."""
    engines, store = FakeEngines(), FakeHistoryStore()
    found: list[Node] = []
    for number, message in enumerate(("a cubic oxide", "a wider gap", None)):
        request = DesignRequest(message, found[-1] if found else None, 7 + number, candidates=3, strength=0.15)
        found.append(respond(request, engines, store, FakeContext()))
    gaps = [Measured(1.234 + index, "eV", 0.321, "PBE", True, 0.567 + index, 2.345 + index) for index in range(3)]
    return [replace(node, band_gap=gap) for node, gap in zip(found, gaps, strict=True)]


def document_of(branch: list[Node]) -> Document:
    return branch_document(Branch(tuple(branch), "p.cstudio"), TOOLS, FakeContext(), "2026-01-02")


class Page(HTMLParser):
    """What a browser would find in a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.text = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)

    def handle_data(self, data: str) -> None:
        self.text += data

    @property
    def pictures(self) -> list[str]:
        """The SVG behind each data URI."""
        prefix = "data:image/svg+xml;base64,"
        return [b64decode(value.removeprefix(prefix)).decode() for name, value in self.attributes if name == "src"]


def assert_harmless(html: str) -> Page:
    page = Page(html)
    assert set(page.tags) <= HARMLESS
    assert [name for name, _ in page.attributes if name.startswith("on") or name in ("href", "srcset", "style")] == []
    assert all(value.startswith("data:image/svg+xml;base64,") for name, value in page.attributes if name == "src")
    style = html[html.index("<style>") : html.index("</style>")]
    assert not re.search(r"url\(|@import|expression", style)
    for svg in page.pictures:
        for element in ElementTree.fromstring(svg).iter():
            assert not element.tag.endswith(("script", "image", "use", "a", "foreignObject"))
            assert not any(name.endswith("href") or name.startswith("on") for name in element.attrib)
    return page


def hostile(node: Node) -> Node:
    check = CheckResult(HOSTILE, 1, False, HOSTILE, {HOSTILE: 1.5}, required=True)
    return replace(
        node,
        message=HOSTILE,
        pivot=HOSTILE,
        description=HOSTILE,
        notes=(HOSTILE,),
        checks=(check,),
        intent=Intent(HOSTILE, heard=(HOSTILE,)),
        models={HOSTILE: HOSTILE},
        parameters={HOSTILE: HOSTILE, "nested": {HOSTILE: [HOSTILE]}},
        seconds={HOSTILE: 1.0},
        created=HOSTILE,
        band_gap=Measured(1.0, HOSTILE, 0.1, HOSTILE),
    )


def test_that_hostile_text_is_shown_and_does_nothing(branch: list[Node]) -> None:
    noted = Branch((hostile(branch[0]),), HOSTILE, {branch[0].id: Mark(HOSTILE, True, HOSTILE)})
    html = to_html(branch_document(noted, TOOLS, FakeContext()))
    page = assert_harmless(html)
    assert page.text.count(HOSTILE) >= 12
    assert "<script" not in html.lower()


def test_that_a_page_needs_nothing_from_elsewhere(branch: list[Node]) -> None:
    page = assert_harmless(to_html(document_of(branch)))
    assert any("default-src 'none'" in value for name, value in page.attributes if name == "content")
    assert len(page.pictures) == 3


def numbers_of(node: Node) -> list[str]:
    """Every number of a node as the report writes it."""
    assert node.band_gap is not None
    assert node.e_above_hull is not None
    crystal, gap, hull = node.crystal, node.band_gap, node.e_above_hull
    candidate = node.candidates[node.chosen]
    return [
        f"{gap.value:.2f} ± {gap.sigma:.2f} eV (95 %: {gap.low:.2f} to {gap.high:.2f})",
        f"{hull.value:.3f} ± {hull.sigma:.3f} eV/atom",
        *(f"{length:.4f}" for length in crystal.lengths_angstrom),
        *(f"{angle:.2f}" for angle in crystal.angles_degree),
        f"{crystal.volume_angstrom3:.2f} Å³",
        f"{node.alignment:.3f}".replace("-", "−"),
        f"({node.space_group.number})",
        *(f"{value:.4g}".replace("-", "−") for check in node.checks for value in check.numbers.values()),
        *(check.detail for check in node.checks),
        str(node.seed),
        f"{node.strength:g}",
        *node.models.values(),
        node.id,
        crystal.content_hash,
        node.pivot,
        node.description,
        candidate.origin,
        *(f"{part} {seconds:.2f}" for part, seconds in node.seconds.items()),
    ]


def test_that_every_number_of_every_round_is_in_it(branch: list[Node]) -> None:
    branch = [*branch[:2], replace(branch[2], message="")]
    text = Page(to_html(document_of(branch))).text
    assert [told for node in branch for told in numbers_of(node) if told not in text] == []
    assert text.count("usually well below experiment") == len(branch) + 1
    assert "driven by the predicted values alone" in text


def test_that_what_changed_is_told_of_each_round_but_the_first(branch: list[Node]) -> None:
    document = document_of(branch)
    tables = [block for block in document.blocks if isinstance(block, Table) and block.header[1:2] == ("before",)]
    assert len(tables) == 2
    rows = {row[0]: row for row in tables[0].rows}
    assert rows["band gap, eV"][1:3] == ("1.23", "2.23")
    assert str(rows["band gap, eV"][3]).startswith("+1.00 ± 0.45")
    assert {"formula", "space group", "volume, Å³/atom", "a, b, c, Å", "α, β, γ, °"} <= rows.keys()


def plots_of(branch: list[Node]) -> list[Drawing]:
    (drawings,) = [block for block in document_of(branch).blocks if isinstance(block, Drawings)]
    return list(drawings.items)


def test_that_values_are_plotted_with_axes_and_units(branch: list[Node]) -> None:
    plots = plots_of(branch)
    assert [plot.alt.split(".")[0] for plot in plots] == [
        "Band gap (eV, PBE)", "Energy above hull (eV/atom)", "Alignment (cosine)", "Volume (Å³/atom)",
    ]  # fmt: skip
    for plot in plots:
        root = ElementTree.fromstring(plot.svg)
        assert len([one for one in root.iter() if one.tag.endswith("circle")]) == 3
        assert plot.is_chart
    assert "round 1: 1.23, round 2: 2.23, round 3: 3.23" in plots[0].alt


@pytest.mark.parametrize(
    ("goal", "rows"),
    [
        (Goal(Quantity.BAND_GAP, Direction.AT_LEAST, 2.0), 1),
        (Goal(Quantity.BAND_GAP, Direction.NEAR, 2.0), 1),
        (Goal(Quantity.BAND_GAP, Direction.LOWER), 1),
        (Goal(Quantity.DENSITY, Direction.LOWER), 0),
    ],
)
def test_that_the_goal_is_a_band(branch: list[Node], goal: Goal, rows: int) -> None:
    first, second, third = (replace(node, intent=Intent("")) for node in branch)
    wished = [first, replace(second, intent=Intent("", goals=(goal,))), third]
    rects = [one for one in ElementTree.fromstring(plots_of(wished)[0].svg).iter() if one.tag.endswith("rect")]
    assert len(rects) == 2 * rows  # the band, and its square in the key


def test_that_the_band_lies_where_the_goal_is(branch: list[Node]) -> None:
    """Above the value of the round before, at the height of its dot."""
    higher = Intent("", goals=(Goal(Quantity.BAND_GAP, Direction.HIGHER),))
    first = replace(branch[0], intent=Intent(""))
    root = ElementTree.fromstring(plots_of([first, replace(branch[1], intent=higher)])[0].svg)
    rect = next(one for one in root.iter() if one.tag.endswith("rect"))
    dots = [one for one in root.iter() if one.tag.endswith("circle")]
    bottom = float(rect.attrib["y"]) + float(rect.attrib["height"])
    assert bottom == pytest.approx(float(dots[0].attrib["cy"]), abs=0.2)
    left = float(rect.attrib["x"])
    assert left < float(dots[1].attrib["cx"]) < left + float(rect.attrib["width"])


def test_that_a_goal_is_said_to_be_met_or_missed(branch: list[Node]) -> None:
    goals = (Goal(Quantity.BAND_GAP, Direction.AT_LEAST, 2.0), Goal(Quantity.BAND_GAP, Direction.AT_MOST, 1.0))
    wished = replace(branch[1], intent=Intent("", goals=goals))
    facts = [block for block in document_of([branch[0], wished]).blocks if isinstance(block, Facts)]
    told = {name: cell for block in facts for name, cell in block.rows}
    met, missed = told["goal: band gap at least 2 eV"], told["goal: band gap at most 1 eV"]
    assert isinstance(met, Text)
    assert isinstance(missed, Text)
    assert (met.text[:3], missed.text[:6]) == ("met", "missed")


def test_that_nodes_with_any_numbers_make_a_page_and_pictures_that_parse() -> None:
    rng = random.Random(5)
    for _ in range(4):
        root = random_node(rng)
        tools = ReportTools("1", crystal_svg, lambda a, b: None)
        document = branch_document(Branch((root, random_node(rng, root)), "p"), tools, FakeContext())
        for block in document.blocks:
            if isinstance(block, Beside):
                ElementTree.fromstring(block.drawing.svg)
        assert "nan" not in assert_harmless(to_html(document)).text.lower().split()


def test_that_a_report_without_predictions_says_so(branch: list[Node]) -> None:
    bare = replace(branch[0], band_gap=None, e_above_hull=None, alignment=None, checks=(), models={}, seconds={})
    document = document_of([bare])
    assert len(plots_of([bare])) == 1
    assert document.title.endswith("in 1 round")
    assert "not checked" in Page(to_html(document)).text


def test_that_what_a_person_has_noted_is_told(branch: list[Node]) -> None:
    noted = Branch((branch[0],), "p", {branch[0].id: Mark("the good one", True, "ask Ana")})
    text = Page(to_html(branch_document(noted, TOOLS, FakeContext()))).text
    assert ("the good one ★" in text, "ask Ana" in text) == (True, True)


def test_that_headings_follow_the_path(branch: list[Node]) -> None:
    headings = [block.text for block in document_of(branch).blocks if isinstance(block, Heading) and block.level == 1]
    assert headings[0] == "The path"
    assert [one[:2] for one in headings[1:-1]] == ["1.", "2.", "3."]
    assert headings[-1] == "Provenance"


def test_that_a_report_is_written_as_html(tmp_path: Path, branch: list[Node]) -> None:
    out = tmp_path / "r.html"
    assert write_report(Branch(tuple(branch), "p"), out, TOOLS, QtDocumentPrinter(), FakeContext()) == out
    assert out.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    assert list(tmp_path.iterdir()) == [out]


def test_that_a_report_is_written_as_pdf_with_pages_of_a4(tmp_path: Path, branch: list[Node]) -> None:
    out = tmp_path / "r.pdf"
    write_report(Branch((hostile(branch[0]), *branch[1:]), "p"), out, TOOLS, QtDocumentPrinter(), FakeContext())
    content = out.read_bytes()
    assert content.startswith(b"%PDF-1.")
    assert content.rstrip().endswith(b"%%EOF")
    (count,) = re.findall(rb"/Count (\d+)", content)
    assert int(count) >= 5
    assert len(re.findall(rb"/Type\s*/Page\b", content)) == int(count)
    width, height = map(float, re.findall(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", content)[0])
    assert (width, height) == pytest.approx((595, 842), abs=1)
    assert list(tmp_path.iterdir()) == [out]


@pytest.mark.parametrize("name", ["r.txt", "r", "r.cstudio", "nowhere/r.html"])
def test_that_other_endings_and_missing_folders_are_refused(tmp_path: Path, branch: list[Node], name: str) -> None:
    with pytest.raises(UserCorrectable, match=r"endings|does not exist"):
        write_report(Branch(tuple(branch), "p"), tmp_path / name, TOOLS, QtDocumentPrinter(), FakeContext())


@pytest.mark.parametrize("name", ["r.html", "r.pdf"])
def test_that_a_folder_in_the_way_is_told(tmp_path: Path, branch: list[Node], name: str) -> None:
    (tmp_path / name).mkdir()
    (tmp_path / name / "kept").touch()
    with pytest.raises(UserCorrectable, match="cannot be written"):
        write_report(Branch((branch[0],), "p"), tmp_path / name, TOOLS, QtDocumentPrinter(), FakeContext())
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_that_printing_without_qt_is_told_with_what_to_do(
    tmp_path: Path, branch: list[Node], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.executable", "/bin/false")
    with pytest.raises(Unavailable, match="print it in a browser"):
        write_report(Branch((branch[0],), "p"), tmp_path / "r.pdf", TOOLS, QtDocumentPrinter(), FakeContext())
    assert list(tmp_path.iterdir()) == []


def test_that_a_report_that_is_stopped_leaves_no_file(tmp_path: Path, branch: list[Node]) -> None:
    context = FakeContext().cancel_after(1)
    with pytest.raises(JobCancelled):
        write_report(Branch(tuple(branch), "p"), tmp_path / "r.html", TOOLS, QtDocumentPrinter(), context)
    assert list(tmp_path.iterdir()) == []


def test_that_a_path_too_long_is_refused(tmp_path: Path, branch: list[Node], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(report_file, "MOST_ROUNDS", 2)
    with pytest.raises(UserCorrectable, match="up to 2 rounds, not 3"):
        write_report(Branch(tuple(branch), "p"), tmp_path / "r.html", TOOLS, QtDocumentPrinter(), FakeContext())
