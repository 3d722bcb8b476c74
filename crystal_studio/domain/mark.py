"""What a person adds to a node afterwards."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Mark:
    """What a person has noted on a node.

    Attributes:
        name: shown instead of the formula; "" for none.
        starred: whether it is a favourite.
        note: free text.
        is_hidden: whether it is left out of the tree and of searches.
    """

    name: str = ""
    starred: bool = False
    note: str = ""
    is_hidden: bool = False
