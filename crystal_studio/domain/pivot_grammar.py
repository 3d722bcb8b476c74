"""The pivot grammar: reads Robocrystallographer's texts, and writes them.

    pivot      = headline [components] {sentence}
    headline   = formula ["is" prototype "structured and"] "crystallizes in the" system symbol "space group."
    components = "The structure is two-dimensional and consists of" ... "."
    sentence   = sites of one element | bonding of a site | bond lengths | tilt angles

Every sentence becomes data that writes itself back word for word; the misprints of robocrys 0.2.13 under NumPy 2 and
inflect 7 (`mend_misprints`) are read and not written.
"""

from __future__ import annotations

import re
from dataclasses import replace

from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.domain.pivot import BondLengths, LocalEnvironment, Pivot
from crystal_studio.domain.pivot_grammar_formula import read_formula
from crystal_studio.domain.pivot_grammar_reading import (
    COMPONENT_SHAPE,
    PivotSyntaxError,
    read_sentence,
)
from crystal_studio.domain.pivot_grammar_sentences import (
    Lengths,
    Sentence,
    Site,
    SiteCount,
    element_of,
    sentence_of_lengths,
    site_of,
)
from crystal_studio.domain.pivot_grammar_words import number_word
from crystal_studio.domain.symmetry import SpaceGroup

__all__ = ["PivotSyntaxError", "headline", "mend_misprints", "parse_pivot", "write_pivot"]

_NUMPY_INTEGER = re.compile(r"np\.int64\((-?\d+)\)")
_DOUBLED = re.compile(r" (an?) (corner|edge|face)\2\b")
_SENTENCE_END = re.compile(r"(?<=\.) (?=[A-Z])")
_HEADLINE = re.compile(
    r"(?P<formula>\S+) (?:is (?P<prototype>.+?)(?:-(?P<relation>derived|like))? structured(?= and |\.))?(?: and )?"
    r"(?:crystallizes in (?:the (?P<system>[a-z]+) (?P<symbol>\S+)|(?P<unknown>an unknown)) space group)?\."
)
_DIRECTION = r"\(-?\d+, -?\d+, -?\d+\)"
_JOINT = "(?:[,;] and | and |[,;] )"
_ORIENTED = rf" oriented in the {_DIRECTION}(?:{_JOINT}{_DIRECTION})* directions?"
_GROUP = rf"[a-z-]+ \S+ {COMPONENT_SHAPE}(?:{_ORIENTED})?"
_COMPONENTS = re.compile(
    r"The structure (?:is (?P<dimension>zero|one|two|three)-dimensional and )?consists of "
    rf"(?P<groups>{_GROUP}(?:(?:{_JOINT}| inside ){_GROUP})*)\."
)
_FORMULA_AND_SHAPE = re.compile(rf"[a-z-]+ (\S+) ({COMPONENT_SHAPE[:-1]})\b)(?= oriented|,|;| and| inside|$)")
_DIMENSIONS = {"zero": 0, "one": 1, "two": 2, "three": 3, None: 3}
_SHAPE_DIMENSION = {"sheet": 2, "ribbon": 1, "cluster": 0, "atom": 0, "molecule": 0, "framework": 3}
_HEADLINE_EXPECTED = (
    "a first sentence such as "
    "'SrTiO3 is (Cubic) Perovskite structured and crystallizes in the cubic Pm-3m space group.'"
)


def mend_misprints(text: str) -> str:
    """The text without the known misprints of robocrys: NumPy integers, doubled words, doubled or lost words."""
    text = _NUMPY_INTEGER.sub(r"\1", text.strip()).replace("geometry to  atoms", "geometry to no atoms")
    return _DOUBLED.sub(r" \1 \2", re.sub(" {2,}", " ", text))


def headline(
    formula: str, space_group: SpaceGroup | int | None, prototype: str | None = None, relation: str = "structured"
) -> str:
    """The first sentence, with the formula as given.

    Args:
        space_group: None leaves it open.
        relation: "structured", "derived" or "like"; see `Pivot`.
    """
    group = SpaceGroup(space_group) if isinstance(space_group, int) else space_group
    suffix = "" if relation == "structured" else f"-{relation}"
    kind = f" is {prototype}{suffix} structured" if prototype else ""
    if group is None:
        return f"{formula}{kind}." if kind else f"{formula} crystallizes in an unknown space group."
    joint = " and" if kind else ""
    return f"{formula}{kind}{joint} crystallizes in the {group.crystal_system} {group.symbol} space group."


def write_pivot(pivot: Pivot) -> str:
    """The text of a pivot: headline, components, sentences."""
    lines = [headline(pivot.formula, pivot.space_group, pivot.prototype, pivot.relation or "structured")]
    if pivot.components:
        lines.append(_write_components(pivot.dimensionality, pivot.components))
    body = pivot.sentences or stated_sentences(pivot)
    return " ".join([*lines, *(sentence.write() for sentence in body), *pivot.unread])


def stated_sentences(pivot: Pivot) -> tuple[Sentence, ...]:
    """Sentences for the environments and bond lengths of a pivot that was not read from a text."""
    sites = tuple(site_of(environment) for environment in pivot.environments)
    return sites + tuple(sentence_of_lengths(lengths) for lengths in pivot.bond_lengths)


def parse_pivot(text: str, strict: bool = True) -> Pivot:
    """Read a description.

    Args:
        text: one line or several; the known misprints are mended.
        strict: refuse a sentence that cannot be read; else it is kept in `Pivot.unread`. A headline is always needed,
            and an element foreign to the formula always refused.

    Raises:
        PivotSyntaxError: names the sentence and what was expected there.
    """
    first, *rest = _SENTENCE_END.split(mend_misprints(" ".join(text.split("\n"))))
    pivot = _read_headline(first)
    if rest and rest[0].startswith("The structure "):
        pivot = _read_components(pivot, rest.pop(0))
    return _with_body(pivot, rest, strict)


def _read_headline(sentence: str) -> Pivot:
    found = _HEADLINE.fullmatch(sentence)
    if found is None or not (found["prototype"] or found["symbol"] or found["unknown"]):
        raise PivotSyntaxError(sentence, _HEADLINE_EXPECTED)
    try:
        read_formula(found["formula"])
        group = SpaceGroup.from_symbol(found["symbol"]) if found["symbol"] else None
    except UserCorrectable as error:
        raise PivotSyntaxError(sentence, f"a real formula and space group ({error})") from error
    if group and found["system"] != group.crystal_system:
        article = "an" if group.crystal_system[0] == "o" else "a"
        raise PivotSyntaxError(sentence, f"{article} {group.crystal_system} system, which {group.symbol} belongs to")
    relation = (found["relation"] or "structured") if found["prototype"] else None
    return Pivot(found["formula"], group, found["prototype"], relation)


def _read_components(pivot: Pivot, sentence: str) -> Pivot:
    found = _COMPONENTS.fullmatch(sentence)
    if found is None:
        raise PivotSyntaxError(
            sentence,
            "such as 'The structure is two-dimensional and consists of two GaTe sheets oriented in the (0, 0, 1) "
            "direction.'",
        )
    dimensionality, groups = _DIMENSIONS[found["dimension"]], found["groups"]
    named = _FORMULA_AND_SHAPE.findall(groups)
    highest = max((_SHAPE_DIMENSION[shape.rstrip("s")] for _, shape in named), default=dimensionality)
    if highest != dimensionality:
        raise PivotSyntaxError(sentence, f"{number_word(highest)}-dimensional, which its components are")
    return replace(pivot, dimensionality=dimensionality, components=groups)


def _write_components(dimensionality: int | None, components: str) -> str:
    is_layered = dimensionality is not None and dimensionality < 3
    kind = f"is {number_word(dimensionality or 0)}-dimensional and " if is_layered else ""
    return f"The structure {kind}consists of {components}."


def _with_body(pivot: Pivot, body: list[str], strict: bool) -> Pivot:
    elements = frozenset(pivot.composition.elements)
    sentences: list[Sentence] = []
    unread: list[str] = []
    for text in body:
        try:
            sentence = read_sentence(text)
        except PivotSyntaxError:
            if strict:
                raise
            unread.append(text)
            continue
        _check_elements(sentence, elements, text, pivot.formula)
        sentences.append(sentence)
    return replace(
        pivot,
        environments=tuple(environment_of(each) for each in sentences if isinstance(each, Site)),
        bond_lengths=tuple(lengths_of(each) for each in sentences if isinstance(each, Lengths)),
        sentences=tuple(sentences),
        unread=tuple(unread),
    )


def _check_elements(sentence: Sentence, elements: frozenset[str], text: str, formula: str) -> None:
    strange = elements_of(sentence) - elements
    if strange:
        raise PivotSyntaxError(text, f"only elements of {formula}, not {', '.join(sorted(strange))}")


def elements_of(sentence: Sentence) -> set[str]:
    """Elements that a sentence names."""
    if isinstance(sentence, SiteCount):
        return {sentence.element}
    if isinstance(sentence, Lengths):
        return {element_of(sentence.first), element_of(sentence.second)}
    if isinstance(sentence, Site):
        shared = sentence.polyhedron.shared if sentence.polyhedron else ()
        named = [sentence.label, *(each.label for each in sentence.neighbours), *(each.label for each in shared)]
        return {element_of(label) for label in named}
    return set()


def environment_of(site: Site) -> LocalEnvironment:
    """The local environment that a sentence states."""
    polyhedron = site.polyhedron
    if polyhedron is None:
        return LocalEnvironment(site.label, site.geometry, None, None, (), site.neighbours)
    connectivity = polyhedron.connectivity
    return LocalEnvironment(site.label, None, polyhedron.formula, polyhedron.shape, connectivity, site.neighbours)


def lengths_of(lengths: Lengths) -> BondLengths:
    """The bond lengths that a sentence states."""
    return BondLengths(lengths.first, lengths.second, lengths.shortest_angstrom, lengths.longest_angstrom)
