"""The words that the listener knows: families of elements, compounds, prototypes, and words that mean materials."""

from __future__ import annotations

import re

from crystal_studio.domain.elements import BY_NAME, BY_SYMBOL, ELEMENTS


def _symbols(text: str) -> frozenset[str]:
    return frozenset(text.split())


NOBLE_GASES = _symbols("He Ne Ar Kr Xe Rn")
HALOGENS = _symbols("F Cl Br I")
CHALCOGENS = _symbols("S Se Te")
PNICTOGENS = _symbols("N P As Sb Bi")
NONMETALS = _symbols("H C N O F P S Cl Se Br Te I") | NOBLE_GASES
RARE_EARTHS = frozenset(element.symbol for element in ELEMENTS if 57 <= element.number <= 71) | {"Sc", "Y"}
TRANSITION_METALS = frozenset(
    element.symbol
    for element in ELEMENTS
    if 21 <= element.number <= 30 or 39 <= element.number <= 48 or 72 <= element.number <= 80
)
RADIOACTIVE = frozenset(element.symbol for element in ELEMENTS if element.number >= 84) | {"Tc", "Pm"}
# Restricted by law (RoHS, REACH) or acutely poisonous in most compounds.
TOXIC = _symbols("Be As Cd Hg Tl Pb Os") | RADIOACTIVE
PRECIOUS = _symbols("Ru Rh Pd Ag Os Ir Pt Au Re")

# A pattern for the words -> a group of which one must be present, or all must be absent when denied.
FAMILIES: tuple[tuple[str, frozenset[str]], ...] = (
    (r"alkaline[- ]earth(?: metal| element| cation)?s?", _symbols("Be Mg Ca Sr Ba")),
    (r"alkali(?:[- ]metal| element| cation)?s?(?: metal)?s?", _symbols("Li Na K Rb Cs")),
    (r"rare[- ]earth(?: metal| element| cation)?s?", RARE_EARTHS),
    (r"lanthanides?|lanthanoids?", RARE_EARTHS - {"Sc", "Y"}),
    (r"actinides?|actinoids?", frozenset(element.symbol for element in ELEMENTS if element.number >= 89)),
    (
        r"(?-i:[45]?f)[- ](?:block )?elements?|(?-i:[45]f) (?:species|ions?|metals?|atoms?)",
        RARE_EARTHS - {"Sc", "Y"} | _symbols("Ac Th Pa U Np Pu Am Cm"),
    ),
    (r"coinage[- ](?:metal|element)s?", _symbols("Cu Ag Au")),
    (
        r"(?:magnetic )?(?:3d|first[- ]row)[- ](?:transition[- ])?(?:metal|element|cation|ion)s?",
        _symbols("Sc Ti V Cr Mn Fe Co Ni Cu Zn"),
    ),
    (r"(?:transition|d-block)[- ](?:metal|element)s?|(?-i:TM)s?", TRANSITION_METALS),
    (r"(?:noble|precious)[- ](?:metal|element)s?", PRECIOUS),
    (r"platinum(?:[- ]group)?[- ](?:metal|element)s?|(?-i:PGM)s?", _symbols("Ru Rh Pd Os Ir Pt")),
    (r"metalloids?", _symbols("B Si Ge As Sb Te")),
    (r"noble gas(?:es)?", NOBLE_GASES),
    (
        r"radioactive(?: element| atom| metal| specie| thing| isotope| one)s?|"
        r"(?:any|some|no)thing (?:that(?:'s| is) )?radioactive",
        RADIOACTIVE,
    ),
    (
        r"(?<!less )(?<!non-)(?<!non )(?:toxic|poisonous|hazardous|harmful)(?: heavy)?"
        r"(?: element| metal| atom| specie| thing| ingredient| stuff)s?|"
        r"(?:toxic|poisonous) ones?|(?:any|some|no)thing (?:that(?:'s| is) )?(?:toxic|poisonous|hazardous|harmful)",
        TOXIC,
    ),
    (r"heavy[- ]metals?", _symbols("Cd Hg Tl Pb Bi")),
    (r"group[- ]II[- ]elements?", _symbols("Be Mg Ca Sr Ba Zn Cd Hg")),
    *(
        (
            rf"group[- ]{group}[- ](?:transition[- ])?(?:element|metal|cation|ion|anion)s?|"
            rf"(?:metal|element|cation|anion|ion|something|one|member)s? (?:from|of|in|out of) group[- ]{group}",
            frozenset(e.symbol for e in ELEMENTS if e.group == group) - RADIOACTIVE - {"H"},
        )
        for group in range(1, 18)
    ),
    (r"(?:di|tri|tetra)?halides?|halogens?", HALOGENS),
    (r"(?:di|tri)?chalcogenides?|chalcogens?", CHALCOGENS),
    (r"pnictides?|pnictogens?", PNICTOGENS),
)

_ANIONS = {
    r"(?:per|mon|di|tri|sesqui|pent|super)?oxides?": "O",
    r"(?:mono|di|tri|per|poly)?(?:sulfide|sulphide)s?": "S",
    r"(?:di|tri)?selenides?": "Se",
    r"(?:di|tri)?tellurides?": "Te",
    r"(?:sub)?nitrides?": "N",
    r"carbides?": "C",
    r"(?:di|hexa)?borides?": "B",
    r"(?:di)?silicides?": "Si",
    r"germanides?": "Ge",
    r"hydrides?": "H",
    r"phosphides?": "P",
    r"arsenides?": "As",
    r"antimonides?": "Sb",
    r"bismuthides?": "Bi",
    r"(?:di|tri|tetra)?fluorides?": "F",
    r"(?:di|tri|tetra)?chlorides?": "Cl",
    r"(?:di|tri|tetra)?bromides?": "Br",
    r"(?:di|tri|tetra)?iodides?": "I",
    r"oxynitrides?": "O N",
    r"oxyfluorides?": "O F",
    r"oxychlorides?": "O Cl",
    r"oxybromides?": "O Br",
    r"oxyiodides?": "O I",
    r"oxysul(?:f|ph)ides?": "O S",
    r"oxyselenides?": "O Se",
    r"oxytellurides?": "O Te",
    r"oxyarsenides?": "O As",
    r"oxyphosphides?": "O P",
    r"oxyhydrides?": "O H",
    r"hydroxides?": "O H",
    r"beryllia": "Be O",
    r"magnesia": "Mg O",
    r"alumina": "Al O",
    r"silica": "Si O",
    r"titania": "Ti O",
    r"chromia": "Cr O",
    r"yttria": "Y O",
    r"zirconia": "Zr O",
    r"ceria": "Ce O",
    r"hafnia": "Hf O",
    r"carbonitrides?": "C N",
    r"titanates?": "Ti O",
    r"zirconates?": "Zr O",
    r"hafnates?": "Hf O",
    r"vanadates?": "V O",
    r"niobates?": "Nb O",
    r"tantalates?": "Ta O",
    r"chromates?|chromites?": "Cr O",
    r"molybdates?": "Mo O",
    r"tungstates?": "W O",
    r"manganates?|manganites?": "Mn O",
    r"ferrites?|ferrates?": "Fe O",
    r"cobaltites?|cobaltates?": "Co O",
    r"nickelates?": "Ni O",
    r"cuprates?": "Cu O",
    r"aluminates?": "Al O",
    r"gallates?": "Ga O",
    r"stannates?": "Sn O",
    r"germanates?": "Ge O",
    r"silicates?": "Si O",
    r"borates?": "B O",
    r"arsenates?|arsenites?": "As O",
    r"antimonates?": "Sb O",
    r"selenates?|selenites?": "Se O",
    r"tellurates?|tellurites?": "Te O",
    r"(?:per)?chlorates?": "Cl O",
    r"(?:per)?bromates?": "Br O",
    r"(?:per)?iodates?": "I O",
    r"(?:per)?rhenates?": "Re O",
    r"osmates?": "Os O",
    r"rhodates?": "Rh O",
    r"platinates?": "Pt O",
    r"scandates?": "Sc O",
    r"indates?": "In O",
    r"cerates?": "Ce O",
    r"uranates?": "U O",
    r"zincates?": "Zn O",
    r"thio-?phosphates?": "P S",
    r"sul(?:f|ph)o-?salts?": "S",
    r"boro-?silicates?": "B Si O",
    r"alumino-?silicates?": "Al Si O",
    r"titano-?silicates?": "Ti Si O",
    r"alumino-?phosphates?": "Al P O",
    r"boro-?phosphates?": "B P O",
    r"hydrated|hydrous|hydrates?": "H O",
    r"thiostannates?": "Sn S",
    r"thiogallates?": "Ga S",
    r"selenogallates?": "Ga Se",
    r"thioantimon(?:ate|ite)s?": "Sb S",
    r"nitridosilicates?": "Si N",
    r"borohydrides?": "B H",
    r"cyanides?": "C N",
    r"amides?|imides?": "N H",
    r"aluminides?": "Al",
    r"gallides?": "Ga",
    r"indides?": "In",
    r"stannides?": "Sn",
    r"plumbides?": "Pb",
    r"carbonates?": "C O",
    r"nitrates?": "N O",
    r"phosphates?": "P O",
    r"sulfates?|sulphates?": "S O",
    r"ruthenates?": "Ru O",
    r"iridates?": "Ir O",
    r"bismuthates?": "Bi O",
    r"plumbates?": "Pb O",
}
# "Orthovanadate" and "pyrophosphate" hold what "vanadate" and "phosphate" do.
_SALT = "(?:ortho|meta|pyro|poly)?"
# A pattern for the word -> elements that must all be present; the first one alone is absent when denied.
COMPOUNDS: tuple[tuple[str, tuple[str, ...]], ...] = tuple(
    (rf"{_SALT}(?:{pattern})", tuple(symbols.split())) for pattern, symbols in _ANIONS.items()
)

# Pattern -> (part of Robocrystallographer's name, sorted amounts of the prototype or () where it has several).
PROTOTYPES: tuple[tuple[str, str, tuple[int, ...]], ...] = (
    (r"(?:anti-?|inverse )?perovskites?", "perovskite", (1, 1, 3)),
    (r"spinels?", "spinel", (1, 2, 4)),
    (r"rutiles?", "rutile", (1, 2)),
    (r"anatase", "anatase", (1, 2)),
    (r"rock[- ]?salt|halite|nacl[- ](?:type|structure)", "rock salt", (1, 1)),
    (r"zinc[- ]?blende|sphalerite", "zincblende", (1, 1)),
    (r"wurtzite", "wurtzite", (1, 1)),
    (r"(?:anti-?)?fluorite", "fluorite", (1, 2)),
    (r"half[- ]heusler", "half-heusler", (1, 1, 1)),
    (r"(?:full[- ])?heusler", "heusler", (1, 1, 2)),
    (r"ilmenite", "ilmenite", (1, 1, 3)),
    (r"corundum", "corundum", (2, 3)),
    (r"calcite", "calcite", (1, 1, 3)),
    (r"(?:iron )?pyrite", "pyrite", (1, 2)),
    (r"marcasite", "marcasite", (1, 2)),
    (r"chalcopyrite", "chalcopyrite", (1, 1, 2)),
    (r"stannite|kesterite", "stannite", (1, 1, 2, 4)),
    (r"skutterudite", "skutterudite", (1, 3)),
    (r"cementite", "cementite", (1, 3)),
    (r"laves(?: phase)?", "laves", (1, 2)),
    (r"max[- ]phase", "max phase", ()),
    (r"cuprite", "cuprite", (1, 2)),
    (r"zircon(?!i)", "zircon", (1, 1, 4)),
    (r"molybdenite", "molybdenite", (1, 2)),
    (r"caswellsilverite|delafossite|layered rock[- ]?salt", "caswellsilverite", (1, 1, 2)),
    (
        r"tetraauricupride|cscl[- ](?:type|structure)|c(?:a)?esium chloride (?:type|structure)",
        "tetraauricupride",
        (1, 1),
    ),
    (r"matlockite", "matlockite", (1, 1, 1)),
    (r"cotunnite", "cotunnite", (1, 2)),
    (r"hausmannite", "hausmannite", (3, 4)),
)

# Further names that Robocrystallographer gives, as patterns: minerals, and phases called after a compound.
_RARE = """
    orthorhombic perovskite; hydrophilite; esseneite; cinnabar; covellite; enargite; stibnite; millerite; modderite;
    sylvanite; sulvanite; vulcanite; krennerite; calaverite; khatyrkite; keatite; chalcostibite; hazelwoodite;
    baddeleyite; ullmanite; bergman; h-phase; zintl phase; upper bainite; clathrate; cubic laves; hexagonal laves;
    hexagonal omega structure; hexagonal omega; trigonal omega; beta polonium; beta selenium; alpha selenium; beta sn;
    beta cu3ti; beta uranium; beta vanadium nitride; beta beryllia; beta indium sulfide; gamma cuti; alpha boron;
    alpha rhenium trioxide; alpha bismuth trifluoride; alpha niobium phosphide; alpha iridium vanadium;
    beta-prime cadmium gold; beta-prime palladium aluminum; delta molybdenum boride; zeta iron carbide;
    zeta silver zinc; aluminum carbonitride; aluminum trichloride; antimony trioxide; boron nitride;
    calcium hexaboride; chromium trichloride; cyanogen chloride; iron carbide; iron pnictide superconductor;
    lead oxide; magnesium tetraboride; molybdenum carbide max phase; plutonium carbide; potassium chlorate;
    potassium silver cyanide; silicon tetrafluoride; sodium arsenide; titanium disilicide; titanium telluride;
    tungsten carbide; tungsten boride; uranium silicide; zirconium disilicide; diamond; graphite"""
RARE_PROTOTYPES = tuple(name.strip().replace(" ", "[- ]") for name in _RARE.split(";"))

# Symbols that are English words, names or units: taken for elements only in a chemical context.
AMBIGUOUS = _symbols("In As I No At He Be Am Co Ho La Pa Er Al Mo Re Os Es Md Ac Ne Ra") | frozenset(
    symbol for symbol in BY_SYMBOL if len(symbol) == 1
)
# Capitals without a digit that read as formulas but are words or abbreviations; two-letter compounds are listed.
CAPITAL_COMPOUNDS = _symbols("BN BP VN UN UC VC WC KF KI YN YP UO VO")
IMAGINARY = _symbols("kryptonite mithril adamantine orichalcum octarine carbonite phlebotinum vibrainium beskar")
NOT_ELEMENTS = _symbols(
    "medium premium equilibrium stadium podium symposium auditorium aquarium consortium millennium compendium tedium "
    "ammonium geranium gymnasium emporium opium valium trivium tritium deuterium delirium oxonium hydronium "
    "phosphonium sulfonium methylammonium imidazolium moratorium atrium honorarium planetarium nonequilibrium "
    "disequilibrium formamidinium solarium"
)
MATERIALS_WORDS = re.compile(
    r"\b(?:crystal\w*|material\w*|compounds?|structur\w*|mineral\w*|band ?gap|gap|conduct\w*|insulat\w*|"
    r"semiconduct\w*|superconduct\w*|ferroelectric\w*|piezoelectric\w*|thermoelectric\w*|dielectric\w*|"
    r"magnet\w*|ferromagnet\w*|antiferromagnet\w*|multiferroic\w*|batter(?:y|ies)|cathodes?|anodes?|"
    r"electrolytes?|cataly\w*|photocataly\w*|photovoltaic\w*|solar cells?|phosphors?|scintillat\w*|lasers?|"
    r"leds?|ceramics?|alloys?|intermetallics?|lattices?|polymorphs?|phases?|solids?|unit cells?|space group|"
    r"symmetr\w*|polyhedr\w*|octahedr\w*|tetrahedr\w*|bonds?|bond lengths?|layers?|layered|sheets?|"
    r"transparent|optical\w*|hardness|hard|superhard|stable|stability|density|dense|volume|elements?|formula|"
    r"composition|stoichiometr\w*|metals?|metallic|ionic|cations?|anions?|oxidation|toxic|abundant|porous|"
    r"zeolites?|topological|absorb\w*|strain|pressure|energy|hull|coordination)\b",
    re.IGNORECASE,
)
NAMES = re.compile(r"\b(" + "|".join(sorted(BY_NAME, key=len, reverse=True)) + r")s?\b", re.IGNORECASE)


def name_of(symbol: str) -> str:
    """English name of an element."""
    return BY_SYMBOL[symbol].name


def joined(symbols: frozenset[str] | set[str]) -> str:
    """Symbols in alphabetical order, for a person."""
    return ", ".join(sorted(symbols))
