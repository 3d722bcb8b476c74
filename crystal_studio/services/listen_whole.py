"""Feedback read over all of its sentences, where none of them says in known words who takes whose place."""

from __future__ import annotations

import re

from crystal_studio.domain.composition import Composition
from crystal_studio.domain.elements import BY_SYMBOL
from crystal_studio.services.listen_elements import Mention, blanked
from crystal_studio.services.listen_exchange import Exchange, cast_in, is_list, once
from crystal_studio.services.listen_exchange_words import MIXED
from crystal_studio.services.listen_goals import speaks_of_property
from crystal_studio.services.listen_roles import can_replace

_AMOUNT = re.compile(r"\b(?:less|more|fewer) $", re.IGNORECASE)
_EITHER = re.compile(r"\bor\b|/|\beither\b|\bany of\b|\bwhichever\b", re.IGNORECASE)
_BESIDE = re.compile(
    "|".join(
        (
            r"\b(?:both (?!remain|stay|of)|besides?|in addition|additionally|together|alongside|next to|"
            r"sprinkl\w+|too(?=\W*$))\b",
            r"\b(?:must|should|has to|have to|ought to) (?:have|contain|be in)\b",
            r"\bin(?:to)? (?:it|this one)\b(?! (?:place|stead))",
        )
    ),
    re.IGNORECASE,
)
# Why somebody goes, and who is asked for: only both together tell an exchange in which nobody is named to come.
_TROUBLE = re.compile(
    r"\b(?:dear|dearer|cost\w*|pric\w+|expensive|ruinous|toxic\w*|poison\w*|rare(?![- ]earth)|scarce|hard to|"
    r"ca(?:n't|nnot)|nobody|no ?one|problem\w*|trouble\w*|worr\w+|pain|nightmare|killing|kills|hate\w*|"
    r"dislike\w*|los(?:e|ing)|ditch\w*|throw\w*|away|out|gone|gotta|bann?ed|bad|terribl\w+|absorbs?|nasty|"
    r"murder\w*|regulat\w+|licen[cs]\w+|export\w*|supply|supplies|suppliers?|budget|afford\w*|fortune|"
    r"non-starter|no-?go|risk\w*|danger\w*|radioactiv\w*|easily|(?:do|does|did) not|don't|doesn't|never|"
    r"substitut\w+|replac\w+|instead|stand-in|place|stead)\b",
    re.IGNORECASE,
)
_UNWELCOME = re.compile(
    r"\b(?:not|no|none|isn't|aren't|weren't|wasn't|won't|couldn't|without|absent|go|goes|remov\w+|strip\w*|"
    r"eliminat\w+|bother\w*|stink\w*|upset\w*|horrible|awful|annoy\w*|carcinogenic|allerg\w+|too (?:much|"
    r"many|heavy|soft|reactive))\b",
    re.IGNORECASE,
)
_WELCOME = re.compile(
    r"\b(?:like|love|keep\w*|mandatory|essential|important|matters?|stays?|remains?|no way|giv\w+ up|"
    r"makes no sense|hold|must have|needed|a must)\b",
    re.IGNORECASE,
)
# What is wrong then is the structure or a property, and no element has to go for it.
_STRUCTURE = re.compile(
    r"\b(?:layers?|sheets?|chains?|coordinat\w+|octahedr\w+|tetrahedr\w+|polyhedr\w+|tilt\w*|geometr\w+|symmetr\w+|"
    r"cent(?:er|re)\w*|middle|move\w*|shift\w*|modes?|phonons?|angles?|bonds?|bonded|lengths?|closer|apart|strain\w*|"
    r"cubic|tetragonal|orthorhombic|hexagonal|trigonal|monoclinic|triclinic|lattice|cell|sits?|"
    r"gap|densit\w+|vacanc\w+|defects?|mobilit\w+|colou?rs?|conduct\w+|magneti\w+|modulus|hardness|stab\w+)\b",
    re.IGNORECASE,
)
_SOMEBODY = re.compile(
    "|".join(
        (
            r"\b(?:an?|some|any|another|other|the|give|find|choose|pick|take|want|"
            r"need)\b[^.;!?]{0,40}?\b(?:metal|element|ion|cation|anion|species|(?:mono|di|tri|tetra|penta|"
            r"hexa)valent|stand-in|substitute|replacement|alternative|heir|successor|option|one(?= (?:there|"
            r"instead|in its))|drop-in|budget version)\b[^.;!?]*",
            r"\b(?:something|anything)\b[^.;!?]*",
        )
    ),
    re.IGNORECASE,
)


def exchange_of_whole(text: str, parent: Composition) -> tuple[Exchange | None, str]:
    """The exchange that a whole message tells, over its sentences, and the message without the words for it.

    Its words say nothing that a rule knows ("silver, at today's price? Li in its place"), but of the parent's elements
    it names one, and every newcomer could sit where that one sits.
    """
    cast = cast_in(text, parent)
    going = cast.going or cast.families or cast.compounds
    if len(going) != 1 or MIXED.search(text) or _BESIDE.search(text) or is_list(text, cast):
        return None, text
    if any(_AMOUNT.search(text, 0, each.start) for each in cast.mentions):
        return None, text
    (old,) = going
    newcomers = [each for each in cast.mentions if not each.denied and old not in each.symbols[:1]]
    single = [each.symbols[0] for each in newcomers if each.is_plain or _is_salt_of(each, old, parent)]
    plain = once(symbol for symbol in single if symbol not in parent.elements)
    kinds = [
        each for each in newcomers if each.is_family and not {*each.symbols} & {*parent.elements} - {old, *cast.kept}
    ]
    if plain and (len(plain) == 1 or _EITHER.search(text)) and all(can_replace(new, old, parent) for new in plain):
        found = Exchange(old, plain, "", text)
    elif not plain and len(kinds) == 1 and any(can_replace(new, old, parent) for new in kinds[0].symbols if new != old):
        found = Exchange(old, (), f"another {text}", text)
    elif (
        not plain
        and not kinds
        and not _is_about_structure(text)
        and _TROUBLE.search(text)
        and (request := _SOMEBODY.search(text))
    ):
        found = Exchange(old, (), f"another {request[0]}", text)
    else:
        return None, text
    for first, last in cast.spans:
        text = blanked(text, first, last)
    for each in kinds:
        text = blanked(text, each.start, each.end)
    return found, text


def unwelcome_in(text: str, parent: Composition) -> tuple[str, ...]:
    """The parent's element that a message only complains about: "the thallium worries me"."""
    cast = cast_in(text, parent)
    if any(each.denied and each.is_family for each in cast.mentions):
        return ()
    is_about_it = len(cast.going) == 1 and not (cast.coming or cast.kept or cast.families or cast.places)
    if not is_about_it or MIXED.search(text) or _BESIDE.search(text) or _WELCOME.search(text):
        return ()
    if _is_about_structure(text):
        return ()
    return cast.going if _TROUBLE.search(text) or _UNWELCOME.search(text) else ()


def _is_about_structure(text: str) -> bool:
    return speaks_of_property(text) or bool(_STRUCTURE.search(text))


def _is_salt_of(mention: Mention, old: str, parent: Composition) -> bool:
    """Whether "sulfide" could be said for another chalcogen's place, or "molybdate" for that of an oxide's metal."""
    new, *others = mention.symbols
    if mention.is_family or not others:
        return not mention.is_family and BY_SYMBOL[new].group == BY_SYMBOL[old].group
    return old not in others and set(others) <= set(parent.elements)
