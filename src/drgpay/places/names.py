"""Names stay names: an id from a file never becomes a way to another folder, and two ids never share a file."""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Iterable
from pathlib import Path

from drgpay.errors import DrgpayError, Kind
from drgpay.places.texts import visible

_BYTES = 120
"""of a name made from an id, in UTF-8; file systems take 255, with what is put before and behind it"""
_LONGEST = 255
"""bytes a file system takes for one name"""
_DEEPEST = 4_000
"""bytes of a whole path"""
_NEVER = frozenset('/\\:*?"<>|')
"""characters some file system takes for something else"""
_RESERVED = frozenset(
    ("con", "prn", "aux", "nul", "conin$", "conout$", *(f"{port}{n}" for port in ("com", "lpt") for n in range(10)))
)
"""names that are devices on Windows"""


def _kept(sign: str) -> str:
    return "_" if sign in _NEVER or (unicodedata.category(sign)[0] in "CZ" and sign != " ") else sign


def _is_plain(name: str) -> bool:
    """The name is a file's name everywhere, as it is."""
    return bool(
        name
        and unicodedata.normalize("NFC", name) == name
        and all(_kept(sign) == sign for sign in name)
        and name[0] not in ".-~ "
        and name[-1] not in ". "
        and not _is_device(name)
        and len(name.encode()) <= _BYTES
    )


def _is_device(name: str) -> bool:
    return name.split(".", maxsplit=1)[0].strip().casefold() in _RESERVED


def safe_name(text: str) -> str:
    """A file's name for an id: the id itself where it is one, else what is left of it and eight digits of its digest,
    so that ``../../x``, ``/``, a device's name, 200 characters or a NUL become plain names that differ."""
    if _is_plain(text):
        return text
    normal = unicodedata.normalize("NFC", text.encode("utf-8", "replace").decode())
    left = "".join(map(_kept, normal)).strip("._-~ ")
    short = ("_" if _is_device(left) else "") + left.encode()[: _BYTES - 20].decode("utf-8", "ignore")
    return f"{short or '_'}-{_digest(text)}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:8]


def safe_names(texts: Iterable[str]) -> dict[str, str]:
    """:func:`safe_name` of each id, none twice, also where a file system does not tell capitals from small letters:
    ids that would meet carry their digest."""
    ids = sorted(set(texts))
    names = {text: safe_name(text) for text in ids}
    met: dict[str, list[str]] = {}
    for text, name in names.items():
        met.setdefault(_folded(name), []).append(text)
    for those in met.values():
        if len(those) > 1:
            names |= {text: f"{names[text]}-{_digest(text)}" for text in those}
    folded = {_folded(name) for name in names.values()}
    if len(folded) != len(names):  # an id that looks like another one with its digest
        names = {text: hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32] for text in ids}
    return names


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", name.casefold())


def inside(folder: Path, name: str) -> Path:
    """``folder/name``, and it is there and nowhere else. Raises USAGE."""
    path = folder / name
    if not name or Path(name).name != name or path.parent != folder or name in (".", ".."):
        raise _bad_name(name)
    return path


def require_name(name: str, kind: Kind = Kind.USAGE, *, field: str = "id", file: object = None) -> str:
    """An id that becomes a folder's name as it is. Raises ``kind`` for anything that is more or less than a name."""
    if not _is_plain(name) or "+" in name:
        raise DrgpayError(
            kind,
            zh="编号不能作文件夹名",
            en="the id cannot be the name of a folder",
            file=file,
            field=field,
            value=visible(name),
            fix_zh="用字母、数字、汉字、- 和 _,不用 / 和 +",
            fix_en="use letters, digits, - and _, no / and no +",
        )
    return name


def check_length(path: Path) -> None:
    """A place whose name no file system takes is a named error (USAGE)."""
    parts = [part for part in path.parts if len(part.encode("utf-8", "surrogateescape")) > _LONGEST - 40]
    if parts or len(str(path).encode("utf-8", "surrogateescape")) > _DEEPEST or "\0" in str(path):
        raise _bad_name((parts or [str(path)])[0], long=True)


def _bad_name(name: str, long: bool = False) -> DrgpayError:
    return DrgpayError(
        Kind.USAGE,
        zh="名称太长" if long else "不是文件名",
        en="the name is too long" if long else "this is no file's name",
        value=visible(name[:40] + "…" if len(name) > 40 else name),
        fix_zh="换一个短些的名称" if long else "换一个名称",
        fix_en="choose a shorter name" if long else "choose another name",
    )
