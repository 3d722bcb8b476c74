"""Constrained decoding site by site: only whole crystals of the asked composition and space group can be written.

A grammar of the whole text would have to count atoms. So the text is matched in parts: `SitePlan` says which sites may
come next, and a small regular expression lets exactly their lines be written. `SiteMatcher` has the methods of
llguidance's matcher that the token loop uses, and holds one of those for the part under way. A site that puts atoms on
top of each other is taken back and written again, which no mask of single tokens could prevent.
"""

from __future__ import annotations

import copy
from collections import OrderedDict
from collections.abc import Sequence
from typing import Any, Protocol

from crystal_studio.engines.llm.crystext.site_plan import Site, SitePlan
from crystal_studio.engines.llm.decoding import Grammar

_MOST_KNOWN = 1000
_MOST_REDRAWN = 10  # times that one site is taken back; after that it stands, and the whole text is refused


class Form(Protocol):
    """How one task's text is written down, in expressions of llguidance's dialect."""

    @property
    def plan(self) -> SitePlan:
        """Which sites may follow which."""

    @property
    def beginning(self) -> str:
        """Expression of all that comes before the line of the first site; it says itself where it ends."""

    def label(self, site: Site, number: int) -> str:
        """The words that a site begins with, when so many sites are written: letters, digits and spaces.

        None of the sites that may follow has a label that begins another's.
        """

    def numbers(self, site: Site, last: str) -> str:
        """Expression of the numbers behind the label; `last` are those of the site before, where it has this label."""

    def stands(self, text: str) -> bool:
        """Whether the text so far, which ends with a site, can be the beginning of one that is not refused."""


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
    """The texts of one form.

    Args:
        grammars: of the lines.
        form: how the text is written down.
        takes_back: whether a site that cannot stand is written again.
    """

    def __init__(self, grammars: LineGrammars, form: Form, *, takes_back: bool = True) -> None:
        self._start = SiteMatcher(grammars, form, takes_back=takes_back)

    def matcher(self) -> SiteMatcher:
        """A fresh matcher at the start of the text."""
        return self._start.deep_copy()


class SiteMatcher:
    """Matches one text, token by token; no token reaches over the end of a site."""

    def __init__(self, grammars: LineGrammars, form: Form, *, takes_back: bool) -> None:
        self._grammars = grammars
        self._form = form
        self._written = form.plan.start
        self._sites: Sequence[Site] = ()  # those that may come, once the beginning is written
        self._number = 0
        self._most_redrawn = _MOST_REDRAWN if takes_back else 0
        self._stopped = False
        self._num_taken_back = 0
        self._begin("", grammars.matcher(form.beginning))

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
            self._end_part()
        return taken

    def take_back(self) -> int:
        """How many of the last tokens do not count, because the site that they said cannot stand; asked once."""
        count, self._num_taken_back = self._num_taken_back, 0
        return count

    def deep_copy(self) -> SiteMatcher:
        """A matcher at the same place that goes its own way."""
        twin = copy.copy(self)
        twin._line = self._line.deep_copy()
        return twin

    def _begin(self, text: str, line: Any) -> None:
        """Go on with another part behind a text."""
        self._text, self._line, self._fresh_line = text, line, line.deep_copy()
        self._tokens: tuple[int, ...] = ()  # of the part under way
        self._num_redrawn = 0

    def _end_part(self) -> None:
        """Read what is finished: the beginning, or a site."""
        text = self._text + self._grammars.text(self._tokens)
        if not self._sites:
            self._sites = self._form.plan.next_sites(self._written)
            self._begin(text, self._grammars.matcher(self._expression(None, "")))
        elif self._num_redrawn < self._most_redrawn and not self._form.stands(text):
            self._line = self._fresh_line.deep_copy()
            self._num_taken_back, self._tokens = len(self._tokens), ()
            self._num_redrawn += 1
        else:
            self._end_site(text)

    def _end_site(self, text: str) -> None:
        """Allow what may follow the site that the text ends with."""
        plan, line = self._form.plan, text.rpartition("\n")[2]
        labels = {site: self._form.label(site, self._number) for site in self._sites}
        site = next(one for one, label in labels.items() if line.startswith(label))
        self._written = plan.after(self._written, site)
        self._sites = plan.next_sites(self._written)
        self._number += 1
        self._stopped = not self._sites
        if self._sites:
            self._begin(text, self._matcher_behind(site, line.removeprefix(labels[site])))

    def _matcher_behind(self, site: Site, numbers: str) -> Any:
        """A matcher of the line behind a site, or of none where the text may end."""
        line = self._expression(site, numbers)
        expression = f"({line})?" if self._form.plan.may_end(self._written) else line
        goes_on = numbers and site in self._sites
        return self._grammars.matcher_for_once(expression) if goes_on else self._grammars.matcher(expression)

    def _expression(self, last: Site | None, numbers: str) -> str:
        """A new line with one of the sites that may be written; the last one had these numbers."""
        each = (
            self._form.label(site, self._number) + self._form.numbers(site, numbers if site == last else "")
            for site in self._sites
        )
        return rf"\n({'|'.join(each)})"
