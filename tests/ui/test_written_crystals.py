"""Crystals that a language model writes, as the window shows them: the choice, the text, the atoms so far."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import Qt
from scripted_writer import ScriptedWriter, growth

from crystal_studio.app.writer_problem import writer_problem
from crystal_studio.domain.candidate import Start
from crystal_studio.domain.crystal import Crystal
from crystal_studio.domain.mark import Mark
from crystal_studio.domain.outline import NodeOutline
from crystal_studio.domain.sampling_engine import SamplingEngine
from crystal_studio.domain.trajectory import Frame
from crystal_studio.services.settings import DesignDefaults, Settings, SettingsFile
from crystal_studio.services.trajectory import CRYSTAL_TEXT
from crystal_studio.ui.chat.chat_panel import ChatPanel
from crystal_studio.ui.chat.chat_settings import ChatSettings
from crystal_studio.ui.history import candidates_model, row_text
from crystal_studio.ui.panels.node_facts import sections
from crystal_studio.ui.viewer.viewer import CrystalViewer

MISSING = "No model for the job 'crystal_writer' is installed. Train one with `crystal-studio train`."
SHORT_CIF = "221\n3.91\nSr 1a\nTi 1b\nO 3c"
CRYSTEXT, BOTH, DIFFUSION = SamplingEngine.CRYSTEXT, SamplingEngine.BOTH, SamplingEngine.DIFFUSION
SRTIO3 = Crystal(
    np.eye(3) * 3.905,
    ("Sr", "Ti", "O", "O", "O"),
    np.array([[0, 0, 0], [0.5, 0.5, 0.5], [0.5, 0.5, 0], [0.5, 0, 0.5], [0, 0.5, 0.5]]),
)


@pytest.fixture
def panel(state, runner, qtbot) -> Iterator[ChatPanel]:
    made = ChatPanel(state, runner)
    qtbot.addWidget(made)
    made.resize(420, 800)
    made.show()
    qtbot.waitExposed(made)
    yield made
    made.close_panel()


@pytest.fixture
def viewer(state, qtbot) -> Iterator[CrystalViewer]:
    made = CrystalViewer(state)
    qtbot.addWidget(made)
    made.resize(480, 420)
    made.show()
    qtbot.waitUntil(lambda: made.is_ready or "OpenGL" in made.canvas.message, timeout=60_000)
    if not made.is_ready:
        pytest.skip("no OpenGL here: install Mesa (libgl1-mesa-dri, libegl1)")
    yield made
    made.close()


@pytest.fixture
def written_node(new_node, engines):
    engines.crystal_writer = ScriptedWriter()
    engines.language_model.enqueue(
        ["SrTiO3 is (Cubic) Perovskite structured and crystallizes in the cubic Pm-3m space group."]
    )
    return new_node("a cubic oxide with strontium and titanium", engine=CRYSTEXT)


def send(panel: ChatPanel, text: str = "a cubic oxide") -> str:
    panel.composer.put(text)
    panel.composer.submit()
    return panel.presenter.jobs()[-1].id


def choose(panel: ChatPanel, qtbot, engine: SamplingEngine) -> None:
    """By the keyboard, as a person does."""
    box = panel.composer.options.engine.box
    box.setFocus()
    index = box.findData(engine)
    while box.currentIndex() != index:
        qtbot.keyClick(box, Qt.Key.Key_Down if box.currentIndex() < index else Qt.Key.Key_Up)


def written(crystal: Crystal = SRTIO3, draw: int = 0) -> list[Frame]:
    return [replace(one, is_written=True) for one in growth(crystal, draw)]


# The choice


def test_that_the_engine_travels_with_the_message(panel, runner, qtbot) -> None:
    send(panel)
    assert runner.last_job.engine is DIFFUSION
    panel.composer._open_options(True)
    for engine in (CRYSTEXT, BOTH):
        choose(panel, qtbot, engine)
        send(panel)
        assert runner.last_job.engine is engine


def test_that_the_options_say_what_the_engine_does_and_what_it_does_not_use(panel, qtbot) -> None:
    options = panel.composer.options
    panel.composer._open_options(True)
    assert options.strength.isEnabled()
    choose(panel, qtbot, CRYSTEXT)
    assert "Writes every crystal" in options.engine.meaning.text()
    assert options.meaning.text().startswith("Not used")
    assert not options.strength.isEnabled()
    assert not options.slider.isEnabled()
    assert panel.composer.options_button.text().startswith("10 written ")
    choose(panel, qtbot, BOTH)
    assert options.strength.isEnabled()
    assert "10 drawn by both" in panel.composer.options_button.text()


def test_that_without_a_model_that_writes_there_is_no_choice_and_the_reason_is_read(panel, runner, qtbot) -> None:
    options = panel.composer.options
    panel.use_settings(ChatSettings(engine=BOTH))
    panel.offer_writer(MISSING)
    assert not options.engine.box.isEnabled()
    assert options.engine.box.currentData() == DIFFUSION
    assert options.engine.meaning.text() == MISSING
    assert options.engine.meaning.textFormat() is Qt.TextFormat.PlainText
    send(panel)
    assert runner.last_job.engine is DIFFUSION
    assert options.settings().engine is BOTH, "what the person has chosen is kept for when a model is there"
    panel.offer_writer("")
    assert options.engine.box.isEnabled()
    assert options.engine.chosen is BOTH


def test_that_the_engine_is_remembered_and_an_unknown_one_is_replaced_by_the_usual(tmp_path) -> None:
    file = SettingsFile(tmp_path / "settings.toml")
    file.save(Settings(design=DesignDefaults(engine="both")))
    assert SettingsFile(file.path).settings.design.engine == "both"
    file.path.write_text(file.path.read_text(encoding="utf-8").replace('"both"', '"magic"'), encoding="utf-8")
    again = SettingsFile(file.path)
    assert again.settings.design.engine == "diffusion"
    assert "design.engine" in again.notices[0]


def test_that_a_changed_engine_is_told_to_be_kept(panel, qtbot) -> None:
    panel.composer._open_options(True)
    told: list[ChatSettings] = []
    panel.settings_changed.connect(told.append)
    choose(panel, qtbot, CRYSTEXT)
    assert told[-1].engine is CRYSTEXT
    panel.offer_writer(MISSING)
    assert len(told) == 1, "a missing model is no choice of the person"


def test_that_a_missing_model_is_found_missing_without_loading_any(tmp_path) -> None:
    card = tmp_path / "crystal_writer" / "mine"
    assert "crystal_writer" in writer_problem_of(tmp_path)
    card.mkdir(parents=True)
    text = (
        'id = "mine"\nkind = "crystal_writer"\nversion = "1"\n'
        'backend = "crystal_studio.engines.llm.crystext.engine:create"\ndefault = true\n'
        f'[[files]]\npath = "weights.safetensors"\nsha256 = "{"0" * 64}"\n'
    )
    (card / "model.toml").write_text(text, encoding="utf-8")
    assert "weights.safetensors" in writer_problem_of(tmp_path)
    (card / "weights.safetensors").write_bytes(b"")
    assert writer_problem_of(tmp_path) == ""


def writer_problem_of(folder) -> str:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("crystal_studio.app.paths.shipped_models_folder", lambda: folder / "none")
        patch.setenv("CRYSTAL_STUDIO_MODELS", str(folder))
        return writer_problem()


def test_that_another_answer_is_drawn_by_the_engine_of_the_first(panel, runner, written_node) -> None:
    panel.presenter.regenerate(written_node.id)
    assert runner.last_job.engine is CRYSTEXT


# What is seen of it


def test_that_the_text_of_a_crystal_is_read_while_it_is_written_below_the_pivot(panel, runner, qtbot) -> None:
    job = send(panel)
    runner.start()
    runner.say("pivot", "SrTiO3 crystallizes in the cubic Pm-3m space group.")
    runner.progress("writing crystals", 0.1)
    for piece in ("221\n", "3.91", "\nSr 1a"):
        runner.say(CRYSTAL_TEXT, piece)
    view = panel.jobs.views[job]
    qtbot.waitUntil(lambda: view.crystal.toPlainText() == "221\n3.91\nSr 1a")
    assert view.crystal.isVisible()
    assert view.written.toPlainText().endswith("space group.")
    assert view.status.text().startswith("writing crystals, 10%")
    height = view.crystal.height()
    for piece in ("\n\n", "62\n"):
        runner.say(CRYSTAL_TEXT, piece)
    qtbot.waitUntil(lambda: view.crystal.toPlainText() == "62\n")
    assert view.crystal.height() >= height, "what has been read does not jump"


def test_that_of_a_long_text_only_its_end_is_shown(panel, runner, qtbot) -> None:
    job = send(panel)
    runner.start()
    runner.say(CRYSTAL_TEXT, "\n".join(f"_line {number}" for number in range(500)))
    view = panel.jobs.views[job]
    qtbot.waitUntil(lambda: view.crystal.toPlainText().endswith("_line 499"))
    assert view.crystal.toPlainText().count("\n") < 20
    assert view.crystal.height() < panel.height()


def test_that_the_atoms_so_far_are_drawn_with_ever_more_of_them(viewer, state) -> None:
    state.show_crystal(SRTIO3)
    drawn = []
    for frame in written():
        viewer.show_live((frame,))
        drawn.append(len(viewer.scene.spheres.radii_A))
        atoms = "1 atom" if len(drawn) == 1 else f"{len(drawn)} atoms"
        assert viewer.words.state.text() == f"writing, {atoms} so far: not a result yet"
    assert drawn == [1, 2, 3, 4, 5]
    viewer.end_live()
    assert viewer.words.state.isHidden()


def test_that_the_camera_rests_while_one_crystal_grows_and_turns_to_the_next(viewer, state) -> None:
    state.show_crystal(SRTIO3)
    first = written()
    viewer.show_live(first[:1])
    camera = viewer.canvas.camera
    viewer.show_live(first[3:4])
    assert viewer.canvas.camera is camera
    large = Crystal(SRTIO3.lattice * 3, SRTIO3.species, SRTIO3.frac_coords)
    viewer.show_live(tuple(written(large, draw=1)[:1]))
    assert viewer.canvas.camera.half_height > 2 * camera.half_height


def test_that_a_written_crystal_plays_atom_by_atom(qtbot, viewer, state, written_node) -> None:
    state.set_current(written_node.id)
    assert viewer.bar.frames.text() == "Writing"
    viewer.bar.frames.click()
    player = viewer.player
    assert player.isVisible()
    assert player.step.text() == "1 atom"
    player.play.click()
    qtbot.waitUntil(lambda: player.slider.value() == 4 and not player.playing, timeout=30_000)
    assert player.step.text() == "5 atoms"
    assert viewer.words.state.text() == "writing, 5 atoms so far"
    player.back.click()
    assert not player.isVisible()


def test_that_a_crystal_without_frames_says_how_it_was_made(viewer, state, written_node) -> None:
    state.set_current(written_node.id)
    viewer.show_frames(())
    assert viewer.words.state.text() == "How this crystal was written was not kept."


# What is said of it


def test_that_a_written_crystal_is_told_as_such_wherever_starts_are(written_node) -> None:
    outline = NodeOutline.of(written_node)
    assert row_text.origin(outline).startswith("written · seed")
    candidate = written_node.candidates[0]
    assert candidate.start is Start.WRITTEN
    assert "written by the language model: written for Pm-3m" in candidates_model.summary(0, candidate)
    facts = dict(fact for section in sections(written_node, Mark()) for fact in section.facts)
    assert facts["start"] == "written by the language model"
    assert "strength α" not in facts
