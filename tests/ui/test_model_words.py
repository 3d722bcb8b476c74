"""What is said of models, without a window."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from modelled import MACHINE, OWN, QWEN, card, listing, report
from PySide6.QtCore import QMimeData, QUrl

from crystal_studio.domain.model_card import ModelKind
from crystal_studio.domain.trial import Trial
from crystal_studio.ui.models.brought import brought_model
from crystal_studio.ui.models.card_words import card_text, offer_text
from crystal_studio.ui.models.kind_words import KINDS, job_text, seconds_text, size_text
from crystal_studio.ui.models.memory_line import memory_text
from crystal_studio.ui.models.model_rows import rows


def test_that_every_kind_has_a_name_and_a_job() -> None:
    assert set(KINDS) == set(ModelKind)
    assert all(job_text(kind) for kind in ModelKind)


@pytest.mark.parametrize(
    ("megabytes", "told"),
    [(0, "–"), (0.2, "1 MB"), (999, "999 MB"), (1300, "1.3 GB"), (16_060, "16.1 GB"), (141_000, "141 GB")],
)
def test_that_sizes_are_told_in_units_that_suit_them(megabytes: float, told: str) -> None:
    assert size_text(megabytes) == told


@pytest.mark.parametrize(
    ("seconds", "told"),
    [(None, "–"), (0.031, "0.03 s"), (3.21, "3.2 s"), (45.4, "45 s"), (300.0, "5.0 min")],
)
def test_that_times_are_told_in_units_that_suit_them(seconds: float | None, told: str) -> None:
    assert seconds_text(seconds) == told


def test_that_scores_of_a_card_stand_together_by_set_and_quantity() -> None:
    metrics = {"val": {"band_gap": {"n": 860, "mae": 0.245}, "e_above_hull": {"mae": 0.024}}, "note": "on val"}
    told = card_text(listing("x", card=card("x", provenance={"metrics": metrics, "seed": 0}))).splitlines()
    assert "val, band gap: n 860, mae 0.245" in told
    assert "val, e above hull: mae 0.024" in told
    assert "note: on val" in told
    assert told.index("SCORES") < told.index("val loss: 0.5") < told.index("LIMITS") < told.index("seed: 0")


def test_that_a_card_that_nests_without_end_is_told_as_well() -> None:
    nested: dict[str, object] = {"end": 1}
    for _ in range(200):
        nested = {"in": nested}
    assert len(card_text(listing("x", card=card("x", provenance={"metrics": nested})))) < 10_000


def test_that_a_card_without_facts_has_no_empty_sections() -> None:
    bare = card("x", provenance={"data": "", "limits": ""})
    told = card_text(listing("x", card=bare))
    assert "DATA" not in told
    assert "LIMITS" not in told
    assert "LAST TEST RUN" not in told
    assert "\n\n\n" not in told


def test_that_a_test_run_is_told_with_seconds_and_memory() -> None:
    told = card_text(listing("x", trial=Trial(3.2, "SrTiO3\ncubic", 900)))
    assert "LAST TEST RUN\n3.2 s, 900 MB of memory\nSrTiO3 cubic" in told


def test_that_an_offer_without_figures_is_told_as_well() -> None:
    assert "HOW TO GET IT" in offer_text(QWEN)
    assert OWN.card.id not in offer_text(QWEN)


def test_that_an_offer_that_this_version_cannot_use_says_so_and_promises_nothing() -> None:
    lacks = "This version has no engine for it."
    unusable = replace(QWEN, offer=replace(QWEN.offer, id="m3gnet", lacks=lacks, how="Nothing to do yet."))
    told = offer_text(unusable)
    assert f"WHY IT CANNOT BE USED\n{lacks}\nNothing to do yet." in told
    assert not [heading for heading in ("HOW TO GET IT", "ON THIS MACHINE", "Download") if heading in told]
    shown = rows(report(OWN, offers=(QWEN, unusable), complaints=()), {})
    assert [row.title for row in shown] == [
        "Installed (1)",
        OWN.card.id,
        "Offered: fetched by you, then imported (1)",
        QWEN.offer.id,
        "Known, but not for this version (1)",
        "m3gnet",
    ]
    assert (shown[-1].badge, shown[-1].said) == ("", lacks)


def test_that_memory_is_told_as_far_as_it_is_known() -> None:
    assert memory_text(None, None) == ""
    assert memory_text(None, 10**9) == "Memory in use by the window and its engines: 1.0 GB"
    assert memory_text(MACHINE, 10**9).endswith("1.0 GB of 24.0 GB   RTX A2000: 4.1 GB of 6.0 GB free")


def mime_of(*urls: str) -> QMimeData:
    mime = QMimeData()
    mime.setUrls([QUrl(url) for url in urls])
    return mime


def test_that_a_drag_is_read_as_a_model_a_packed_file_or_a_refusal() -> None:
    assert brought_model(QMimeData()) is None
    folder = brought_model(mime_of("file:///models/Qwen3-4B"))
    assert (folder.source, folder.is_packed, folder.refusal) == (Path("/models/Qwen3-4B"), False, "")
    assert "Qwen3-4B" in folder.invitation
    packed = brought_model(mime_of("file:///stick/mine.TAR"))
    assert packed.is_packed
    assert "packed in mine.TAR" in packed.invitation
    assert "Nothing is fetched" in brought_model(mime_of("https://example.org/a")).invitation
    assert "one at a time" in brought_model(mime_of("file:///a", "file:///b")).invitation.replace("one file ", "one ")
