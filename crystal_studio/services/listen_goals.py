"""Goals heard in a message: which quantity, which way, and how far."""

from __future__ import annotations

import re
from dataclasses import dataclass

from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.domain.intent import Direction, Goal, Quantity

# What is called wide begins at 3 eV in experiment. Gaps here are PBE, which reads about 40 % less: 1.8 eV for SrTiO3,
# whose measured gap is 3.25 eV (van Benthem et al., J. Appl. Phys. 90, 6156 (2001)).
WIDE_GAP_EV = 1.8
INSULATOR_EV = 1.8
_NARROW_GAP_EV = 1.0
_SEMICONDUCTOR_EV = (0.5, 4.0)
_VISIBLE_EV = (1.6, 3.1)
_SOLAR_EV = 1.34  # Shockley and Queisser, J. Appl. Phys. 32, 510 (1961)
_LEAST_GAP_EV = 0.1

_UP = (
    r"wid(?:e|er|en|ening)|larger?|big(?:ger)?|high(?:er)?|greater|increas(?:e|ed|ing)|rais(?:e|ed|ing)|boost|"
    r"enlarge|enhanc\w+|"
    r"expand\w*|grow|longer|(?<=too )long|lengthen|stretch(?:ed)?|loosen|open(?: up)?|push up|more|extend|"
    r"elongate\w*|swell|roomier|bump(?:ed)?|lift(?:ed)?|up"
)
_DOWN = (
    r"narrow(?:er|ing)?|smaller|lower(?:ed|ing)?|reduc(?:e|ed|ing)|decreas(?:e|ed|ing)|shrink|clos(?:e|er)|tighten|"
    r"tighter|short(?:er|en)?|less|compress(?:ed)?|contract|diminish|smallish|small|low|shrunk|down"
)
_ENDS_DENIAL = r"(?:and|but|make|formula|composition|chang\w+|touch\w*|alter\w*|compound)\b"
_DIRECTION = re.compile(
    rf"(?P<denied>\b(?:without|don'?t|do not|not|never|no)(?: (?!{_ENDS_DENIAL})\w+){{0,5}}? )?(?P<too>\b(?:too|"
    rf"overly|so) )?"
    rf"\b(?:(?P<up>{_UP})|(?P<down>{_DOWN}))\b",
    re.IGNORECASE,
)
_GAP = re.compile(
    r"\bband[- ]?gaps?\b|\b(?:optical|energy|electronic|forbidden)[- ]gaps?\b|\bgap(?:s|ped)?\b|(?-i:\bE_?g\b)",
    re.IGNORECASE,
)
_UNITS = (
    r"structural units?|building (?:blocks|units)|(?:coordination )?polyhedra|octahedra|tetrahedra|layers?|"
    r"sheets?|slabs?|"
    r"chains?|ribbons?|molecules|clusters|units|neighbou?rs|atoms"
)
_DISTANCE = re.compile(
    r"\b(?:inter[- ]?(?:layer|planar|atomic|molecular|unit|chain|polyhedral)[- ]?(?:distances?|spacings?|"
    r"separations?|gaps?)?"
    r"|(?:van der waals|vdw) (?:gap|spacing)|distances?|spacings?|separations?|bond[- ]?lengths?|bonds?|contacts?|"
    r"(?:more|less) (?:room|space)"
    rf"|(?:gaps?|space|room) between (?:the )?(?:{_UNITS}))\b",
    re.IGNORECASE,
)
_APART = re.compile(
    rf"\b(?:(?:mov|push|pull|spread|set|space|bring|keep|put)\w*|{_UNITS})\b[^.;]*?\b(?:(?P<apart>(?:further |"
    rf"farther )?"
    r"apart|(?:farther|further|away) from (?:each other|one another)|"
    rf"out more)|(?P<closer>closer(?: together)?|nearer))|"
    rf"\b(?P<spread>(?:spread|separate)(?: out)? (?:(?:the )?(?:{_UNITS})|them)|too close together)\b|"
    rf"\b(?P<drawn>(?:pull|draw|push) (?:the )?(?:{_UNITS}) together)\b",
    re.IGNORECASE,
)
_VOLUME = re.compile(
    r"\b(?:cell )?volumes?\b|\b(?:unit )?cells?\b|\blattices?(?: parameters?| constants?)?\b", re.IGNORECASE
)
_DENSITY = re.compile(
    r"\b(?P<up>denser|more (?:tightly|densely|closely)|"
    r"more dense|more compact|(?:tight|clos|dens)er[- ]pack(?:ed|ing)|pack (?:it|them) (?:tight|"
    r"clos)er|heavier|(?:higher|high|greater|"
    r"increas\w+(?: the| its)?|"
    r"rais\w+(?: the| its)?|larger)"
    r"[- ]density)\b|\b(?P<down>less (?:dense|compact)|looser structure|more loosely|"
    r"looser[- ]pack(?:ed|ing)|more (?:open|porous)|light[- ]?weight|"
    r"lighter|(?:(?:lower|reduc\w+|decreas\w+|cut|bring down)(?: the| its)?|low|smaller)[- ]density)\b|"
    r"\bdensity (?:is |should be )?(?:too )?(?:(?P<up2>low|higher|small)|"
    r"(?P<down2>high|lower|large))\b",
    re.IGNORECASE,
)
_STABLE = re.compile(
    r"\b(?:more |thermodynamically |most |very |highly )?stabl(?:e|er|est)\b|\bstability\b|\bstabili[sz]e\b|"
    r"\bunstable\b|\bmetastable\b|\b(?:lower|reduce|decrease|minimi[sz]e)(?: the| its)? (?:\w+ )?energy\b|"
    r"\b(?:closer to|on|nearer to|near) the (?:convex )?hull\b|\bground state\b|\bsynthesi[sz]able\b|"
    r"\blower(?: formation)? energy\b",
    re.IGNORECASE,
)
_NUMBER = r"(\d+(?:\.\d+)?)"
_EV = re.compile(
    rf"(?:(?P<between>between|from) )?{_NUMBER}(?: ?eV)?(?: ?(?:-|–|to|and) ?{_NUMBER})? ?(?:eV|"
    rf"electron[- ]?volts?)\b(?! ?/)",
    re.IGNORECASE,
)
_AT_LEAST = re.compile(
    r"(?:above|over|more than|greater than|at least|exceed(?:s|ing)?|(?<!no )(?<!not )(?:larg|wid|high|bigg)er than|"
    r"(?:no|not) (?:small|narrow|low)er than|>=?|≥|not less than|"
    r"no less than|not below|minimum(?: of)?|beyond|past|upwards of)\s*$",
    re.IGNORECASE,
)
_AT_MOST = re.compile(
    r"(?:below|under|less than|at most|(?:small|narrow|low)er than|"
    r"(?:no|not) (?:larg|wid|high|bigg|great)er than|<=?|≤|no more than|not more than|not above|up to|"
    r"maximum(?: of)?|not exceed(?:ing)?)\s*$",
    re.IGNORECASE,
)
_BY = re.compile(r"\bby (?:about |around |roughly |at least |some )?$", re.IGNORECASE)
_MORE = re.compile(r" (?:wider|larger|higher|more|greater|bigger|smaller|narrower|lower|less)\b", re.IGNORECASE)
_BOTH_WAYS = re.compile(
    r"\b(wider|larger|higher|bigger|greater)\b (?:and|but also) \b(narrower|smaller|lower|tighter)\b|"
    r"\b(narrower|smaller|lower|tighter)\b (?:and|but also) \b(wider|larger|higher|bigger|greater)\b",
    re.IGNORECASE,
)
_NOT = r"(?P<not>\b(?:not|no|non|never|isn'?t|without|avoid)[- ](?:an? |any |being |a )?(?:\w+ )?)?"
_STATES = re.compile(r"\b(?:it'?s|it is|this is|which is|was|currently)(?: too| still| a| an)? $", re.IGNORECASE)
_WHOLE = re.compile(
    r"\b(?:(?P<up>expand|inflate|enlarge|open up)|(?P<down>compress|shrink|squeeze)) (?:it|this|the (?:structure|"
    r"crystal))\b",
    re.IGNORECASE,
)
_ALONE = re.compile(
    r"^\W*(?:make it |please |a bit |even |much |still |go )*(?:wider|narrower|widen it|narrow it)\b", re.I
)
_MORE_OR_LESS = re.compile(
    r"\b(?:(?P<up>(?:more|better)(?: electrically| of an?)? insulat\w+|less (?:conduct\w+|metallic)|more transparent|"
    r"blue[- ]?shift\w*)|(?P<down>less (?:insulat\w+|transparent)|(?:more|better)(?: electrically)? "
    r"(?:conduct\w+|metallic)|red[- ]?shift\w*|(?:further|deeper) into the (?:infra)?red))\b",
    re.IGNORECASE,
)
_CLASSES: tuple[
    tuple[re.Pattern[str], tuple[tuple[Direction, float], ...], tuple[tuple[Direction, float], ...]], ...
] = (
    (
        re.compile(_NOT + r"\b(?<!topological )(?:electrical(?:ly)? )?insulat(?:or|ors|ing)\b", re.IGNORECASE),
        ((Direction.AT_LEAST, INSULATOR_EV),),
        ((Direction.AT_MOST, INSULATOR_EV),),
    ),
    (
        re.compile(_NOT + r"\bsemi-?conduct(?:or|ors|ing)\b", re.IGNORECASE),
        ((Direction.AT_LEAST, _SEMICONDUCTOR_EV[0]), (Direction.AT_MOST, _SEMICONDUCTOR_EV[1])),
        (),
    ),
    (
        re.compile(
            _NOT + r"(?<!semi)(?<!super)(?<!half-)(?<!inter)\b"
            r"(?:metallic(?! radi)|(?:a|good|electrical|electronic) (?:metal\b"
            r"(?!\w|[- ](?:oxide|halide|nitride|sulfide|sulphide|atom|ion|cation|site|hydride|carbide|boride|"
            r"chalc\w+|"
            r"organic|fluoride|chloride|bromide|iodide|selenide|telluride|phosph\w+))|conductor)"
            r"|electrically conduct(?:ive|ing))",
            re.IGNORECASE,
        ),
        ((Direction.AT_MOST, 0.0),),
        ((Direction.AT_LEAST, _LEAST_GAP_EV),),
    ),
    (
        re.compile(_NOT + r"\b(?:solar cells?|photovoltaics?|solar absorbers?)\b", re.IGNORECASE),
        ((Direction.NEAR, _SOLAR_EV),),
        (),
    ),
    (
        re.compile(_NOT + r"\b(?:optically )?transparent\b(?! to me)", re.IGNORECASE),
        ((Direction.AT_LEAST, _VISIBLE_EV[1]),),
        (),
    ),
    (
        re.compile(_NOT + r"\b(?:visible[- ]light|in the visible)\b", re.IGNORECASE),
        ((Direction.AT_LEAST, _VISIBLE_EV[0]), (Direction.AT_MOST, _VISIBLE_EV[1])),
        (),
    ),
)
_CLAUSE = re.compile(r"(?<!\d)[.;!?:]+|[.;!?]+(?!\d)|,|\bbut\b|\band\b(?! \d)|\bwhile\b|\bso\b", re.IGNORECASE)
_PAIR = re.compile(r"(\bbetween (?:the )?[A-Za-z]+(?: [A-Za-z]+)?) and\b")  # "bonds between Ti and O" is one clause


@dataclass(frozen=True)
class HeardGoal:
    """A goal and the words it was heard in."""

    goal: Goal
    words: str


def goals_in(
    text: str, band_gap_ev: float | None, distance_angstrom: float | None, has_parent: bool
) -> list[HeardGoal]:
    """Goals of a message, one or two for a quantity.

    Args:
        text: the message, with the words on elements blanked out.
        band_gap_ev: of the parent.
        distance_angstrom: mean nearest distance of the parent's structural units.

    Raises:
        UserCorrectable: two goals contradict each other.
    """
    text = _PAIR.sub(r"\1 &  ", text)
    if both := _BOTH_WAYS.search(text):
        first, second = (word for word in both.groups() if word)
        raise UserCorrectable(f"'{first}' and '{second}' contradict each other. Keep one of the two and send it again.")
    explicit = _explicit_gaps(text, band_gap_ev, has_parent)
    if has_parent and (relative := _MORE_OR_LESS.search(text)):
        way = Direction.HIGHER if relative["up"] else Direction.LOWER
        explicit = explicit or [HeardGoal(Goal(Quantity.BAND_GAP, way), relative[0])]
    if not explicit:
        explicit = _gap_by_words(text, has_parent)
    classes = _gap_classes(text, has_parent)
    heard = _reconciled(explicit, classes)
    heard += _distances(text, distance_angstrom) + _volumes(text) + _densities(text)
    if stable := _STABLE.search(text):
        heard.append(HeardGoal(Goal(Quantity.ENERGY, Direction.LOWER), stable[0]))
    unique = list({each.goal: each for each in heard}.values())
    _check(unique)
    return unique


def speaks_of_property(text: str) -> bool:
    """Whether a property is named, even where no direction is heard."""
    return any(pattern.search(text) for pattern in (_GAP, _DISTANCE, _VOLUME, _DENSITY, _STABLE)) or "densit" in text


def _clause_bounds(text: str, position: int) -> tuple[int, int]:
    start = max((found.end() for found in _CLAUSE.finditer(text, 0, position)), default=0)
    after = _CLAUSE.search(text, position)
    return start, after.start() if after else len(text)


def _explicit_gaps(text: str, band_gap_ev: float | None, has_parent: bool) -> list[HeardGoal]:
    heard: list[HeardGoal] = []
    for number in _EV.finditer(text):
        start, end = _clause_bounds(text, number.end())
        clause = text[max(0, number.start() - 60) : end]
        if has_parent and re.search(
            r"\btoo\b|\bpredicted (?:band[- ]?)?gap (?:is|of|=)|\bonly\b", text[start:end] + clause, re.IGNORECASE
        ):
            continue
        heard += [
            HeardGoal(Goal(Quantity.BAND_GAP, *bound), clause.strip()[-60:])
            for bound in _bounds(text[: number.start()], number, band_gap_ev)
        ]
    return heard


def _bounds(before: str, number: re.Match[str], band_gap_ev: float | None) -> list[tuple[Direction, float | None]]:
    value = float(number[2])
    if number[3]:
        return [(Direction.AT_LEAST, value), (Direction.AT_MOST, float(number[3]))]
    after = number.string[number.end() :]
    if _BY.search(before) or _MORE.match(after):
        ways = list(_DIRECTION.finditer(before if _BY.search(before) else after[:20]))
        goes_down = bool(ways) and bool(ways[-1]["down"])
        if band_gap_ev is None:
            return [(Direction.LOWER if goes_down else Direction.HIGHER, None)]
        if goes_down:
            return [(Direction.AT_MOST, max(0.0, band_gap_ev - value))]
        return [(Direction.AT_LEAST, band_gap_ev + value)]
    if _AT_LEAST.search(before):
        return [(Direction.AT_LEAST, value)]
    return [(Direction.AT_MOST if _AT_MOST.search(before) else Direction.NEAR, value)]


def _gap_by_words(text: str, has_parent: bool) -> list[HeardGoal]:
    """Directions in the clauses around a mention of the gap; "it" in the next clause refers to it."""
    is_alone = has_parent and _ALONE.search(text) and not _DISTANCE.search(text)
    if not is_alone and not any(
        not _DISTANCE.search(text, max(0, gap.start() - 18)) or _is_band(gap, text) for gap in _GAP.finditer(text)
    ):
        return []
    way = _way(_without_distances(text))
    if way is None:
        return []
    direction, words = way
    target = None
    if not has_parent:
        is_up = direction is Direction.HIGHER
        direction = Direction.AT_LEAST if is_up else Direction.AT_MOST
        target = WIDE_GAP_EV if is_up else _NARROW_GAP_EV
    return [HeardGoal(Goal(Quantity.BAND_GAP, direction, target), f"{words} band gap")]


def _is_band(gap: re.Match[str], text: str) -> bool:
    return not _DISTANCE.match(text, gap.start()) and not re.search(
        r"(?:waals|vdw|layer|interlayer)[ -]$", text[: gap.start()], re.IGNORECASE
    )


def _without_distances(text: str) -> str:
    """The clauses that do not speak of distances, volumes or densities."""
    parts = re.split(r"[.;!?,](?!\d)|\bbut\b|\band\b", text)
    kept = [part for part in parts if not (_DISTANCE.search(part) or _DENSITY.search(part) or _VOLUME.search(part))]
    return ". ".join(kept) or text


def _way(clause: str) -> tuple[Direction, str] | None:
    """The direction of a clause: a complaint ("too small") points the other way, a denial points nowhere."""
    for found in _DIRECTION.finditer(clause):
        if found["denied"] and not found["too"] and not re.search("enough", clause[found.end() :][:12]):
            continue
        is_complaint = bool(found["too"]) or (bool(found["denied"]) and "enough" in clause[found.end() :][:12])
        goes_up = bool(found["up"]) != bool(found["too"])
        return Direction.HIGHER if goes_up or (is_complaint and not found["too"]) else Direction.LOWER, found[0].strip()
    return None


def _gap_classes(text: str, has_parent: bool) -> list[HeardGoal]:
    heard = []
    for pattern, bounds, denied in _CLASSES:
        for found in pattern.finditer(text):
            if has_parent and _STATES.search(text[: found.start()]):
                continue
            chosen = denied if found["not"] else bounds
            heard += [HeardGoal(Goal(Quantity.BAND_GAP, *bound), found[0].strip()) for bound in chosen]
    return [each for each in heard if each.goal.target == 0.0] or heard


def _reconciled(explicit: list[HeardGoal], classes: list[HeardGoal]) -> list[HeardGoal]:
    """What was said of the gap itself outranks what "insulator" or "semiconductor" implies, unless they clash."""
    if not explicit:
        return classes
    metal = [each for each in classes if each.goal.target == 0.0]
    return explicit + metal


def _distances(text: str, distance_angstrom: float | None) -> list[HeardGoal]:
    if apart := _APART.search(text):
        direction = Direction.LOWER if apart["closer"] or apart["drawn"] else Direction.HIGHER
        return [HeardGoal(Goal(Quantity.UNIT_DISTANCE, direction), apart[0])]
    for found in _DISTANCE.finditer(text):
        start, end = _clause_bounds(text, found.start())
        way = _way(text[start:end])
        if way is None:
            continue
        percent = re.search(rf"\bby (?:about |at least )?{_NUMBER} ?(?:%|percent)", text[start : end + 8])
        if percent and distance_angstrom and way[0] is Direction.HIGHER:
            target = distance_angstrom * (1 + float(percent[1]) / 100)
            return [HeardGoal(Goal(Quantity.UNIT_DISTANCE, Direction.AT_LEAST, target), found[0])]
        return [HeardGoal(Goal(Quantity.UNIT_DISTANCE, way[0]), f"{way[1]} {found[0]}")]
    return []


def _volumes(text: str) -> list[HeardGoal]:
    if whole := _WHOLE.search(text):
        return [HeardGoal(Goal(Quantity.VOLUME, Direction.HIGHER if whole["up"] else Direction.LOWER), whole[0])]
    for found in _VOLUME.finditer(text):
        start, end = _clause_bounds(text, found.start())
        clause = text[start:end]
        if re.search(r"solar cells?|fuel cells?|\batoms\b|\bgap\b", clause, re.IGNORECASE):
            continue
        if way := _way(clause):
            return [HeardGoal(Goal(Quantity.VOLUME, way[0]), f"{way[1]} {found[0]}")]
    return []


def _densities(text: str) -> list[HeardGoal]:
    found = _DENSITY.search(text)
    if found is None or (found["down"] and re.search(r"lighter (?:element|atom|color|colour)", text, re.IGNORECASE)):
        return []
    direction = Direction.HIGHER if found["up"] or found["up2"] else Direction.LOWER
    return [HeardGoal(Goal(Quantity.DENSITY, direction), found[0])]


def _check(heard: list[HeardGoal]) -> None:
    for first in heard:
        for second in heard:
            if first.goal.quantity is second.goal.quantity and _clash(first.goal, second.goal):
                raise UserCorrectable(
                    f"'{first.words}' and '{second.words}' contradict each other. Keep one of the two and send "
                    f"it again."
                )


def _clash(first: Goal, second: Goal) -> bool:
    if first.direction is Direction.HIGHER and second.direction in (Direction.LOWER, Direction.AT_MOST):
        return second.direction is Direction.LOWER or second.target == 0.0
    if first.target is None or second.target is None:
        return False
    is_floor = first.direction in (Direction.AT_LEAST, Direction.NEAR)
    return is_floor and second.direction is Direction.AT_MOST and first.target > second.target
