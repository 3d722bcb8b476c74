"""`@ab12cd34` in a message: which node is meant."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.domain.mark import Mark
from crystal_studio.domain.outline import NodeOutline

ID_LENGTH = 8
_MENTION = re.compile(r"(?<![\w@])@([0-9a-f]{4,32})\b")
_BEGUN = re.compile(r"(?:^|(?<=\s))@(\S{0,40})$")


def begun_mention(before_cursor: str) -> str | None:
    """What was typed after an `@` that stands directly before the cursor; None where there is none."""
    found = _BEGUN.search(before_cursor[-200:])
    return found[1] if found else None


def suggestions(
    typed: str, outlines: Sequence[NodeOutline], mark_of: Callable[[str], Mark], most: int = 8
) -> list[NodeOutline]:
    """Nodes whose formula, id or name begins with (then: contains) what was typed, newest first."""
    wanted = typed.lower()

    def keys(outline: NodeOutline) -> tuple[str, ...]:
        return outline.formula.lower(), outline.id, mark_of(outline.id).name.lower()

    newest = list(reversed(outlines))
    first = [one for one in newest if any(key.startswith(wanted) for key in keys(one))]
    chosen = {one.id for one in first}
    also = [one for one in newest if one.id not in chosen and any(wanted in key for key in keys(one) if key)]
    return [*first, *also][:most]


def resolved(text: str, outlines: Sequence[NodeOutline]) -> tuple[str, str | None]:
    """The message as it is sent, and the id of the node that it mentions first.

    A mention at either end only says what is answered and is taken out; within a sentence it becomes the formula.

    Raises:
        UserCorrectable: a mention that fits no node, or several.
    """
    named = [_node(found[1], outlines) for found in _MENTION.finditer(text)]
    if not named:
        return text.strip(), None
    pieces = _MENTION.split(text)
    words = pieces[::2]
    sent = words[0]
    for index, (node, after) in enumerate(zip(named, words[1:], strict=True)):
        is_outside = not sent.strip() or not "".join(words[index + 1 :]).strip()
        sent += after if is_outside else node.formula + after
    return sent.strip(" \n\t,:"), named[0].id


def _node(prefix: str, outlines: Sequence[NodeOutline]) -> NodeOutline:
    found = [one for one in outlines if one.id.startswith(prefix)]
    if len(found) != 1:
        many = "Several nodes begin" if found else "No node of this project begins"
        raise UserCorrectable(f"{many} with @{prefix}. Type @ and choose one from the list.")
    return found[0]
