"""What is heard of exchanges, kinds of elements, removals and of what is kept, however it is phrased.

A row is a parent's formula ("" for a first wish), a message, and what must be heard, part by part: ``Sr>Ca`` (the
formula with Ca for Sr is locked), ``Sr>?Ca,Ba!Pb`` (Sr replaced by one of several, Ca and Ba among them, Pb not), ``-Pb``
(excluded), ``+Nb`` (required, or one of a group), ``keep`` (the parent's formula is locked), ``free`` (no formula is),
``formula=X``, ``1:2`` (stoichiometry), ``sg=221``, ``proto=spinel``, ``2d``, ``tetragonal``, and goals: ``gap>``,
``gap>=3``, ``dist>``, ``vol>``, ``dens<``, ``energy<``. A formula or a goal that no part asks for must not be heard.
"""

from __future__ import annotations

import re

import pytest

from crystal_studio.domain.composition import Composition
from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.domain.intent import Direction, Goal, Intent, Limits, Quantity
from crystal_studio.services.listen import ParentFacts, listen

QUANTITIES = {
    "gap": Quantity.BAND_GAP,
    "dist": Quantity.UNIT_DISTANCE,
    "vol": Quantity.VOLUME,
    "dens": Quantity.DENSITY,
    "energy": Quantity.ENERGY,
}
DIRECTIONS = dict(zip((">", "<", ">=", "<=", "="), Direction, strict=True))
GOAL = re.compile(r"(gap|dist|vol|dens|energy)(>=|<=|[<>=])([\d.]+)?")

EXCHANGES = [
    ("NaCl", "let potassium take sodium's place", "Na>K"),
    ("MgO", "put Zn where Mg sits", "Mg>Zn"),
    ("LiCoO2", "lithium -> sodium", "Li>Na"),
    ("ZnO", "go from oxide to sulfide", "O>S"),
    ("CaTiO3", "swap the calcium out, bring in barium", "Ca>Ba"),
    ("GaN", "Ga out, Al in", "Ga>Al"),
    ("NaCl", "potassium rather than sodium, please", "Na>K"),
    ("CdS", "trade cadmium for zinc", "Cd>Zn"),
    ("BaTiO3", "how about zirconium in titanium's position?", "Ti>Zr"),
    ("CsPbI3", "tin where the lead is", "Pb>Sn"),
    ("SrTiO3", "Could Ba sit on the Sr site?", "Sr>Ba"),
    ("KTaO3", "Nb for Ta", "Ta>Nb"),
    ("LiFePO4", "go with manganese and not iron", "Fe>Mn"),
    ("PbTe", "turn the telluride into a selenide", "Te>Se"),
    ("ZnS", "convert it to the selenide", "S>Se"),
    ("CaF2", "Strontium could step in for calcium", "Ca>Sr"),
    ("SrTiO3", "Give up Sr in favour of Ca", "Sr>Ca"),
    ("MgAl2O4", "exchange the aluminium for gallium", "Al>Ga"),
    ("CoO", "take cobalt out and put nickel in", "Co>Ni"),
    ("CsPbBr3", "Have rubidium occupy the cesium site", "Cs>Rb"),
    ("ZnO", "a sulfide analogue of this", "O>S"),
    ("ZnS", "the selenium version", "S>Se"),
    ("SrTiO3", "same structure but with Zr", "Ti>Zr sg=221"),
    ("CaTiO3", "what about the barium analogue", "Ca>Ba"),
    ("NaCl", "I want the bromide instead", "Cl>Br"),
    ("SrTiO3", "I would rather have calcium on the A site", "Sr>Ca"),
    ("LaAlO3", "gallium on the B site", "Al>Ga"),
    ("CsPbI3", "bromine at the X site", "I>Br"),
    ("BaTiO3", "try the hafnium counterpart", "Ti>Hf"),
    ("MgO", "the calcium equivalent", "Mg>Ca"),
    ("LiCoO2", "show me the sodium version of this cathode", "Li>Na"),
    ("GaAs", "the antimonide, please", "As>Sb"),
    ("CsSnI3", "what would the chloride look like?", "I>Cl"),
    ("CdTe", "use Zn as the cation", "Cd>Zn"),
    ("TiO2", "how does the tin compound look", "Ti>Sn"),
    ("NaCl", "move one row down in the anion", "Cl>Br"),
    ("CaO", "one step down the group for the cation", "Ca>Sr"),
    ("SrTiO3", "barium and zirconium in place of Sr and Ti", "formula=BaZrO3"),
    ("GaAs", "try InP instead", "formula=InP"),
    ("MgAl2O4", "keep it a spinel but with zinc for magnesium", "Mg>Zn proto=spinel"),
    ("SrO", "barium would do better in strontium's stead", "Sr>Ba"),
    ("KBr", "why not have iodine as the halide?", "Br>I"),
    ("LiF", "sodium is cheaper than lithium, so take that", "Li>Na"),
    ("CaTiO3", "Let the A cation be lead", "Ca>Pb"),
    ("ZnSe", "telluride version please", "Se>Te"),
    ("AlN", "Please move to the gallium analog", "Al>Ga"),
    ("CsPbI3", "could it be based on tin rather than lead?", "Pb>Sn"),
    ("BaTiO3", "Sn4+ on the octahedral site", "Ti>Sn"),
    ("MgAl2O4", "put chromium on the octahedral sites instead of aluminium", "Al>Cr"),
    ("Cu2O", "silver homologue", "Cu>Ag"),
    ("SrTiO3", "Sr→Ba", "Sr>Ba"),
    ("CaF2", "go down the alkaline earth column by one", "Ca>Sr"),
    ("NaCl", "go up one row in the halogens", "Cl>F"),
    ("PbS", "Let us try a compound in which Sn plays the part of Pb", "Pb>Sn"),
    ("GaP", "what if phosphorus became arsenic?", "P>As"),
    ("TiO2", "zirconium dioxide in the same structure", "Ti>Zr"),
    ("SrTiO3", "calcium instead", "Sr>Ca"),
    ("KTaO3", "niobium this time", "Ta>Nb"),
    ("ZnS", "now with selenium", "S>Se"),
    ("ZnO", "magnesium in, zinc out", "Zn>Mg"),
    ("SrTiO3", "Something in the same family, but Ba-based", "Sr>Ba"),
    ("Li2O", "could sodium serve as the alkali?", "Li>Na"),
    ("MgO", "the beryllium-containing sister compound", "Mg>Be"),
    ("CaTiO3", "I prefer a zirconate", "Ti>Zr"),
    ("BaSO4", "the strontium salt", "Ba>Sr"),
    ("CaCO3", "make it magnesium carbonate", "Ca>Mg"),
    ("NaCl", "how about a fluoride", "Cl>F"),
    ("CsPbBr3", "I'd swap bromide for chloride", "Br>Cl"),
    ("LiCoO2", "iron-based alternative", "Co>Fe"),
    ("CsPbI3", "germanium perovskite of the same kind", "Pb>Ge"),
    ("LiFePO4", "vanadium at the iron site", "Fe>V"),
    ("Na3Bi", "antimony takes over from bismuth", "Bi>Sb"),
    ("CuCl", "upgrade the copper to silver", "Cu>Ag"),
    ("ZnO", "cadmium oxide in this structure?", "Zn>Cd"),
    ("BaTiO3", "use lead, not barium", "Ba>Pb"),
    ("LaAlO3", "yttrium for lanthanum", "La>Y"),
    ("FeS2", "I'd like the selenide of iron", "S>Se"),
    ("GaN", "aluminium ought to be there in the gallium position", "Ga>Al"),
    ("KMgF3", "trade potassium against rubidium", "K>Rb"),
    ("SrTiO3", "try ruthenium on B", "Ti>Ru"),
    ("Al2O3", "the iron one, still a corundum", "Al>Fe"),
    ("Mg2Si", "Ca2Si instead", "formula=Ca2Si"),
    ("SrTiO3", "oxygen should make way for sulfur", "O>S"),
    ("ZnS", "same crystal, oxygen as the anion", "S>O"),
    ("MgF2", "the next heavier alkaline earth", "Mg>Ca"),
    ("LiCoO2", "get cobalt out of there, manganese would be fine", "Co>Mn"),
    ("NaCl", "K should take over the role of Na", "Na>K"),
    ("GaN", "nitrogen -> phosphorus", "N>P"),
    ("BaTiO3", "Put Ca at A", "Ba>Ca"),
    ("ZnO", "we have lots of magnesium lying around, could that serve instead of zinc?", "Zn>Mg"),
    ("SrTiO3", "don't change the strontium, but put zirconium on the other cation site", "Ti>Zr"),
    ("PbS", "can we go lead-free, with tin as a stand-in", "Pb>Sn"),
    ("KNbO3", "tantalate analogue", "Nb>Ta"),
    ("LiNbO3", "the heavier congener of niobium", "Nb>Ta"),
    ("Bi2Te3", "antimony-for-bismuth substitution", "Bi>Sb"),
    ("Sb2Se3", "sulphur rather than selenium", "Se>S"),
    ("NaCl", "with caesium please", "Na>Cs"),
    ("Cs2AgBiBr6", "swap silver for sodium", "Ag>Na"),
    ("Cs2AgBiBr6", "indium takes bismuth's seat", "Bi>In"),
    ("CsPbI3", "inorganic tin-based analogue", "Pb>Sn"),
    ("LiFePO4", "trade the phosphate for a silicate", "P>Si"),
    ("ZnO", "The zinc could be magnesium", "Zn>Mg"),
    ("GaAs", "from arsenide to phosphide", "As>P"),
    ("CuInSe2", "gallium for indium, keep the rest", "In>Ga"),
    ("CuInSe2", "Same thing with sulfur", "Se>S"),
    ("CuInS2", "Too much indium supply risk, what about gallium", "In>Ga"),
    ("MgO", "beryllia instead", "Mg>Be"),
    (
        "SrTiO3",
        "Use Ca, not Sr, and widen the gap while keeping the perovskite structure",
        "Sr>Ca gap> proto=perovskite",
    ),
    ("SrTiO3", "widen the gap by replacing titanium with zirconium", "Ti>Zr gap>"),
    ("SrTiO3", "with calcium the gap would be wider, so let calcium go in for strontium", "Sr>Ca gap>"),
    ("CsPbI3", "no lead please, tin is fine", "Pb>Sn"),
    ("CsPbI3", "Sn instead of Pb and Br instead of I", "formula=CsSnBr3"),
    ("MgO", "one row below magnesium", "Mg>Ca"),
    ("SrTiO3", "go one down from Sr", "Sr>Ba"),
    ("SrTiO3", "keep all atoms where they are except Ti, which becomes Hf", "Ti>Hf"),
    ("BaTiO3", "In lieu of barium, strontium", "Ba>Sr"),
    ("In2O3", "gallium in indium's place", "In>Ga"),
    ("InP", "In -> Ga", "In>Ga"),
    ("KI", "chlorine in place of iodine", "I>Cl"),
    ("SrTiO3", "use Ca for Sr, no lead", "Sr>Ca -Pb"),
    ("SrTiO3", "Use a heavier alkaline earth, but nothing toxic, and a gap above 3 eV", "Sr>Ba gap>=3"),
    ("SrTiO3", "no rare earths; Zr for Ti", "Ti>Zr -La"),
    ("CsPbI3", "swap the halide for bromide, avoid tin", "I>Br -Sn"),
]
KINDS = [
    ("SrTiO3", "Sr is expensive, find another alkaline earth", "Sr>?Ca,Ba,Mg!Mn,Fe"),
    ("CsPbI3", "exchange the B-site", "Pb>?Sn"),
    ("SrTiO3", "a different A cation", "Sr>?Ca"),
    ("CdSe", "less toxic than Cd", "Cd>?Zn!Hg"),
    ("LiCoO2", "drop the cobalt for a cheaper 3d metal", "Co>?Fe,Mn!Al,Sc"),
    ("SrTiO3", "use something more abundant for Sr", "Sr>?Ca!Pb"),
    ("GaAs", "arsenic worries me, find a safer anion", "As>?P"),
    ("CsPbI3", "swap out the caesium", "Cs>?Rb"),
    ("KCl", "heavier halide please", "Cl>?Br,I!F"),
    ("ZnS", "make the chalcogen heavier", "S>?Se,Te!O"),
    ("NaF", "try a larger alkali metal", "Na>?K,Rb,Cs!Li"),
    ("BaO", "a smaller alkaline earth would be nice", "Ba>?Sr,Ca,Mg!Zn"),
    ("CdS", "a lighter metal in place of Cd", "Cd>?Zn"),
    ("PbS", "something lighter than lead", "Pb>?Sn"),
    ("ZnTe", "a lighter chalcogen", "Te>?Se,S!Cl"),
    ("SrO", "try some other alkaline earth oxide", "Sr>?Ca,Ba!Zn"),
    ("LaFeO3", "another rare earth on A", "La>?Nd!Ca"),
    ("CaF2", "change the halogen", "F>?Cl,Br,I!O"),
    ("Mg2SiO4", "a transition metal instead of magnesium", "Mg>?Fe!Ca"),
    ("ZnO", "swap the anion", "O>?S"),
    ("CsPbI3", "different halide", "I>?Br,Cl,F!O"),
    ("GaN", "try a neighbouring group 13 element", "Ga>?Al,In!Fe"),
    ("LaMnO3", "choose a smaller lanthanide", "La>?Nd!Ca"),
    ("HgS", "mercury is poisonous, choose a benign metal", "Hg>?Zn!Cd"),
    ("InAs", "substitute out the indium", "In>?Ga"),
    ("GaAs", "Use a group V element other than arsenic", "As>?P!S"),
    ("CaO", "lighter alkaline-earth", "Ca>?Mg!Zn"),
    ("SrTiO3", "don't touch the titanate framework but pick another A cation", "Sr>?Ca +Ti"),
    ("PbTiO3", "can the Pb be something harmless?", "Pb>?Ba!Cd"),
    ("CsPbI3", "chloride or bromide in place of the iodide", "I>?Cl,Br!F"),
    ("CaTiO3", "leave the titanium alone, but try another alkaline earth", "Ca>?Sr,Ba"),
    ("CdTe", "less harmful metal please", "Cd>?Zn!Hg"),
    ("ZnS", "smaller gap, heavier anion", "S>?Se,Te gap<"),
    ("ZnS", "a bigger chalcogenide ion to close the gap", "S>?Se,Te gap<"),
    ("MgO", "band gap is too wide; a heavier alkaline earth may help", "Mg>?Ca,Sr,Ba gap<"),
    ("Mg3N2", "any other group 2 metal", "Mg>?Ca,Sr!Zn"),
    ("SrTiO3", "replace oxygen by something from the same group", "O>?S,Se"),
    ("NaCl", "replace the halide", "Cl>?Br,F,I"),
    ("SrTiO3", "cheaper A-site", "Sr>?Ca,Ba"),
    ("SrTiO3", "a heavier B cation", "Ti>?Zr,Hf"),
    ("SrTiO3", "use an isovalent ion on the B-site", "Ti>?Zr,Hf"),
    ("SrTiO3", "keep the anion, change the A-site", "Sr>?Ca"),
    ("SrTiO3", "use something cheaper than Sr but no iron", "Sr>?Ca!Fe -Fe"),
]
REMOVALS = [
    ("CsPbI3", "could we get rid of the lead", "-Pb"),
    ("LiCoO2", "cobalt-free please", "-Co"),
    ("CdTe", "I'm not allowed to use cadmium", "-Cd"),
    ("PbTiO3", "Lead has to go", "-Pb"),
    ("HgTe", "no mercury in the lab", "-Hg"),
    ("BaTiO3", "titanium must not be in it any more", "-Ti"),
    ("LiCoO2", "I can't source cobalt any more", "-Co"),
    ("CdSe", "Eliminate the toxic element", "-Cd"),
    ("CsPbI3", "strip the lead from it", "-Pb"),
    ("TiO2", "no titanium, same structure", "-Ti"),
    ("PbTe", "thallium-free and lead-free", "-Pb"),
    ("CdS", "What are the non-Cd options?", "-Cd"),
    ("NaCl", "I'd rather not use chlorine", "-Cl"),
    ("BaTiO3", "I don't like barium", "-Ba"),
]
KEPT = [
    ("SrTiO3", "same compound but in a less symmetric form", "keep"),
    ("SrTiO3", "keep the chemistry, just make it layered", "keep 2d"),
    ("TiO2", "I'd like the anatase form of this", "keep proto=anatase"),
    ("ZnS", "the wurtzite polymorph", "keep proto=wurtzite"),
    ("SiO2", "without changing the composition, make it denser", "keep dens>"),
    ("CaCO3", "the aragonite polymorph", "keep"),
    ("NaCl", "crystallise it in the CsCl structure", "keep proto=tetraauricupride"),
    ("GaAs", "Eg above 3 eV", "keep gap>=3"),
    ("TiO2", "more insulating", "keep gap>"),
    ("SiC", "blue-shift the absorption", "keep gap>"),
    ("MoS2", "spread the layers", "keep dist>"),
    ("SrTiO3", "longer Ti-O bonds", "keep dist>"),
    ("CaO", "a more open framework", "keep dens<"),
    ("MgO", "expand the lattice a bit", "keep vol>"),
    ("CdTe", "shrink the gap below 1 eV", "keep gap<=1"),
    ("SrTiO3", "no rare earths", "keep -La"),
    ("PbI2", "more conductive", "keep gap<"),
    ("ZnO", "tighter packing", "keep dens>"),
    ("MgO", "retain MgO but widen its gap", "keep gap>"),
    ("SrTiO3", "the same material in a tetragonal setting", "keep tetragonal"),
    ("TiO2", "turn it into rutile", "keep proto=rutile"),
    ("SiO2", "less compact", "keep dens<"),
    ("MoS2", "increase the van der Waals gap", "keep dist>"),
    ("GaN", "push the gap past 4 eV", "keep gap>=4"),
    ("ZnO", "should be a better insulator", "keep gap>"),
    ("SrTiO3", "Please do not replace titanium; make the gap wider", "keep gap>"),
    ("SrTiO3", "slightly larger lattice", "keep vol>"),
    ("SrTiO3", "the oxygen octahedra should be further apart", "keep dist>"),
    ("SrTiO3", "Is strontium stable here? make it more stable", "keep energy<"),
    ("SrTiO3", "larger Sr-O distance", "keep dist>"),
    ("SrTiO3", "same formula, other polymorph", "keep"),
    ("SrTiO3", "2D version of this", "2d keep"),
    ("SrTiO3", "an orthorhombic variant of the same compound", "keep"),
    ("TiO2", "the brookite polymorph", "keep"),
    ("SrTiO3", "no toxic metals and a gap of 2 eV", "keep gap=2"),
    ("SrTiO3", "Make the bonds between Ti and O shorter", "keep dist<"),
    ("SrTiO3", "Make it a semiconductor with a lower gap and keep Sr, Ti, O", "keep gap<"),
    ("SrTiO3", "Increase the distance between the structural units but keep the cations in place", "keep dist>"),
    ("SrTiO3", "The gap changed too much; make it wider please", "keep gap>"),
    ("SrTiO3", "I prefer a wider gap instead of a narrow one", "keep gap>"),
    ("SrTiO3", "try to make the gap larger", "keep gap>"),
    ("SrTiO3", "What about the band gap? please raise it", "keep gap>"),
    ("SrTiO3", "the oxide should be denser", "keep dens>"),
    ("SrTiO3", "this titanate needs a wider gap", "keep gap>"),
    ("SrTiO3", "the strontium atoms sit too close to the titanium, longer bonds", "keep dist>"),
    ("SrTiO3", "take the same material and make it more stable", "keep energy<"),
    ("SrTiO3", "switch to a tetragonal cell", "keep tetragonal"),
    ("SrTiO3", "change the space group to 62 and use no lead", "keep sg=62 -Pb"),
    ("SrTiO3", "Sr, Ti and O should stay; larger volume", "keep vol>"),
    ("SrTiO3", "metal-oxygen bonds should be longer", "keep dist>"),
    ("SrTiO3", "use a larger unit cell", "keep vol>"),
]
OPEN = [
    ("SrTiO3", "isovalent substitution on the cation", "free"),
    ("CaTiO3", "substitute one of the cations isovalently", "free"),
    ("TiO2", "keep the stoichiometry but other elements", "free 1:2"),
    ("SrTiO3", "keep the structure, change the elements", "free sg=221"),
    ("PbTiO3", "replace half of the lead with barium", "+Pb +Ba"),
    ("SrTiO3", "dope with some niobium", "+Nb +Sr"),
    ("LiCoO2", "mix in some nickel", "+Ni"),
    ("ZnO", "alloy it with magnesium", "+Mg +Zn"),
    ("SrTiO3", "keep the structure type but widen the gap", "free sg=221 gap>"),
    ("SrTiO3", "make it cheaper", "free"),
    ("SrTiO3", "keep titanium and oxygen, change the rest", "-Sr +Ti +O"),
    ("SrTiO3", "keep the oxygen sublattice but replace both metals", "free"),
    ("LiCoO2", "cobalt is a supply risk", "free"),
    ("MgO", "Time to say goodbye to magnesium; welcome calcium", "+Ca -Mg"),
    ("TiO2", "the vanadium member of the series", "+V"),
    ("SrTiO3", "a titanate with barium", "+Ba +Ti"),
    ("SrTiO3", "barium titanate", "+Ba +Ti +O"),
    ("SrTiO3", "an oxide of barium and titanium", "+Ba +Ti +O"),
    ("SrTiO3", "wider gap, perhaps by using zirconium", "+Zr gap>"),
    ("SrTiO3", "Why is there oxygen? Make a fluoride", "+F"),
    ("LaMnO3", "strontium-doped", "+Sr"),
    ("CaF2", "barium difluoride", "+Ba +F"),
    ("LiFePO4", "sodium iron phosphate", "+Na +Fe +P +O"),
    ("SrTiO3", "We should avoid rare or expensive elements", "free"),
    ("SrTiO3", "a double perovskite", "free proto=perovskite"),
    ("SrTiO3", "another metal oxide", "free"),
    ("CaTiO3", "a different compound with a wider gap", "free gap>"),
    ("SrTiO3", "more ionic bonding, say with a fluoride", "+F"),
    ("LiCoO2", "reduce cobalt content", "free"),
    ("LiCoO2", "Ni-rich please", "free"),
    ("SrTiO3", "change composition", "free"),
    ("InAs", "the phosphide", "free"),
    ("BN", "carbon", "free"),
]
WISHES = [
    ("", "a garnet with aluminium", "+Al"),
    ("", "rock salt structured nitride", "+N proto=rock_salt"),
    ("", "like rutile but with tin", "+Sn proto=rutile"),
    ("", "an earth-abundant sulfide with Eg around 1.5 eV", "+S -Re gap=1.5"),
    ("", "alkali-free silicate", "+Si +O -Na"),
    ("", "wide-gap oxide, no rare earths", "+O -La gap>=3"),
    ("", "something antifluorite-like with lithium", "+Li"),
    ("", "a lead-free replacement for CsPbI3", "-Pb"),
]


def facts_of(parent: str) -> ParentFacts | None:
    if not parent:
        return None
    return ParentFacts(Composition.parse(parent).formula, 221 if parent == "SrTiO3" else 62, 1.8, None, 3.9)


def formula_asked_for(parent: str, parts: list[str]) -> str | None:
    for part in parts:
        if part == "keep":
            return Composition.parse(parent).formula
        if part.startswith("formula="):
            return Composition.parse(part.removeprefix("formula=")).formula
        if swap := re.fullmatch(r"([A-Z][a-z]?)>([A-Z][a-z]?)", part):
            return Composition.parse(parent).replaced({swap[1]: swap[2]}).formula
    return None


def is_heard(part: str, limits: Limits) -> bool:
    if kind := re.fullmatch(r"([A-Z][a-z]?)>\?([\w,]+)(?:!([\w,]+))?", part):
        substitutes = dict(limits.replaced).get(kind[1], frozenset())
        return set(kind[2].split(",")) <= substitutes and not set((kind[3] or "").split(",")) & substitutes
    if part[0] == "-":
        return part[1:] in limits.excluded
    if part[0] == "+":
        return part[1:] in limits.required.union(*limits.any_of)
    structure = {
        f"sg={limits.space_group}",
        f"proto={(limits.prototype or '').replace(' ', '_')}",
        f"{limits.dimensionality}d",
        f"{limits.crystal_system}",
        ":".join(map(str, limits.anonymous)),
    }
    return part in structure


def goals_asked_for(parts: list[str]) -> set[Goal]:
    found = [each for part in parts if (each := GOAL.fullmatch(part))]
    return {Goal(QUANTITIES[each[1]], DIRECTIONS[each[2]], float(each[3]) if each[3] else None) for each in found}


def unheard(parent: str, parts: list[str], intent: Intent) -> list[str]:
    locks = re.compile(r"keep|free|formula=.*|[A-Z][a-z]?>[A-Z][a-z]?")
    rest = [part for part in parts if not locks.fullmatch(part) and not GOAL.fullmatch(part)]
    return [part for part in rest if not is_heard(part, intent.limits)]


@pytest.mark.parametrize(
    ("parent", "message", "expected"),
    [*EXCHANGES, *KINDS, *REMOVALS, *KEPT, *OPEN, *WISHES],
    ids=lambda text: text[:40],
)
def test_that_a_message_is_heard_whatever_its_words(parent: str, message: str, expected: str) -> None:
    parts = expected.split()
    intent = listen(message, facts_of(parent))
    assert intent.limits.formula == formula_asked_for(parent, parts)
    assert unheard(parent, parts, intent) == []
    assert set(intent.goals) == goals_asked_for(parts)


@pytest.mark.parametrize(("parent", "message", "_"), EXCHANGES, ids=lambda text: text[:40])
def test_that_an_exchange_excludes_only_who_leaves(parent: str, message: str, _: str) -> None:
    limits = listen(message, facts_of(parent)).limits
    stays = set(Composition.parse(parent).elements) & set(Composition.parse(limits.formula or "").elements)
    assert not limits.excluded & stays


@pytest.mark.parametrize(
    ("parent", "message", "part"),
    [
        ("SrTiO3", "keep the composition, but put calcium where strontium sits", "contradict"),
        ("SrTiO3", "use calcium for strontium, but no calcium", "Nothing is left to replace strontium"),
        ("SrTiO3", "swap out the lead for tin", "no lead (Pb) in SrTiO3"),
    ],
)
def test_that_an_exchange_that_cannot_be_met_is_refused_with_its_reason(parent: str, message: str, part: str) -> None:
    with pytest.raises(UserCorrectable) as refused:
        listen(message, facts_of(parent))
    assert part in str(refused.value)
