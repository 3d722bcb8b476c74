"""The window of models: what is installed, what could be, which model does which job, and what fits on this machine."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QCloseEvent, QGuiApplication, QKeySequence, QShortcut, QShowEvent
from PySide6.QtWidgets import QMainWindow, QPushButton, QSplitter, QTabWidget, QVBoxLayout, QWidget

from crystal_studio.domain.model_card import ModelCard, ModelKind
from crystal_studio.services.jobs_models import ModelListing, ModelsJob, ModelsReport, OfferListing
from crystal_studio.ui.chat.flow_layout import FlowLayout
from crystal_studio.ui.exchange.drop_zone import DropZone
from crystal_studio.ui.jobs.runner import JobRunner
from crystal_studio.ui.models.asking import Asking, Hearing
from crystal_studio.ui.models.brought import BroughtModel, brought_model
from crystal_studio.ui.models.jobs_page import JobsPage
from crystal_studio.ui.models.memory_line import MemoryLine
from crystal_studio.ui.models.model_page import ModelPage
from crystal_studio.ui.models.model_questions import ModelQuestions
from crystal_studio.ui.models.model_rows import UNREADABLE, Key, key_of
from crystal_studio.ui.models.model_tasks import ModelTasks
from crystal_studio.ui.models.stock_list import StockList
from crystal_studio.ui.panels.inspection_panel import NewsLine
from crystal_studio.ui.plain_label import PlainLabel

_SIZE = (1180, 740)


class ModelsWindow(QMainWindow):
    """The plan of this machine on top; below it the list with its details, and the jobs.

    Args:
        jobs: runs what is asked for.
        folder: where questions for files begin.
        parent: the main window.

    Signals:
        stock_changed: what is installed, or what does which job, is no longer what it was.
        doctor_asked: the person wants to see what the doctor says.
        closed: the window is closed.
    """

    stock_changed = Signal()
    doctor_asked = Signal()
    closed = Signal()

    def __init__(self, jobs: JobRunner, folder: Path, parent: QWidget | None = None) -> None:
        super().__init__(parent, Qt.WindowType.Window)
        self.setObjectName("models_window")
        self.setWindowTitle("Models – Crystal Studio")
        self._jobs = jobs
        self.report: ModelsReport | None = None
        self._by_key: dict[Key, ModelListing | OfferListing] = {}
        self._wanted: Key | None = None  # to be chosen once it is listed
        self._reading, self._is_stale = "", False
        self._drops: DropZone | None = None
        # One showing for a burst of news.
        self._due = QTimer(self, singleShot=True, interval=0)
        self._due.timeout.connect(self._show)
        self._asking = Asking(jobs, self)
        self.tasks = ModelTasks(self._asking, self)
        self.questions = ModelQuestions(self, folder)
        self.plan = PlainLabel("", self, wraps=True)
        self.plan.setAccessibleName("How the models share this machine")
        self.news = NewsLine("Looking at what is installed …")
        self.stop_file = QPushButton("Stop pac&king", self, autoDefault=False)
        self.list, self.page, self.jobs_page, self.memory = StockList(), ModelPage(), JobsPage(), MemoryLine()
        self._lay_out()
        self._connect()
        self.resize(*_SIZE)
        self.refresh()

    def refresh(self) -> None:
        """Read again what is installed and what fits."""
        if self._reading:
            self._is_stale = True
            return
        if self.report is None:
            self.news.busy(True)
        self._reading = self._asking.ask(ModelsJob(), Hearing(self._take, self._fail, lambda: self._fail("Stopped.")))

    def import_from(self, source: Path) -> None:
        """Show what importing a folder or a file would do."""
        from crystal_studio.ui.models.import_dialog import ImportDialog

        machine = self.report.plan.machine if self.report else None
        dialog = ImportDialog(source, self._jobs, machine, self._names(), self)
        dialog.installed.connect(self._imported)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.open()

    def show_model(self, kind: ModelKind, model_id: str) -> None:
        """Choose a model in the list."""
        self.tabs.setCurrentIndex(0)
        self.list.view.choose([(kind.value, model_id)])

    def showEvent(self, event: QShowEvent) -> None:
        """Take what is dropped, from now on."""
        super().showEvent(event)
        if self._drops is None:
            QTimer.singleShot(0, self, self._listen_for_drops)

    def closeEvent(self, event: QCloseEvent) -> None:
        """What is under way is stopped, and its answers go nowhere."""
        self._asking.close()
        if self._drops is not None:
            self._drops.close()
        super().closeEvent(event)
        self.closed.emit()
        self.deleteLater()

    # Made once

    def _lay_out(self) -> None:
        self.split = QSplitter(Qt.Orientation.Horizontal, childrenCollapsible=False)
        self.split.addWidget(self.list)
        self.split.addWidget(self.page)
        self.split.setSizes([_SIZE[0] // 2, _SIZE[0] // 2])
        self.tabs = QTabWidget()
        self.tabs.addTab(self.split, "&Models")
        self.tabs.addTab(self.jobs_page, "&Jobs")
        self.tabs.setDocumentMode(True)
        centre = QWidget()
        column = QVBoxLayout(centre)
        column.addWidget(self.plan)
        column.addLayout(self._bar())
        column.addWidget(self.news)
        column.addWidget(self.stop_file, 0, Qt.AlignmentFlag.AlignLeft)
        column.addWidget(self.tabs, 1)
        column.addWidget(self.memory)
        self.setCentralWidget(centre)
        self.stop_file.hide()
        self.list.setFocus()

    def _bar(self) -> FlowLayout:
        bar = FlowLayout()
        self.import_folder = self._button("Import a &folder…", self.questions.ask_for_folder)
        self.import_file = self._button("Import a f&ile…", self.questions.ask_for_file)
        self.unpack = self._button("&Unpack…", self.questions.ask_for_packed)
        self.unpack.setToolTip("Install the models of a file that was written by Pack on another machine")
        self.verify_all = self._button("V&erify all", self._verify_all)
        self.again = self._button("Read a&gain", self.refresh)
        self.doctor = self._button("&Doctor…", self.doctor_asked.emit)
        for button in (self.import_folder, self.import_file, self.unpack, self.verify_all, self.again, self.doctor):
            bar.addWidget(button)
        return bar

    def _button(self, text: str, does: Callable[[], None]) -> QPushButton:
        button = QPushButton(text, self, autoDefault=False)
        button.clicked.connect(lambda _checked=False: does())
        return button

    def _connect(self) -> None:
        page, tasks, questions = self.page, self.tasks, self.questions
        self.list.chosen_changed.connect(self._describe)
        page.choose_asked.connect(lambda: self._with_one(tasks.choose))
        page.verify_asked.connect(lambda: tasks.verify(self._verifiable(self.list.chosen)))
        page.try_asked.connect(lambda: self._with_one(tasks.try_out))
        page.pack_asked.connect(lambda: questions.ask_where_to_pack([name for _, name in self._chosen_models()]))
        page.remove_asked.connect(lambda: self._with_one(self._ask_to_remove))
        page.stop_asked.connect(lambda: tasks.stop(self.list.chosen))
        page.copy_asked.connect(self._copy_how)
        questions.source_chosen.connect(lambda source: self._take_brought(BroughtModel(source)))
        questions.packed_chosen.connect(tasks.unpack)
        questions.target_chosen.connect(tasks.pack)
        questions.removal_wanted.connect(tasks.remove)
        tasks.news_changed.connect(self._due.start)
        tasks.checked.connect(self.refresh)
        tasks.stock_changed.connect(self._stock_changed)
        tasks.told.connect(self._tell)
        self.stop_file.clicked.connect(tasks.stop_file)
        self.jobs_page.choose_asked.connect(lambda kind, name: tasks.choose((kind.value, name)))
        self.jobs_page.try_all_asked.connect(self._try_all)
        self.news.retried.connect(self.refresh)
        for key, does in (("F5", self.refresh), ("Ctrl+F", self._find), ("Ctrl+W", self.close)):
            QShortcut(QKeySequence(key), self).activated.connect(does)
        delete = QShortcut(QKeySequence.StandardKey.Delete, self.list.view, context=Qt.ShortcutContext.WidgetShortcut)
        delete.activated.connect(lambda: page.remove.isVisible() and page.remove.click())

    def _listen_for_drops(self) -> None:
        if self._drops is None:
            self._drops = DropZone(self, brought_model)
            self._drops.dropped.connect(self._take_brought)

    # Answers

    def _take(self, report: ModelsReport) -> None:
        if self.report is None:
            self.news.busy(False)
        self._reading, self.report = "", report
        self._by_key = {key_of(one): one for one in (*report.cards, *report.offers)}
        self.plan.setText(report.plan.sentence)
        self.memory.show_machine(report.plan.machine)
        self._show()
        if self._wanted in self._by_key:
            self.list.clear_filter()
            self.list.view.choose([self._wanted])
            self._wanted = None
        if self._is_stale:
            self._is_stale = False
            self.refresh()

    def _fail(self, why: str) -> None:
        self._reading = ""
        self.news.fail(why)

    def _show(self) -> None:
        if self.report is None:
            return
        self.list.show_report(self.report, self.tasks.news)
        is_choosing = any(self.tasks.is_busy(key_of(one)) for one in self.report.cards)
        self.jobs_page.show_report(self.report, self.tasks.news, is_choosing)
        self._describe()

    def _describe(self) -> None:
        chosen = self.list.chosen
        if self.report is None or not chosen:
            self.page.show_nothing()
        elif len(chosen) > 1:
            self.page.show_many(len(chosen), any(map(self.tasks.is_busy, chosen)))
        else:
            self._describe_one(chosen[0])

    def _describe_one(self, key: Key) -> None:
        listing = self._listing(key)
        if isinstance(listing, OfferListing):
            self.page.show_offer(listing)
        elif listing is not None:
            self.page.show_model(listing, self.tasks.is_busy(key))
        elif key[0] == UNREADABLE and self.report:
            self.page.show_words("\n\n".join(why for path, why in self.report.complaints if str(path) == key[1]))
        else:
            self.page.show_nothing()

    def _tell(self, sentence: str, failed: bool) -> None:
        self.news.tell(sentence, failed)
        self.stop_file.setVisible(self.tasks.is_packing)
        self.unpack.setEnabled(not self.tasks.is_packing)

    def _stock_changed(self) -> None:
        self.stock_changed.emit()
        self.refresh()

    def _imported(self, card: ModelCard) -> None:
        self._tell(f"{card.id} is installed.", False)
        self._wanted = (card.kind.value, card.id)
        self._stock_changed()

    # What is done

    def _with_one(self, does: Callable[[Key], None]) -> None:
        chosen = self._chosen_models()
        if len(chosen) == 1:
            does(chosen[0])

    def _chosen_models(self) -> tuple[Key, ...]:
        return self._verifiable(self.list.chosen)

    def _verifiable(self, keys: Sequence[Key]) -> tuple[Key, ...]:
        listings = ((key, self._listing(key)) for key in keys)
        return tuple(key for key, one in listings if isinstance(one, ModelListing) and one.installed)

    def _verify_all(self) -> None:
        if self.report is not None:
            self.tasks.verify(self._verifiable([key_of(one) for one in self.report.cards]))

    def _ask_to_remove(self, key: Key) -> None:
        listing = self._listing(key)
        self.questions.ask_to_remove(key, isinstance(listing, ModelListing) and listing.in_use)

    def _try_all(self) -> None:
        for one in self.report.plan.placed if self.report is not None else ():
            self.tasks.try_out((one.kind.value, one.model_id))

    def _copy_how(self) -> None:
        listing = self._listing(self.list.chosen[0]) if self.list.chosen else None
        if listing is not None:
            how = listing.offer.how if isinstance(listing, OfferListing) else listing.card.how_to_install or ""
            QGuiApplication.clipboard().setText(how)
            self._tell("Copied. The program itself fetches nothing.", False)

    def _take_brought(self, brought: BroughtModel) -> None:
        if brought.source is None:
            return
        if brought.is_packed:
            self.tasks.unpack(brought.source)
        else:
            self.import_from(brought.source)

    def _find(self) -> None:
        self.tabs.setCurrentIndex(0)
        self.list.words.setFocus()
        self.list.words.selectAll()

    def _listing(self, key: Key) -> ModelListing | OfferListing | None:
        return self._by_key.get(key)

    def _names(self) -> dict[ModelKind, list[str]]:
        names: dict[ModelKind, list[str]] = {}
        for one in self.report.cards if self.report else ():
            if one.installed:
                names.setdefault(one.card.kind, []).append(one.card.id)
        return names
