"""What a run was made from and what it made: digests of inputs, policy, scheme and outputs (design/05, Run)."""

from __future__ import annotations

import hashlib
import json
from datetime import date
from pathlib import Path
from typing import Any

from drgpay.engine import MANIFEST, drafted
from drgpay.places import MARK
from drgpay.policy import Policy, load

LEDGER = "ledger.jsonl"
PRACTICE = "practice.yaml"
"""the notices as they were read"""
POLICY = "policy.json"
"""the law in force: every value with its source"""
TABLES = "tables"
REGISTERS = "registers"
"""the small tables people brought, as they were read"""


def file_digest(path: Path) -> str:
    """sha256 of a file's bytes."""
    with path.open("rb") as source:
        return hashlib.file_digest(source, "sha256").hexdigest()


def folder_digests(folder: Path) -> dict[str, str]:
    """Digests of all files below a folder but its manifest and mark, by relative name."""
    return {
        p.relative_to(folder).as_posix(): file_digest(p)
        for p in sorted(folder.rglob("*"))
        if p.is_file() and p.relative_to(folder).as_posix() not in (MANIFEST, MARK)
    }


def write_json(path: Path, content: Any) -> None:
    """JSON with sorted keys and a final newline, written under a temporary name and renamed."""
    with drafted(path) as draft:
        draft.write_text(json.dumps(content, ensure_ascii=False, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def law_of(run: Path, manifest: dict[str, Any]) -> Policy:
    """The law a run was made with."""
    known_on = date.fromisoformat(manifest["known_on"]) if manifest["known_on"] else None
    return load(run / PRACTICE, on=date.fromisoformat(manifest["on"]), known_on=known_on)
