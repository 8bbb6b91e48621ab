"""The page of pinned dependencies: what each is, its licence, what pins it, and whether it is still looked after.

    python benchmarks/dependencies.py --index LIST.tsv --on 2026-11-30 > docs/dependencies.md

Read from the lock files and from what is installed; a package that is locked for another machine only is marked so.
``LIST.tsv`` is a list of the package index with the columns name, version and month of the last release; a package
that is not in it is said to be unknown. ``--on``: the day of the review.
"""

from __future__ import annotations

import argparse
import re
import tomllib
from datetime import date
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path

TOP = Path(__file__).parents[1]
PIN = re.compile(r"^([A-Za-z0-9._-]+)==([^ ;\\]+)", re.MULTILINE)
NAME = re.compile(r"[A-Za-z0-9._-]+")
QUIET, OLD = 12, 24
"""months without a release after which a package is called quiet, and old"""
HEAD = """# 依赖 · Dependencies

由 `benchmarks/dependencies.py` 从锁文件、所装软件包与软件包索引的清单写成（{on}）。
锁定：run 计算，web 工作台，dev 开发；**粗体**为本项目直接使用的。
最近发布：索引中最新版本及其月份；{quiet} 个月内有发布为“在维护”，{old} 个月以上为“久未发布”。升级后重写本页。
Written from the lock files, the installed packages and a list of the package index ({on}): run computes, web is the
office, dev is for development; **bold** is used by the project itself. Last release: the newest version in the index
and its month; one within {quiet} months is "kept up", none for {old} is "old". Written anew after each upgrade.

| 名称 name | 版本 version | 锁定 locked for | 许可 licence | 最近发布 last release | 维护 state | 用途 what it is |
| --- | --- | --- | --- | --- | --- | --- |
"""


def pins() -> dict[tuple[str, str], list[str]]:
    """The locks that pin a package, by its name and version."""
    found: dict[tuple[str, str], list[str]] = {}
    for lock in ("run", "web", "dev"):
        for name, version in PIN.findall((TOP / "requirements" / f"{lock}.lock").read_text(encoding="utf-8")):
            found.setdefault((name.lower(), version), []).append(lock)
    return dict(sorted(found.items()))


def direct() -> set[str]:
    """What the project itself asks for."""
    said = tomllib.loads((TOP / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    asked = [*said["dependencies"], *(one for part in said["optional-dependencies"].values() for one in part)]
    return {NAME.match(one)[0].lower() for one in asked}  # type: ignore[index]


def releases(index: Path, names: set[str]) -> dict[str, tuple[str, str]]:
    """The newest version of packages and its month, as the list of the index has them."""
    found = {}
    with index.open(encoding="utf-8") as lines:
        for line in lines:
            name, version, month, *_ = line.split("\t")
            if (its := re.sub(r"[-_.]+", "-", name.lower())) in names:
                found[its] = (version, month)
    return found


def page(index: Path, on: date) -> str:
    """The whole page."""
    known, own = releases(index, {name for name, _ in pins()}), direct()
    lines = []
    for (name, version), locks in pins().items():
        licence, summary = _about(name)
        latest, month = known.get(name, ("", ""))
        shown = f"**{name}**" if name in own else name
        cells = (shown, version, ", ".join(locks), licence, f"{latest} {month}".strip(), _state(month, on), summary)
        lines.append(f"| {' | '.join(cells)} |\n")
    return HEAD.format(on=on, quiet=QUIET, old=OLD) + "".join(lines)


def _state(month: str, on: date) -> str:
    if not month:
        return "索引清单中没有 not in the list"
    year, number = map(int, month.split("-"))
    since = (on.year - year) * 12 + on.month - number
    return "在维护 kept up" if since <= QUIET else "更新少 quiet" if since <= OLD else "久未发布 old"


def _about(name: str) -> tuple[str, str]:
    try:
        said = metadata(name)
    except PackageNotFoundError:
        return "此机未安装 not installed", "此机未安装 not installed on the machine that wrote this"
    classes = [
        line.rsplit(" :: ", 1)[1] for line in said.get_all("Classifier") or () if line.startswith("License ::")
    ]
    given = (said.get("License") or "").strip()
    licence = said.get("License-Expression") or "; ".join(classes) or (given.splitlines() or [""])[0]
    return _cell(licence or "未写明 not said"), _cell(said.get("Summary") or "")


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())[:160]


if __name__ == "__main__":
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--index", type=Path, required=True)
    asked.add_argument("--on", type=date.fromisoformat, required=True)
    given = asked.parse_args()
    print(page(given.index, given.on), end="")
