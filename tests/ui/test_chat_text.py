"""Text that others wrote stays text, however long or strange it is."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from time import process_time

import pytest
from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QTextDocument
from PySide6.QtWidgets import QLabel, QTextEdit

from crystal_studio.domain.known import Known, MatchKind, ReferenceMatch, SearchedSet
from crystal_studio.domain.measured import Measured
from crystal_studio.domain.validity import CheckResult
from crystal_studio.ui.chat import wording
from crystal_studio.ui.chat.chat_panel import ChatPanel
from crystal_studio.ui.chat.flow_layout import FlowLayout
from crystal_studio.ui.chat.plain_text import MOST_CHARACTERS, CappedText, FlatText

STRANGE = (
    "<img src=file:///etc/passwd><b>bold</b>",
    "<table>" + "<tr><td>1</td></tr>" * 50 + "</table>",
    "[link](file:///etc/passwd) ![](https://example.org/x.png)",
    "مرحبا بالعالم שלום",
    "a\u200bb\u200d\ufeffc",
    "x" * 5000,
    "&amp; &lt;script&gt; 100 % & more",
)


@pytest.mark.parametrize("text", STRANGE)
def test_that_a_strange_message_is_shown_letter_by_letter(qtbot, text) -> None:
    made = CappedText(text)
    qtbot.addWidget(made)
    made.resize(300, 400)
    made.show()
    if not made.more.isHidden():
        qtbot.mouseClick(made.more, Qt.MouseButton.LeftButton)
    assert made.body.toPlainText() == text
    assert "<img" not in made.body.toHtml().replace("&lt;img", "")


def test_that_no_resource_is_loaded_and_no_link_is_followed(qtbot, tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("secret", encoding="utf-8")
    made = FlatText("a text")
    qtbot.addWidget(made)
    address = QUrl.fromLocalFile(str(secret))
    made.setHtml(f'<img src="{address.toString()}">')
    for kind in (QTextDocument.ResourceType.ImageResource, QTextDocument.ResourceType.HtmlResource):
        assert "secret" not in str(made.document().resource(kind, address))
    assert not made.openLinks()
    assert not made.openExternalLinks()


def test_that_characters_that_reverse_or_hide_text_are_left_out() -> None:
    assert wording.shown("safe\u202efdc.exe\x00\x07") == "safefdc.exe"
    assert wording.shown("two\r\nlines\tand a tab") == "two\nlines\tand a tab"


def test_that_a_tooltip_is_escaped() -> None:
    assert "<img" not in wording.plain_tooltip("<img src=x>")
    assert wording.button_text("A & B") == "A && B"


def test_that_a_megabyte_of_text_does_not_hold_up_the_window(qtbot) -> None:
    for text in ("x" * 1_000_000, "word " * 200_000, "line\n" * 200_000):
        begun = process_time()
        made = CappedText(text)
        qtbot.addWidget(made)
        made.resize(300, 400)
        made.show()
        made.grab()
        assert process_time() - begun < 0.2
        qtbot.mouseClick(made.more, Qt.MouseButton.LeftButton)
        assert f"{1_000_000 - MOST_CHARACTERS:,} more characters" in made.body.toPlainText()


def test_that_nothing_in_a_node_runs_as_markup(state, runner, new_node, store, qtbot) -> None:
    evil = '<img src="file:///etc/passwd"><a href="file:///etc/passwd">x</a>'
    node = dataclasses.replace(
        new_node("a cubic oxide"),
        id="e" * 32,
        message=evil,
        notes=(evil,),
        models={"language_model": evil},
        checks=(CheckResult("min_distance", 1, False, evil, required=False),),
        known=Known((SearchedSet(evil, MatchKind.COMPOUND, 3),), (ReferenceMatch(evil, "1", evil, "MgO", 0.1),)),
    )
    store.commit(node)
    state.add(node)
    panel = ChatPanel(state, runner)
    qtbot.addWidget(panel)
    panel.show()
    state.set_current(node.id)
    view = panel.conversation.views[node.id]
    qtbot.waitUntil(lambda: view.is_filled)
    labels = panel.findChildren(QLabel)
    assert labels
    assert {label.textFormat() for label in labels if label.text()} == {Qt.TextFormat.PlainText}
    for text in panel.findChildren(QTextEdit):
        assert "<img" not in text.toHtml()
        assert "<a " not in text.toHtml()
    for widget in labels:
        assert "<img" not in widget.toolTip()
    assert evil in view.message.body.toPlainText()
    panel.close_panel()


def test_that_a_long_word_does_not_make_the_bubble_wider_than_the_panel(state, runner, new_node, store, qtbot) -> None:
    node = dataclasses.replace(new_node("a cubic oxide"), id="e" * 32, message="y" * 3000, notes=("z" * 3000,))
    store.commit(node)
    state.add(node)
    panel = ChatPanel(state, runner)
    qtbot.addWidget(panel)
    panel.resize(420, 800)
    panel.show()
    qtbot.waitExposed(panel)
    state.set_current(node.id)
    view = panel.conversation.views[node.id]
    qtbot.waitUntil(lambda: view.is_filled and view.width() > 100)
    assert view.width() <= 420
    assert panel.scroll.widget().width() <= 420


def test_that_numbers_are_said_with_their_interval() -> None:
    sure = Measured(1.8, "eV", 0.3, "PBE", low=1.2, high=2.6)
    assert wording.measured_line(sure) == "1.80 eV (1.20 to 2.60)"
    unsure = Measured(0.0123, "eV/atom", 0.02, "PBE", in_distribution=False)
    assert wording.measured_line(unsure) == "0.012 eV/atom ± 0.020, unlike the training data"
    hull = wording.measured_line(unsure, "above the hull")
    assert hull == "0.012 eV/atom above the hull ± 0.020, unlike the training data"


@pytest.mark.parametrize(
    ("passed", "required", "words", "tone"),
    [
        (True, True, "✓ 1 of 1 checks passed", "good"),
        (False, True, "✗ fails min distance", "bad"),
        (False, False, "! valid, but flagged: min distance", "warning"),
        (None, True, "✓ 0 of 1 checks passed, 1 undecided", "good"),
    ],
)
def test_that_checks_are_summed_up_in_a_line(passed, required, words, tone) -> None:
    assert wording.checks_line((CheckResult("min_distance", 1, passed, "", required=required),)) == (words, tone)


def test_that_known_and_new_are_told_apart() -> None:
    minerals = SearchedSet("minerals", MatchKind.COMPOUND, 9)
    match = ReferenceMatch("minerals", "0001", "tausonite", "SrTiO3", 0.01)
    assert wording.known_line(Known((minerals,), (match,))) == "known: tausonite (minerals)"
    assert wording.known_line(Known((minerals,))) == "new to minerals"
    assert "no set" in wording.known_line(Known())
    assert wording.known_line(None) == "not looked up"


def test_that_the_meaning_of_the_strength_changes_with_it() -> None:
    said = {wording.strength_line(value, True) for value in (0.05, 0.2, 0.5, 0.7, 1.0)}
    assert len(said) == 5
    assert "prototypes" in wording.strength_line(0.1, False)


def test_that_the_time_left_is_said_only_once_it_can_be() -> None:
    assert wording.duration_left(0.5, 0.5) == ""
    assert wording.duration_left(10, 0.01) == ""
    assert wording.duration_left(10, 0.5) == "about 10 s left"
    assert wording.duration_left(600, 0.5) == "about 10 min left"


def test_that_items_flow_into_further_lines(qtbot) -> None:
    from PySide6.QtWidgets import QPushButton, QWidget

    box = QWidget()
    flow = FlowLayout(box, gap=4)
    for _ in range(6):
        flow.addWidget(QPushButton("a button"))
    qtbot.addWidget(box)
    width = flow.itemAt(0).sizeHint().width()
    one, two = flow.heightForWidth(6 * (width + 4)), flow.heightForWidth(3 * (width + 4))
    assert two == 2 * one + 4
