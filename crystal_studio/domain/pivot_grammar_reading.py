"""Reading one sentence of a pivot: patterns, and the facts that must agree within the sentence."""

from __future__ import annotations

import re
from collections import Counter

from crystal_studio.domain.composition import Composition
from crystal_studio.domain.elements import BY_SYMBOL
from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.domain.pivot import Neighbours
from crystal_studio.domain.pivot_grammar_sentences import (
    PLURALS,
    SINGULARS,
    Lengths,
    Polyhedron,
    Sentence,
    SharedPolyhedra,
    Site,
    SiteCount,
    Tilt,
    element_of,
)
from crystal_studio.domain.pivot_grammar_words import NUMBERS, ORDINALS


class PivotSyntaxError(UserCorrectable):
    """A sentence that the pivot grammar cannot read, or that contradicts itself."""

    def __init__(self, sentence: str, expected: str) -> None:
        shown = sentence if len(sentence) <= 160 else sentence[:157] + "..."
        super().__init__(f"The description cannot be read at '{shown}': expected {expected}.")
        self.sentence = sentence
        self.expected = expected


_NUMBER = "(?:[a-z-]+|one hundred and [a-z-]+)"
_JOINT = "(?:[,;] and | and |[,;] )"
_LABEL = r"[A-Z][a-z]?(?:\(\d+(?:,\d+)*\))?"
_LIGANDS = r"(?:[A-Z][a-z]?\d*|\((?:[A-Z][a-z]?\d*)+\)\d*)+"
_SHAPE = "|".join(sorted({*PLURALS, *SINGULARS}, key=len, reverse=True))
_GEOMETRY = (
    r"(?:distorted )?(?:\d+-coordinate|single-bond|L-shaped|T-shaped|water-like|bent \d+ degrees|linear|trigonal planar"
    r"|trigonal non-coplanar|square co-planar|tetrahedral|rectangular see-saw-like|see-saw-like|trigonal pyramidal"
    r"|pentagonal planar|square pyramidal|trigonal bipyramidal|hexagonal planar|octahedral|pentagonal pyramidal"
    r"|hexagonal pyramidal|pentagonal bipyramidal|body-centered cubic|hexagonal bipyramidal|cuboctahedral|q\d)"
)
COMPONENT_SHAPE = r"(?:sheets?|ribbons?|clusters?|frameworks?|atoms?|molecules?)"
_COMPONENT = rf"(?:the|each|{_NUMBER} of the) \S+ {COMPONENT_SHAPE}"
_NEIGHBOUR = rf"{_NUMBER} (?:equivalent )?{_LABEL}"
_NEIGHBOURS = rf"(?:{_NEIGHBOUR}(?:{_JOINT}{_NEIGHBOUR})* atoms?|(?:no )?atoms?)"
_SHARES_WITH = "(?:an? (?:corner|edge|face)|(?:corner|edge|face)s) with"
_SHARED = rf"{_SHARES_WITH} {_NUMBER} (?:equivalent )?{_LABEL}{_LIGANDS} (?:{_SHAPE})"
_SHARING = r"(?:corner|edge|face)(?:(?:, (?:corner|edge|face))*,? and (?:corner|edge|face))?"

_SITE = re.compile(
    rf"(?:In (?P<component>{_COMPONENT}), )?(?:In the (?P<ordinal>[a-z-]+) (?P<of>[A-Z][a-z]?) site, )?"
    rf"(?P<label>{_LABEL}) is bonded (?:in an? (?P<geometry>{_GEOMETRY}) geometry )?to (?P<neighbours>{_NEIGHBOURS})"
    rf"(?: to form (?P<mixture>a mixture of )?(?P<distorted>distorted )?(?:(?P<sharing>{_SHARING})-sharing )?"
    rf"(?P<formula>{_LIGANDS}) (?P<shape>{_SHAPE})"
    rf"(?: that share (?P<shared>{_SHARED}(?:{_JOINT}{_SHARED})*))?)?\."
)
_SITE_COUNT = re.compile(
    rf"(?:In (?P<component>{_COMPONENT}), t|T)here are (?P<count>{_NUMBER}) "
    r"inequivalent (?P<element>[A-Z][a-z]?) sites\."
)
_PAIR = rf"(?P<first>{_LABEL})-(?P<second>{_LABEL})"
_ANGSTROM = r"(\d+\.\d\d)"
_SINGLE = re.compile(rf"(?P<form>The|Both|All) {_PAIR} bond (?:length is|lengths are) {_ANGSTROM} Å\.")
_TWO_SETS = re.compile(
    rf"There (?:is|are) (?P<shorter>{_NUMBER}) shorter \({_ANGSTROM} Å\) and (?P<longer>{_NUMBER}) longer "
    rf"\({_ANGSTROM} Å\) {_PAIR} bond lengths?\."
)
_SPREAD = re.compile(rf"There are a spread of {_PAIR} bond distances ranging from {_ANGSTROM}-{_ANGSTROM} Å\.")
_TILT = re.compile(
    r"The corner-sharing octahedra(?: are (?P<none>not) tilted|l tilt angles (?:are (\d+)|range from (\d+)-(\d+))°)\."
)
_EACH_NEIGHBOUR = re.compile(rf"({_NUMBER}) (equivalent )?({_LABEL})")
_EACH_SHARED = re.compile(rf"(corner|edge|face)s? with ({_NUMBER}) (equivalent )?({_LABEL})({_LIGANDS}) ({_SHAPE})")
_KIND = re.compile("corner|edge|face")
_FORMS = {"The": "single", "Both": "both", "All": "all"}
_EXPECTED = (
    "a sentence such as 'Ti(1) is bonded to six equivalent O(1) atoms to form corner-sharing TiO6 octahedra.', "
    "'There are two inequivalent O sites.' or 'All Ti(1)-O(1) bond lengths are 1.95 Å.'"
)


def read_sentence(sentence: str) -> Sentence:
    """One sentence after the headline and the components.

    Raises:
        PivotSyntaxError: no pattern fits, or the sentence contradicts itself.
    """
    try:
        if " is bonded " in sentence:
            return _read_site(sentence)
        if "bond " in sentence:
            return _read_lengths(sentence)
        return _read_tilt(sentence) if sentence.startswith("The corner") else _read_count(sentence)
    except KeyError as error:
        raise PivotSyntaxError(sentence, f"a number in words instead of {error}") from error


def check_element(symbol: str, sentence: str) -> str:
    """The symbol itself, if it is one.

    Raises:
        PivotSyntaxError: there is no such element.
    """
    if symbol not in BY_SYMBOL:
        raise PivotSyntaxError(sentence, f"an element instead of '{symbol}'")
    return symbol


def _matched(pattern: re.Pattern[str], sentence: str) -> re.Match[str]:
    found = pattern.fullmatch(sentence)
    if found is None:
        raise PivotSyntaxError(sentence, _EXPECTED)
    return found


def _read_count(sentence: str) -> SiteCount:
    found = _matched(_SITE_COUNT, sentence)
    return SiteCount(NUMBERS[found["count"]], check_element(found["element"], sentence), found["component"])


def _read_site(sentence: str) -> Site:
    found = _matched(_SITE, sentence)
    element = check_element(element_of(found["label"]), sentence)
    if (found["geometry"] is None) == (found["formula"] is None):
        raise PivotSyntaxError(sentence, "either a geometry or a polyhedron")
    if found["of"] and found["of"] != element:
        raise PivotSyntaxError(sentence, f"a {found['of']} site instead of {found['label']}")
    neighbours = tuple(
        Neighbours(NUMBERS[count], check_label(label, sentence), bool(equivalent) or count == "one")
        for count, equivalent, label in _EACH_NEIGHBOUR.findall(found["neighbours"])
    )
    polyhedron = _read_polyhedron(found) if found["formula"] else None
    if polyhedron:
        _check_polyhedron(element, neighbours, polyhedron, sentence)
    ordinal = ORDINALS[found["ordinal"]] if found["ordinal"] else None
    return Site(found["label"], neighbours, found["geometry"], polyhedron, found["component"], ordinal)


def _read_polyhedron(found: re.Match[str]) -> Polyhedron:
    shape = found["shape"]
    shared = tuple(
        SharedPolyhedra(kind, NUMBERS[count], label, ligands, PLURALS.get(of, of), bool(equivalent) or count == "one")
        for kind, count, equivalent, label, ligands, of in _EACH_SHARED.findall(found["shared"] or "")
    )
    sharing = tuple(_KIND.findall(found["sharing"] or ""))
    return Polyhedron(found["formula"], PLURALS.get(shape, shape), bool(found["distorted"]), sharing, shared)


def check_label(label: str, sentence: str) -> str:
    """The label itself, if its element exists.

    Raises:
        PivotSyntaxError: there is no such element.
    """
    check_element(element_of(label), sentence)
    return label


def _check_polyhedron(element: str, neighbours: tuple[Neighbours, ...], polyhedron: Polyhedron, sentence: str) -> None:
    """The polyhedron's formula is its centre and its neighbours."""
    counted = Counter({element: 1})
    for neighbour in neighbours:
        counted[element_of(neighbour.label)] += neighbour.count
    if not neighbours or Composition.parse(polyhedron.formula) != Composition.from_counts(counted):
        raise PivotSyntaxError(
            sentence, f"a polyhedron of {element} and its neighbours instead of {polyhedron.formula}"
        )
    for shared in polyhedron.shared:
        check_label(shared.label, sentence)


def _read_lengths(sentence: str) -> Lengths:
    if single := _SINGLE.fullmatch(sentence):
        length = float(single[4])
        return _checked(Lengths(single["first"], single["second"], _FORMS[single["form"]], length, length), sentence)
    if spread := _SPREAD.fullmatch(sentence):
        shortest, longest = float(spread[3]), float(spread[4])
        return _checked(Lengths(spread["first"], spread["second"], "spread", shortest, longest), sentence)
    found = _matched(_TWO_SETS, sentence)
    counts = NUMBERS[found["shorter"]], NUMBERS[found["longer"]]
    return _checked(
        Lengths(found["first"], found["second"], "two_sets", float(found[2]), float(found[4]), *counts), sentence
    )


def _checked(lengths: Lengths, sentence: str) -> Lengths:
    check_label(lengths.first, sentence)
    check_label(lengths.second, sentence)
    if not 0.3 <= lengths.shortest_angstrom <= lengths.longest_angstrom <= 10:
        raise PivotSyntaxError(sentence, "bond lengths between 0.3 and 10 Å, the shorter first")
    return lengths


def _read_tilt(sentence: str) -> Tilt:
    found = _matched(_TILT, sentence)
    if found["none"]:
        return Tilt(0, 0)
    smallest, largest = int(found[2] or found[3]), int(found[2] or found[4])
    if not smallest <= largest <= 180:
        raise PivotSyntaxError(sentence, "tilt angles from 0 to 180 degrees, the smaller first")
    return Tilt(smallest, largest)
