"""Everything there is to say of a model, as plain text to read, select and copy."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from crystal_studio.domain.trial import Trial
from crystal_studio.services.jobs_models import ModelListing, OfferListing
from crystal_studio.ui.models.kind_words import job_text, kind_text, seconds_text, size_text
from crystal_studio.ui.notation import MISSING, one_line

_LONGEST = 4000  # a card may come from anywhere
_MOST_LINES = 400
_DEEPEST = 8
_OWN_SECTIONS = ("data", "licence", "license", "limits", "source", "measured", "metrics", "how_to_install")
_SCORES = ("val_", "test_", "kept_", "match", "rmse", "mae", "score")


def card_text(listing: ModelListing) -> str:
    """An installed model, or one whose files are missing."""
    card, provenance = listing.card, listing.card.provenance
    sections = [
        ("", _head(listing)),
        ("What is wrong, and what to do", [listing.problem] if listing.problem else []),
        ("How to get it", [] if listing.installed else [card.how_to_install or ""]),
        ("Last test run", _trial(listing.trial)),
        ("Licence", [provenance.get("licence", provenance.get("license", "not stated"))]),
        ("Data", [provenance.get("data", "")]),
        ("Scores", [provenance.get("measured", ""), *_scores(provenance)]),
        ("Limits", [provenance.get("limits", "")]),
        ("Source", [provenance.get("source", ""), *(_pairs(source) for source in card.sources)]),
        ("How it was made", _made(provenance)),
        ("Options", _flat(card.options)),
        ("Files", [str(card.folder), *(f"{file.path}   SHA-256 {file.sha256}" for file in card.files)]),
        ("Fingerprint", [card.fingerprint]),
        ("Engine", [card.backend]),
    ]
    return _text(sections)


def offer_text(listing: OfferListing) -> str:
    """A model that could be fetched."""
    offer = listing.offer
    memory = [
        f"{precision}: {size_text(megabytes)} of memory, {listing.fits.get(precision, MISSING)}"
        for precision, megabytes in offer.memory_mb.items()
    ]
    how = [f"Download: {size_text(offer.size_mb)}", offer.how, "The program itself fetches nothing."]
    sections = [
        ("", [f"{offer.name} ({offer.id})", f"{kind_text(offer.kind)}, not installed", *offer.jobs]),
        ("Why it cannot be used", [offer.lacks, offer.how] if offer.lacks else []),
        ("How to get it", [] if offer.lacks else how),
        ("On this machine", [] if offer.lacks else memory),
        ("Licence", [offer.licence]),
        ("Source", [offer.source]),
    ]
    return _text(sections)


def _head(listing: ModelListing) -> list[str]:
    card = listing.card
    where = "comes with the program" if listing.shipped else "your own" if listing.writable else "of a shared folder"
    state = "does this job now" if listing.in_use else "installed" if listing.installed else "not installed"
    checked = "files verified" if listing.checked else "files not verified yet"
    return [
        f"{card.id}, version {card.version}",
        f"{kind_text(card.kind)}: {listing.job or job_text(card.kind)}",
        ", ".join((state, where, *((checked,) if listing.installed else ()))),
        f"Files: {size_text(listing.size_mb)}. Memory when loaded: {size_text(card.memory_mb)}.",
        _sentence(listing.fits),
    ]


def _trial(trial: Trial | None) -> list[str]:
    if trial is None:
        return []
    return [f"{seconds_text(trial.seconds)}, {size_text(trial.memory_mb)} of memory", trial.text]


def _scores(provenance: Mapping[str, Any]) -> list[str]:
    numbers = {
        name: value
        for name, value in provenance.items()
        if name.startswith(_SCORES) and isinstance(value, int | float) and name not in _OWN_SECTIONS
    }
    metrics = provenance.get("metrics", {})
    return [*_flat(numbers), *(_flat(metrics) if isinstance(metrics, Mapping) else [str(metrics)])]


def _made(provenance: Mapping[str, Any]) -> list[str]:
    rest = {
        name: value
        for name, value in provenance.items()
        if name not in _OWN_SECTIONS and not (name.startswith(_SCORES) and isinstance(value, int | float))
    }
    return _flat(rest)


def _flat(table: Mapping[str, Any]) -> list[str]:
    """One line for each innermost table, so that numbers that belong together stand together."""
    return list(_lines(table, ()))


def _lines(table: Mapping[str, Any], path: tuple[str, ...]) -> Iterator[str]:
    leaves = {name: value for name, value in table.items() if not isinstance(value, Mapping) or len(path) > _DEEPEST}
    if path and leaves:
        yield f"{', '.join(path)}: {_pairs(leaves)}"
    else:
        yield from (f"{_name(name)}: {_value(value)}" for name, value in leaves.items())
    for name, value in table.items():
        if name not in leaves:
            yield from _lines(value, (*path, _name(name)))


def _pairs(table: Mapping[str, Any]) -> str:
    return ", ".join(f"{_name(name)} {_value(value)}" for name, value in table.items())


def _name(name: str) -> str:
    return str(name).replace("_", " ")


def _value(value: Any) -> str:
    if isinstance(value, Mapping):
        return _pairs(value) if len(value) < _MOST_LINES else MISSING
    if isinstance(value, list | tuple):
        return " ".join(str(one) for one in value)
    return str(value)


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}" + ("" if text.endswith(".") or not text else ".")


def _text(sections: list[tuple[str, list[str]]]) -> str:
    blocks = []
    for heading, lines in sections:
        said = [one_line(str(line)[:_LONGEST]) for line in lines[:_MOST_LINES] if str(line).strip()]
        if said:
            blocks.append("\n".join([heading.upper(), *said] if heading else said))
    return "\n\n".join(blocks) + "\n"
