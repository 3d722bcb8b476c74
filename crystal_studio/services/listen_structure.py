"""Structure heard in a message: prototype, dimensionality and number of atoms, with symmetry and stoichiometry."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.domain.pivot_grammar_words import NUMBERS
from crystal_studio.services.listen_denial import denied_spans, is_denied
from crystal_studio.services.listen_dimensionality import dimensionality_in
from crystal_studio.services.listen_elements import blanked
from crystal_studio.services.listen_stoichiometry import Stoichiometry, stoichiometry_in
from crystal_studio.services.listen_symmetry import Symmetry, symmetry_in
from crystal_studio.services.listen_words import PROTOTYPES, RARE_PROTOTYPES

_MAX_ATOMS = re.compile(
    r"\b(?:at most|no more than|not more than|up to|fewer than|less than|under|below|maximum(?: of)?|max\.?(?: of)?|"
    r"a limit of|within)\s+([a-z]+(?:-[a-z]+)?|\d{1,4})\s+(?:atoms?|sites?)\b|(?:<=|≤)\s*(\d{1,4})\s+(?:atoms?|"
    r"sites?)",
    re.IGNORECASE,
)
# Structure types of most of which the cells are larger than the models', and which Robocrystallographer does not name.
_UNNAMED = re.compile(
    r"\b(?P<name>garnet|olivine|apatite|pyrochlore|scheelite|monazite|sodalite|hollandite|brownmillerite|langbeinite|"
    r"zeolite|nasicon|argyrodite|melilite|K2NiF4|ThCr2Si2|A15|Ruddlesden[-–]Popper)s?\b",
    re.IGNORECASE,
)
NOT_HELD = "structure: this type is not known here, so it is not held"
_AFTER_ALL = re.compile(
    r"\b(?:about|try|show me|give me|prefer|want|like|need|into|to|adopt\w*|keep\w*|retain\w*|remain\w*|stay\w*) "
    r"(?:the|its) (?:\w+ )?$",
    re.IGNORECASE,
)
_VARIANTS = {"double perovskite": (1, 1, 2, 6), "vacancy ordered double perovskite": (1, 2, 6)}
_ARRANGEMENT = re.compile(
    r"^[\w -]*(?: |-)(?:structure|type|lattice|polymorph|form|phase|variant|arrangement|"
    r"modification|one)\b",
    re.IGNORECASE,
)


_RARE = re.compile(
    r"\b(?:structured? (?:like|as|of)|isostructural (?:to|with)|of the|with the|in the|adopt\w* the|as|a|an|the) "
    rf"(?:the |an? )?(?P<name>{'|'.join(RARE_PROTOTYPES)})[- ](?:structured?|type|prototype|form)\b"
    rf"|\b(?:structured? (?:like|as)|isostructural (?:to|with)) (?:the |an? )?(?P<like>{'|'.join(RARE_PROTOTYPES)})\b"
    rf"|(?<=[,(] )(?P<apposed>{'|'.join(RARE_PROTOTYPES)})[- ](?:structured|type)\b",
    re.IGNORECASE,
)


@dataclass
class Structure:
    """What was heard on the structure, with the words."""

    symmetry: Symmetry = field(default_factory=Symmetry)
    stoichiometry: Stoichiometry = field(default_factory=Stoichiometry)
    dimensionality: int | None = None
    prototype: str | None = None
    prototype_amounts: tuple[int, ...] = ()
    max_atoms: int | None = None
    heard: list[str] = field(default_factory=list)

    @property
    def amounts(self) -> tuple[int, ...]:
        """Amounts that the words fix beyond those usual for the prototype: those of a double perovskite."""
        return self.prototype_amounts if self.prototype_amounts in _VARIANTS.values() else ()


def structure_in(text: str, parent_space_group: int | None, has_parent: bool = False) -> tuple[Structure, str]:
    """The structure asked for, and the text without the words that could be heard as elements.

    Args:
        parent_space_group: number, kept when the message says so.
        has_parent: whether "the perovskite" may be the crystal that the message is about.

    Raises:
        UserCorrectable: an unknown space group, or limits that contradict each other.
    """
    found = Structure()
    text = _rare_prototype(text, found)
    found.symmetry, text = symmetry_in(text, parent_space_group)
    text = _prototype(text, found, denied_spans(text), has_parent)
    if (unnamed := _UNNAMED.search(text)) and not is_denied(*unnamed.span(), text, denied_spans(text)):
        found.heard.append(f"{unnamed['name'].lower()} {NOT_HELD}")
    found.dimensionality = dimensionality_in(text, has_parent)
    if found.dimensionality is not None:
        found.heard.append(f"{found.dimensionality}-dimensional")
    found.stoichiometry, text = stoichiometry_in(text)
    _max_atoms(text, found)
    found.heard += (*found.symmetry.heard, *found.stoichiometry.heard)
    return found, text


def _rare_prototype(text: str, found: Structure) -> str:
    """A prototype that is named after a compound or seldom met counts only in the words of a structure."""
    match = _RARE.search(text)
    if match is None or is_denied(match.start(), match.end(), text, denied_spans(text)):
        return text
    group = match.lastgroup or "name"
    found.prototype = re.sub(r"[- ]+", " ", match[group].lower())
    found.heard.append(f"{found.prototype} structure")
    return blanked(text, match.start(group), match.end())


def _prototype(text: str, found: Structure, spans: list[tuple[int, int]], has_parent: bool) -> str:
    for pattern, name, amounts in PROTOTYPES:
        match = re.search(rf"(?<![\w])(?:{pattern})\b", text, re.IGNORECASE)
        if match is None or is_denied(match.start(), match.end(), text, spans):
            continue
        is_subject = re.search(r"\b(?:the|this|its|your) (?:(?!same )\w+ )?$", text[: match.start()], re.IGNORECASE)
        if (
            has_parent
            and is_subject
            and not _AFTER_ALL.search(text, 0, match.start())
            and not _ARRANGEMENT.search(text[match.start() : match.end() + len(" arrangement")])
        ):
            continue
        if found.prototype and name != found.prototype:
            raise UserCorrectable(
                f"'{found.prototype}' and '{name}' are different structures. Name the one that you want."
            )
        is_variant = re.search(
            r"\b(?:layered|(?:vacancy[- ]ordered )?double)[- ]$", text[: match.start()], re.IGNORECASE
        )
        variant = is_variant[0].lower().rstrip(" -").replace("-", " ") if is_variant else ""
        found.prototype = name
        found.prototype_amounts = _VARIANTS.get(f"{variant} {name}", ()) if variant else amounts
        found.heard.append(f"{name} structure")
        text = blanked(text, match.start() - (len(is_variant[0]) if is_variant else 0), match.end())
    return text


def _max_atoms(text: str, found: Structure) -> None:
    if match := _MAX_ATOMS.search(text):
        word = match[1] or match[2]
        limit = int(word) if word.isdigit() else NUMBERS.get(word.lower())
        if limit is not None:
            is_strict = re.match(r"fewer|less|under|below", match[0], re.IGNORECASE)
            found.max_atoms = max(1, limit - bool(is_strict))
            found.heard.append(f"at most {found.max_atoms} atoms")
