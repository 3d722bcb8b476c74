"""Colours of the elements.

Source: the Jmol and VESTA schemes as listed in pymatgen (MIT licence), ``ElementColorSchemes.yaml``; elements 110 to
118, which neither scheme has, are drawn in one pink.
"""

from __future__ import annotations

from enum import StrEnum

Rgb = tuple[int, int, int]

# fmt: off
_SYMBOLS = """
H He Li Be B C N O F Ne Na Mg Al Si P S Cl Ar K Ca Sc Ti V Cr Mn Fe Co Ni Cu Zn Ga Ge As Se Br Kr Rb Sr Y Zr Nb
Mo Tc Ru Rh Pd Ag Cd In Sn Sb Te I Xe Cs Ba La Ce Pr Nd Pm Sm Eu Gd Tb Dy Ho Er Tm Yb Lu Hf Ta W Re Os Ir Pt Au
Hg Tl Pb Bi Po At Rn Fr Ra Ac Th Pa U Np Pu Am Cm Bk Cf Es Fm Md No Lr Rf Db Sg Bh Hs Mt Ds Rg Cn Nh Fl Mc Lv Ts
Og
"""
_JMOL = """
ffffff d9ffff cc80ff c2ff00 ffb5b5 909090 3050f8 ff0d0d 90e050 b3e3f5 ab5cf2 8aff00 bfa6a6 f0c8a0 ff8000 ffff30
1ff01f 80d1e3 8f40d4 3dff00 e6e6e6 bfc2c7 a6a6ab 8a99c7 9c7ac7 e06633 f090a0 50d050 c88033 7d80b0 c28f8f 668f8f
bd80e3 ffa100 a62929 5cb8d1 702eb0 00ff00 94ffff 94e0e0 73c2c9 54b5b5 3b9e9e 248f8f 0a7d8c 006985 c0c0c0 ffd98f
a67573 668080 9e63b5 d47a00 940094 429eb0 57178f 00c900 70d4ff ffffc7 d9ffc7 c7ffc7 a3ffc7 8fffc7 61ffc7 45ffc7
30ffc7 1fffc7 00ff9c 00e675 00d452 00bf38 00ab24 4dc2ff 4da6ff 2194d6 267dab 266696 175487 d0d0e0 ffd123 b8b8d0
a6544d 575961 9e4fb5 ab5c00 754f45 428296 420066 007d00 70abfa 00baff 00a1ff 008fff 0080ff 006bff 545cf2 785ce3
8a4fe3 a136d4 b31fd4 b31fba b30da6 bd0d87 c70066 cc0059 d1004f d90045 e00038 e6002e eb0026
"""
_VESTA = """
ffcccc fce8ce 86df73 5ed77b 1fa20f 4c4c4c b0b9e6 fe0300 b0b9e6 fe37b5 f9dc3c fb7b15 81b2d6 1b3bfa c09cc2 fffa00
31fc02 cffec4 a121f6 5a96bd b563ab 78caff e51900 00009e a7089d b57100 0000af b7bbbd 2247dc 8f8f81 9ee373 7e6ea6
74d057 9aef0f 7e3102 fac1f3 702eb0 00ff00 94ffff 00ff00 73c2c9 54b5b5 3b9e9e 248f8f 0a7d8c 006985 c0c0c0 ffd98f
a67573 9a8eb9 9e63b5 d47a00 940094 429eb0 57178f 00c900 5ac449 ffffc7 d9ffc7 c7ffc7 a3ffc7 8fffc7 61ffc7 45ffc7
30ffc7 1fffc7 00ff9c 00e675 00d452 00bf38 00ab24 4dc2ff 4da6ff 2194d6 267dab 266696 175487 d0d0e0 ffd123 b8b8d0
a6544d 575961 9e4fb5 ab5c00 754f45 428296 420066 007d00 70abfa 00baff 00a1ff 008fff 0080ff 006bff 545cf2 785ce3
8a4fe3 a136d4 b31fd4 b31fba b30da6 bd0d87 c70066 cc0059 d1004f d90045 e00038 e6002e eb0026
"""
# fmt: on
SYMBOLS: tuple[str, ...] = tuple(_SYMBOLS.split())
UNKNOWN: Rgb = (235, 0, 137)


class ColourScheme(StrEnum):
    """Whose colours the elements are drawn in."""

    JMOL = "Jmol"
    VESTA = "VESTA"


def _rgb(hexadecimal: str) -> Rgb:
    red, green, blue = bytes.fromhex(hexadecimal)
    return red, green, blue


_COLOURS: dict[ColourScheme, dict[str, Rgb]] = {
    scheme: {symbol: _rgb(colour) for symbol, colour in zip(SYMBOLS, colours.split(), strict=False)}
    for scheme, colours in ((ColourScheme.JMOL, _JMOL), (ColourScheme.VESTA, _VESTA))
}


def colour(symbol: str, scheme: ColourScheme = ColourScheme.JMOL) -> Rgb:
    """Red, green and blue of an element, 0 to 255; one pink where the scheme has none."""
    return _COLOURS[scheme].get(symbol, UNKNOWN)
