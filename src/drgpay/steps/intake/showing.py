"""A value as a finding may show it: what stands there, odd characters made visible, persons left out.

Numbers that look like those of a national identity card or a mobile phone are masked, and so is a text that looks
like a person's name. A value that is long is cut.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

_LONGEST = 60
_IDENTITY = re.compile(
    r"(?<![0-9])(?:[1-9][0-9]{5}(?:18|19|20)[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])[0-9]{3}[0-9Xx]"
    r"|[1-9][0-9]{7}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])[0-9]{3}|1[3-9][0-9]{9})(?![0-9])"
)
"""an identity number of 18 digits with a date of birth, one of 15, or a mobile phone"""
_PERHAPS = r"[0-9]{10}"
_SURNAMES = frozenset(
    "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许何吕施张孔曹严华金魏陶姜戚谢邹喻柏水窦章云苏潘葛奚范彭郎鲁韦昌马苗凤花方"
    "俞任袁柳酆鲍史唐费廉岑薛雷贺倪汤滕殷罗毕郝邬安常乐于时傅皮卞齐康伍余元卜顾孟平黄和穆萧尹姚邵湛汪祁毛禹狄米贝明"
    "臧计伏成戴谈宋茅庞熊纪舒屈项祝董梁杜阮蓝闵席季麻强贾路娄危江童颜郭梅盛林刁钟徐邱骆高夏蔡田樊胡凌霍虞万支柯昝管"
    "卢莫经房裘缪干解应宗丁宣贲邓郁单杭洪包诸左石崔吉钮龚程嵇邢裴陆荣翁荀羊惠甄曲家封芮羿储靳汲邴糜松井段富巫乌焦巴"
    "弓牧隗山谷车侯宓蓬全郗班仰秋仲伊宫宁仇栾暴甘厉戎祖武符刘景詹束龙叶幸司韶郜黎蓟薄印宿白怀蒲邰从鄂索咸籍赖卓蔺屠"
    "蒙池乔阴胥能苍双闻莘党翟谭贡劳逄姬申扶堵冉宰郦雍璩桑桂濮牛寿通边扈燕冀郏浦尚农温别庄晏柴瞿阎充慕连茹习宦艾鱼容"
    "向古易慎戈廖庾终暨居衡步都耿满弘匡国文寇广禄阙东欧殳沃利蔚越夔隆师巩厍聂晁勾敖融冷訾辛阚那简饶空曾毋沙乜养鞠须丰"
    "巢关蒯相查后荆红游竺权逯盖益桓公肖闫覃付涂邝植区"
)
_NAME = re.compile(r"[\u4e00-\u9fff]{2,4}|[\u4e00-\u9fff]{1,4}·[\u4e00-\u9fff·]{1,12}")


def masked(text: str) -> str:
    """A text in which identity numbers and phone numbers show their first three and last two digits only."""
    return _IDENTITY.sub(lambda match: f"{match[0][:3]}{'*' * (len(match[0]) - 5)}{match[0][-2:]}", text)


def masked_column(column: Any) -> Any:
    """The same for Arrow text, which may have nulls."""
    suspect = pc.fill_null(pc.match_substring_regex(column, _PERHAPS), False)
    if not pc.any(suspect).as_py():
        return column
    texts = [None if text is None else masked(text) for text in column.to_pylist()]
    return pa.array(texts, column.type)


def shown(value: str | None) -> str:
    """A value as a finding may show it."""
    if not value:
        return ""
    if len(value) < 11 and value.isascii() and value.isprintable():
        return value  # too short for a number of a person
    plain = unicodedata.normalize("NFKC", value)
    if _NAME.fullmatch(plain) and (plain[0] in _SURNAMES or "·" in plain):
        return "*" * len(plain)
    text = masked(plain) if _IDENTITY.search(plain) else value
    cut = text[:_LONGEST] + "…" if len(text) > _LONGEST else text
    return cut if cut.isascii() and cut.isprintable() else "".join(map(_visible, cut))


def _visible(character: str) -> str:
    """The character; with its number where people cannot tell it from another, or see it at all."""
    if character.isascii() and character.isprintable():
        return character
    kind = unicodedata.category(character)
    name = unicodedata.name(character, "")
    alike = name.startswith(("CYRILLIC", "GREEK")) or character in "×✕✖╳∗✱﹡•∙﹒"
    if kind in ("Cc", "Cf", "Zl", "Zp", "Co", "Cn", "Cs"):
        return f"(U+{ord(character):04X})"
    if kind == "Zs" or alike:
        return f"{character}(U+{ord(character):04X})"
    return character
