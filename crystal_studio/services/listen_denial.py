"""What a message refuses: denials before a name, after it, and of "it"."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence
from functools import lru_cache

from crystal_studio.services.listen_words import PROTOTYPES

_NEGATOR = re.compile(
    r"\b(?:no(?! one\b| elements? (?:apart|aside|other|besides|except|beyond)\b| more than| less| fewer|"
    r" longer| (?:other|new|further|additional|foreign|more) (?:chemical )?elements?\b|\s*[,.;:]|\s*$)|"
    r"(?<!why )not(?! only| just| necessarily| too|\s*[,.;!?)]|\s*$)|without(?![^.;!?]*\b(?:makes? no sense|"
    r"(?:is|are|be) (?:pointless|useless)|(?:wo|does|would)(?:n't| not) work)\b)|sans|avoid(?:ing|s)?|"
    r"exclud(?:e|es|ing)|(?<!elements )except(?: for)?(?! \w+ (?:is|sits?|becom\w+|goes|in|for)\b)|"
    r"free (?:of|from)|devoid of|lacking|lacks?|instead of|in place of|in lieu of|rather than|"
    r"(?<!^to )remov(?:e|ing)|drop|omit|strip|nix|ditch|scrap|banish|hates?|lose|dispens(?:e|es|"
    r"ing)(?: with)?|bar(?! (?:chart|graph|of|magnet))|skip(?:s|ped|ping)?|barren of|blank for|cut(?! (?:it|"
    r"this|down|to)\b| (?:the |its )?(?:band|gap|cell|volume|bond|dist|layer|"
    r"sheet|slab|chain|network|framework))|get rid of|rid (?:me|us) of|"
    r"(?<!people )(?<!we )(?<!they )(?<!to )(?<!I )forget(?: about)?|absence of|"
    r"refrain\w* from|discard(?:s|ed|ing)?|reject(?:s|ed|ing)?|rul(?:e|ing) out|keep(?:ing)? out|(?:stay|"
    r"keep)(?:s|ing)? clear of|(?:had|got|seen|have) enough of|ha(?:s|ve)n't|(?:do|does|did|must|should|"
    r"could|would|is|are)n[o']?t(?! (?:there|we|you|one)\b)|wo(?:n't|nt)(?= (?:have|take|accept|allow|touch|"
    r"use))|ain't got|hold the(?= \w+\s*(?:[,.;!]|$))|refuse(?! to)|save(?: for)?(?= (?:the )?\w*(?:ide|ium|"
    r"ine|gen|ate)s?\b)|can'?t|cannot|never|nor|neither|ban|eliminate|forbids?|prohibits?|veto(?:ed|es)?|"
    r"kill(?:ed|s)|axed?|disclaim(?:s|ed|ing)?|spare (?:me|us)|(?:done|finished) with|(?<!at )all but|"
    r"giv(?:e|es|ing) up(?: on)?|(?:tak|throw|kick)(?:e|es|s|ing)? out|(?:goodbye|farewell) to|do away with|"
    r"steer clear of|stay away from|(?:tired|sick) of|fed up with|leav(?:e|es|ing) out|(?:I|we)(?: have|"
    r"'ve)? (?:excluded|banned|ruled out)|any (?:\w+ )?but|"
    r"(?<=[a-z] )(?<!nothing )(?<!elements )(?<!element )(?<!thing )(?<!one )(?:apart|aside) from(?! (?:that|"
    r"this|these|those|it)\b)|(?:any|every)thing (?:but|besides|except|apart from|aside from)|(?:apart|"
    r"aside) from(?=[^.;,]{0,25}? (?:any|every))|other than|minus|zero(?![- ]?d)|none of|non|"
    r"(?<!doing )(?<!does )nothing(?! but| else| beyond| besides)|away from|(?:banned|excluded|forbidden|"
    r"prohibited|unwanted)(?= ?:))\b(?! (?:touch|chang|alter|modify|replac|remov|los|swap|exchang|substitut|"
    r"appear|occur|feature|belong|be (?:in|there|present)\b|mind\b|care\b(?! for)|matter|(?:go )?(?:add|"
    r"throw|bring|introduc)\w*[^.;!?,]{0,30}? elements?\b))",
    re.IGNORECASE,
)
_ANY_WORD = re.compile(r"[\s-]?\w+")  # "non-toxic telluride" denies the adjective, "non-Cd options" the element
_PARTED = re.compile(
    r"\b(?:leav|keep|tak|get|throw|kick|rul|strik)(?:e|ing)?(?: (?!in\b|(?:that|this|it|them|"
    r"one)\b)[A-Za-z]+,?){1,9}? (?:out|away|off|aside)\b",
    re.IGNORECASE,
)
_AFTER_NEGATOR = re.compile(
    r"(?:[ -]{0,2}(?:to|have|having|use|using|be|being|any|contain(?:ing)?|include|including|with|made|of|"
    r"based|on|an|a|the|all|also|counting|(?:candidates|compounds|materials|entries|options)(?= (?:with|"
    r"contain))|those|ones|come|back|got|work(?:ing)?|deal(?:ing)?|do(?:ing)?|more|further|other|kind|sort|"
    r"either|tak(?:e|ing)|accept|anything|something|want(?:ed)?|allowed|permitted|like|need|give|me|"
    r"but)\b)*(?: ?:)?",
    re.IGNORECASE,
)
_VERB = (
    r"it|i|we|mak(?:e|ing)|keep(?:ing)?|leaving|use|using|includ\w+|add\w*|with|contain\w*|has|have|having|"
    r"want\w*|must|should|need\w*|"
    r"instead|"
    r"get|suggest|show|propose|design|widen\w*|increas\w*|rais\w+|narrow|reduc\w+|lower|put|insert\w*|bring|"
    r"tak(?:e|ing)|try|install|introduc\w+|"
    r"give|hold|stay|run|go|pop|stick|sub|retain\w*|preserv\w*|leave|let|see|check|find|look"
)
_TERMINATOR = re.compile(
    "|".join(
        (
            r"[.;:!?](?!\d)|\bbut\b|\bwith\b|\bcontain(?:s|ing)\b|\bthat\b|\bwhich\b|\bplease\b|\bwhile\b",
            r",? \b(?:also|otherwise|still|because|bc|cuz|cos|since|any ?more)\b",
            r",\s*(?:as|could|can|may|might|should|would|how|what)\b|,\s*(?:based on|in an?|for an?|as an?)\b",
            r",? and(?= \w+ (?:as|on|in|at) (?:the|an?) )|\band still\b|,\s*(?:but )?rather\b",
            r",(?= \w+ (?:present|included|allowed|required|needed|yes|ok|okay)\b)",
            r",(?= \w+ (?:on|at|in) (?:the|an?) )|,\s*same\b",
            r"(?<!elements )(?<!that )(?<!which )\b(?:I|we) (?:would|will|could|can)\b(?! not|n't)",
            r",(?= \w+ (?:please|now)\b)|\b(?:next to|beside|alongside)\b",
            r",(?= (?:(?:tri|mono)clinic|orthorhombic|tetragonal|trigonal|rhombohedral|hexagonal|cubic|"
            r"layered|perovskite|spinel|rutile)\b)",
            r",(?= \w+ is(?:\s*[.;!]|\s*$))",
            r",(?= \w+ (?:is|are) (?:easier|cheaper|fine|ok|okay|good|better|preferred|available|what|my|the|"
            r"welcome|allowed))",
            r",? and(?= \w+ (?:for the \w+\s*(?:[.,;!?]|$)|instead of|in place of|in lieu of))",
            r",(?= \w+(?:,? (?:and|or) \w+)? (?:both |all |also )?(?:would|can|could|will|should|might|must|"
            r"may|has to|have to)(?! be (?:what|ideal|great|perfect|nice))(?! ?(?:not|n't|never)\b))",
            r",(?= \w+ (?:on|at) (?:the )?[ABX]\b)",
            r"(?:,|,? and)(?= [\w ]{1,30}? (?:stays?|remains?|(?:should|must|has to|have to|can) (?:stay|"
            r"remain|be (?:kept|added|used|there|present|included|left))|(?:is|are) (?:fine|ok|okay|welcome|"
            r"good|acceptable|allowed|possible|kept|fixed|locked|untouched|unchanged)|unchanged|untouched|"
            r"as (?:they|it) (?:are|is)|as[- ]is|(?:is |are )?not to be)\b)",
            r",\s*(?:any|another|something|anything|whatever)\b(?! (?:else|other) (?:toxic|heavy|rare|"
            r"hazardous|poisonous|such|of)\b)",
            r"\b(?:occurs?|appears?|(?:is|are) (?:present|contained|included|used)),| [-–] ",
            r",? \band (?:our|my|his|her|there|then|(?-i:in))\b|,(?= \w+ instead\b)",
            r",?\s*\b(?:so|hence|thus|therefore|and yes)\b",
            rf",?\s*\b(?:and|or)\s+(?:just |only |simply |then )?(?:an?|the(?! other)|{_VERB})\b",
            rf",\s*(?:just |only |simply )?(?:an?|the|{_VERB})\b|\bto (?:make|get|keep|have)\b",
            r"\bin favou?r of\b|\bin exchange for\b",
            r"\bout of (?:an?|the)\b|\bfor (?:an?|some|something|another)\b",
        )
    ),
    re.IGNORECASE,
)
# "not cubic oxide" denies the adjective alone.
_ADJECTIVE = re.compile(
    r"[\s-]*(?:necessarily |too |be |a |an )*(?:triclinic|monoclinic|orthorhombic|tetragonal|trigonal|rhombohedral|"
    r"hexagonal|cubic|layered|centro-?symmetric|polar|ferroelectric|metallic|molecular|insulating|"
    r"magnetic(?! (?:3d|transition|rare|element|ion|metal|atom))|too|only|wide|narrow|"
    rf"{'|'.join(pattern for pattern, _, _ in PROTOTYPES)})\b",
    re.IGNORECASE,
)
FREE = re.compile(
    r"(?:(?:[- ](?:and|or) [A-Za-z]+|(?:/[A-Za-z]+){1,4})?[- ]free|-less|"
    r"-(?:,? [A-Za-z]+-){0,4},? (?:and|or) [A-Za-z]+[- ]free)\b(?! (?:of(?! course)|from)\b)",
    re.IGNORECASE,
)
_FREE_LIST = re.compile(r"\([^()]*-free\)")
_ADVERB = (
    r"(?:,? (?:is|are|was|has|have|had|been|be|being|to|must|should|can|could|may|might|ought|needs?|got|also|"
    r"all|both|"
    r"therefore|thereby|altogether|entirely|already|strictly|please)|'s)*"
)
# What points back has no object of its own: "lead I do not want", but not "titanium, I do not want lead".
_ENDS = (
    r"(?=\s*(?:[.,;:!?)]|$)|,? (?:and|but|because|since|so|for|as|in|at|on|near|to see|here|either|any ?more|at all|"
    r"please|"
    r"altogether|anywhere|never|too|if|from)\b)"
)
_PERSON = r",? (?:I|we|he|she|they|you|it)"
# Said of what stands before: "lead is banned", "oxygen out", "tantalum we cannot have".
GONE = re.compile(
    "|".join(
        (
            r"(?: atoms?| ions?| content| itself| themselves| both| all)?(?: is| are)?(?: both|"
            r" all)?(?: (?:out of (?:the )?(?:picture|budget|reach|question)|off the (?:table|menu|list)|"
            r"(?:has|have|must|should|needs?|ought|can|may)(?: of course)?(?: to)? (?:go(?! (?:into|there|"
            r"in for)\b| in\s*(?:[.,;!?]|$)| (?:in|on|at) (?:[\w-]+ ){1,2}?(?:site|position|place|slot|"
            r"stead)s?\b)|disappear|leave|vanish|come out|stay (?:out|away)|be (?:\w+ly )?(?:removed|missing|"
            r"eliminated|avoided|gone|dropped|excluded|out|absent|banned|left out))|(?:(?:must|should|may|"
            r"can|could|ought) ?(?:not|n'?t|never)(?: to)?|can't|won't|will (?:not|never)) (?:appear|occur|"
            r"feature|pass|come in|be (?:in|present|part|there|used|contained|included|found|handled|"
            r"tolerated))|(?:does not|doesn't|do not|don't|not) (?:appears?|occurs?|features?|belongs?)|"
            r"(?:itself )?(?:isn't|aren't|ain't) (?:included|present|involved|used|in (?:it|there)|"
            r"part of it|allowed|wanted|permitted|acceptable|welcome|an option))| (?:gone|banned|excluded|"
            r"forbidden|prohibited|omitted|absent|not allowed|unwanted|unwelcome|undesired|disclaimed|"
            r"disallowed|nowhere|disqualif\w+|out(?! of)))\b",
            r"(?: may| must| can| should)?(?: \w+ly)? not(?= this time| at all| ok(?:ay)?\b|\s*[.,;!?)]|\s*$)",
            r" avoid(?:s|ed)?(?=\s*[.;!?)]|\s*$)| (?:is |are )?not in (?:it|there|my|our)\b|\? not in\b",
            r" content ?[:=] ?(?:zero|none|0)\b| (?:is|are) (?:nothing|not something) (?:that )?(?:I|we|you)\b",
            r" (?:is|are) no (?:good|use|option|alternative|substitute)\b",
            r" (?:is|are)(?:n't| not) (?:available|suitable|appropriate|desirable)\b| (?:is|are) unavailable\b",
            r"(?:'s| has)(?: got)? no (?:business|place)\b|,? no(?=\s*(?:[.;!]|$))",
            r" (?:\w+ly )?(?:shouldn't|mustn't|must not|should not)(?=\s*(?:[.;!?]|$))",
            r" goes(?=\s*(?:[.,;!?]|$)| and\b)",
            r" (?:is|are) (?:something|one|an element|a metal|elements|metals)(?: that| which)? (?:I|we|"
            r"you)(?:'d|'ve)? (?:\w+ )?(?:want|would|like|have|need|must|should|had|"
            r"prefer)(?: \w+)?(?: to)? (?:avoid|exclude|leave out|omit|drop|lose|skip|keep out|do without|"
            r"get rid of|stay away from)\b",
            r" (?:isn't|is not|aren't|are not) (?:essential|necessary)\b| (?:is|are) not what\b",
            r" (?:is|are) what (?:I|we) (?:need|want|have) to (?:lose|remove|drop|avoid|get rid of)\b",
            r" (?:on no account|under no circumstances)\b| (?:has|have)(?: had)? (?:its|their) day\b",
            r" (?:is|are) (?:not|no longer) (?:in it|that|one of|part|present|there|contained|included|"
            r"comprised|wanted|used|to be (?:in|there|used|present))\b",
            rf"{_ADVERB} (?:barred|vetoed|blacklisted|outlawed|(?:ruled|left|kept|taken|thrown|struck|"
            r"phased) (?:out|off|away)|dropped|removed|excluded|avoided|eliminated|omitted|discarded|banned|"
            r"forbidden|off[- ]limits|absent|disclaimed|unwanted|gotta go|got to go)\b",
            rf"{_ADVERB} not (?:being )?(?:admitted|involved|an option|options|wanted|needed|required|"
            r"allowed|acceptable|included|accepted|tolerated|permitted|among|on the (?:menu|list|table)|"
            r"in the running)\b",
            rf"{_PERSON} (?:(?:do|does|did|can|could|will|would|must) ?(?:not|n't)|can't|cannot|won't|"
            r"never) (?:\w+ ){0,3}?(?:want|have|need|like|see|use|accept|tolerate|allow|get|trust|touch|"
            rf"care for)\b{_ENDS}",
            rf"{_PERSON} (?:decline|refuse|reject)\b",
            r" (?:must|should|may|can|could) ?(?:not|n't) (?:stay|remain|be kept)\b",
            rf",? (?:I|we) (?:have )?(?:excluded|banned|ruled out|dropped)\b{_ENDS}",
            r",? (?:would be|is|are|'s) (?:just as bad|no better|even worse|not ok(?:ay)?|unwelcome)\b",
            r"\)? (?:is|are) (?:a red line|not an ingredient|headed for a ban|strictly out)\b",
            r"(?: strictly)? (?:out|gone)(?=\s*[.,;!?()–-]|\s*$)",
            r",? (?:(?:does|do) not|(?:does|do)n't) (?:interest (?:me|us)|count)\b",
            r" (?:stay(?:s|ing)?|left|(?:kindly )?waiting) (?:out(?:side)?|away|home|ashore)\b",
            r" ?(?:=|:) ?(?:zero|none|no|0)(?=\s*(?:[.,;!?)]|$))| no(?=\s*(?:[,.;]|$))",
            r"(?: itself| themselves)? (?:is|are)(?: both| all| now|"
            r" also)?(?: a)? (?:not (?:at all )?(?:allowed|wanted|permitted|acceptable|welcome|an option)|"
            r"no-?go|taboo|forbidden|banned|prohibited|unwanted|unwelcome|unacceptable|out)\b",
        )
    ),
    re.IGNORECASE,
)
# A denial of what was named before: "germanium is too dear, so leave that one out".
_IT = r"(?:it|that|this|those|these|them)(?: ones?| elements?| metals?)?"
_IT_GOES = re.compile(
    "|".join(
        (
            rf"\b(?:leav|keep|get|kick|throw|tak|cut|strik)(?:e|es|ing)? {_IT} (?:miles )?(?:out|off|away)\b",
            r"(?<=\? )(?:no|nope)(?:,? thanks| thank you| way|(?=\s*[.!]))",
            r"\b(?:one|something|which) (?:that )?(?:doesn't|does not)(?=\s*(?:[.;!?]|$))",
            rf"(?<=, )leave (?:out|off|away)(?=\s*(?:[.;!?]|$))|\b(?:so|and|but|though) not {_IT}{_ENDS}",
            r"\b(?:minus|without) (?:that|this) (?:element|metal)\b",
            rf"\b(?:drop|lose|ditch|avoid|skip|exclude|omit|remove|scrap|ban|bin|eliminate)s? {_IT}{_ENDS}",
            rf"\b(?:get rid of|steer clear of|design around|needs none of) (?:both|{_IT}){_ENDS}",
            r"\b(?:can't|cannot|can not|couldn't|won't|don't|do not|mustn't|shouldn't) (?:\w+ )?(?:afford|"
            rf"have|use|want|touch|take|allow|accept|tolerate|need) (?:{_IT}|any(?: of (?:it|that))?){_ENDS}",
            r"\b(?:gets? by|makes? do|do|does|live|manages?|works?)(?: \w+)? without(?= (?:it|that|them)\b|"
            r"\s*(?:[.,;!?]|$))",
            rf"(?<=[.?!] )same (?:story|problem|goes for)\b|\b(?:none|neither|not any|no more) of {_IT}{_ENDS}",
            r"\bneither(?=,? please|\s*[.!;]|\s*$)",
            rf"\b{_IT}(?:'s| is| are) (?:off (?:the )?(?:table|menu|list|limits)|forbidden|banned|excluded|"
            r"prohibited|out|not allowed|a no-?go)\b",
            r"\b(?:(?:must|should|can|could|may|do|does|did|would)(?: not|n't)|cannot|never) (?:contain|"
            rf"include|have) (?:it|any|them|those){_ENDS}",
            rf"\b{_IT} (?:cannot|can't|must not|may not) be\b(?! (?:chang|replac))",
            rf"\b{_IT} (?:(?:has|have|needs?|ought) to|must|should|can|could|may) (?:go|leave|disappear|"
            r"stay out)\b",
            r"\b(?:can't|cannot|can not|mustn't|must not) be (?:there|in (?:it|there)|present|part of it)\b",
        )
    ),
    re.IGNORECASE,
)
_WITHOUT_IT = re.compile(
    r"\b(?:that|which) (?P<goes>(?:gets? by|makes? do|do|does|lives?|manages?|works?)(?: \w+)? without) "
    r"(?:it|them|(?:all|any) of (?:it|them|those|these))\b",
    re.IGNORECASE,
)
# "Tellurium is fine but selenium is not", but not "gold is too dear, silver isn't"
_OTHERS_ARE_FINE = re.compile(
    r"\b(?:fine|ok(?:ay)?|allowed|acceptable|welcome|good|possible)\b[^.;!?]{1,40}?(?P<not> (?:is|are)(?: not|n't))"
    r"(?=\s*(?:[.,;!?]|$))",
    re.IGNORECASE,
)
_ONE = re.compile(r"\b(?:it|that|this)(?! ones)\b", re.IGNORECASE)
_REACH = 40  # characters before a verb in which its own denial stands
_NOT = re.compile(
    r"(?:\bnot|n't|\bnever|\bno way(?: I'm| we're| I| we)?|\brefuse to|\bcannot) (?:\w+ )?$", re.IGNORECASE
)
_IS_VERB = re.compile(
    r"(?:remov|drop|omit|strip|nix|ditch|scrap|lose|cut|giv|eliminate|leave|exclud|skip|get|tak)", re.I
)
_AFTER_ALL = re.compile(
    r"\b(?:leav(?:e|ing) out|omit\w*|remov\w*|drop\w*|without|exclud\w*)\b[^.;!?]{1,60}\bbut $", re.IGNORECASE
)
LIST_GAP = re.compile(r"(?: ?\([^()]*\))?\s*(?:,|&|/|\band\b|\bor\b|\bas well as\b|,\s*(?:and|or)\b)\s*", re.IGNORECASE)
_AND_THE = re.compile(r"\s*,?\s*(?:and|or|nor) the\s+", re.IGNORECASE)
_LAST = re.compile(r"\s*(?:[,;.!?)]|$)")
_OF_ONE = re.compile(r"(?: is| was| has|'s| does)\b", re.IGNORECASE)
_OF_ALL = re.compile(r"[,)]? (?:are|were|have|both|all)\b", re.IGNORECASE)
_AND = re.compile(r"(?: ?\([^()]*\))?\s*(?:&|/|\band\b|\bor\b|\bas well as\b)\s*", re.IGNORECASE)
_MOST_BETWEEN = 90  # characters from what was named to the denial of it


def denied_spans(text: str) -> list[tuple[int, int]]:
    """Where a denial ("without", "no", "avoid") reaches: to the end of its clause or of its list."""
    return list(_denied_spans(text))


@lru_cache(maxsize=64)
def _denied_spans(text: str) -> tuple[tuple[int, int], ...]:
    spans = [each.span() for pattern in (_FREE_LIST, _PARTED) for each in pattern.finditer(text)]
    stops = [found.start() for found in _TERMINATOR.finditer(text)]
    for negator in _NEGATOR.finditer(text):
        if adjective := (_ANY_WORD if negator[0].lower() == "non" else _ADJECTIVE).match(text, negator.end()):
            spans.append((negator.start(), adjective.end()))
            continue
        if negator[0].lower() == "not" and _AFTER_ALL.search(text, 0, negator.start()):
            continue  # "leave out strontium, but not antimony"
        if _IS_VERB.match(negator[0]) and _NOT.search(text, max(0, negator.start() - _REACH), negator.start()):
            continue  # "I would not drop the germanium"
        skipped = _AFTER_NEGATOR.match(text, negator.end())
        begin = skipped.end() if skipped else negator.end()
        stop = bisect_left(stops, begin)
        spans.append((negator.start(), stops[stop] if stop < len(stops) else len(text)))
    return tuple(spans)


def is_denied(position: int, end: int, text: str, spans: list[tuple[int, int]]) -> bool:
    """Whether a mention lies in a denial, carries "-free" or has to go."""
    return bool(FREE.match(text, end) or GONE.match(text, end)) or any(
        start <= position < stop for start, stop in spans
    )


def denied_places(places: Sequence[tuple[int, int]], text: str) -> list[bool]:
    """Which of the places where a text names elements, in order, it denies.

    Beside what `is_denied` says of one place: who stands in a list with it ("Pb and Bi are banned", "without the lead
    and the tin"), and what a later word points back to ("germanium is too dear, so leave that one out").
    """
    spans = denied_spans(text)
    found = [is_denied(start, end, text, spans) for start, end in places]
    for last, (_, end) in enumerate(places):
        gone = GONE.match(text, end)
        if gone and not _OF_ONE.match(gone[0]):
            _deny_list(found, places, last, text, LIST_GAP if _OF_ALL.match(gone[0]) else _AND)
    told: list[int] = []
    for at in range(1, len(places)):
        follows = _AND_THE.fullmatch(text[places[at - 1][1] : places[at][0]]) and _LAST.match(text, places[at][1])
        found[at] = found[at] or (found[at - 1] and bool(follows))
    for each in _WITHOUT_IT.finditer(text):
        if places and re.search(r"[,;:.]", text[places[0][1] : each.start()]):
            told.append(each.start("goes"))
            _deny_list_from(found, places, text)
    backward = [(each.start(), _AND if _ONE.search(each[0]) else LIST_GAP) for each in _IT_GOES.finditer(text)]
    backward = [(start, gap) for start, gap in backward if start not in told]
    backward += [(each.start("not"), _AND) for each in _OTHERS_ARE_FINE.finditer(text)]
    for start, gap in backward:
        last = max((at for at, (_, end) in enumerate(places) if end <= start), default=-1)
        if last >= 0 and start - places[last][1] <= _MOST_BETWEEN:
            _deny_list(found, places, last, text, gap if start - places[last][1] > 1 else _AND)
    return found


def _deny_list_from(found: list[bool], places: Sequence[tuple[int, int]], text: str) -> None:
    """Deny who is named first, with the list that follows: "tellurium is scarce, ... that manages without it"."""
    found[0] = True
    for at in range(1, len(places)):
        if not (LIST_GAP.fullmatch(between := text[places[at - 1][1] : places[at][0]]) or between == " and the other "):
            return
        found[at] = True


def _deny_list(
    found: list[bool], places: Sequence[tuple[int, int]], last: int, text: str, gap: re.Pattern[str]
) -> None:
    """Deny one place and those before it in the same list."""
    for at in range(last, -1, -1):
        if at < last and not gap.fullmatch(text[places[at][1] : places[at + 1][0]]):
            return
        found[at] = True
