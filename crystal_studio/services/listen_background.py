"""What a wish tells of before: "We tested GaAs last year. Now I need a nitride" asks for no arsenic and no gallium."""

from __future__ import annotations

import re

from crystal_studio.services.listen_elements import blanked

_TOLD = re.compile(
    r"(?:^|(?<=[.;!?] ))(?:I|we|my|our)\b(?P<words>[^.;!?]*?\b(?:was|were|worked|tested|looked at|tried|studied|"
    r"measured|grew|made|used to|have (?:tested|tried|studied|worked|had|made))\b[^.;!?]*?)"
    r"(?:[.;!?](?= )|,(?= (?:so |and )?(?:now|this time|today)\b))",
    re.IGNORECASE,
)
# Then the words are a wish or a refusal after all.
_ASKS = re.compile(
    r"\b(?:want\w*|need\w*|look(?:ed|ing)? for|hop(?:ed|ing)|wonder\w*|ask\w*|told|like|wish\w*|requir\w*|search\w*|"
    r"hunting|after|think\w*|without|avoid\w*|bann?ed|vetoed|lost|not|no|never|out of|toxic|poison\w*|sick|"
    r"allerg\w*|could|should|must)\b|n't\b",
    re.IGNORECASE,
)
_POINTS_BACK = re.compile(
    r"\b(?:it|its|these|those|them|that (?:element|one|metal)|former|latter|same|both|none of|either|neither|instead|"
    r"analog\w*|version|rather|replac\w*|swap\w*|substitut\w*)\b",
    re.IGNORECASE,
)


def without_background(text: str) -> str:
    """A first wish without its sentences on earlier work, where the rest does not point back to them."""
    left = text
    for told in _TOLD.finditer(text):
        rest = text[told.end() :]
        if rest.strip() and not _ASKS.search(told["words"]) and not _POINTS_BACK.search(rest):
            left = blanked(left, *told.span())
    return left
