"""What is recognised, offered and said of files, without a window."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QMimeData, QUrl

from crystal_studio.domain.crystal import Crystal
from crystal_studio.domain.imported import Imported, ReadFile, RefusedFile, SharedSite
from crystal_studio.domain.replayed import Replayed, Verdict
from crystal_studio.services.jobs import ImportJob, ReplayJob
from crystal_studio.ui.exchange.offer import offer_of
from crystal_studio.ui.exchange.read_words import clean_sentence, entries, headline, is_clean, shares_text
from crystal_studio.ui.exchange.recognise import LONGEST_TEXT, TextKind, kind_of
from crystal_studio.ui.exchange.replay_view import replayed_text
from crystal_studio.ui.jobs.waiting import title

CIF = "# a comment\ndata_NaCl\n_cell_length_a 5.64\nloop_\n_atom_site_label\nNa1\n"
POSCAR = "Na Cl\n1.0\n5.6 0 0\n0 5.6 0\n0 0 5.6\nNa Cl\n1 1\nDirect\n0 0 0\n0.5 0.5 0.5\n"
POSCAR_4 = "old\n-170.0\n5.6 0 0\n0 5.6 0\n0 0 5.6\n1 1\nDirect\n0 0 0\n0.5 0.5 0.5\n"
EXTXYZ = '1\nLattice="4 0 0 0 4 0 0 0 4" Properties=species:S:1:pos:R:3\nPo 0 0 0\n'
STRUCTURE = '{"@class": "Structure", "lattice": {"matrix": []}, "sites": []}'
OPTIMADE = '{"data": [{"attributes": {"lattice_vectors": [], "cartesian_site_positions": []}}]}'

ROCK_SALT = Crystal(np.eye(3) * 4, ("Na", "Cl"), np.array([[0, 0, 0], [0.5, 0.5, 0.5]]))
CLEAN = ReadFile("salt.cif", ROCK_SALT, (), "pymatgen", ("pymatgen read it.",), ())
WARNED = ReadFile("old.cif", ROCK_SALT, (), "gemmi", ("pymatgen refused it.", "gemmi read it."), ("No space group.",))
SHARED = SharedSite(0, {"Na": 0.5, "K": 0.4})
MIXED = ReadFile("mixed.cif", ROCK_SALT, (SHARED,), "pymatgen", (), ())
REFUSED = RefusedFile("bomb.cif", "It has 1,000,000 atoms. Give at most 1,000.")


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (CIF, TextKind.CIF),
        ("\ufeff" + CIF.replace("\n", "\r\n"), TextKind.CIF),
        (POSCAR, TextKind.POSCAR),
        (POSCAR_4, TextKind.POSCAR),
        (EXTXYZ, TextKind.EXTXYZ),
        (STRUCTURE, TextKind.JSON),
        (OPTIMADE, TextKind.JSON),
        ("", None),
        ("a cubic oxide with strontium", None),
        ("data_ about the _cell_length_a of oxides", None),
        ('{"answer": 42}', None),
        ("1\n2\n3\n4\n5\n6\n7\n", None),
        ("my list\n1\n1 2 3\n4 5 6\n7 8 9\nan oxide with\n3 metals\n", None),
    ],
)
def test_that_a_text_is_recognised_by_its_first_lines(text: str, kind: TextKind | None) -> None:
    assert kind_of(text) is kind


def urls(*places: object) -> QMimeData:
    mime = QMimeData()
    mime.setUrls([place if isinstance(place, QUrl) else QUrl.fromLocalFile(str(place)) for place in places])
    return mime


def text_of(words: str) -> QMimeData:
    mime = QMimeData()
    mime.setText(words)
    return mime


def test_that_files_and_folders_are_offered_as_they_are(tmp_path: Path) -> None:
    offer = offer_of(urls(tmp_path / "a.cif", tmp_path))
    assert offer is not None
    assert offer.files == (tmp_path / "a.cif", tmp_path)
    assert offer.invitation == f"Import a.cif, {tmp_path.name}"


def test_that_a_bundle_and_a_project_are_told_from_crystals(tmp_path: Path) -> None:
    bundle, project = offer_of(urls(tmp_path / "all.ZIP")), offer_of(urls(tmp_path / "b.cstudio"))
    assert bundle is not None
    assert bundle.bundle == tmp_path / "all.ZIP"
    assert project is not None
    assert project.project == tmp_path / "b.cstudio"


@pytest.mark.parametrize(
    "mime", [urls("/a/b.zip", "/a/c.cif"), urls(QUrl("https://example.org/a.cif")), text_of(CIF + " " * LONGEST_TEXT)]
)
def test_that_what_cannot_be_taken_is_refused_with_a_reason(mime: QMimeData) -> None:
    offer = offer_of(mime)
    assert offer is not None
    assert offer.refusal
    assert offer.files == ()
    assert offer.text == ""


def test_that_other_texts_are_none_of_our_business() -> None:
    assert offer_of(text_of("a wish")) is None
    assert offer_of(QMimeData()) is None
    offer = offer_of(text_of(CIF))
    assert offer is not None
    assert offer.text == CIF


def test_that_only_an_import_without_a_hitch_is_clean() -> None:
    assert is_clean(Imported(("a",), (CLEAN,), ()))
    for read, refused in (((WARNED,), ()), ((MIXED,), ()), ((CLEAN,), (REFUSED,))):
        assert not is_clean(Imported((), read, refused))
    assert clean_sentence(Imported(("a",), (CLEAN,), ())) == "Imported NaCl from salt.cif, read by pymatgen."
    assert clean_sentence(Imported(("a", "b"), (CLEAN, CLEAN), ())) == "2 crystals were imported."


def test_that_what_needs_reading_comes_first_and_every_sentence_is_there() -> None:
    found = entries(Imported(("a", "b"), (CLEAN, MIXED, WARNED), (REFUSED,)))
    assert [entry.name for entry in found] == ["bomb.cif", "mixed.cif", "old.cif", "salt.cif"]
    assert [entry.node for entry in found] == ["", "", "b", "a"]
    text = "\n".join(entry.text for entry in found)
    for sentence in (REFUSED.reason, "No space group.", "pymatgen refused it.", "gemmi read it.", "0.50 Na, 0.40 K"):
        assert sentence in text


def test_that_the_outcome_is_told_in_a_sentence() -> None:
    imported = Imported(("a", "b"), (CLEAN, MIXED, WARNED), (REFUSED, REFUSED))
    assert headline(imported) == "2 crystals were imported, 1 is for viewing only, 2 were refused."
    assert headline(Imported((), (MIXED,), ())) == "1 crystal is for viewing only."
    assert headline(Imported((), (), (REFUSED,))) == "1 crystal was refused."
    assert headline(Imported((), (), ())) == "There was no crystal to import."


def test_that_long_lists_of_shared_sites_are_cut_with_their_number() -> None:
    many = tuple(SharedSite(index, {"Fe": 0.5, "Mn": 0.5}) for index in range(9))
    assert shares_text((SHARED,)) == "atom 1: 0.50 Na, 0.40 K, 0.10 empty"
    assert shares_text(many).endswith("atom 6: 0.50 Fe, 0.50 Mn; and 3 more")


def test_that_jobs_about_files_have_a_name_in_the_queue() -> None:
    project = Path("a.cstudio")
    assert title(ImportJob(project, (Path("/b/salt.cif"),))) == "Import of salt.cif"
    assert title(ImportJob(project, (Path("a"), Path("b")))) == "Import of 2 files"
    assert title(ImportJob(project, (), CIF)) == "Import of what was pasted"
    assert title(ReplayJob(project, "0123456789abcdef")) == "Run 01234567 again"


def test_that_a_verdict_is_told_with_its_tolerance_numbers_and_reasons() -> None:
    near = Replayed("a", Verdict.WITHIN_TOLERANCE, "0.01 Å", {"position_angstrom": 0.00123}, (), 4.25)
    other = Replayed("a", Verdict.DIFFERENT, "", {}, ("torch is 2.9, and was 2.8",), 1)
    assert "0.01 Å" in replayed_text(near)
    assert "position 0.00123 Å" in replayed_text(near)
    assert replayed_text(other).startswith("Different")
    assert "torch is 2.9, and was 2.8" in replayed_text(other)
