"""The page of dependencies names every package that is locked, with its version and where it is locked."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_every_pinned_package_is_on_the_page() -> None:
    page = (ROOT / "docs" / "dependencies.md").read_text(encoding="utf-8")
    rows = {
        tuple(cell.strip(" *") for cell in line.split("|")[1:4]) for line in page.splitlines() if line.startswith("|")
    }
    pinned: dict[tuple[str, str], list[str]] = {}
    for lock in ("run", "web", "dev"):
        for line in (ROOT / "requirements" / f"{lock}.lock").read_text(encoding="utf-8").splitlines():
            if line[:1].isalnum():
                name, version = line.split()[0].split(";")[0].split("==")
                pinned.setdefault((name.lower(), version), []).append(lock)
    assert len(pinned) > 50
    assert {(name, version, ", ".join(locks)) for (name, version), locks in pinned.items()} <= rows
