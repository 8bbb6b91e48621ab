"""The policy reference page: every parameter in both languages, and every shipped value with its source."""

from __future__ import annotations

from importlib.resources.abc import Traversable

from drgpay.policy.dictionary import Dictionary, dictionary
from drgpay.policy.practice import practice_text, practices, read_practice
from drgpay.sources import in_words

_ACTS = {"month": "月 month", "stay": "病例 stay", "year": "年 year", None: ""}
_STEADY = "，年内不变 steady"
_IN_TIME = [
    "",
    "**参数的时点。** 每个参数写明作用于什么：",
    "",
    "- 月：某月的预结算按当月最后一日的规则（拨付比例、各月预算的分配）。7 月起改变的比例不影响 1 至 6 月。",
    "- 病例：清算时全年病例都按 12 月 31 日的规则计点数和价格；已按旧规则预结算的各月不变，差额在清算中体现。"
    "通知写了 `stays: discharged_from` 的，只管生效日（含）以后出院的病例，之前出院的保留原规则，"
    "各按各的表计点，共用一个盘子。",
    "- 年：按 12 月 31 日的规则（清算、分担、等级、上限和数量限额）；基期裁剪用 1 月 1 日的高低倍率界限。",
    "- 年内不变：一年之内改变即为错误，须从 1 月 1 日起改。",
    "",
    "**Law in time.** Every parameter says what it acts on:",
    "",
    "- month: the settlement of a month takes the law of its last day (the share paid, the months' budgets). A share "
    "that changes in July changes nothing from January to June.",
    "- stay: at the clearing all stays of the year are scored and priced by the law of 31 December; months that were "
    "settled by the earlier rule stay as they were paid, and the clearing pays or takes the difference. A notice "
    "with `stays: discharged_from` holds for stays discharged on or after its day only; those before keep the earlier"
    " rule, each part is scored by its own tables, and all share one pool.",
    "- year: the law of 31 December (clearing, sharing, grades, caps and quotas); the base period is trimmed by the "
    "multiples of 1 January.",
    "- steady: a change within a year is an error; it has to begin on a 1 January.",
]
"""how a notice acts in time, in the page's own words"""


def reference_markdown(
    title: str = "政策参数参考 / Policy reference",
    words: Dictionary | None = None,
    folder: Traversable | None = None,
) -> str:
    """The page ``docs/policy-reference.md``: the dictionary by topic, then the notices of each shipped practice. Also
    of another dictionary and the folder of what is written in it."""
    words = dictionary() if words is None else words
    lines = [
        f"# {title}",
        "",
        "由参数字典和政策文件生成，勿手改。 Generated from the dictionary and the shipped policies; do not edit.",
        "",
        "比例按万分之一精确计算；金额按分计算。 Ratios are exact in 1/10,000; money is in fen.",
    ]
    in_time = any(p.acts for p in words.values())
    if in_time:
        lines += _IN_TIME
    topics = dict.fromkeys(name.partition(".")[0] for name in words)
    for topic in topics:
        lines += ["", f"## {topic}", ""]
        acts = ["作用于 acts on"] if in_time else []
        lines += _row("参数 parameter", "含义", "meaning", *acts, "类型 type", "单位 unit", "允许 allowed")
        lines += _row(*["---"] * (6 + len(acts)))
        for name, p in words.items():
            if name.partition(".")[0] == topic:
                kind = (
                    p.type + (" (optional)" if p.optional else "") + (f" (default {p.default})" if p.default else "")
                )
                acts = [_ACTS[p.acts] + (_STEADY if p.steady else "")] if in_time else []
                lines += _row(f"`{name}`", p.zh, p.en, *acts, kind, p.unit, p.span())
    for practice_id in practices(folder):
        practice = read_practice(*practice_text(practice_id, folder), words)
        lines += ["", f"## {practice.practice}: {practice.title_zh} / {practice.title_en}", ""]
        lines.append(f"region {practice.region} · scheme {practice.scheme}")
        for notice in practice.notices:
            until = "" if notice.until is None else f" · 失效 until {notice.until}"
            lines += ["", f"### {notice.id}: {_both(notice.document)}", ""]
            by_discharge = " · 按出院日期 by day of discharge" if notice.by_discharge else ""
            lines += [f"发布 issued {notice.issued} · 生效 in force {notice.in_force}{until}{by_discharge}", ""]
            lines += _row("参数 parameter", "值 value", "来源 source", "条款 clause", "核对 checked on")
            lines += _row(*["---"] * 5)
            for entry in notice.values:
                s = entry.source
                lines += _row(
                    f"`{entry.parameter.name}`", s.value, _both(s.source), _both(s.clause), str(s.checked_on or "")
                )
    return "\n".join(lines) + "\n"


def _both(text: str) -> str:
    """A source or clause in both languages, once where they are the same."""
    return " / ".join(dict.fromkeys((in_words(text, "zh"), in_words(text, "en"))))


def _row(*cells: str) -> list[str]:
    return ["| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"]
