"""The manifest of a folder of results: of which kind it is, and what it was made from."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from drgpay.errors import DrgpayError, Kind
from drgpay.places import MANIFEST

KINDS = {
    "year": ("年度清算的运行结果", "run of a whole year", "drgpay run year"),
    "oversight": ("监管结果", "result of oversight", "drgpay oversee"),
    "evaluation": ("考核评价结果", "evaluation", "drgpay evaluate"),
}
"""kinds of results that are asked for: their names and the command that makes them"""


def read_manifest(folder: Path, kind: str = "") -> dict[str, Any]:
    """The manifest of a folder of results. DATA when there is none; BROKEN when it cannot be read; USAGE when a
    ``kind`` is asked for (of :data:`KINDS`) and the results are others."""
    path = folder / MANIFEST
    if not path.is_file():
        raise DrgpayError(
            Kind.DATA,
            zh="这里没有运行结果(缺 manifest.json)",
            en="no run here (manifest.json is missing)",
            file=folder,
            fix_zh="给出 drgpay run 的输出文件夹",
            fix_en="name the output folder of drgpay run",
        )
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise DrgpayError(
            Kind.BROKEN, zh="manifest.json 读不出", en="manifest.json cannot be read", file=path.name
        ) from error
    if kind and content.get("kind") != kind:
        zh, en, command = KINDS[kind]
        raise DrgpayError(
            Kind.USAGE,
            zh=f"这里不是{zh}",
            en=f"this is no {en}",
            file=folder,
            fix_zh=f"给出 {command} 的输出文件夹",
            fix_en=f"name the output folder of {command}",
        )
    return content
