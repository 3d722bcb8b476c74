"""Large trees without crystals: what lists and trees need of a store, made up in no time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np

from crystal_studio.domain.crystal import Crystal
from crystal_studio.domain.errors import ProjectUnavailable, UserCorrectable
from crystal_studio.domain.mark import Mark
from crystal_studio.domain.node_query import NodeQuery
from crystal_studio.domain.outline import NodeOutline

ROCK_SALT = Crystal(np.eye(3) * 3.99, ("Na", "Cl"), np.array([[0.0, 0, 0], [0.5, 0.5, 0.5]]))


def outline(name: str, parent: str | None = None, **changes: object) -> NodeOutline:
    """A node in a line; `name` is its id and its message."""
    plain = NodeOutline(
        id=name,
        parent=parent,
        round=1,
        message=name,
        formula="NaCl",
        space_group=225,
        band_gap_ev=5.0,
        e_above_hull_ev=0.01,
        valid=True,
        strength=0.1,
        seed=7,
        start="prototype",
        pivot_source="model",
        language_model="scripted@fake",
        created="2026-01-01T00:00:00+00:00",
    )
    return replace(plain, **changes)


class OutlineStore:
    """Holds outlines and marks; every crystal is rock salt.

    Attributes:
        asked: name of the method -> how many nodes it has given away.
        crystals_read: ids of the nodes whose crystal was asked for.
        is_full: whether storing a mark fails as on a full disk.
    """

    def __init__(self, outlines: Iterable[NodeOutline] = ()) -> None:
        self._outlines: dict[str, NodeOutline] = {}
        self._answers: dict[str | None, list[str]] = {}
        self._marks: dict[str, Mark] = {}
        self.asked: dict[str, int] = {}
        self.crystals_read: list[str] = []
        self.is_full = False
        for one in outlines:
            self.put(one)

    def put(self, added: NodeOutline) -> None:
        """As an engine host that commits a node."""
        self._outlines[added.id] = added
        self._answers.setdefault(added.parent, []).append(added.id)

    def outline(self, node_id: str) -> NodeOutline:
        self._note("outline", 1)
        if node_id not in self._outlines:
            raise UserCorrectable(f"There is no node '{node_id}'.")
        return self._outlines[node_id]

    def outlines(self, node_ids: Sequence[str] | None = None) -> list[NodeOutline]:
        found = [self._outlines[one] for one in (self._outlines if node_ids is None else node_ids)]
        self._note("outlines", len(found))
        return found

    def branch(self, node_id: str) -> list[NodeOutline]:
        way = self.path(node_id, hidden=True)
        self._note("branch", len(way))
        return [self._outlines[one] for one, _ in way]

    def page(self, parent: str | None, offset: int = 0, limit: int = 200, hidden: bool = False) -> list[NodeOutline]:
        found = self._of(parent, hidden)[offset : offset + limit]
        self._note("page", len(found))
        return [self._outlines[one] for one in found]

    def child_counts(self, node_ids: Sequence[str], hidden: bool = False) -> dict[str, int]:
        return {one: len(self._of(one, hidden)) for one in node_ids if self._of(one, hidden)}

    def num_roots(self, hidden: bool = False) -> int:
        return len(self._of(None, hidden))

    def num_nodes(self) -> int:
        return len(self._outlines)

    def newest(self) -> str | None:
        return next((one for one in reversed(self._outlines) if not self._is_hidden(one)), None)

    def lines(self, node_ids: Sequence[str], limit: int = 50, hidden: bool = False) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for node_id in node_ids:
            line: list[str] = []
            while len(line) < limit and (answers := self._of(line[-1] if line else node_id, hidden)):
                line.append(answers[0])
            self._note("lines", len(line))
            if line:
                found[node_id] = line
        return found

    def path(self, node_id: str, hidden: bool = False) -> list[tuple[str, int]]:
        if node_id not in self._outlines:
            raise UserCorrectable(f"There is no node '{node_id}'.")
        found: list[tuple[str, int]] = []
        at: str | None = node_id
        while at is not None:
            above = self._outlines[at].parent
            siblings = self._answers[above]
            if siblings[0] != at:
                siblings = [one for one in siblings if hidden or not self._is_hidden(one) or one == at]
            found.append((at, siblings.index(at)))
            at = above
        return found[::-1]

    def search(self, query: NodeQuery, offset: int = 0, limit: int = 200) -> list[NodeOutline]:
        found = self._found(query)[offset : offset + limit]
        self._note("search", len(found))
        return found

    def count(self, query: NodeQuery) -> int:
        return len(self._found(query))

    def hide(self, node_ids: Sequence[str], is_hidden: bool = True) -> None:
        for one in node_ids:
            self._marks[one] = replace(self._marks.get(one, Mark()), is_hidden=is_hidden)

    def marks(self, node_ids: Sequence[str] | None = None) -> dict[str, Mark]:
        return {one: mark for one, mark in self._marks.items() if node_ids is None or one in node_ids}

    def mark(self, node_id: str, mark: Mark) -> None:
        if self.is_full:
            raise ProjectUnavailable("The disk is full. Free some space and try again.")
        self._marks[node_id] = replace(mark, is_hidden=self._is_hidden(node_id))

    def saved_searches(self) -> dict[str, NodeQuery]:
        return {}

    def crystal(self, node_id: str) -> Crystal:
        self.crystals_read.append(node_id)
        return ROCK_SALT

    def _note(self, method: str, nodes: int) -> None:
        self.asked[method] = self.asked.get(method, 0) + nodes

    def _is_hidden(self, node_id: str) -> bool:
        return self._marks.get(node_id, Mark()).is_hidden

    def _of(self, parent: str | None, hidden: bool) -> list[str]:
        answers = self._answers.get(parent, [])
        if hidden or not any(mark.is_hidden for mark in self._marks.values()):
            return answers
        return [one for one in answers if not self._is_hidden(one)]

    def _found(self, query: NodeQuery) -> list[NodeOutline]:
        found = [one for one in self._outlines.values() if self._meets(one, query)]
        return found[::-1] if query.is_descending else found

    def _meets(self, one: NodeOutline, query: NodeQuery) -> bool:
        mark = self._marks.get(one.id, Mark())
        text = f"{one.formula} {mark.name} {one.message} {mark.note}".casefold()
        return (
            (query.hidden or not mark.is_hidden)
            and (mark.starred or not query.starred_only)
            and all(word in text for word in query.words.casefold().split())
        )
