"""What an import did, in words."""

from __future__ import annotations

from dataclasses import dataclass

from crystal_studio.domain.imported import Imported, ReadFile, RefusedFile, SharedSite
from crystal_studio.ui.notation import formula_text, number_text
from crystal_studio.ui.sign import Sign

_SITES_LISTED = 6


@dataclass(frozen=True)
class ReadEntry:
    """One line of what was read.

    Attributes:
        name: of the file.
        sign: cross for a refusal, question mark for something to read, tick for a clean one.
        summary: what became of it, in a few words.
        text: all there is to say.
        read: the crystal, None where it was refused.
        node: id of the root it became, "" for none.
    """

    name: str
    sign: Sign
    summary: str
    text: str
    read: ReadFile | None = None
    node: str = ""


def is_clean(imported: Imported) -> bool:
    """Whether nobody need be told more than that it is done."""
    return not imported.refused and all(one.is_ordered and not one.warnings for one in imported.read)


def headline(imported: Imported) -> str:
    """The outcome in a sentence."""
    viewing = sum(not one.is_ordered for one in imported.read)
    outcomes = (
        (len(imported.nodes), "was imported", "were imported"),
        (viewing, "is for viewing only", "are for viewing only"),
        (len(imported.refused), "was refused", "were refused"),
    )
    parts = [_counted(count, one, many) for count, one, many in outcomes if count]
    if not parts:
        return "There was no crystal to import."
    number, _, rest = parts[0].partition(" ")
    return ", ".join([f"{number} {'crystal' if number == '1' else 'crystals'} {rest}", *parts[1:]]) + "."


def clean_sentence(imported: Imported) -> str:
    """What the status line says of an import without a hitch."""
    if len(imported.read) == 1:
        only = imported.read[0]
        return f"Imported {formula_text(only.crystal.formula)} from {only.name}, read by {only.reader}."
    return headline(imported)


def entries(imported: Imported) -> list[ReadEntry]:
    """One for each file: refused ones first, then those with something to read, then the clean ones."""
    ids = iter(imported.nodes)
    found = [_refused(one) for one in imported.refused]
    found += [_read(one, next(ids, "") if one.is_ordered else "") for one in imported.read]
    order = (Sign.FAILED, Sign.UNDECIDED, Sign.PASSED)
    return sorted(found, key=lambda entry: order.index(entry.sign))


def shares_text(shared: tuple[SharedSite, ...], listed: int = _SITES_LISTED) -> str:
    """Who sits on the sites that are not simply filled: ``atom 1: 0.50 Fe, 0.50 Mn; atom 3: 0.80 O, 0.20 empty``."""
    parts = [f"atom {one.index + 1}: {_occupants(one)}" for one in shared[:listed]]
    more = len(shared) - listed
    return "; ".join(parts) + (f"; and {more} more" if more > 0 else "")


def _occupants(site: SharedSite) -> str:
    parts = [f"{number_text(share, 2)} {symbol}" for symbol, share in site.occupancies.items()]
    empty = 1 - sum(site.occupancies.values())
    return ", ".join([*parts, f"{number_text(empty, 2)} empty"] if empty > 0.005 else parts)


def _refused(refused: RefusedFile) -> ReadEntry:
    return ReadEntry(refused.name, Sign.FAILED, "refused", f"{refused.name}\nRefused.\n\n{refused.reason}")


def _read(read: ReadFile, node: str) -> ReadEntry:
    formula = formula_text(read.crystal.formula)
    warnings = _counted(len(read.warnings), "warning", "warnings") if read.warnings else ""
    viewing = "" if read.is_ordered else "for viewing only"
    summary = ", ".join(part for part in (formula, viewing, warnings) if part)
    sign = Sign.PASSED if read.is_ordered and not read.warnings else Sign.UNDECIDED
    blocks = [f"{read.name}\n{formula}, {_counted(read.crystal.num_sites, 'atom', 'atoms')}, read by {read.reader}"]
    if read.shared:
        listed = shares_text(read.shared, len(read.shared)).replace("; ", "\n")
        blocks.append(f"Shared or partly empty sites, which are outside the models: not in the history\n{listed}")
    if read.warnings:
        blocks.append("\n".join(["Warnings", *(f"• {one}" for one in read.warnings)]))
    if read.steps:
        blocks.append("\n".join(["What was done", *(f"• {one}" for one in read.steps)]))
    return ReadEntry(read.name, sign, summary, "\n\n".join(blocks), read, node)


def _counted(count: int, one: str, many: str) -> str:
    return f"{count:,} {one if count == 1 else many}"
