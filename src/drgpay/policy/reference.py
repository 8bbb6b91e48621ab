"""The policy reference page: every parameter in both languages, and every shipped value with its source."""

from __future__ import annotations

from importlib.resources.abc import Traversable

from drgpay.policy.dictionary import Dictionary, dictionary
from drgpay.policy.practice import practice_text, practices, read_practice
from drgpay.sources import in_words


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
    topics = dict.fromkeys(name.partition(".")[0] for name in words)
    for topic in topics:
        lines += ["", f"## {topic}", ""]
        lines += _row("参数 parameter", "含义", "meaning", "类型 type", "单位 unit", "允许 allowed")
        lines += _row(*["---"] * 6)
        for name, p in words.items():
            if name.partition(".")[0] == topic:
                kind = (
                    p.type + (" (optional)" if p.optional else "") + (f" (default {p.default})" if p.default else "")
                )
                lines += _row(f"`{name}`", p.zh, p.en, kind, p.unit, p.span())
    for practice_id in practices(folder):
        practice = read_practice(*practice_text(practice_id, folder), words)
        lines += ["", f"## {practice.practice}: {practice.title_zh} / {practice.title_en}", ""]
        lines.append(f"region {practice.region} · scheme {practice.scheme}")
        for notice in practice.notices:
            until = "" if notice.until is None else f" · 失效 until {notice.until}"
            lines += ["", f"### {notice.id}: {_both(notice.document)}", ""]
            lines += [f"发布 issued {notice.issued} · 生效 in force {notice.in_force}{until}", ""]
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
