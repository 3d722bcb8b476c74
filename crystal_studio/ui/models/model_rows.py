"""The rows of the list of models: installed and offered apart, with what this window has heard of each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from crystal_studio.domain.model_card import ModelKind
from crystal_studio.services.jobs_models import ModelListing, ModelsReport, OfferListing
from crystal_studio.ui.models.kind_words import job_text, kind_text, order_of, size_text
from crystal_studio.ui.sign import Sign
from crystal_studio.ui.sign_rows import SignRow

Key = tuple[str, str]  # (kind or one of the two below, id)
OFFERED, UNREADABLE = "offered", "unreadable"


@dataclass(frozen=True)
class ModelNews:
    """What was heard of a model since the window was opened.

    Attributes:
        doing: what is under way with it, "" for nothing.
        fraction: how far that is, None where nobody knows.
        said: how the last thing ended.
        is_good: whether it ended well.
    """

    doing: str = ""
    fraction: float | None = None
    said: str = ""
    is_good: bool = True


NOTHING_HEARD = ModelNews()


def key_of(listing: ModelListing | OfferListing) -> Key:
    """What the row of a model is called."""
    if isinstance(listing, OfferListing):
        return OFFERED, listing.offer.id
    return listing.card.kind.value, listing.card.id


def rows(
    report: ModelsReport, news: Mapping[Key, ModelNews], words: str = "", kind: ModelKind | None = None
) -> list[SignRow]:
    """Headings and rows of the models that fit a filter.

    Args:
        report: what there is.
        news: what was heard of them.
        words: all of which must occur in what is said of a model.
        kind: None for all.
    """
    cards = sorted(report.cards, key=lambda one: (order_of(one.card.kind), not one.in_use, one.card.id))
    fitting = [one for one in cards if _fits(_words_of_card(one), words) and kind in (None, one.card.kind)]
    offers = [one for one in report.offers if _fits(_words_of_offer(one), words) and kind in (None, one.offer.kind)]
    installed = [_installed(one, news.get(key_of(one), NOTHING_HEARD)) for one in fitting if one.installed]
    missing = [_not_installed(one) for one in fitting if not one.installed]
    unreadable = [] if kind else [_unreadable(str(path), why) for path, why in report.complaints if _fits(why, words)]
    usable = [_offered(one) for one in offers if not one.offer.lacks]
    unusable = [_known(one) for one in offers if one.offer.lacks]
    return [
        *_group("Cards that cannot be read", unreadable),
        *_group("Installed", installed),
        *_group("Offered: fetched by you, then imported", [*missing, *usable]),
        *_group("Known, but not for this version", unusable),
    ]


def num_models(shown: Iterable[SignRow]) -> int:
    """Rows that are not headings."""
    return sum(row.key is not None for row in shown)


def _group(heading: str, members: list[SignRow]) -> list[SignRow]:
    return [SignRow(None, f"{heading} ({len(members)})"), *members] if members else []


def _installed(listing: ModelListing, heard: ModelNews) -> SignRow:
    sign = Sign.PASSED if listing.checked else None
    if listing.problem or (heard.said and not heard.is_good):
        sign = Sign.FAILED
    said = heard.said if heard.said and not heard.is_good else listing.problem or heard.said
    doing = heard.doing
    if doing and heard.fraction:
        doing = f"{doing} {round(100 * heard.fraction)} %"
    return SignRow(
        key_of(listing),
        listing.card.id,
        _facts(listing.card.kind, listing.card.memory_mb, listing.fits, "" if listing.checked else "not verified"),
        doing or ("in use" if listing.in_use else ""),
        sign,
        said,
        sign is not Sign.FAILED,
        (heard.fraction or 0.0) if heard.doing else None,
    )


def _not_installed(listing: ModelListing) -> SignRow:
    return SignRow(
        key_of(listing),
        listing.card.id,
        _facts(listing.card.kind, listing.card.memory_mb, listing.fits),
        "optional",
        Sign.FAILED if listing.problem else None,
        listing.problem or "",
    )


def _offered(listing: OfferListing) -> SignRow:
    offer = listing.offer
    least = min(offer.memory_mb.items(), key=lambda one: one[1], default=("", 0))
    fits = f"{least[0]}: {listing.fits.get(least[0], '')}" if least[0] else ""
    return SignRow(
        key_of(listing), offer.id, _facts(offer.kind, least[1], fits), f"{size_text(offer.size_mb)} to fetch"
    )


def _known(listing: OfferListing) -> SignRow:
    offer = listing.offer
    return SignRow(key_of(listing), offer.id, kind_text(offer.kind), "", Sign.ADVICE, offer.lacks)


def _unreadable(path: str, why: str) -> SignRow:
    return SignRow((UNREADABLE, path), path.rsplit("/", 2)[-2], "", "", Sign.FAILED, why)


def _facts(kind: ModelKind, memory_mb: int, fits: str, state: str = "") -> str:
    memory = f"{size_text(memory_mb)} of memory" if memory_mb else ""
    return " · ".join(part for part in (kind_text(kind), memory, fits.rstrip("."), state) if part)


def _words_of_card(listing: ModelListing) -> str:
    card = listing.card
    told = (card.provenance.get(name, "") for name in ("licence", "data", "source", "limits", "base"))
    used = "in use" if listing.in_use else ""
    return " ".join(map(str, (card.id, kind_text(card.kind), job_text(card.kind), listing.job, used, *told)))


def _words_of_offer(listing: OfferListing) -> str:
    offer = listing.offer
    return " ".join((offer.id, offer.name, kind_text(offer.kind), *offer.jobs, offer.licence, offer.source))


def _fits(text: str, words: str) -> bool:
    folded = text.casefold()
    return all(word in folded for word in words.casefold().split())
