"""An amount of money as Chinese papers write it (人民币大写), so that no figure can be changed by hand."""

from __future__ import annotations

_DIGITS = "零壹贰叁肆伍陆柒捌玖"
_PLACES = ("", "拾", "佰", "仟")
_GROUPS = ("", "万", "亿", "万亿")


def in_capitals(fen: int) -> str:
    """Fen in capital numerals: 12345067 → 壹拾贰万叁仟肆佰伍拾元陆角柒分; whole yuan end in 整."""
    yuan, rest = divmod(abs(fen), 100)
    said = "负" if fen < 0 else ""
    if yuan or not rest:
        said += (_whole(yuan) or "零") + "元"
    jiao, cents = divmod(rest, 10)
    if jiao:
        said += _DIGITS[jiao] + "角"
    elif cents and yuan:
        said += "零"
    return said + (_DIGITS[cents] + "分" if cents else "整")


def _whole(yuan: int) -> str:
    said, gap = "", False
    groups = []
    while yuan:
        yuan, group = divmod(yuan, 10_000)
        groups.append(group)
    for place in range(len(groups) - 1, -1, -1):
        group = groups[place]
        if not group:
            gap = bool(said)
            continue
        if said and (gap or group < 1000):
            said += "零"
        said += _group(group) + _GROUPS[place]
        gap = False
    return said


def _group(number: int) -> str:
    """Four digits: 1050 → 壹仟零伍拾."""
    said, gap = "", False
    for place in range(3, -1, -1):
        digit = number // 10**place % 10
        if digit:
            said += ("零" if gap and said else "") + _DIGITS[digit] + _PLACES[place]
            gap = False
        else:
            gap = True
    return said
