"""Files people hand over, kept under random names below the office's home: size, kind by content, digest.

Nothing of a file is opened here but its first bytes; what is inside is read in children only (14 §6).
"""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Collection, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from drgpay_web.ui import w
from drgpay_web.ui.errors import PageError

MB = 1_000_000
ATTACHMENTS = frozenset({"pdf", "jpg", "png", "docx", "xlsx"})
SCHEMES = frozenset({"yaml", "yml", "xlsx"})
DATA = frozenset({"csv", "txt", "tsv", "xlsx", "xls", "dbf", "json", "jsonl", "parquet", "zip", "html", "xml"})
_HEAD = 64
_MAGIC = {
    "pdf": (b"%PDF-",),
    "jpg": (b"\xff\xd8\xff",),
    "png": (b"\x89PNG\r\n\x1a\n",),
    "docx": (b"PK\x03\x04",),
    "xlsx": (b"PK\x03\x04",),
    "zip": (b"PK\x03\x04",),
    "xls": (b"\xd0\xcf\x11\xe0", b"\x09\x08", b"<"),
    "parquet": (b"PAR1",),
}
_KNOWN = tuple(start for starts in _MAGIC.values() for start in starts if len(start) > 2)


class NotKept(PageError):
    """A file that is not taken: ``key`` of the words that say why, and what they name."""

    status = 422

    def __init__(self, key: str, **values: object) -> None:
        super().__init__(key)
        self.key, self.values = key, values

    def said(self, lang: str) -> str:
        """Why, in the reader's language."""
        return w(self.key, lang, **self.values)


@dataclass(frozen=True)
class Kept:
    """A file that was taken: its name as handed over (no path), bytes, sha256, kind, and the name it is kept by."""

    name: str
    size: int
    sha256: str
    kind: str
    stored: str


def keep(chunks: Iterable[bytes], name: str, *, kinds: Collection[str], limit: int) -> Kept:
    """Write a file into the inbox, whole or not at all. Raises :class:`NotKept` for a kind that is not among
    ``kinds`` or not what its content says, an empty file, and one of more than ``limit`` bytes."""
    shown = Path(name.replace("\\", "/")).name[:200] or "?"
    kind = shown.rsplit(".", 1)[-1].lower() if "." in shown else ""
    kind = {"jpeg": "jpg", "htm": "html"}.get(kind, kind)
    if kind not in kinds:
        raise NotKept("inbox.kind", kinds=" ".join(sorted(kinds)))
    folder = folder_of_inbox()
    stored = secrets.token_hex(16)
    draft = folder / f".{stored}.partial"
    try:
        size, digest, head = _write(draft, chunks, limit)
        _check_content(kind, head, size)
        os.replace(draft, folder / stored)
    finally:
        with suppress(FileNotFoundError):
            draft.unlink()
    return Kept(shown, size, digest, kind, stored)


def folder_of_inbox() -> Path:
    """Where files handed over are kept, its owner's alone."""
    folder = Path(settings.HOME) / "inbox"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def path_of(stored: str) -> Path:
    """The file kept under a random name."""
    if not stored.isalnum():
        raise ValueError(stored)
    return folder_of_inbox() / stored


def forget(kept: Kept) -> None:
    """Remove a file that nothing refers to (the same was there before)."""
    with suppress(FileNotFoundError):
        path_of(kept.stored).unlink()


def _write(draft: Path, chunks: Iterable[bytes], limit: int) -> tuple[int, str, bytes]:
    digest, size, head = hashlib.sha256(), 0, b""
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
        for chunk in chunks:
            size += len(chunk)
            if size > limit:
                raise NotKept("inbox.large", limit=limit // MB)
            head = head or chunk[:_HEAD]
            digest.update(chunk)
            out.write(chunk)
        out.flush()
        os.fsync(out.fileno())
    return size, digest.hexdigest(), head


def _check_content(kind: str, head: bytes, size: int) -> None:
    if size == 0:
        raise NotKept("inbox.empty")
    expected = _MAGIC.get(kind)
    if expected is None:
        if head.startswith(_KNOWN) and kind not in ("xml", "html"):
            raise NotKept("inbox.other_content", kind=kind)
    elif not head.lstrip(b"\xef\xbb\xbf \r\n\t").startswith(expected) and not head.startswith(expected):
        raise NotKept("inbox.other_content", kind=kind)
