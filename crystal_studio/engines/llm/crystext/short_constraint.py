"""Constrained decoding of short CIF: only whole crystals of the asked composition and space group can be written.

A grammar of the whole text would have to count atoms. So the text is matched line by line: `SitePlan` says which sites
may come next, and a small regular expression lets exactly these lines be written. `ShortCifMatcher` has the methods of
llguidance's matcher that the token loop uses, and holds one of those for the line under way.
"""

from __future__ import annotations

import copy
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import Any

from crystal_studio.domain.symmetry import SpaceGroup
from crystal_studio.engines.chem.short_cif import FRACTION_DECIMALS, cell_fields
from crystal_studio.engines.llm.crystext.site_plan import Site, SitePlan
from crystal_studio.engines.llm.decoding import Grammar
from crystal_studio.ports.crystal_writer import CrystalTask

_LENGTH = r"[1-9][0-9]?\.[0-9][0-9]"
_ANGLE = r"([2-9][0-9]|1[0-6][0-9])\.[0-9]"  # flatter cells have no volume to speak of
_REDUCED_ANGLE = r"(59|[6-9][0-9]|1[01][0-9]|12[01])\.[0-9]"  # of a triclinic cell, which is the Niggli cell
_COORDINATE = r" \." + "[0-9]" * FRACTION_DECIMALS
_MOST_KNOWN = 1000


class LineGrammars:
    """Compiled lines over one tokenizer; those used last are kept.

    Args:
        vocabulary: llguidance's view of the tokenizer.
    """

    def __init__(self, vocabulary: Any) -> None:
        self._vocabulary = vocabulary
        self._known: OrderedDict[str, Grammar] = OrderedDict()

    def matcher(self, expression: str) -> Any:
        """A fresh matcher of a regular expression that is likely to be asked for again."""
        if expression not in self._known:
            self._known[expression] = self._compiled(expression)
        self._known.move_to_end(expression)
        while len(self._known) > _MOST_KNOWN:
            self._known.popitem(last=False)
        return self._known[expression].matcher()

    def matcher_for_once(self, expression: str) -> Any:
        """A matcher of a regular expression that will hardly be asked for again."""
        return self._compiled(expression).matcher()

    def text(self, tokens: Sequence[int]) -> str:
        """What tokens say."""
        return str(self._vocabulary.decode_str(list(tokens)))

    def _compiled(self, expression: str) -> Grammar:
        return Grammar(self._vocabulary, f"start: /{expression}/")


class ShortCifGrammar:
    """The texts that answer one task, whose sites are planned."""

    def __init__(self, grammars: LineGrammars, task: CrystalTask, plan: SitePlan) -> None:
        self._start = ShortCifMatcher(grammars, task, plan)

    def matcher(self) -> ShortCifMatcher:
        """A fresh matcher at the start of the text."""
        return self._start.deep_copy()


class ShortCifMatcher:
    """Matches one text, token by token; no token reaches over the end of a site."""

    def __init__(self, grammars: LineGrammars, task: CrystalTask, plan: SitePlan) -> None:
        self._grammars = grammars
        self._plan = plan
        self._elements = task.composition.reduced.elements
        self._written = self._plan.start
        self._sites = self._plan.next_sites(self._written)
        begun = rf"{task.space_group}\n{_cell(task.space_group)}\n{self._expression({})}"
        self._line = grammars.matcher(begun)
        self._tokens: tuple[int, ...] = ()  # of the line under way
        self._stopped = False

    def compute_bitmask(self) -> bytes:
        """The tokens that may come next, a bit each."""
        return bytes(self._line.compute_bitmask())

    def compute_ff_tokens(self) -> list[int]:
        """The tokens that must come next; empty where there is a choice."""
        return list(self._line.compute_ff_tokens())

    def is_stopped(self) -> bool:
        """Whether nothing can follow."""
        return self._stopped

    def consume_token(self, token: int) -> bool:
        """Go on by a token; False where it is not allowed."""
        taken = bool(self._line.consume_token(token))
        self._tokens += (token,)
        if self._line.is_error():
            self._stopped = True
        elif self._line.is_stopped():
            self._begin_line()
        return taken

    def deep_copy(self) -> ShortCifMatcher:
        """A matcher at the same place that goes its own way."""
        twin = copy.copy(self)
        twin._line = self._line.deep_copy()
        return twin

    def _begin_line(self) -> None:
        """Read the site that is finished, and allow what may follow it."""
        label, coordinates = self._finished_site()
        site = next(one for one in self._sites if self._label(one) == label)
        self._written = self._plan.after(self._written, site)
        self._sites, self._tokens = self._plan.next_sites(self._written), ()
        self._stopped = not self._sites
        if self._sites:
            self._line = self._matcher_behind(site, coordinates)

    def _matcher_behind(self, site: Site, coordinates: str) -> Any:
        """A matcher of the line behind a site, or of none where the text may end."""
        line = rf"\n{self._expression({site: coordinates})}"
        expression = f"({line})?" if self._plan.may_end(self._written) else line
        goes_on = coordinates and site in self._sites
        return self._grammars.matcher_for_once(expression) if goes_on else self._grammars.matcher(expression)

    def _finished_site(self) -> tuple[str, str]:
        """Element and position of the last site, and the digits of its coordinates."""
        words = self._grammars.text(self._tokens).rpartition("\n")[2].split(" ")
        return " ".join(words[:2]), "".join(words[2:]).replace(".", "")

    def _label(self, site: Site) -> str:
        choice = self._plan.choices[site.choice]
        return f"{self._elements[site.element]} {choice.multiplicity}{choice.letter}"

    def _expression(self, last: Mapping[Site, str]) -> str:
        """The sites that may be written, as one expression; `last` has the digits that a site must exceed."""
        return "(" + "|".join(self._label(site) + self._coordinates(site, last.get(site)) for site in self._sites) + ")"

    def _coordinates(self, site: Site, last: str | None) -> str:
        number = self._plan.choices[site.choice].num_free
        return _beyond(last) if last else _COORDINATE * number


def _cell(space_group: int) -> str:
    """The line of the cell, as an expression."""
    angle = _REDUCED_ANGLE if SpaceGroup(space_group).crystal_system == "triclinic" else _ANGLE
    return " ".join(_LENGTH if field.is_length else angle for field in cell_fields(space_group))


def _beyond(digits: str) -> str:
    """Coordinates that sort after others, given by their digits; the others themselves where there are none beyond.

    The first digit that differs is larger: an alternative for each place of that digit.
    """
    larger = [
        _spelled([*digits[:place], f"[{int(digit) + 1}-9]", *["[0-9]"] * (len(digits) - place - 1)])
        for place, digit in enumerate(digits)
        if digit != "9"
    ]
    return f"({'|'.join(larger)})" if larger else _spelled(list(digits))


def _spelled(digits: Sequence[str]) -> str:
    """Coordinates of so many digits, each an expression."""
    return "".join((r" \." if place % FRACTION_DECIMALS == 0 else "") + digit for place, digit in enumerate(digits))
