"""What a region's hospitals treat: how often, whom, for how long. Plain judgement, no published figure behind it.

Frequencies are stays per ten thousand; everything not named here shares a thin tail. The scheme says which groups
exist; this module only says which of them are common.
"""

from __future__ import annotations

from dataclasses import dataclass

BANDS = ((2, 6), (7, 17), (19, 34), (35, 45), (46, 64), (65, 79), (80, 95))
"""age bands: calendar year of the stay minus year of birth, both ends in"""

FREQUENCY: dict[str, float] = {
    "BB2": 15, "BE2": 12, "BM1": 40, "BR1": 70, "BR2": 620, "BU2": 25, "BV1": 40, "BV3": 30, "BX2": 90, "BY1": 80,
    "BZ1": 60, "CB1": 25, "CB3": 190, "CC1": 15, "CD1": 20, "CJ1": 10, "CV1": 10, "CZ1": 15, "DD2": 50, "DE1": 20,
    "DE2": 28, "DJ1": 35, "DS1": 150, "DT1": 220, "DT2": 40, "DW1": 30, "DZ1": 30, "ER1": 60, "ER2": 18, "ES3": 620,
    "ET2": 190, "EV1": 30, "EW1": 18, "EX1": 60, "EX2": 200, "EZ1": 40, "FF1": 35, "FF3": 20, "FK3": 8, "FL1": 10,
    "FM1": 90, "FM3": 110, "FN2": 20, "FR1": 40, "FR2": 150, "FR3": 230, "FR4": 330, "FU2": 80, "FV2": 190,
    "FW2": 25, "GB1": 22, "GB2": 40, "GC2": 12, "GD1": 20, "GD2": 70, "GE1": 80, "GF1": 110, "GK2": 60, "GK3": 140,
    "GR1": 120, "GS1": 60, "GU2": 70, "GV1": 110, "GW1": 260, "GZ1": 220, "HB1": 10, "HC1": 20, "HC2": 95, "HC3": 15,
    "HL1": 20, "HR1": 40, "HS2": 40, "HS3": 15, "HT2": 40, "HU1": 50, "HZ1": 40, "HZ2": 60, "IB2": 20, "IB3": 42,
    "IC2": 58, "IC3": 25, "IF1": 60, "IF2": 20, "IF3": 35, "IF4": 50, "IF5": 62, "IJ1": 20, "IS1": 20, "IS2": 80,
    "IT2": 90, "IU1": 60, "IU2": 320, "IZ2": 40, "JA2": 15, "JB2": 32, "JC1": 15, "JD2": 12, "JJ1": 40, "JR1": 20,
    "JS2": 30, "JU1": 60, "JV1": 25, "KD1": 36, "KR1": 12, "KS1": 270, "KT1": 50, "KU1": 15, "KZ1": 20, "LA2": 12,
    "LB1": 40, "LC1": 45, "LF1": 15, "LL1": 60, "LR1": 105, "LS1": 42, "LU1": 60, "LX1": 45, "LZ1": 20, "MB1": 20,
    "MC1": 26, "MD1": 14, "MZ1": 10, "NA2": 10, "NC1": 72, "ND1": 50, "NE1": 62, "NF1": 35, "NR1": 15, "NS1": 25,
    "NZ1": 70, "OB1": 270, "OC1": 110, "OD1": 10, "OE1": 16, "OF1": 20, "OF2": 60, "OJ1": 20, "OR1": 240, "OS1": 10,
    "OS2": 32, "OZ1": 150, "PK1": 5, "PR1": 8, "PS1": 2, "PS2": 6, "PS3": 15, "PS4": 25, "PU1": 190, "PV1": 20,
    "QJ1": 10, "QR1": 24, "QS1": 30, "QS4": 40, "QT1": 25, "RB1": 12, "RB2": 22, "RC1": 50, "RD1": 12, "RE1": 580,
    "RG1": 130, "RR1": 8, "RS1": 12, "RT1": 12, "RU1": 150, "RW1": 22, "RW2": 40, "SR1": 20, "ST1": 20, "SU1": 60,
    "SV1": 20, "SZ1": 15, "TR1": 62, "TS1": 25, "TS2": 20, "TT1": 20, "TV1": 20, "TW1": 20, "UR1": 12, "VC1": 10,
    "VJ1": 30, "VR1": 80, "VS2": 25, "VT1": 15, "WZ1": 8, "XR2": 90, "XR3": 40, "XS1": 90, "XS2": 50, "XT1": 20,
    "XT3": 80, "YR1": 6, "ZC1": 8, "ZZ1": 10,
}  # fmt: skip
"""stays per ten thousand by ADRG; the common ones"""

TAIL = 420.0
"""stays per ten thousand shared by all other ADRG"""
UNGROUPED_SHARE = 0.019
"""share of stays whose principal diagnosis leads to no group"""

PROFILES: dict[str, tuple[float, ...]] = {
    "child": (0.62, 0.26, 0.05, 0.02, 0.03, 0.015, 0.005),
    "both": (0.28, 0.10, 0.04, 0.04, 0.13, 0.24, 0.17),
    "young": (0.05, 0.10, 0.27, 0.20, 0.24, 0.11, 0.03),
    "adult": (0.02, 0.05, 0.17, 0.17, 0.36, 0.19, 0.04),
    "elder": (0.00, 0.01, 0.03, 0.05, 0.32, 0.41, 0.18),
    "old": (0.00, 0.00, 0.01, 0.02, 0.20, 0.52, 0.25),
    "birth": (0.00, 0.00, 0.84, 0.16, 0.00, 0.00, 0.00),
    "women": (0.00, 0.01, 0.27, 0.32, 0.34, 0.05, 0.01),
}
"""shares of the age bands"""

_PROFILE_OF_MDC = {
    "A": "adult", "B": "elder", "C": "elder", "D": "young", "E": "elder", "F": "elder", "G": "adult", "H": "adult",
    "I": "adult", "J": "adult", "K": "adult", "L": "adult", "M": "adult", "N": "women", "O": "birth", "Q": "adult",
    "R": "elder", "S": "both", "T": "young", "U": "young", "V": "young", "W": "young", "X": "elder", "Y": "young",
    "Z": "young",
}  # fmt: skip
_PROFILE_OF_ADRG = {
    "BR2": "old", "BU2": "old", "BV1": "young", "BW1": "child", "BW2": "child", "BX1": "old", "CB3": "old",
    "CS1": "young", "CW1": "old", "DB3": "child", "DE2": "child", "DS1": "elder", "DT1": "child", "DT2": "child",
    "ES3": "both", "ET2": "old", "EX1": "both", "EX2": "child", "FD1": "child", "FD2": "child", "FD3": "child",
    "FR2": "old", "FV1": "child", "GD1": "young", "GD2": "young", "GE1": "both", "GW1": "both", "IC2": "old",
    "IF3": "old", "IR2": "old", "IV1": "child", "MB1": "old", "MC1": "child", "NA2": "adult", "NR1": "adult",
    "OF1": "birth", "RB1": "young", "RR1": "young", "TU1": "child", "TW1": "old", "XR1": "child",
}  # fmt: skip

_STAY_DAYS = {
    "BR2": 8.5, "CB3": 2.0, "CB1": 4.0, "DE2": 5.0, "FM3": 3.5, "FR4": 7.0, "GK3": 2.6, "GK2": 4.0, "IU2": 8.0,
    "LL1": 9.0, "OB1": 5.5, "OC1": 3.4, "OF2": 2.2, "OR1": 3.1, "PS1": 38.0, "PS2": 20.0, "PS3": 11.0, "PS4": 8.0,
    "PU1": 4.6, "PV1": 6.0, "RB1": 9.0, "RB2": 5.0, "RC1": 24.0, "RE1": 3.2, "RG1": 2.3, "RU1": 4.0, "RW1": 2.5,
    "RW2": 3.0, "XR2": 17.0, "XR3": 17.0, "XR1": 20.0,
}  # fmt: skip

SEVERITY_SHARES = (0.60, 0.29, 0.11, 0.0)
"""stays without, with CC, with MCC; one with both counts as with MCC"""

CYCLES = frozenset({"RE1", "RG1", "RB1", "RB2", "RC1", "RU1", "LL1", "RW2"})
"""planned series of stays"""
_ONCE = frozenset({"CW1", "DE2", "GD1", "GD2", "HC2"})


@dataclass(frozen=True)
class Case:
    """How the stays of an ADRG look. ``repeats``: none, usual or cycle; ``kind`` is the sort of patient."""

    frequency: float | None
    profile: str
    male: float
    days: float
    repeats: str
    kind: str


def case(adrg: str, surgical: bool, weight: float) -> Case:
    """The look of an ADRG: from the tables above, else from its MDC and mean weight."""
    mdc = adrg[0]
    kind = {"P": "infant" if adrg == "PV1" else "newborn", "O": "birth"}.get(mdc, "usual")
    profile = _PROFILE_OF_ADRG.get(adrg, _PROFILE_OF_MDC.get(mdc, "adult"))
    usual = min((7.6 if surgical else 6.6) * weight**0.4, 25.0)
    days = 26.0 if mdc == "T" else _STAY_DAYS.get(adrg, usual)
    male = {"M": 1.0, "N": 0.0, "O": 0.0, "E": 0.57, "F": 0.55, "V": 0.62, "Z": 0.68, "U": 0.8}.get(mdc, 0.5)
    if adrg in ("JA1", "JA2", "JB1", "JB2", "JB3", "JR1", "JV2"):
        male = 0.02
    if adrg in CYCLES:
        repeats = "cycle"
    elif kind != "usual" or mdc == "A" or adrg in _ONCE:
        repeats = "none"
    else:
        repeats = "usual"
    return Case(FREQUENCY.get(adrg), profile, male, days, repeats, kind)


PRINCIPAL: dict[str, tuple[str, ...]] = {
    "AA1": ("I42",), "AB1": ("K74", "C22"), "AE1": ("N18",), "AF1": ("J84",), "AG1": ("C91", "C92", "D61"),
    "AG2": ("C90", "C83"), "AH1": ("J96", "J18.9", "I21"), "BB2": ("D32", "I61", "C71"), "BE2": ("I63.9", "I67.1"),
    "BM1": ("I67.1", "I63.9", "I66"), "BR1": ("I61",), "BR2": ("I63.9", "I63.3", "G45", "I67"), "CB1": ("H33", "H35"),
    "CB3": ("H25", "H26.9"), "CD1": ("H11.0", "H02"), "DD2": ("J32", "J34.2", "J33"), "DE2": ("J35",),
    "DS1": ("H81", "R42", "H91"), "DT1": ("J06.9", "J03", "J02"), "ES3": ("J18.9", "J15.9", "J18.0"),
    "ET2": ("J44",), "EX2": ("J20",), "FF1": ("I83",), "FM1": ("I20.0", "I21", "I25.1"), "FM3": ("I20.0", "I25.1"),
    "FR2": ("I50",), "FR3": ("I20",), "FR4": ("I25.1",), "FV2": ("I10", "I11"), "GB1": ("C16", "C15"),
    "GB2": ("C18", "C20"), "GD1": ("K35",), "GD2": ("K35", "K36"), "GE1": ("K40",), "GF1": ("K64", "K60", "I84"),
    "GK2": ("K31", "K25", "D13"), "GK3": ("K63.5", "D12", "K62.1"), "GR1": ("C16", "C18", "C20"),
    "GU2": ("K25", "K26"),
    "GV1": ("K56", "R10"), "GW1": ("A09", "K52", "K29"), "GZ1": ("K59", "K92", "K30", "K63"), "HC2": ("K80", "K81"),
    "HT2": ("K85",), "HU1": ("K80", "K81", "K83"), "IB2": ("M51", "M48", "S32"), "IB3": ("M51", "S32"),
    "IC2": ("M17", "S72.0", "M87"), "IF1": ("S42", "S52"), "IF2": ("S62", "S61"), "IF3": ("S72",),
    "IF4": ("S82", "S92"), "IF5": ("Z47",), "IU2": ("M51", "M47", "M48"), "JB2": ("D24", "N60"),
    "KD1": ("C73", "E04"),
    "KS1": ("E11",), "LA2": ("C67",), "LB1": ("N20.0",), "LC1": ("N20.1",), "LL1": ("N18",), "LR1": ("N18", "N17"),
    "MB1": ("N40",), "MC1": ("N47",), "NC1": ("D25", "D26"), "ND1": ("D27", "N83"), "NE1": ("N84", "N85", "D25"),
    "NZ1": ("D25", "N93", "N80"), "OB1": ("O82", "O34.2", "O32"), "OC1": ("O80", "O70", "O42"), "OR1": ("O80", "O70"),
    "PU1": ("P59", "P23", "P22.1"), "RC1": ("Z51.0",), "RE1": ("Z51.1",), "RG1": ("Z51.8",), "TR1": ("F20",),
    "ZZ1": ("T07", "S06", "S27"), "LF1": ("N18",), "FK3": ("I44", "I49.5"), "FL1": ("I48",), "JA2": ("C50",),
}  # fmt: skip
"""principal diagnoses preferred for an ADRG, by the beginning of the code"""

COMPLICATIONS: dict[str, tuple[str, ...]] = {
    "usual": ("J96", "I50", "N17", "A41", "R57", "I21", "K92", "E87", "D64", "I48", "J44", "N18", "E46", "E43", "J18",
              "I63", "D62", "E88", "I25", "K72", "E11", "N39", "J90", "T81", "D69"),
    "birth": ("O14", "O72", "O99", "O24", "O45", "O75", "O98", "D62", "O86", "O90"),
    "newborn": ("P", "Q21", "J96"),
    "infant": ("P", "J96", "J18", "E87", "A41", "D64"),
}  # fmt: skip
"""MCC and CC preferred by kind of patient, by the beginning of the code"""

COMORBIDITIES: dict[str, tuple[str, ...]] = {
    "usual": ("I10", "E78", "K76.0", "I70", "K21", "K29.5", "K29.3", "E04", "N28.1", "M47", "M81", "I67.2", "R73",
              "M51.2", "K76.8", "H26.9", "G47.0", "E79.0", "I25.1", "I83.9", "K80.2", "Z98", "J98.4", "R91"),
    "child": ("J35", "R50", "R11", "J30", "E61", "K52", "R05", "L30", "J34.3", "D50"),
    "birth": ("O69", "O26.9", "O36.9", "O70.0", "Z37", "Z34", "Z35", "Z3A", "O34.2", "O62", "D50"),
    "newborn": ("P83", "P92", "P39", "P38", "P61", "L22", "Z38", "P78"),
    "infant": ("L22", "R50", "K52", "R11", "L30", "K42", "D50"),
}  # fmt: skip
"""other diagnoses of no weight, by the beginning of the code"""

EXAMINATIONS = ("87.03", "87.41", "88.01", "88.3", "88.72", "88.74", "88.76", "88.91", "88.9", "89.5", "93.9", "99.2")
"""procedures of no weight, by the beginning of the code"""
