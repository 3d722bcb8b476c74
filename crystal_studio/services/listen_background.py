"""What a wish tells of before: "We tested GaAs last year. Now I need a nitride" asks for no arsenic and no gallium."""

from __future__ import annotations

import re

from crystal_studio.services.listen_elements import blanked

_TOLD = re.compile(
    r"(?:^|(?<=[.;!?] ))(?:I|we|my|our|an? (?:colleague|friend|student|postdoc|"
    r"group))\b(?! (?:\w+ )?replac)(?P<words>[^.;!?]*?\b(?:was|were|worked|tested|looked at|tried|studied|"
    r"measured|grew|made|read|used to|grows|works on|already (?:know|have)|know|have (?:tested|tried|studied|"
    r"worked|had|made))\b[^.;!?]*?)(?:[.;!?](?= )|,?(?= but\b)|,(?= (?:so |and )?(?:now|this time|today)\b|"
    r" so (?:please|leave|keep|put|replace|change|give|make|show|use|try|let|could|can|I|we)\b))",
    re.IGNORECASE,
)
# Then the words are a wish or a refusal after all.
_ASKS = re.compile(
    "|".join(
        (
            r"\b(?:want\w*|need\w*|look(?:ed|ing)? for|hop(?:ed|ing)|wonder\w*|ask\w*|told|like|wish\w*|"
            r"requir\w*|search\w*|hunting|after|think\w*|without|avoid\w*|bann?ed|vetoed|lost|not|no|never|"
            r"enough|tired|bored|out of|toxic|poison\w*|sick|allerg\w*|could|should|must)\b",
            r"n't\b",
        )
    ),
    re.IGNORECASE,
)
_POINTS_BACK = re.compile(
    r"\b(?:(?<!in )it|its|these|those|them|that (?:element|one|metal)|former|latter|same|both|none of|either|"
    r"neither|instead|analog\w*|version|rather|replac\w*|swap\w*|substitut\w*)\b",
    re.IGNORECASE,
)


_POINTS_BACK_IN_ANSWER = re.compile(
    r"\b(?:make it|these|those|them|that (?:element|one|metal)|former|latter|same|both|none of|either|"
    r"neither|analog\w*|version|(?:swap|replace|use|try|take) (?:it|that))\b",
    re.IGNORECASE,
)


def without_background(text: str, *, is_answer: bool) -> str:
    """A message without its sentences on earlier work, where the rest does not point back to them.

    Args:
        is_answer: whether there is a crystal, to which "it" and "its" point.
    """
    left = text
    points_back = _POINTS_BACK_IN_ANSWER if is_answer else _POINTS_BACK
    for told in _TOLD.finditer(text):
        rest = text[told.end() :]
        if rest.strip() and not _ASKS.search(told["words"]) and not points_back.search(rest):
            left = blanked(left, *told.span())
    return left
