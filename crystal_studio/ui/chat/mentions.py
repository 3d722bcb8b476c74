"""`@ab12cd34` in a message: which node is meant."""

from __future__ import annotations

import re

from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.domain.node_query import NodeQuery
from crystal_studio.domain.outline import NodeOutline
from crystal_studio.ui.session_state import SessionState

ID_LENGTH = 8
_NEWEST = 100
_HEXADECIMAL = re.compile(r"[0-9a-f]{4,32}")
_MENTION = re.compile(r"(?<![\w@])@([0-9a-f]{4,32})\b")
_BEGUN = re.compile(r"(?:^|(?<=\s))@(\S{0,40})$")


def begun_mention(before_cursor: str) -> str | None:
    """What was typed after an `@` that stands directly before the cursor; None where there is none."""
    found = _BEGUN.search(before_cursor[-200:])
    return found[1] if found else None


def suggestions(typed: str, state: SessionState, most: int = 8) -> list[NodeOutline]:
    """Nodes whose formula, id or name begins with (then: contains) what was typed, then those that tell of it.

    Those of the newest that fit come first; the whole project is searched where they are too few.
    """
    wanted = typed.lower()

    def keys(outline: NodeOutline) -> tuple[str, ...]:
        return outline.formula.lower(), outline.id, state.mark(outline.id).name.lower()

    newest = state.recent(_NEWEST)
    state.read_ahead([one.id for one in newest])
    found = {one.id: one for one in newest if any(key.startswith(wanted) for key in keys(one))}
    found |= {one.id: one for one in newest if any(wanted in key for key in keys(one) if key)}
    if len(found) < most and wanted:
        found |= {one.id: one for one in _elsewhere(wanted, state, most) if one.id not in found}
    return list(found.values())[:most]


def _elsewhere(wanted: str, state: SessionState, most: int) -> list[NodeOutline]:
    found = state.search(NodeQuery(words=wanted, is_descending=True), 0, most)
    if _HEXADECIMAL.fullmatch(wanted):
        try:
            return [state.begun(wanted), *found]
        except UserCorrectable:
            return found  # no id begins so, or several do: the next digit will tell
    return found


def resolved(text: str, state: SessionState) -> tuple[str, str | None]:
    """The message as it is sent, and the id of the node that it mentions first.

    A mention at either end only says what is answered and is taken out; within a sentence it becomes the formula.

    Raises:
        UserCorrectable: a mention that fits no node, or several.
    """
    named = [_node(found[1], state) for found in _MENTION.finditer(text)]
    if not named:
        return text.strip(), None
    pieces = _MENTION.split(text)
    words = pieces[::2]
    sent = words[0]
    for index, (node, after) in enumerate(zip(named, words[1:], strict=True)):
        is_outside = not sent.strip() or not "".join(words[index + 1 :]).strip()
        sent += after if is_outside else node.formula + after
    return sent.strip(" \n\t,:"), named[0].id


def _node(prefix: str, state: SessionState) -> NodeOutline:
    try:
        return state.begun(prefix)
    except UserCorrectable as error:
        raise UserCorrectable(
            f"No node of this project, or more than one, begins with @{prefix}. Type @ and choose one from the list."
        ) from error
