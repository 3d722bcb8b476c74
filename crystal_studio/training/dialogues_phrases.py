"""How people ask: sentence patterns for the training dialogues, chosen by an explicit generator.

Slots: ``{old}`` and ``{new}`` are elements by name or symbol, ``{kind}`` a noun phrase, ``{tails}`` what follows it.
"""

from __future__ import annotations

import random

from crystal_studio.domain.elements import BY_SYMBOL

WISHES = (
    "{kind}{tails}",
    "{kind}{tails}.",
    "I need {kind}{tails}.",
    "I'd like {kind}{tails}.",
    "I am looking for {kind}{tails}.",
    "Please design {kind}{tails}.",
    "Design {kind}{tails}",
    "Suggest {kind}{tails}.",
    "Give me {kind}{tails}",
    "Find {kind}{tails}, please.",
    "Could you propose {kind}{tails}?",
    "Can you make {kind}{tails}?",
    "Show me {kind}{tails}.",
    "What would be {kind}{tails}?",
    "We want {kind}{tails} for a device.",
    "Imagine {kind}{tails}.",
    "Our lab is after {kind}{tails}.",
    "create {kind}{tails}",
)
CONTAINING = (
    " that contains {elements}",
    " containing {elements}",
    " with {elements}",
    " made of {elements}",
    " based on {elements}",
    " built from {elements}",
    " that includes {elements}",
    " of {elements}",
)
WITHOUT = (
    " without {elements}",
    " that has no {elements}",
    " free of {elements}",
    ", but no {elements}",
    " ({elements}-free)",
)
GROUPS = (
    " in space group {symbol}",
    " with {symbol} symmetry",
    " that crystallizes in {symbol}",
    ", space group {symbol}",
)
PROTOTYPES = (" with the {name} structure", " of the {name} type", " structured like {name}", ", {name} structured")
WIDE = ("wide band gap", "large band gap", "big gap", "wide gap", "gap above {low} eV", "high band gap")
MEDIUM = ("moderate band gap", "band gap of about {gap} eV", "gap near {gap} eV", "semiconducting gap")
NARROW = ("narrow band gap", "small band gap", "small gap", "gap below {high} eV", "low band gap")
WIDE_NOUNS = ("insulator", "dielectric", "insulating material", "insulating crystal", "wide-gap compound")
MEDIUM_NOUNS = ("semiconductor", "semiconducting material", "semiconducting crystal", "compound", "material")
METAL_NOUNS = ("metal", "conductor", "metallic compound", "conducting material", "metallic phase")
PLAIN_NOUNS = ("crystal", "material", "compound", "phase", "structure", "solid")
LAYERED = {
    2: ("layered", "two-dimensional", "2D", "sheet-like"),
    1: ("one-dimensional", "chain-like"),
    0: ("molecular",),
}

REPLACE_ABUNDANT = (
    "Replace {old} with a more readily available element.",
    "Replace {old} by a more abundant element.",
    "Swap {old} for something more abundant.",
    "{old} is too rare, use a more common element instead.",
    "{old} is too expensive; take a cheaper element.",
    "Can we use a more earth-abundant element than {old}?",
    "Substitute {old} with an element that is easier to get.",
    "Instead of {old}, pick an element that is more plentiful.",
    "Exchange {old} for a cheaper one.",
    "We cannot source {old}. Choose a more available element.",
    "Use a less scarce element in place of {old}.",
    "I'd rather have a commoner element than {old}.",
    "Get rid of {old}: something more abundant in the crust please.",
    "Find a more abundant substitute for {old}.",
    "Make it cheaper: replace {old} with a widely available element.",
    "Trade {old} for an element with higher crustal abundance.",
)
REPLACE_SAFER = (
    "{old} is toxic, replace it.",
    "Replace the toxic {old} with something harmless.",
    "Swap {old} for a less toxic element.",
    "Substitute {old} by a safer element.",
    "We must avoid {old}; use a non-toxic element instead.",
)
REPLACE_NAMED = (
    "Replace {old} with {new}.",
    "Replace {old} by {new}.",
    "Swap {old} for {new}.",
    "Use {new} instead of {old}.",
    "Substitute {new} for {old}.",
    "Exchange {old} with {new}, please.",
    "Take {new} in place of {old}.",
    "Can you change {old} to {new}?",
    "What if {old} were {new}?",
    "Try the same with {new} rather than {old}.",
    "Turn {old} into {new}.",
    "{new} should take the place of {old}.",
    "put {new} where {old} is",
    "Same structure, but {new} instead of {old}.",
    "I want {new} on the {old} site.",
)
REPLACE_OPEN = (
    "Replace {old} with another element.",
    "No {old}, please.",
    "Without {old}.",
    "Remove {old}.",
    "Avoid {old}.",
    "Leave out {old}, use something else.",
    "Find an alternative to {old}.",
    "I do not want {old} in it.",
    "It must not contain {old}.",
    "Drop {old} and keep the rest.",
    "Make it {old}-free.",
    "Take another element than {old}.",
    "get rid of {old}",
    "Exclude {old}.",
    "Can this be done without {old}?",
    "Swap {old} for a chemically similar element.",
)
GAP_WIDER = (
    "The predicted band gap is too small: make it wider",
    "Make the band gap wider",
    "Increase the band gap",
    "I need a larger gap",
    "The gap should be bigger",
    "Widen the gap",
    "Raise the band gap",
    "The band gap is too low, open it up",
    "Please enlarge the gap",
    "More gap",
    "It should be more insulating",
    "A higher band gap would be better",
    "Push the gap up",
    "Go for a wider gap",
    "That gap is too narrow for us",
)
GAP_NARROWER = (
    "The predicted band gap is too large: make it smaller",
    "Make the band gap narrower",
    "Decrease the band gap",
    "I need a smaller gap",
    "The gap should be lower",
    "Reduce the gap",
    "Lower the band gap",
    "The band gap is too wide, shrink it",
    "Close the gap a bit",
    "Less gap",
    "It should be more conducting",
    "A lower band gap would be better",
    "Bring the gap down",
    "Go for a narrower gap",
    "That gap is too big for us",
)
KEEPING = (
    " but keep the composition.",
    ", same composition.",
    " without changing the formula.",
    " while keeping the elements and their ratio.",
    "; the formula must stay.",
    ", keep {formula}.",
    " for the same compound.",
    " with the composition fixed.",
)
CHANGING = ("; you may change one element.", " by swapping an element.")  # without such words the formula is kept
LONGER = (
    "Increase the distance between the structural units.",
    "Make the bonds longer.",
    "Longer bonds, please.",
    "Stretch the bonds a little.",
    "Move the polyhedra further apart.",
    "Increase the distance between the polyhedra.",
    "The atoms are too close together, spread them out.",
    "Expand the lattice.",
    "I want more space between the units.",
    "Enlarge the cell.",
    "The building blocks should be farther from each other.",
    "Increase the interatomic distances.",
    "Make it less dense.",
    "Open up the structure.",
    "A bigger volume, same compound.",
    "Separate the layers more.",
)
SHORTER = (
    "Decrease the distance between the structural units.",
    "Make the bonds shorter.",
    "Shorter bonds, please.",
    "Bring the polyhedra closer together.",
    "Compress the lattice.",
    "Make it denser.",
    "The units should be closer to each other.",
    "Shrink the cell.",
    "Reduce the interatomic distances.",
    "Pack it tighter.",
    "Less space between the units.",
    "A smaller volume, same compound.",
    "Squeeze the structure.",
    "Tighten the bonds.",
    "Pull the building blocks together.",
)
DIMENSION = (
    "Make it {layered}.",
    "I want a {layered} version.",
    "Can it be {layered}?",
    "Turn this into a {layered} structure.",
    "A {layered} polymorph, please.",
    "It should be {layered}.",
    "Give me something similar but {layered}.",
    "Change it to a {layered} crystal.",
    "Is there a {layered} form?",
    "We need it {layered}.",
    "Go {layered}.",
    "Prefer a {layered} arrangement.",
    "{layered} would be better.",
    "Try a {layered} relative.",
    "Find a {layered} one.",
)
THREE_DIMENSIONAL = ("three-dimensional", "3D", "framework-like", "fully connected")
SYMMETRY = (
    "I want it in space group {symbol}.",
    "Use space group {symbol}.",
    "Make it {symbol}.",
    "Change the symmetry to {symbol}.",
    "Give me the {symbol} polymorph.",
    "It should crystallize in {symbol}.",
    "Try {symbol} instead.",
    "Space group {symbol}, please.",
    "Put it in {symbol}.",
    "Same compound in {symbol}.",
    "Can it be {symbol}?",
    "{symbol} symmetry, keep the rest.",
    "I prefer {symbol}.",
    "Switch to {symbol}.",
    "the {symbol} phase",
)
SYSTEM = (
    "Make it {system}.",
    "I want a {system} structure.",
    "A {system} polymorph, please.",
    "Is there a {system} phase?",
    "Change the crystal system to {system}.",
    "It should be {system}.",
    "Give me the {system} form.",
    "Use a {system} cell.",
    "Prefer {system} symmetry.",
    "Try something {system}.",
    "Turn it {system}.",
    "Same formula but {system}.",
    "The crystal should be {system}.",
    "{system} please",
    "Go to the {system} system.",
)


def name_of(symbol: str, generator: random.Random) -> str:
    """The element by its name, now and then by its symbol."""
    return BY_SYMBOL[symbol].name if generator.random() < 0.65 else symbol


def listed(symbols: list[str], generator: random.Random) -> str:
    """Elements as people list them; all by name or all by symbol."""
    words = [BY_SYMBOL[s].name for s in symbols] if generator.random() < 0.6 else list(symbols)
    if len(words) == 1:
        return words[0]
    joint = generator.choice((" and ", ", ", " and ", " plus "))
    return ", ".join(words[:-1]) + joint + words[-1]


def with_article(phrase: str, generator: random.Random) -> str:
    """The noun phrase with its article, sometimes left out."""
    if generator.random() < 0.1:
        return phrase
    return ("An " if phrase[0].lower() in "aeiou" else "A ") + phrase


def roughened(message: str, generator: random.Random) -> str:
    """The message as typed in a hurry, rarely: lower case, or two letters exchanged."""
    draw = generator.random()
    if draw < 0.05 and len(message) > 12:
        place = generator.randrange(4, len(message) - 4)
        if message[place : place + 2].isalpha() and message[place : place + 2].islower():
            return message[:place] + message[place + 1] + message[place] + message[place + 2 :]
    return message
