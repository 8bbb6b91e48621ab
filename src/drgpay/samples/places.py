"""Institutions, departments and doctors of an invented region, and who of them treats what."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from drgpay.tables import LEVELS

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

TERTIARY, SECONDARY, PRIMARY = range(3)

COUNTIES = ("云岭", "清河", "安澜", "丰源", "石桥", "长汀湾", "白鹭", "临江", "永宁坡", "青峰", "南浦", "东昌")
TOWNS = ("柳林", "双桥", "大石", "新河", "沙溪", "太平", "龙泉", "马家", "河口", "高店", "竹园", "上塘", "古渡",
         "平安", "枫树", "三里", "石门", "黄土", "花园", "板桥")  # fmt: skip
_CITY = (
    ("第一人民医院", TERTIARY, ""), ("第二人民医院", SECONDARY, ""), ("中医医院", TERTIARY, "ILB"),
    ("妇幼保健院", SECONDARY, "NOP"), ("中心医院", TERTIARY, ""), ("肿瘤医院", TERTIARY, "R"),
    ("精神卫生中心", SECONDARY, "TU"), ("第三人民医院", SECONDARY, "ES"), ("眼科医院", SECONDARY, "C"),
    ("骨科医院", SECONDARY, "I"), ("儿童医院", TERTIARY, "P"), ("康复医院", SECONDARY, "X"),
)  # fmt: skip
"""name, level, and the MDCs a specialised hospital keeps to ("" = general)"""
_SPECIAL = frozenset({"妇幼保健院", "肿瘤医院", "精神卫生中心", "眼科医院", "骨科医院", "康复医院"})

DEPARTMENTS: tuple[tuple[str, str], ...] = (
    ("A03", "内科"), ("A03.01", "呼吸内科"), ("A03.02", "消化内科"), ("A03.03", "神经内科"), ("A03.04", "心血管内科"),
    ("A03.05", "血液内科"), ("A03.06", "肾病科"), ("A03.07", "内分泌科"), ("A04", "外科"), ("A04.01", "普通外科"),
    ("A04.02", "神经外科"), ("A04.03", "骨科"), ("A04.04", "泌尿外科"), ("A04.05", "胸外科"),
    ("A04.06", "心脏大血管外科"),
    ("A04.07", "烧伤科"), ("A05", "妇产科"), ("A05.01", "妇科"), ("A05.02", "产科"), ("A07", "儿科"),
    ("A07.01", "新生儿科"), ("A10", "眼科"), ("A11", "耳鼻咽喉科"), ("A13", "皮肤科"), ("A15", "精神科"),
    ("A16", "感染性疾病科"), ("A19", "肿瘤科"), ("A20", "急诊医学科"), ("A21", "康复医学科"), ("A50", "中医科"),
)  # fmt: skip
"""department codes follow the national list of clinical subjects (诊疗科目)"""
_PLACE = {name: i for i, (_, name) in enumerate(DEPARTMENTS)}
CHILDREN = _PLACE["儿科"]

_MEDICAL_OF = {
    "A": "外科", "B": "神经内科", "C": "眼科", "D": "耳鼻咽喉科", "E": "呼吸内科", "F": "心血管内科", "G": "消化内科",
    "H": "消化内科", "I": "骨科", "J": "皮肤科", "K": "内分泌科", "L": "肾病科", "M": "泌尿外科", "N": "妇科",
    "O": "产科", "P": "新生儿科", "Q": "血液内科", "R": "肿瘤科", "S": "感染性疾病科", "T": "精神科", "U": "精神科",
    "V": "急诊医学科", "W": "烧伤科", "X": "康复医学科", "Y": "感染性疾病科", "Z": "急诊医学科",
}  # fmt: skip
_SURGICAL_OF = {
    "B": "神经外科", "E": "胸外科", "F": "心血管内科", "G": "普通外科", "H": "普通外科", "J": "普通外科",
    "K": "普通外科", "L": "泌尿外科", "Q": "普通外科", "R": "肿瘤科", "S": "普通外科", "V": "骨科",
    "X": "普通外科", "Z": "骨科",
}  # fmt: skip
_GENERAL = ("内科", "外科", "妇产科", "儿科", "中医科", "康复医学科")

_UNCONNECTED = 8
"""one of so many township hospitals does not take the e-voucher yet"""
_SURNAMES = "王李张刘陈杨黄赵周吴徐孙马胡朱郭何罗高林郑梁谢唐许冯宋韩邓彭曹曾田萧潘袁蔡蒋余于杜叶程魏苏吕丁任卢姚"
_GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超霞平刚桂英华玉兰红建国志文海波宁云飞雪梅春晓东婷慧鹏浩宇欣怡思源博文佳"


@dataclass(frozen=True)
class Places:
    """The registers as plain rows, and the arrays that say who treats what.

    ``level`` and ``effect`` (cost, 1.0 = average) per institution. ``department_of[institution, department]`` is the
    department that really takes the patient there; ``doctor_first``/``doctor_count`` point into ``doctors``.
    """

    institutions: list[dict[str, str]]
    departments: list[dict[str, str]]
    doctors: list[dict[str, str]]
    level: Ints
    size: Floats
    effect: Floats
    special: list[str] = field(repr=False)
    department_of: Ints = field(repr=False)
    doctor_first: Ints = field(repr=False)
    doctor_count: Ints = field(repr=False)


def department_for(mdc: str, surgical: bool) -> int:
    """Place in ``DEPARTMENTS`` that treats an MDC in a hospital with every department."""
    name = _SURGICAL_OF.get(mdc, _MEDICAL_OF.get(mdc, "内科")) if surgical else _MEDICAL_OF.get(mdc, "内科")
    return _PLACE[name]


def _named(count: int) -> list[tuple[str, int, str]]:
    """Name, level and special MDCs of every institution: city hospitals, county hospitals, then townships."""
    city = [("云州市" + name, level, mdcs if name in _SPECIAL else "") for name, level, mdcs in _CITY]
    county = [
        (f"云州市{c}县{kind}", TERTIARY if kind == "人民医院" and i < 3 else SECONDARY, "")
        for i, c in enumerate(COUNTIES)
        for kind in ("人民医院", "中医院")
    ]
    town = [(f"{c}县{t}镇中心卫生院", PRIMARY, "") for t in TOWNS for c in COUNTIES]
    street = [(f"云州市{t}社区卫生服务中心", PRIMARY, "") for t in TOWNS]
    share = [town[i // 2] if i % 3 else street[i // 3] for i in range(3 * len(street))]
    queue = {"city": iter(city), "county": iter(county), "town": iter(dict.fromkeys([*share, *town]))}
    turns = ("city", "county", "town", "town", "county", "town", "city", "town")
    result: list[tuple[str, int, str]] = []
    while len(result) < count:
        for kind in turns:
            one = next(queue[kind], None) or next(queue["town"])
            result.append(one)
    return result[:count]


def make_places(count: int, rng: np.random.Generator, area: int = 1) -> Places:
    """``count`` institutions of an area with departments and doctors. The first one is always a large general
    hospital."""
    named = _named(count)
    level = np.array([lv for _, lv, _ in named], np.int64)
    rank = np.array([int((level[:i] == level[i]).sum()) for i in range(count)])
    size = np.array([10.0, 4.0, 0.9])[level] / (1 + rank) ** 0.45 * rng.lognormal(0.0, 0.25, count)
    low, high = np.array([1.04, 0.93, 0.85]), np.array([1.20, 1.08, 0.98])
    effect = low[level] + (high - low)[level] * rng.random(count)
    institutions: list[dict[str, str]] = []
    departments: list[dict[str, str]] = []
    doctors: list[dict[str, str]] = []
    department_of = np.zeros((count, len(DEPARTMENTS)), np.int64)
    doctor_first = np.zeros_like(department_of)
    doctor_count = np.zeros_like(department_of)
    for i, (name, lv, _) in enumerate(named):
        institution = f"H9999{area:02d}{i + 1:05d}"
        connected = "false" if lv == PRIMARY and rank[i] % _UNCONNECTED == 1 else "true"
        institutions.append(
            {"institution_id": institution, "name": name, "level": LEVELS[lv], "e_voucher": connected}
        )
        there = _departments_of(lv, rng)
        department_of[i] = [_nearest(d, there) for d in range(len(DEPARTMENTS))]
        for d in sorted(there):
            code, title = DEPARTMENTS[d]
            departments.append({"institution_id": institution, "department_id": code, "name": title})
            doctor_first[i, d] = len(doctors)
            doctor_count[i, d] = int(rng.integers(2, (14, 9, 4)[lv]))
            for _ in range(doctor_count[i, d]):
                given = "".join(rng.choice(list(_GIVEN), int(rng.integers(1, 3))))
                doctors.append(
                    {
                        "institution_id": institution,
                        "doctor_id": f"D9999{len(doctors) + 1:07d}",
                        "department_id": code,
                        "name": _SURNAMES[int(rng.integers(len(_SURNAMES)))] + given,
                    }
                )
    return Places(
        institutions, departments, doctors, level, size, effect, [mdcs for _, _, mdcs in named],
        department_of, doctor_first, doctor_count,
    )  # fmt: skip


def _departments_of(level: int, rng: np.random.Generator) -> set[int]:
    general = {_PLACE[n] for n in _GENERAL}
    if level == PRIMARY:
        return general
    missing = 0.05 if level == TERTIARY else 0.25
    special = {i for i in range(len(DEPARTMENTS)) if i not in general and rng.random() >= missing}
    return special | general


def _nearest(department: int, there: set[int]) -> int:
    """The department itself, else the general one of its branch, else internal medicine."""
    if department in there:
        return department
    branch = DEPARTMENTS[department][0].split(".")[0]
    parent = next((i for i, (code, _) in enumerate(DEPARTMENTS) if code == branch), 0)
    surgical = {"眼科", "耳鼻咽喉科", "急诊医学科"}
    fallback = _PLACE["外科"] if DEPARTMENTS[department][1] in surgical else _PLACE["内科"]
    return parent if parent in there else fallback


def affinity(
    places: Places, mdcs: list[str], surgical: list[bool], weights: Floats, rng: np.random.Generator
) -> Floats:
    """Chance of each institution to have a stay of each group, rows adding up to 1 (groups × institutions).

    Primary hospitals take simple medical stays, tertiary ones the severe and surgical; special hospitals keep to
    their MDCs.
    """
    count = len(places.level)
    cut = np.array(surgical)
    odds = np.ones((3, len(weights)))
    odds[PRIMARY] = np.where(cut, np.where(weights < 0.8, 0.12, 0.004), np.clip(1.6 - weights, 0.02, 1.3))
    odds[SECONDARY] = np.where(cut, np.clip(1.5 - 0.3 * weights, 0.03, 1.2), np.clip(1.4 - 0.2 * weights, 0.05, 1.2))
    odds[TERTIARY] = np.where(cut, 1.0, np.clip(0.45 + 0.45 * weights, 0.4, 1.6))
    matrix = odds[places.level].T * places.size
    jitter = rng.lognormal(0.0, 0.35, (26, count))
    letters = np.array([ord(m) - 65 for m in mdcs])
    matrix *= jitter[letters]
    for i, own in enumerate(places.special):
        if own:
            matrix[:, i] *= np.where([m in own for m in mdcs], 3.0, 0.01)
    result: Floats = matrix / matrix.sum(axis=1, keepdims=True)
    return result


def grades(places: Places, rng: np.random.Generator) -> list[str]:
    """Evaluation grades: excellent within 70/40/20 % of a level, mostly good and pass, a few fail."""
    result = [""] * len(places.level)
    for lv in range(3):
        mine = np.flatnonzero(places.level == lv)
        order = rng.permutation(mine)
        best = len(mine) * (50, 30, 15)[lv] // 100
        for place, i in enumerate(order):
            if place < best:
                result[i] = "excellent"
            elif place == len(order) - 1 and len(order) >= 5:
                result[i] = "fail"
            else:
                result[i] = "good" if rng.random() < 0.6 else "pass"
    return result
