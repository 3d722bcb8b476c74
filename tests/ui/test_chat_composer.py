"""Writing a message: keys, recall, mentions, whom it answers, strength, candidates and seed."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QMimeData, Qt

from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.domain.mark import Mark
from crystal_studio.ui.chat.chat_settings import ChatSettings, SeedMode
from crystal_studio.ui.chat.composer import Composer
from crystal_studio.ui.chat.mentions import begun_mention, resolved, suggestions
from crystal_studio.ui.chat.message_box import MOST_CHARACTERS, MessageBox
from crystal_studio.ui.chat.presenter import ChatPresenter


@pytest.fixture
def make(state, runner, qtbot):
    made: list[Composer] = []
    presenter = ChatPresenter(state, runner)

    def composer(settings: ChatSettings | None = None) -> Composer:
        one = Composer(presenter, settings or ChatSettings())
        qtbot.addWidget(one)
        one.resize(420, 400)
        one.show()
        qtbot.waitExposed(one)
        made.append(one)
        return one

    yield composer
    for one in made:
        one.close_composer()
    presenter.close()


@pytest.fixture
def box(qtbot) -> MessageBox:
    made = MessageBox()
    qtbot.addWidget(made)
    made.resize(300, 100)
    made.show()
    qtbot.waitExposed(made)
    made.setFocus()
    return made


def test_that_enter_sends_and_shift_enter_breaks_the_line(box, qtbot) -> None:
    qtbot.keyClicks(box, "one")
    qtbot.keyClick(box, Qt.Key.Key_Return, Qt.KeyboardModifier.ShiftModifier)
    qtbot.keyClicks(box, "two")
    assert box.toPlainText() == "one\ntwo"
    with qtbot.waitSignal(box.submitted):
        qtbot.keyClick(box, Qt.Key.Key_Return)
    with qtbot.waitSignal(box.submitted):
        qtbot.keyClick(box, Qt.Key.Key_Enter, Qt.KeyboardModifier.KeypadModifier)
    assert box.toPlainText() == "one\ntwo"


def test_that_the_box_grows_to_six_lines(box) -> None:
    heights = []
    for lines in (1, 3, 6, 12):
        box.setPlainText("\n".join("line" for _ in range(lines)))
        heights.append(box.height())
    assert heights[0] < heights[1] < heights[2] == heights[3]
    assert heights[2] >= 6 * box.fontMetrics().lineSpacing()


def test_that_up_and_down_recall_what_was_sent(box, qtbot) -> None:
    box.recall = lambda: ["newest", "older"]
    qtbot.keyClicks(box, "half typed")
    for expected in ("newest", "older", "older"):
        qtbot.keyClick(box, Qt.Key.Key_Up)
        assert box.toPlainText() == expected
    for expected in ("newest", "half typed"):
        qtbot.keyClick(box, Qt.Key.Key_Down)
        assert box.toPlainText() == expected


def test_that_up_moves_the_cursor_within_several_lines(box, qtbot) -> None:
    box.recall = lambda: ["newest"]
    box.setPlainText("first\nsecond")
    box.moveCursor(box.textCursor().MoveOperation.End)
    qtbot.keyClick(box, Qt.Key.Key_Up)
    assert box.toPlainText() == "first\nsecond"
    qtbot.keyClick(box, Qt.Key.Key_Up)
    assert box.toPlainText() == "newest"


def test_that_a_paste_is_plain_and_cut_where_it_could_not_be_read(box, qtbot) -> None:
    pasted = QMimeData()
    pasted.setHtml("<b>bold</b>")
    pasted.setText("y" * (MOST_CHARACTERS + 5))
    with qtbot.waitSignal(box.was_cut) as caught:
        box.insertFromMimeData(pasted)
    assert caught.args == [5]
    assert box.toPlainText() == "y" * MOST_CHARACTERS


def test_that_an_at_sign_offers_nodes_and_completes_to_their_id(make, new_node, state, qtbot) -> None:
    first, second = new_node("a cubic oxide"), new_node("a cubic sulfide")
    state.set_mark(first.id, Mark(name="the good one"))
    composer = make()
    composer.activateWindow()
    composer.box.setFocus()
    qtbot.waitUntil(composer.box.hasFocus)
    qtbot.keyClicks(composer.box, "wider than @")
    assert composer.box.popup.count() == 2
    qtbot.keyClicks(composer.box, "good")
    assert composer.box.popup.count() == 1
    assert "the good one" in composer.box.popup.item(0).text()
    qtbot.keyClick(composer.box, Qt.Key.Key_Return)
    assert composer.text == f"wider than @{first.id[:8]} "
    assert not composer.box.popup.isVisible()
    qtbot.keyClicks(composer.box, f"@{second.id[:3]}")
    assert composer.box.popup.isVisible()
    qtbot.keyClick(composer.box, Qt.Key.Key_Escape)
    assert not composer.box.popup.isVisible()


def test_that_mentions_are_found_by_formula_id_and_name(new_node, state) -> None:
    node = new_node("a cubic oxide")
    state.set_mark(node.id, Mark(name="Favourite"))

    def found(typed: str) -> list[str]:
        return [one.id for one in suggestions(typed, state)]

    for typed in ("", node.crystal.formula.lower(), node.id[:5], "fav", "vour"):
        assert found(typed) == [node.id]
    assert found("zzz") == []


def test_that_a_mention_is_taken_out_at_the_ends_and_named_in_the_middle(new_node, state) -> None:
    node = new_node("a cubic oxide")
    short, formula = f"@{node.id[:8]}", node.crystal.formula
    assert resolved(f"{short} a wider gap", state) == ("a wider gap", node.id)
    assert resolved(f"a wider gap {short}", state) == ("a wider gap", node.id)
    assert resolved(f"make {short} denser", state) == (f"make {formula} denser", node.id)
    assert resolved("write to me@example.org", state) == ("write to me@example.org", None)
    with pytest.raises(UserCorrectable, match="No node"):
        resolved("@ffffffffffff0 x", state)


def test_that_a_mention_is_begun_only_directly_before_the_cursor() -> None:
    assert begun_mention("as @ab") == "ab"
    assert begun_mention("@") == ""
    assert begun_mention("as @ab cd") is None
    assert begun_mention("me@example") is None


def test_that_the_target_line_says_whom_the_message_answers(make, new_node, state, runner, qtbot) -> None:
    composer = make()
    assert composer.target_line.text() == "a new wish"
    node = new_node("a cubic oxide")
    state.set_current(node.id)
    assert composer.target_line.text().startswith("answers ")
    assert composer.target_line.text().endswith("round 1")
    qtbot.mouseClick(composer.new_wish, Qt.MouseButton.LeftButton)
    assert composer.target_line.text() == "a new wish"
    qtbot.mouseClick(composer.new_wish, Qt.MouseButton.LeftButton)
    assert composer.target_line.text().startswith("answers ")
    qtbot.mouseClick(composer.new_wish, Qt.MouseButton.LeftButton)
    composer.put("a cubic sulfide")
    composer.submit()
    assert runner.last_job.parent is None
    assert composer.target_line.text().startswith("answers ")


def test_that_a_mention_being_typed_changes_whom_the_line_names(make, new_node, state) -> None:
    first, second = new_node("a cubic oxide"), new_node("wider", new_node("a cubic sulfide"))
    state.set_current(first.id)
    composer = make()
    composer.put(f"@{second.id[:8]} denser")
    assert composer.target_line.text().endswith("round 2")
    composer.put("denser")
    assert composer.target_line.text().endswith("round 1")


def test_that_escape_leaves_an_edit(make, new_node, state, qtbot) -> None:
    node = new_node("a cubic oxide")
    state.set_current(node.id)
    composer = make()
    composer._presenter.edit(node.id)
    assert "rewrites" in composer.target_line.text()
    qtbot.keyClick(composer.box, Qt.Key.Key_Escape)
    assert composer.target_line.text().startswith("answers ")


def test_that_slider_and_number_are_one_strength_with_words_that_change(make, runner) -> None:
    options = make().options
    said = options.meaning.text()
    options.slider.setValue(60)
    assert options.strength.value() == pytest.approx(0.6)
    assert options.meaning.text() != said
    options.strength.setValue(0.25)
    assert options.slider.value() == 25
    assert "prototypes" in options.meaning.text()


def test_that_strength_candidates_and_seed_travel_with_the_message(make, runner) -> None:
    composer = make(ChatSettings(candidates=4, strength=0.35, seed_mode=SeedMode.FIXED, seed=42))
    composer.put("a cubic oxide")
    composer.submit()
    job = runner.last_job
    assert (job.candidates, job.strength, job.seed) == (4, 0.35, 42)
    composer.put("a cubic oxide")
    composer.submit()
    assert runner.last_job.seed == 42


def test_that_the_next_seed_counts_on_and_a_random_one_is_resolved_before_it_is_sent(make, runner) -> None:
    composer = make(ChatSettings(seed_mode=SeedMode.NEXT, seed=7))
    for _ in range(2):
        composer.put("a cubic oxide")
        composer.submit()
    assert [job.seed for job in runner.jobs.values()] == [7, 8]
    other = make()
    for _ in range(2):
        other.put("a cubic oxide")
        other.submit()
    seeds = [job.seed for job in runner.jobs.values()][2:]
    assert all(isinstance(seed, int) for seed in seeds)
    assert seeds[0] != seeds[1]


def test_that_a_wrong_seed_has_its_message_beside_the_field_and_nothing_is_sent(make, runner) -> None:
    composer = make(ChatSettings(seed_mode=SeedMode.FIXED))
    for wrong in ("", str(2**63)):
        composer.options.seed.setText(wrong)
        assert "whole number" in composer.options.seed_message.text()
        composer.put("a cubic oxide")
        composer.submit()
        assert "whole number" in composer.message.text()
        assert composer.text == "a cubic oxide"
    assert runner.jobs == {}
    assert not composer.options.isHidden()
    composer.options.seed.setText("3")
    assert composer.options.seed_message.text() == ""


def test_that_an_empty_message_is_refused_beside_the_box(make, runner) -> None:
    composer = make()
    composer.put("   ")
    composer.submit()
    assert "empty" in composer.message.text()
    assert runner.jobs == {}


def test_that_the_settings_are_told_when_they_change(make, qtbot) -> None:
    composer = make()
    with qtbot.waitSignal(composer.settings_changed) as caught:
        composer.options.candidates.setValue(25)
    assert caught.args[0].candidates == 25


def test_that_every_field_can_be_reached_by_keyboard_and_has_a_name(make) -> None:
    from PySide6.QtWidgets import QAbstractSpinBox, QComboBox, QLineEdit, QPlainTextEdit, QSlider

    composer = make()
    fields = [
        one
        for kind in (QAbstractSpinBox, QComboBox, QPlainTextEdit, QSlider, QLineEdit)
        for one in composer.findChildren(kind)
        if one.objectName() != "qt_spinbox_lineedit"
    ]
    assert len(fields) > 8
    assert [one for one in fields if not one.accessibleName()] == []
    assert [one for one in fields if not one.focusPolicy() & Qt.FocusPolicy.TabFocus] == []
