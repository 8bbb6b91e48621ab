"""Where an office lives on disk: everything is below ``DRGPAY_HOME`` (default ``./office``)."""

from __future__ import annotations

import hashlib
import os
import secrets
from importlib.metadata import version
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from drgpay import __version__


def home() -> Path:
    """The folder of the office."""
    return Path(os.environ.get("DRGPAY_HOME", "office")).resolve()


def secret() -> str:
    """The office's secret; one of this process alone where there is no office yet."""
    path = home() / "secret"
    return path.read_text(encoding="ascii").strip() if path.is_file() else secrets.token_urlsafe(48)


def make_home(folder: Path) -> None:
    """Make the folders of an office and its secret (0600); what is there stays."""
    for name in ("inbox", "areas", "exports", "static", uploads(folder).name):
        (folder / name).mkdir(parents=True, exist_ok=True)
    path = folder / "secret"
    if not path.exists():
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="ascii") as out:
            out.write(secrets.token_urlsafe(48) + "\n")


def uploads(folder: Path) -> Path:
    """Where what is being received lies until it is kept or refused: on the office's own disk, its owner's alone."""
    return folder / "uploads"


def last_backup(folder: Path) -> Path:
    """A file that is as old as the last backup."""
    return folder / "last-backup"


def static_folder(folder: Path) -> Path:
    """Where collected static files lie: a folder per version and content, so that a new one is collected anew."""
    said = hashlib.sha256(__version__.encode())
    for path in sorted((Path(__file__).parents[1] / "ui" / "static").rglob("*")):
        if path.is_file():
            said.update(path.read_bytes())
    for package in ("bootstrap-wrapper", "django-htmx", "django-ninja", "plotly"):
        said.update(version(package).encode())
    return folder / "static" / f"{__version__}-{said.hexdigest()[:8]}"


def data_base() -> dict[str, Any]:
    """The data base: SQLite in the office, or the PostgreSQL that ``DRGPAY_DATABASE`` names."""
    address = os.environ.get("DRGPAY_DATABASE", "")
    return data_base_at(address) if address else _sqlite(home() / "office.sqlite3")


def _sqlite(path: Path) -> dict[str, Any]:
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": path,
        "OPTIONS": {
            # a writer takes the lock when its transaction begins, so that no two readers wait for each other's end
            "transaction_mode": "IMMEDIATE",
            "timeout": 30,
            # readers go on while one writes; nothing said to be kept is lost when the power fails
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;",
        },
    }


def data_base_at(address: str) -> dict[str, Any]:
    """The PostgreSQL of an address: ``postgresql://user:password@host:port/name?sslmode=…``."""
    parts = urlsplit(address)
    asked = {key: values[0] for key, values in parse_qs(parts.query).items()}
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": asked.pop("host", parts.hostname or ""),
        "PORT": str(parts.port or ""),
        "CONN_MAX_AGE": 60,
        "OPTIONS": asked,
    }
