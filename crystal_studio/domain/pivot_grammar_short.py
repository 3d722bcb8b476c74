"""The short pivot: the form that a small language model is trained to write."""

from __future__ import annotations

from dataclasses import replace

from crystal_studio.domain.elements import BY_SYMBOL
from crystal_studio.domain.pivot import Pivot
from crystal_studio.domain.pivot_grammar import environment_of, lengths_of, stated_sentences, write_pivot
from crystal_studio.domain.pivot_grammar_sentences import Lengths, Polyhedron, Sentence, Site, element_of

MAX_WORDS = 80
_SHAPE_ORDER = ("octahedra", "tetrahedra")


def short_pivot(pivot: Pivot, max_sentences: int = 5) -> Pivot:
    """The headline, the components and the most telling sentences, in at most about 80 words.

    The polyhedra around cations come first, octahedra and tetrahedra before others, one for each element, each
    followed by its bond lengths; what their polyhedra share is stated as a summary ("a mixture of edge and
    corner-sharing"). The result parses, and `write_pivot` writes it.

    Args:
        max_sentences: with the headline and the components.
    """
    sentences = pivot.sentences or stated_sentences(pivot)
    left = max_sentences - 1 - bool(pivot.components)
    short = replace(pivot, sentences=(), environments=(), bond_lengths=(), unread=())
    chosen: list[Sentence] = []
    for sentence in _telling(sentences):
        longer = _with_sentences(short, [*chosen, sentence])
        if len(chosen) < left and len(write_pivot(longer).split()) <= MAX_WORDS:
            chosen.append(sentence)
    return _with_sentences(short, chosen)


def _with_sentences(pivot: Pivot, sentences: list[Sentence]) -> Pivot:
    return replace(
        pivot,
        sentences=tuple(sentences),
        environments=tuple(environment_of(each) for each in sentences if isinstance(each, Site)),
        bond_lengths=tuple(lengths_of(each) for each in sentences if isinstance(each, Lengths)),
    )


def _telling(sentences: tuple[Sentence, ...]) -> list[Sentence]:
    """One site of each element with its shortest bond lengths, the most telling first."""
    sites = [sentence for sentence in sentences if isinstance(sentence, Site) and sentence.neighbours]
    sites.sort(key=_rank)
    found: list[Sentence] = []
    seen: set[str] = set()
    for site in sites:
        if site.element in seen:
            continue
        seen.add(site.element)
        found.append(_summarised(site))
        found += [each for each in _lengths_around(site, sentences) if each not in found][:1]
    return found


def _rank(site: Site) -> tuple[bool, bool, int, int]:
    shape = site.polyhedron.shape if site.polyhedron else ""
    shape_rank = _SHAPE_ORDER.index(shape) if shape in _SHAPE_ORDER else len(_SHAPE_ORDER)
    count = sum(neighbour.count for neighbour in site.neighbours)
    return (site.polyhedron is None, not _is_cation(site), shape_rank, count)


def _is_cation(site: Site) -> bool:
    own = BY_SYMBOL[site.element].electronegativity or 0.0
    others = [BY_SYMBOL[element_of(each.label)].electronegativity or 0.0 for each in site.neighbours]
    return own < max(others)


def _summarised(site: Site) -> Site:
    polyhedron = site.polyhedron
    if polyhedron and polyhedron.shared:
        sharing = tuple(kind for kind in ("edge", "corner", "face") if kind in polyhedron.connectivity)
        polyhedron = Polyhedron(polyhedron.formula, polyhedron.shape, polyhedron.distorted, sharing)
    return Site(site.label, site.neighbours, site.geometry, polyhedron)


def _lengths_around(site: Site, sentences: tuple[Sentence, ...]) -> list[Lengths]:
    found = [each for each in sentences if isinstance(each, Lengths) and site.label in (each.first, each.second)]
    return sorted(found, key=lambda each: each.shortest_angstrom)
