"""A message as the listener reads it: plain arrows and subscripts, and slips of the fingers put right."""

from __future__ import annotations

import re
from functools import lru_cache

from crystal_studio.domain.elements import BY_NAME, BY_SYMBOL
from crystal_studio.domain.pivot_grammar_words import NUMBERS

_SUBSCRIPTS = str.maketrans("₀₁₂₃₄₅₆₇₈₉’‘", "0123456789''")
_CHARGE = re.compile(
    r"(?<=[a-zA-Z])[⁰¹²³⁴-⁹]*[⁺⁻]|\b([A-Z][a-z]?)(?:\d?\+|\d[-−](?! ?(?:and|or) \d))(?=[\s,.;!?)]|$)"
    r"|(?<=[A-Za-z])\((?:I{1,3}|I?V|VI{0,3}|[1-8]?[+-]|[+-][1-8])\)"  # as in Ti4+, N3-, Fe(III) and tin(2+)
)
_BAR = re.compile(r"(\d)[\u0304\u0305]")
_ARROW = re.compile(r"\s*(?:-{1,2}>|={1,2}>|[→⟶➝➔⇒⟹➜])\s*")
_TEMPERATURE = r"\g<how>critical temperature"  # not technetium
_NUMBER = r"(?:one|two|three|four|five|six|[1-9])"
_RATIO_IN_WORDS = re.compile(
    rf"\b{_NUMBER}(?: to {_NUMBER}){{2,}}\b|(?<=\bratio )[1-9] to [1-9]\b|(?<=\bratio of )[1-9] to [1-9]\b|"
    r"(?<=\bproportion )[1-9] to [1-9]\b|(?<=\bproportions )[1-9] to [1-9]\b|"
    rf"\b(?!\d){_NUMBER} to (?!\d){_NUMBER}\b(?! (?:eV|elements?|components?|percent|atoms?|times|orders|more|hours?|"
    r"days?|hundred|per))"
)
_PLAIN = (
    (re.compile(r"\bw/o\b"), "without"),
    (re.compile(r"(?<=\b[A-Z])'d\b|(?<=\b[A-Z][a-z])'d\b"), " would"),
    (re.compile(r"\bswop(?=s|p|\b)", re.IGNORECASE), "swap"),
    (re.compile(r"\bs/([A-Z][a-z]?)/([A-Z][a-z]?)(?:/g?)?(?=\s|$)"), r"replace \1 by \2"),
    (re.compile(r"\bdiff(?= [a-z])"), "different"),
    (re.compile(r"(?<=\brid )fo\b"), "of"),
    (re.compile(r"\b(?:P\. ?S\.|N\. ?B\.)|^K[,.](?= [a-z])"), ""),  # "K, make it cubic" agrees
    (
        re.compile(
            r"\b(?P<may>[CcWw](?:an|ould|ill)) U(?= (?:please|pls|make|do|find|give|show|design|suggest|help|"
            r"try|change|swap|"
            r"replace|get|widen|keep|use|come|tell)\b)"
        ),
        r"\g<may> you",
    ),
    (re.compile(r"\bmoly\b", re.IGNORECASE), "molybdenum"),
    (re.compile(r"\bnatrium\b", re.IGNORECASE), "sodium"),
    (re.compile(r"\bkalium\b", re.IGNORECASE), "potassium"),
    (re.compile(r"\bsilicium\b", re.IGNORECASE), "silicon"),
    (re.compile(r"\bwolfram(?=ates?\b)", re.IGNORECASE), "tungst"),
    (re.compile(r"\bwolfram\b", re.IGNORECASE), "tungsten"),
    (re.compile(r"\bcolumbium\b", re.IGNORECASE), "niobium"),
    (re.compile(r"\bwismut\b", re.IGNORECASE), "bismuth"),
    (re.compile(r"\bquicksilver\b", re.IGNORECASE), "mercury"),
    (re.compile(r"\b(?:anhydrous|water-free)\b", re.IGNORECASE), "hydrogen-free"),
    (re.compile(r"\b(do|does|did|is|are|was|ca|wo|should|could|would|must|ai)nt\b"), r"\1n't"),
    (re.compile(r"\b([Tt]hat|[Ww]hat)s\b"), r"\1's"),
    (re.compile(r"\bn[ou]th?in['g](?=\W|$)", re.IGNORECASE), "nothing"),
    (re.compile(r"\b(\w{2,}in)'(?=[\s.,;:!?]|$)"), r"\1g"),
    (re.compile(r"\bs(?:th|mth)\b"), "something"),
    (
        re.compile(r"\bgroup (?:four|five|six)\b"),
        lambda found: found[0].replace("four", "4").replace("five", "5").replace("six", "6"),
    ),
    (re.compile(r"\b\d{1,3}(?=[A-Z][a-z]? (?:NMR|MAS|line|nucle|signal|isotope|spectr))"), ""),
    (re.compile(r" of any (?:kind|sort)\b"), ""),
    (_RATIO_IN_WORDS, lambda found: ":".join(str(NUMBERS.get(word, word)) for word in found[0].split(" to "))),
    (re.compile(r" comma "), ", "),
    (re.compile(r" @ "), " on "),
    (re.compile(r"¬ ?"), "no "),
    (re.compile(r" ?≠ ?"), " not "),
    (re.compile(r" ?∉ ?\w+"), " is excluded"),
    (re.compile(r" ?∧ ?"), " and "),
    (re.compile(r"\bRE (?=ions?|elements?|cations?|metals?)"), "rare earth "),
    (re.compile(r"\bw/(?= ?[A-Za-z])"), "with "),
    (re.compile(r"\be\.\s?g\.,?", re.IGNORECASE), "such as"),  # their stops would end a sentence
    (re.compile(r"\bi\.\s?e\.,?", re.IGNORECASE), "that is"),
    (re.compile(r"\boxy(?=(?:halide|chalcogenide|pnictide)s?\b)", re.IGNORECASE), "oxide "),
    (re.compile(r"\bchalco(?=halides?\b)", re.IGNORECASE), "chalcogenide "),
    (re.compile(r"\bTMDC?(?=s?\b)"), "transition metal dichalcogenide"),
    (re.compile(r"\bIII[-–/]V\b(?!I)"), "group-13 element and group-15 element"),
    (re.compile(r"\bII[-–/]VI\b"), "group-II element and group-16 element"),
    (re.compile(r"\bIV[-–/]VI\b"), "group-14 element and group-16 element"),
    (
        re.compile(r"\b(?P<how>(?:high|low)(?:er|est)?[- ])Tc\b|\bTc(?= (?:of|above|over|near|around|>|≥|\d))"),
        _TEMPERATURE,
    ),
    (re.compile(r"\s*↑"), " up"),
    (re.compile(r"\s*↓"), " down"),
)
_SMALL = re.compile(
    r"\b(?:(?<=replace )|(?<=swap )|(?<=change )|(?<=exchange )|(?<=substitute )|(?=[a-z]{1,2} ?->))"
    r"(?P<old>[a-z]{1,2})(?: (?:with|by|for|to) | ?-> ?)(?P<new>[a-z]{1,2})\b"
    r"|\b(?P<absent>[a-z]{2})(?=-free\b)"
)
# Symbols of two letters that are no English word, unit or abbreviation when written small, as "eu", "ir" and "tm" are.
_CLEAR = (
    "ag al au ba bi br cd cl cr cs cu dy fe ga gd ge hf hg li mg mn na nb nd ni pb pd pt rb rh ru sb se si sm "
    "sn sr tb te ti tl yb zn zr"
)
_TYPED_SMALL = re.compile(
    rf"(?<!per )(?<!et )(?<!\d )(?<![\w.'@/-])(?:{_CLEAR.replace(' ', '|')})(?=[\s,.;:!?/)]|'|-(?:free|based|"
    rf"rich|ion|containing)|"
    r"\+|$)(?! \d)"
    r"|\b(?:(?<=no )|(?<=use )|(?<=without )|(?<=avoid ))co(?=[\s,.;!?]|-free|$)"
)
_WORD = re.compile(r"\b[A-Za-z]?[a-z]{3,}\b")
_SUFFIX = re.compile(r"(?:s|d|e[sdr]|r|ly|ing|n)$")
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_LEAST_LETTERS = 6  # of a word with a letter too many, too few or wrong; in a shorter one it may be another word
_LEAST_SWAPPED = 3
_KNOWN_TEXT = (
    "replace replaced replacing replacement substitute substituted substituting substitution exchange exchanged "
    "exchanging swapped swapping instead without contain contains containing include includes including exclude "
    "excluding remove removing avoid avoiding oxide sulfide sulphide selenide telluride nitride carbide boride "
    "phosphide arsenide antimonide fluoride chloride bromide iodide halide chalcogenide titanate zirconate "
    "phosphate silicate perovskite spinel rutile wurtzite fluorite layered cubic tetragonal orthorhombic "
    "hexagonal monoclinic triclinic trigonal metallic insulator insulating semiconductor semiconducting increase "
    "decrease composition stoichiometry symmetry structure structured distance element elements material compound "
    "crystal with band gaps bonds wider larger smaller binary ternary quaternary quinary halogen chalcogen "
    "pnictogen pnictide lanthanide lanthanoid actinide alkaline alkali transition hydride hydroxide carbonate "
    "sulfate sulphate nitrate borate germanate stannate vanadate niobate tantalate molybdate tungstate manganate "
    "manganite ferrite cuprate nickelate cobaltate aluminate gallate arsenate antimonate silicide germanide "
    "stannide oxychloride oxyfluoride oxybromide oxyiodide oxysulfide oxynitride layers sheets chains molecules "
    "molecular dimensional dimensionality framework network cheaper abundant expensive available heavier lighter "
    "nontoxic stable stability density volume wide widen narrow narrower increasing decreasing reduce reducing "
    "longer shorter separate unchanged anything something nothing another different other neither either allowed "
    "present absent rather ilmenite corundum pyrite chalcopyrite zincblende heusler rocksalt symmetric polar "
    "electronvolts please would should could species metal metals cation cations anion anions radioactive "
    "prohibited forbidden together remain remains leaves except excluded cannot become denser proportion coinage "
    "noble precious magnetic ferroelectric dioxide"
)
_OTHER_TEXT = (  # no slips, though a letter away from a word above
    "replay replayed shorten alloy alloyed crustal molecule phosphor prevent prevented noting electronvolt sorter "
    "lawyers linger cheater cheapen shouter shorted seduce silicone nitrite sulfite sulphite phosphite phosphine "
    "arsenite antimonite tellurite selenite chlorite germanite stannite titanite tantalite cuprite cobaltite "
    "carbonite action actions radius previous specie halite indide indides sorted solver sliver carton medals "
    "cooper"
)
_MEANT = frozenset(_KNOWN_TEXT.split()) | frozenset(BY_NAME)
_MEANT |= {f"{word}s" for word in _MEANT if word.endswith(("ide", "ate", "ogen"))}
_KNOWN = _MEANT | frozenset(_OTHER_TEXT.split())
_SUBSTANCES = frozenset(BY_NAME) | {word for word in _MEANT if word.endswith(("ide", "ides", "ate", "ates"))}


def readable(message: str) -> str:
    """The message in one line, with signs and spelling as the rules expect them."""
    text = _BAR.sub(r"-\1", message.translate(_SUBSCRIPTS))
    text = _CHARGE.sub(lambda found: found[1] or "", text)
    text = _ARROW.sub(" -> ", text)
    text = _TYPED_SMALL.sub(lambda found: found[0].capitalize(), _SMALL.sub(_capitals, text))
    for sign, word in _PLAIN:
        text = sign.sub(word, text)
    return re.sub(r"\s+", " ", _WORD.sub(lambda found: _spelled(found[0]), text)).strip()


def _capitals(found: re.Match[str]) -> str:
    """Symbols typed without capitals, where everything about them speaks of elements: "swap cl for br", "pb-free"."""
    symbols = [name for name in ("old", "new", "absent") if found[name]]
    if not all(found[name].capitalize() in BY_SYMBOL for name in symbols):
        return found[0]
    text, start = found[0], found.start()
    for name in symbols:
        first, last = (place - start for place in found.span(name))
        text = text[:first] + text[first:last].capitalize() + text[last:]
    return text


@lru_cache(maxsize=4096)
def _spelled(word: str) -> str:
    """The known word of which one slip made this, where only one, or forms of one, could have been meant; else itself.

    A slip is two letters in the wrong order, a letter too many, or in longer words and in names of substances one too
    few or a wrong one. The first letter is right.
    """
    lower = word.lower()
    if lower in _KNOWN or _SUFFIX.sub("", lower) in _KNOWN or _SUFFIX.sub("e", lower) in _KNOWN:
        return word
    meant = sorted(_meant_by(lower), key=len, reverse=True)
    if not meant or not all(meant[0].startswith(each) for each in meant):
        return word
    return meant[0].capitalize() if word[0].isupper() else meant[0]


def _meant_by(word: str) -> set[str]:
    halves = [(word[:at], word[at:]) for at in range(len(word) + 1)]
    swapped = {first + rest[1] + rest[0] + rest[2:] for first, rest in halves if len(rest) > 1}
    shortened = {first + rest[1:] for first, rest in halves[1:] if rest}
    completed = {first + letter + rest for first, rest in halves[1:] for letter in _LETTERS}
    corrected = {first + letter + rest[1:] for first, rest in halves[1:] if rest for letter in _LETTERS}
    return (
        {each for each in swapped & _MEANT if len(each) > _LEAST_SWAPPED}
        | {each for each in shortened & _MEANT if len(each) >= _LEAST_LETTERS}
        | {each for each in (completed | corrected) & _MEANT if len(each) > _LEAST_LETTERS - (each in _SUBSTANCES)}
    )
