"""Constrained decoding site by site: only whole crystals of the asked composition and space group can be written.

A grammar of the whole text would have to count atoms. So the text is matched in parts: `SitePlan` says which sites may
come next, and a small regular expression lets exactly their lines be written. `SiteMatcher` has the methods of
llguidance's matcher that the token loop uses, and holds one of those for the part under way.
"""

from __future__ import annotations

import copy
from collections import OrderedDict
from collections.abc import Sequence
from typing import Any, Protocol

from crystal_studio.engines.llm.crystext.site_plan import Site, SitePlan
from crystal_studio.engines.llm.decoding import Grammar

_MOST_KNOWN = 1000


class Form(Protocol):
    """How one task's text is written down, in expressions of llguidance's dialect."""

    @property
    def plan(self) -> SitePlan:
        """Which sites may follow which."""

    @property
    def beginning(self) -> str:
        """Expression of all that comes before the first site, the line's end included."""

    def label(self, site: Site, number: int) -> str:
        """The words that a site begins with, when so many sites are written: letters, digits and spaces.

        None of the sites that may follow has a label that begins another's.
        """

    def numbers(self, site: Site, last: str) -> str:
        """Expression of the numbers behind the label; `last` are those of the site before, where it has this label."""


class LineGrammars:
    """Compiled expressions over one tokenizer; those used last are kept.

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


class SiteGrammar:
    """The texts of one form."""

    def __init__(self, grammars: LineGrammars, form: Form) -> None:
        self._start = SiteMatcher(grammars, form)

    def matcher(self) -> SiteMatcher:
        """A fresh matcher at the start of the text."""
        return self._start.deep_copy()


class SiteMatcher:
    """Matches one text, token by token; no token reaches over the end of a site."""

    def __init__(self, grammars: LineGrammars, form: Form) -> None:
        self._grammars = grammars
        self._form = form
        self._written = form.plan.start
        self._sites = form.plan.next_sites(self._written)
        self._number = 0
        self._line = grammars.matcher(form.beginning + self._expression(None, ""))
        self._tokens: tuple[int, ...] = ()  # of the part under way
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

    def deep_copy(self) -> SiteMatcher:
        """A matcher at the same place that goes its own way."""
        twin = copy.copy(self)
        twin._line = self._line.deep_copy()
        return twin

    def _begin_line(self) -> None:
        """Read the site that is finished, and allow what may follow it."""
        plan, line = self._form.plan, self._grammars.text(self._tokens).rpartition("\n")[2]
        labels = {site: self._form.label(site, self._number) for site in self._sites}
        site = next(one for one, label in labels.items() if line.startswith(label))
        self._written = plan.after(self._written, site)
        self._sites, self._tokens = plan.next_sites(self._written), ()
        self._number += 1
        self._stopped = not self._sites
        if self._sites:
            self._line = self._matcher_behind(site, line.removeprefix(labels[site]))

    def _matcher_behind(self, site: Site, numbers: str) -> Any:
        """A matcher of the line behind a site, or of none where the text may end."""
        line = rf"\n{self._expression(site, numbers)}"
        expression = f"({line})?" if self._form.plan.may_end(self._written) else line
        goes_on = numbers and site in self._sites
        return self._grammars.matcher_for_once(expression) if goes_on else self._grammars.matcher(expression)

    def _expression(self, last: Site | None, numbers: str) -> str:
        """The sites that may be written, as one expression; the last one had these numbers."""
        each = (
            self._form.label(site, self._number) + self._form.numbers(site, numbers if site == last else "")
            for site in self._sites
        )
        return f"({'|'.join(each)})"
