"""Words that say that one element takes another's place, and those that say that it does not."""

from __future__ import annotations

import re


def _beginning(words: str) -> re.Pattern[str]:
    """A pattern for words that begin like one of these."""
    return re.compile(rf"\b(?:{words})\w*", re.IGNORECASE)


SENTENCE = re.compile(r"(?:[^.;!?]|[.;!?](?=\d))+")
PART = re.compile(r"(?:(?!,|\band\b).)+")
_VACATE_WORDS = r"replac|supplant|swap|substitut|exchang|switch|chang|vary"
VACATE = re.compile(
    rf"(?<!\bno )(?<!\bnot )(?<!n't )(?<!\bwithout )\b(?:{_VACATE_WORDS}|(?:(?:an|some|any)?other|different|"
    rf"alternative)(?! (?:(?:one|two|three|four) (?:elements|metals|ones)|(?!alkali|metal|rare|lead)[a-z]+ "
    rf"[a-z]+(?:ide|ate)s?|ratio|proportion|stoichiometr|structure|phase|symmetr|polymorph|space)))\w*",
    re.IGNORECASE,
)
VACATE_IT = re.compile(r"\b(?:replac|swap|substitut|exchang)\w*(?: out)? (?:it|that)\b", re.IGNORECASE)
EXCHANGE = _beginning(
    rf"{_VACATE_WORDS}|trad(?:e|ing)\b|turn|convert|transform|transmut|becom|became|tak(?:e|es|ing)\b|took|step|"
    rf"stand|"
    rf"fill|"
    r"sit|occup|position|place|stead|role|part\b|out\b|away\b|favou?r|upgrad|drop|giv(?:e|ing) up|way\b|serv|acts?\b|"
    r"job|expense|los(?:e|ing)\b|"
    r"instead|rather|prefer|not\b|where|mov(?:e|ing)\b|go(?:es)? from|cheaper|better|over\b|pick|choose|let\b|put\b|"
    r"too\b|would\b|"
    r"use\b"
)
ANALOGY = _beginning(
    r"version|analog|counterpart|equivalent|homolog|congener|variant|sister|cousin|sibling|relative|member|"
    r"alternative|"
    r"based|instead|prefer|rather|this (?:time|structure)|now with|(?:how|what) (?:about|if|would|does|do)|try|same|"
    r"look|"
    r"make it|convert|turn|go for|go from|move to|switch|show me|the \w+ (?:one|salt)|please|i(?:'d| would) like"
)
MIXED = _beginning(
    r"add|introduc|incorporat|dop(?:e|ed|ing|ant)\b|includ|alloy|mix|partial|partly|half|some of|a fraction|percent|"
    r"contains?\b|(?<!but )also\b(?! (?:work|be|do|exist|possible))|as well\b|additional|extra\b|"
    r"(?<!, )plus\b|an? (?:second|third|fourth|fifth|further)\b|"
    r"(?:throw|work|squeeze|slip) in\b|(?:throw|work|squeeze|slip) (?:some |a (?:bit|"
    r"little) (?:of )?)?\w+ in\b(?! (?:place|lieu|stead|its|the|for|there))|intercalat|(?<=[- ])(?:rich|poor|"
    r"deficient|content|concentration|fraction)\b"
)
BETWEEN = re.compile(
    r"\W*\b(?:in for|for|as|on|onto|at|in|into|to|by|against|(?:could|can|might|may|should|would) be|becomes?)\b"
    r"(?:\W*\b(?:the|a|an|its)\b)?\W*",
    re.IGNORECASE,
)
PASSIVE = re.compile(
    r"(?: atoms?| ions?| sites?)?(?: (?:is|are|should|must|can|could|has|have|ought|needs?|wants?|requires?|"
    r"to|be|being))+ (?:replac|substitut|swapp?|exchang|chang)\w*",
    re.IGNORECASE,
)
ASKED = re.compile(
    r"\b(?:what|which|who|anything|something|whatever)\b[^.;!?]*"
    r"\b(?:stand in|tak\w+|replac\w+|substitut\w+|step in|fill)\b",
    re.IGNORECASE,
)
CONTAINED = re.compile(
    r"\bthere (?:should|must|has to|needs to|ought to) be\b|"
    r"\b(?:present|needed|featur\w+|compris\w+|(?<!-)contain\w*)\b|"
    r"\bin(?:to)? (?:it|there|that|this one)\b|\bbe there\b|\bpart of (?:it|this|the)\b|"
    r"\bis a must\b|\b(?:quaternary|quinary)\b|\bmake sure\b|"
    r"\bin(?:to)? the (?:crystal|compound|structure|formula|composition|material|mix|lattice)\b|"
    r"\b(?:must|should|has to|have to|needs? to|ought to) have\b|\bneeds\b|\bneed (?:some|more|an?)\b|"
    r"\bsome\b[^.;!?]* in\b|\bwork in\b",
    re.IGNORECASE,
)
KEPT = re.compile(
    "|".join(
        (
            r"\b(?:chang|replac|swap|exchang|vary|substitut)\w*\b[^.;!?]*\b(?:but|and|just) not (?:the |its )?$",
            r"\b(?:keep\w*|leav(?:e|ing)(?! out)|retain\w*|preserv\w+|maintain\w*|(?:don'?t|do not|without|"
            r"not) (?:touch|chang|alter|los|replac|remov|swap|exchang|substitut|drop)\w*)\b(?:(?!\b(?:but|"
            r"except|apart|with|for|chang|replac|swap|exchang|substitut|use|pick|as an?)\b)[^.;!?,]){0,40}$",
            r"\b(?:still (?:want|need)|hang on to|hold on to|stick with|fond of) (?:the |its |my |our )?$|\bsame $",
            r"\b(?:next to|beside|besides|alongside|along with|together with|no (?:problem|issue)s? with|"
            r"combin\w+ with|pair\w* with) (?:the |its )?$",
        )
    ),
    re.IGNORECASE,
)
STAYS = re.compile(
    r"(?: (?:sites?|atoms?|ions?|framework|sublattice|layers?|part|bit))?(?: (?:we|I) (?:still )?(?:need|"
    r"want|like|love)\b(?! to)|(?: is|'s) (?:a keeper|staying)|(?:,? (?:should|must|has to|have to|can|may|"
    r"obviously|just|of course|both|all|that|which|in))*:? (?:stays?|remains?|(?:is|are) kept|unchanged|"
    r"untouched|no changes?|(?:just )?as (?:it|they) (?:is|are|was|were)|as[- ]is|be left (?:in|alone)|(?:is|"
    r"are) (?:\w+ )?(?:fine|ok|okay|good|great|perfect|lovely|beautiful|sacred|non-negotiable|"
    r"essential)(?! but)))\b",
    re.IGNORECASE,
)
ITSELF = re.compile(r"(?<!instead )(?<!place )(?<!lieu )\bof (?:this|the|our|your) $", re.IGNORECASE)
ELSE = re.compile(
    r"\b(?:(?:another|different|new|other) (?:\w+ )?(?:compound|material|crystal)|in(?:to|side)? it\b)", re.I
)
REST = re.compile(r"\b(?:the (?:rest|others?|remaining)|everything else)\b", re.IGNORECASE)
JOINED = re.compile(r"\s*(?:,|\+|/|-|–|\band\b|\bwith\b|\bthat contains\b)?\s*(?:\band\b\s*)?")
OTHER = re.compile(r"\b(?:an?other|different|other|new) (?:\w+ )?$", re.IGNORECASE)
ITS = re.compile(
    r"\b(?:(?:its|that|the same) (?:place|stead|role|site|position)|instead|for (?:it|that))\b", re.IGNORECASE
)
REACH = 160
WORDS = frozenset({"I", "In", "As", "At", "No", "He", "Be"})
