"""What can be done in the window: names, keys, menus."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class When(StrEnum):
    """When an action can be taken."""

    ALWAYS = "always"
    WRITABLE = "the project can be written to"
    NODE = "a node is shown"
    PARENT = "the node that is shown answers another"
    MARKABLE = "a node is shown and the project can be written to"
    UNDOABLE = "something was changed that can be taken back"
    REDOABLE = "something was taken back that can be done again"
    RUNNING = "a job runs or waits"
    VIEWER = "the 3D view is there"


@dataclass(frozen=True)
class Situation:
    """What the window is in the middle of."""

    node: bool = False
    parent: bool = False
    writable: bool = True
    undoable: bool = False
    redoable: bool = False
    running: bool = False
    viewer: bool = False

    def allows(self, when: When) -> bool:
        """Whether an action of this kind can be taken now."""
        return {
            When.ALWAYS: True,
            When.WRITABLE: self.writable,
            When.NODE: self.node,
            When.PARENT: self.node and self.parent,
            When.MARKABLE: self.node and self.writable,
            When.UNDOABLE: self.undoable and self.writable,
            When.REDOABLE: self.redoable and self.writable,
            When.RUNNING: self.running,
            When.VIEWER: self.viewer,
        }[when]


@dataclass(frozen=True)
class Action:
    """One thing that can be done.

    Attributes:
        id: "<subject>.<verb>".
        menu: title of its menu, with the mnemonic; actions of a menu stand in the order of the table.
        text: with its mnemonic.
        tip: what it does, in a sentence without a full stop.
        shortcut: portable text of the key, "" for none.
        icon: name in Font Awesome 6 (solid), "" for none.
        when: when it can be taken.
        on_toolbar: whether it has a button.
        opens_group: whether a line stands above it in the menu.
    """

    id: str
    menu: str
    text: str
    tip: str
    shortcut: str = ""
    icon: str = ""
    when: When = When.ALWAYS
    on_toolbar: bool = False
    opens_group: bool = False


PROJECT, FILE, EDIT, DESIGN = "&Project", "&File", "&Edit", "&Design"
CRYSTAL, VIEW, HELP = "&Crystal", "&View", "&Help"

# fmt: off
ACTIONS = (
    Action("project.new", PROJECT, "&New project…",
           "Start an empty project in a file of your choice", "Ctrl+Shift+N", "file-circle-plus"),
    Action("project.open", PROJECT, "&Open project…",
           "Open a project file", "Ctrl+O", "folder-open"),
    Action("picture.save", PROJECT, "Save &picture…",
           "Save the 3D view as a PNG at a chosen scale", "Ctrl+Shift+E", "camera", When.VIEWER, opens_group=True),
    Action("project.compact", PROJECT, "&Compact",
           "Give space that is no longer used back to the disk", "", "compress", When.WRITABLE, opens_group=True),
    Action("models.open", PROJECT, "&Models…",
           "What is installed, what fits on this machine, which model does which job; import, verify, remove",
           "Ctrl+Shift+M", "cubes-stacked", opens_group=True),
    Action("preferences.open", PROJECT, "P&references…",
           "Colours, text size, what a message begins with, folders", "Ctrl+,", "gear"),
    Action("window.close", PROJECT, "&Quit",
           "Close the window; everything is stored already", "Ctrl+Q", "right-from-bracket", opens_group=True),

    Action("crystals.import", FILE, "&Import…",
           "Read crystals from files; each becomes a root of the tree", "Ctrl+I", "file-import", When.WRITABLE),
    Action("crystals.import_folder", FILE, "Import a &folder…",
           "Read every crystal of a folder", "Ctrl+Shift+I", "folder-plus", When.WRITABLE),
    Action("crystals.export", FILE, "&Export…",
           "Write the node, the selected nodes or the branch to files", "Ctrl+E", "file-export", When.NODE,
           opens_group=True),
    Action("branch.report", FILE, "&Report of this branch…",
           "Write the rounds from the first wish to this node as HTML or PDF", "Ctrl+R", "file-lines", When.NODE,
           opens_group=True),
    Action("bundle.save", FILE, "&Save bundle…",
           "Pack the whole project into one zip file", "", "box-archive", opens_group=True),
    Action("bundle.open", FILE, "&Open or merge bundle…",
           "Add what is new in a bundle to this project, or make a project of it", "", "box-open"),

    Action("history.undo", EDIT, "&Undo",
           "Take back the newest change of the project; nothing is lost", "Ctrl+Z", "rotate-left", When.UNDOABLE),
    Action("history.redo", EDIT, "&Redo",
           "Do what was taken back last again", "Ctrl+Shift+Z", "rotate-right", When.REDOABLE),
    Action("crystals.copy_cif", EDIT, "&Copy CIF",
           "Copy the crystal of the node that is shown as a CIF", "Ctrl+Shift+C", "copy", When.NODE,
           opens_group=True),
    Action("node.provenance", EDIT, "Copy pro&venance",
           "Copy everything that made the node that is shown, as JSON", "", "fingerprint", When.NODE),
    Action("crystals.paste", EDIT, "&Paste crystal",
           "Import the CIF, POSCAR, extended XYZ or JSON that was copied", "Ctrl+V", "paste", When.WRITABLE),
    Action("node.hide", EDIT, "&Hide this branch…",
           "Leave the node that is shown, and all below it, out of the tree", "Delete", "eye-slash", When.MARKABLE,
           opens_group=True),

    Action("wish.new", DESIGN, "&New wish",
           "Begin a new branch: the next message answers no node", "Ctrl+N", "plus", on_toolbar=True),
    Action("chat.focus", DESIGN, "&Write a message",
           "Put the cursor into the message box", "Ctrl+L", "pen"),
    Action("job.stop", DESIGN, "&Stop",
           "Stop the newest job; nothing of it is kept", "Ctrl+.", "stop", When.RUNNING, on_toolbar=True),
    Action("node.parent", DESIGN, "Go to the &parent",
           "Show the node that this one answers", "Alt+Up", "arrow-up", When.PARENT, on_toolbar=True, opens_group=True),
    Action("node.child", DESIGN, "Go to the newest &answer",
           "Show the newest node that answers this one", "Alt+Down", "arrow-down", When.NODE, on_toolbar=True),
    Action("node.previous", DESIGN, "Go to the p&revious sibling",
           "Show the node before this one with the same parent", "Alt+Left", "arrow-left", When.NODE, on_toolbar=True),
    Action("node.next", DESIGN, "Go to the ne&xt sibling",
           "Show the node after this one with the same parent", "Alt+Right", "arrow-right", When.NODE, on_toolbar=True),
    Action("node.root", DESIGN, "Go to the &first node",
           "Show the node that this branch began with", "Alt+Home", "angles-up", When.PARENT),
    Action("node.star", DESIGN, "S&tar",
           "Mark as a favourite, or unmark", "Ctrl+D", "star", When.MARKABLE, on_toolbar=True, opens_group=True),
    Action("sheet.new", DESIGN, "C&ontact sheet…",
           "Draw the same message with several strengths and seeds, side by side", "Ctrl+G", "table-cells",
           When.WRITABLE),
    Action("node.replay", DESIGN, "Run a&gain and compare",
           "Run the node that is shown again from what is stored with it; nothing is added", "", "rotate", When.NODE),
    Action("compare.choose", DESIGN, "&Compare with…",
           "Choose a node to see beside this one", "Ctrl+Alt+C", "code-compare", When.NODE, opens_group=True),
    Action("compare.parent", DESIGN, "Co&mpare with the parent",
           "See this node side by side with the one that it answers", "Ctrl+Alt+Up", "", When.PARENT),
    Action("compare.add", DESIGN, "A&dd to the comparison",
           "Take this node into the comparison; the second one opens it", "Ctrl+Alt+A", "", When.NODE),

    Action("style.ball_and_stick", CRYSTAL, "Ba&lls and sticks",
           "Atoms as balls, bonds as sticks", "Ctrl+1", "circle-nodes", When.VIEWER),
    Action("style.space_filling", CRYSTAL, "S&pace filling",
           "Atoms at their full radius", "Ctrl+2", "circle", When.VIEWER),
    Action("style.stick", CRYSTAL, "&Sticks",
           "Bonds alone", "Ctrl+3", "grip-lines", When.VIEWER),
    Action("style.polyhedra", CRYSTAL, "P&olyhedra",
           "Coordination polyhedra", "Ctrl+4", "cubes", When.VIEWER),
    Action("camera.a", CRYSTAL, "View along &a",
           "Look along the lattice vector a", "Ctrl+Alt+1", "", When.VIEWER, opens_group=True),
    Action("camera.b", CRYSTAL, "View along &b",
           "Look along the lattice vector b", "Ctrl+Alt+2", "", When.VIEWER),
    Action("camera.c", CRYSTAL, "View along &c",
           "Look along the lattice vector c", "Ctrl+Alt+3", "", When.VIEWER),
    Action("camera.a*", CRYSTAL, "View along a*",
           "Look along the reciprocal vector a*", "Ctrl+Alt+4", "", When.VIEWER),
    Action("camera.b*", CRYSTAL, "View along b*",
           "Look along the reciprocal vector b*", "Ctrl+Alt+5", "", When.VIEWER),
    Action("camera.c*", CRYSTAL, "View along c*",
           "Look along the reciprocal vector c*", "Ctrl+Alt+6", "", When.VIEWER),
    Action("camera.reset", CRYSTAL, "&Whole crystal",
           "Turn and zoom so that the whole crystal is seen", "Ctrl+0", "expand", When.VIEWER, on_toolbar=True),

    Action("panel.tree", VIEW, "&History", "Go to the tree of nodes", "Alt+1"),
    Action("panel.queue", VIEW, "&Queue", "Go to the jobs that run and wait", "Alt+2"),
    Action("panel.chat", VIEW, "&Chat", "Go to the chat", "Alt+3"),
    Action("panel.pivot", VIEW, "Pi&vot", "Go to the text that conditioned the sampler", "Alt+4"),
    Action("panel.candidates", VIEW, "C&andidates", "Go to the crystals that were drawn for this node", "Alt+5"),
    Action("panel.sheet", VIEW, "Contact sheet", "Go to the grid of strengths and seeds"),
    Action("panel.validity", VIEW, "Chec&ks", "Go to the validity checks", "Alt+6"),
    Action("panel.gap", VIEW, "Band &gap", "Go to the predicted band gap", "Alt+7"),
    Action("panel.stability", VIEW, "&Stability", "Go to the predicted stability", "Alt+8"),
    Action("panel.details", VIEW, "De&tails", "Go to what is needed to make the node again", "Alt+9"),
    Action("panel.symmetry", VIEW, "S&ymmetry", "Go to the symmetry of the crystal", "Alt+0"),
    Action("panel.sites", VIEW, "At&oms", "Go to the table of atoms"),
    Action("panel.measurements", VIEW, "&Measure", "Go to distances and angles"),
    Action("panel.powder", VIEW, "Po&wder", "Go to the simulated powder pattern"),
    Action("panel.changes", VIEW, "Cha&nges", "Go to what differs from the parent"),
    Action("panel.branch", VIEW, "&Branch", "Go to the branch as a table and plots, and to all nodes as points"),
    Action("panel.log", VIEW, "&Log", "Go to what the program has noted"),
    Action("text.larger", VIEW, "La&rger text",
           "Make the text of the window larger", "Ctrl++", "magnifying-glass-plus", opens_group=True),
    Action("text.smaller", VIEW, "Smaller t&ext",
           "Make the text of the window smaller", "Ctrl+-", "magnifying-glass-minus"),
    Action("theme.toggle", VIEW, "Light or &dark",
           "Change between light and dark colours", "Ctrl+Shift+D", "circle-half-stroke", on_toolbar=True),
    Action("layout.reset", VIEW, "Reset layo&ut",
           "Put every panel back where it was at first", "", "table-columns", opens_group=True),

    Action("palette.open", HELP, "&Find an action or node…",
           "Type a part of what you want to do, or of a node", "Ctrl+Shift+P", "magnifying-glass", on_toolbar=True),
    Action("shortcuts.show", HELP, "&Keys",
           "All keys on one sheet", "F1", "keyboard"),
    Action("doctor.open", HELP, "&Doctor…",
           "What this machine has and lacks, each finding with its remedy, and a self-test", "", "stethoscope",
           opens_group=True),
    Action("diagnostics.copy", HELP, "&Copy diagnostics",
           "Versions, folders and models to the clipboard; nothing of your project", "", "copy"),
    Action("about.show", HELP, "&About Crystal Studio",
           "Version and licence", "", "circle-info", opens_group=True),
)
# fmt: on
