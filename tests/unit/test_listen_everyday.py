"""What people say every day and the rules once missed: denials behind a name, counts, choices, asides, families."""

from __future__ import annotations

import pytest
from heard_verdict import Told, misheard

from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.services.listen import ParentFacts, listen
from crystal_studio.services.listen_spelling import readable
from crystal_studio.services.listen_structure import NOT_HELD

WISHES = """
barium plus a single other element | +Ba n=2
not more than two elements, barium included | +Ba n=2
an iodide of indium, stacked sheets | +I +In 2d
an oxide of zinc, cadmium not wanted | +O +Zn -Cd
a sulfide, Hg nowhere in it | +S -Hg
selenium is fine but tellurium is not, layered | -Te 2d
a fluoride; beryllium (too toxic) and thallium are absent | +F -Be -Tl
no lead because my mentor forbids it, also it needs chlorine | -Pb +Cl
without indium, zinc and tin should both be present | -In +Zn +Sn
neither titanium nor zirconium occurs, rocksalt nitride | -Ti -Zr +N proto=rocksalt
As, Cd and Hg are ruled out, Te has to be there | -As -Cd -Hg +Te
an oxide of anything but cobalt | +O -Co
a bromide other than those with lead or tin | +Br -Pb -Sn
a phosphate or a sulfate with sodium | +O +Na any=P,S
a binary nitride of one of Ti, Zr, Hf | +N any=Ti,Zr,Hf n=2
four ingredients, calcium and silicon among them | +Ca +Si n=4
zinc and one other element, cubic | +Zn n=2 cubic
gallium plus arsenic, no third element | +Ga +As n=2
an equiatomic ternary with cobalt and tin | +Co +Sn n=3 1:1:1
no elements apart from Li, P and S are allowed | only=Li,P,S
just gold and aluminum | only=Au,Al
a kalium compound with wolfram | +K +W
GeTe bores me; germanium without tellurium please | +Ge -Te
CdTe is not for us: a telluride without cadmium | +Te -Cd
I worked on GaN before, now I'd like a boride | +B
orthorhombic is too common, a tetragonal oxide | +O tetragonal
a group 4 metal with carbon | +C any=Ti,Zr,Hf
an oxide with Ni instead of Fe | +O +Ni -Fe
a borosilicate with sodium | +B +Si +O +Na
a lamellar chloride | +Cl 2d
a chain compound of selenium | +Se 1d
"""
ANSWERS = """
CuGaTe2 | replace the copper with one other element | -Cu n=3
Na2UO4 | other elements, same stoichiometry | -Na -U -O 1:2:4
Na2UO4 | swap all the elements, keep the ratio | -Na -U -O 1:2:4
Na2UO4 | a different chemistry with the same stoichiometry | -Na -U -O 1:2:4
CaInI3 | sheets instead of a framework | 2d
CaInI3 | instead of layers a 3D framework | 3d
CaInI3 | cut the layers into chains | 1d
CaInI3 | chains merged to layers | 2d
CaInI3 | go from layers to chains | 1d
CaInI3 | rather layers than chains | 2d
CaInI3 | chains are fine for wires but I need layers | 2d
CaInI3 | bonded in two directions only | 2d
CaInI3 | cross-link the layers | 3d
CuGaTe2 | only the copper should change | -Cu
CuGaTe2 | change nothing but the copper | -Cu
CuGaTe2 | do a Cu/Ag substitution | Cu>Ag
CuGaTe2 | no more copper, silver now | Cu>Ag
CuGaTe2 | remove Cu in exchange for Ag | Cu>Ag
CuGaTe2 | conserve the composition, wider gap | formula=CuGaTe2
CuGaTe2 | increase the gap without exchanging any element | only=Cu,Ga,Te
Ba2Sr(PO4)2 | make it the arsenate instead of the phosphate, and without strontium | P>As -Sr
KrF2 | xenon in place of krypton, fluorine as is, and still a molecular solid | Kr>Xe +F 0d
HfPtGa | zirconium would be better than hafnium, and platinum must leave because of its price | Hf>Zr -Pt
LaMg2Pd | what happens if palladium is replaced by nickel and lanthanum by cerium? | Pd>Ni La>Ce
Sm3Ni | samarium and nickel again, but in the ratio one to two, no others | +Sm +Ni 1:2
UI4 | chains are not what I need, rather isolated molecules | 0d
CaInI3 | connect the layers to a network, the composition should stay as it is | formula=CaInI3 3d
WTe2WSe2 | leave out the selenium so that only the other two elements remain | -Se only=W,Te
CsPbBr3 | I used to work on CsSnBr3; here put iodine in place of the bromine | Br>I
KMgCl3 | chlorine has to go on safety grounds, the gap should stay near 5 eV | -Cl
KMgCl3 | chlorine must go with the gap kept near 5 eV | -Cl
Sr2CdWO6 | get rid of cadmium, zinc can go in its place | Cd>Zn
CsCuCl3 | replace copper with a heavier coinage metal | Cu>Ag,Au
CsEuCl3 | drop Eu, any alkaline earth is fine | Eu>Be,Mg,Ca,Sr,Ba
UNiS3 | could you use a different actinide? | U>Ac,Th,Pa,Np,Pu,Am,Cm
SrTiO3 | barium where the strontium is | Sr>Ba
Cs2KYI6 | go from Cs to Rb but leave K alone | Cs>Rb
KSbWO6 | use sodium in place of potassium but leave the antimony where it is | K>Na +Sb
LiMnO2 | swap Mn for something more abundant, Li and O have to stay | Mn>>abundant +Li +O
Rb4TlSbCl12 | I don't want thallium, indium can do the same job | Tl>In
V2(PO4)O | I would rather have an arsenate than a phosphate | P>As
NaMnO2 | no sodium, potassium will do | Na>K
HfCu3 | less heavy than hafnium but from group 4 | Hf>Ti,Zr
Rb2NiO2 | no new elements, only a wider gap | only=Rb,Ni,O
RbVSe2 | one element fewer, selenium has to remain | +Se n=2
Mn5Sb4 | one more element, please: sodium | +Na n=3
BaSrLaSbO6 | leave out strontium, but not the antimony | -Sr +Sb
AlFeBe4 | Be is a no-go | -Be
Na(VSe2)2 | this phase is layered but I need a 3D network of the same elements | 3d only=Na,V,Se
"""


def rows(text: str, columns: int) -> list[tuple[str, ...]]:
    return [tuple(line.split(" | ", columns - 1)) for line in text.strip().splitlines()]


@pytest.mark.parametrize(("message", "truth"), rows(WISHES, 2))
def test_that_a_wish_is_heard(message: str, truth: str) -> None:
    assert misheard(Told("", "", message, truth)) == []


@pytest.mark.parametrize(("parent", "message", "truth"), rows(ANSWERS, 3))
def test_that_an_answer_is_heard(parent: str, message: str, truth: str) -> None:
    assert misheard(Told("", parent, message, truth)) == []


def test_that_a_structure_type_which_cannot_be_held_is_said_to_be_none() -> None:
    heard = listen("a lithium garnet with zirconium", None).heard
    assert f"garnet {NOT_HELD}" in heard


def test_that_a_formula_with_what_it_must_not_hold_is_still_a_contradiction() -> None:
    with pytest.raises(UserCorrectable, match="titanium"):
        listen("SrTiO3 without titanium", None)


def test_that_nothing_fits_a_family_without_a_lighter_member() -> None:
    with pytest.raises(UserCorrectable, match="No element fits"):
        listen("replace lithium with a lighter alkali metal", ParentFacts("LiCl"))


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("pervoskite", "perovskite"), ("ternery", "ternary"), ("sufur", "sulfur"), ("hcalcogen", "chalcogen"),
        ("oxtdes", "oxides"), ("layres", "layers"), ("compositon", "composition"), ("replce", "replace"),
        ("lanthanidse", "lanthanides"), ("Iodie", "Iodie"), ("cersium", "cersium"),
    ],
)  # fmt: skip
def test_that_one_slip_in_a_word_is_put_right_where_it_can_only_be_that_word(written, meant):
    assert readable(written) == meant


@pytest.mark.parametrize(
    "word", ["action", "radius", "previous", "molecule", "solver", "sulfite", "stannite", "phosphine", "lawyers"]
)
def test_that_a_word_that_is_nearly_a_known_one_is_left_alone(word):
    assert readable(word) == word


@pytest.mark.parametrize(
    "message",
    ["increase the distance between the layers", "move the sheets further apart", "an oxide for buffer layers",
     "a nitride for supply chains without cobalt"],
)  # fmt: skip
def test_that_layers_that_are_only_spoken_of_are_not_asked_for(message):
    parent = ParentFacts("CaInI3", 63) if "the " in message else None
    assert listen(message, parent).limits.dimensionality is None
