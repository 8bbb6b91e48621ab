"""Three institutions and 26 stays as a bureau would type them: a region small enough to see through and spoil."""

from __future__ import annotations

from pathlib import Path

_HEAD = (
    "病例号,定点医疗机构编号,险种,性别,年龄,住院天数,入院时间,出院时间,诊断编码,手术操作编码,"
    "总费用,个人负担总额,按项目记账的基金应付"
)
_BIRTH, _CHEST = ("女", 30, "O82.000", "74.1x01"), ("男", 50, "J18.900", "")
_NOW = (
    ("S1", "H1", _BIRTH, "2024-01-05", "2024-01-10", 11000),
    ("S2", "H1", _BIRTH, "2024-01-15", "2024-01-20", 25000),
    ("S3", "H1", _CHEST, "2024-01-31", "2024-02-05", 6500),
    ("S4", "H2", _BIRTH, "2024-01-07", "2024-01-12", 3000),
    ("S5", "H2", _CHEST, "2024-02-09", "2024-02-14", 5000),
    ("S6", "H3", _BIRTH, "2024-01-20", "2024-01-25", 10000),
    ("S7", "H3", ("男", 60, "Z99.999", ""), "2024-02-15", "2024-02-20", 4000),
)

STAYS = "stays.csv"
TEXTS = {
    "institutions.csv": "定点医疗机构编号,名称,等级\nH1,甲医院,三级\nH2,乙医院,二级\nH3,丙医院,二级\n",
    "budgets.csv": "年度,险种,基金收入预算,住院DRG预算\n2024,职工,0,0\n2024,居民,120000.00,50000.00\n",
    "grades.csv": "年度,定点医疗机构编号,考核等级\n2024,H1,良好\n2024,H2,优秀\n2024,H3,合格\n",
    "overspend_evidence.csv": "依据编号,年度,定点医疗机构编号,险种,理由,金额\nE1,2024,H1,居民,新技术,3000.00\n",
}


def _row(stay: str, house: str, case: tuple[str, int, str, str], start: str, end: str, cost: int) -> str:
    sex, age, dx, proc = case
    own = cost // 5
    return f"{stay},{house},居民,{sex},{age},5,{start},{end},{dx},{proc},{cost}.00,{own}.00,{cost - own}.00"


def stays() -> str:
    """The stays as CSV: base year 2023, and seven of 2024."""
    rows, number = [], 0
    for case, costs in ((_BIRTH, (12000, 8000, 10000)), (_CHEST, (7000, 5000, 6000))):
        for house, cost in zip(("H1", "H2", "H3"), costs, strict=True):
            for month in ("03", "04", "05"):
                number += 1
                rows.append(_row(f"B{number:02d}", house, case, f"2023-{month}-10", f"2023-{month}-15", cost))
    rows.append(_row("B19", "H1", _BIRTH, "2023-06-10", "2023-06-15", 50000))
    return "\n".join([_HEAD, *rows, *(_row(*now) for now in _NOW)]) + "\n"


def write(folder: Path, **instead: str) -> Path:
    """The region in a new folder; ``instead``: texts of further files, or in the place of its own, by name without
    the suffix .csv."""
    folder.mkdir(parents=True)
    texts = TEXTS | {STAYS: stays()} | {f"{name}.csv": text for name, text in instead.items()}
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder
