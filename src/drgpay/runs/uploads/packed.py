"""A file of stays that comes packed (.zip): the one file in it, unpacked beside."""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path

from drgpay.errors import DrgpayError, Kind
from drgpay.places import drafted
from drgpay.runs.stay_files import STAY_SUFFIXES

_MOST_BYTES = 4 << 30
"""bytes, unpacked, above which a file is not unpacked"""
_BOMB = (200 << 20, 200)
"""unpacked bytes from which a file that was packed to less than one part in so many is none"""


def unpacked(file: Path, work: Path) -> Path:
    """The file itself, or the one file of stays in a .zip, unpacked into ``work``. Raises DATA for a .zip that is
    damaged, locked, or holds none or several."""
    if file.suffix.lower() != ".zip":
        return file
    try:
        with zipfile.ZipFile(file, metadata_encoding="gbk") as packed:
            inside = [part for part in packed.infolist() if _holds_stays(part.filename)]
            if len(inside) != 1:
                raise _not_one(file, [Path(part.filename).name for part in inside])
            part = inside[0]
            if part.file_size > _MOST_BYTES or (
                part.file_size > _BOMB[0] and part.file_size > _BOMB[1] * part.compress_size
            ):
                raise _bad(file, "压缩文件解开后过大", "what is packed is too large")
            target = work / Path(part.filename.replace("\\", "/")).name
            with packed.open(part) as source, drafted(target) as draft, draft.open("wb") as out:
                shutil.copyfileobj(source, out, 1 << 20)
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError, EOFError, OSError, ValueError) as error:
        raise _bad(file, "压缩文件解不开(损坏或加了密码)", "it cannot be unpacked: damaged, or locked") from error
    return target


def _holds_stays(name: str) -> bool:
    path = Path(name.replace("\\", "/"))
    hidden = any(part != ".." and part.startswith((".", "__MACOSX")) for part in path.parts)
    return not hidden and path.suffix.lower() in STAY_SUFFIXES


def _not_one(file: Path, names: list[str]) -> DrgpayError:
    return DrgpayError(
        Kind.DATA,
        zh="压缩文件里没有病例文件" if not names else f"压缩文件里有 {len(names)} 个病例文件",
        en="no file of stays is packed in it" if not names else f"{len(names)} files of stays are packed in it",
        file=file.name, value=", ".join(names[:5]) or None,
        fix_zh="每个压缩文件只放一个病例文件", fix_en="pack one file of stays only",
    )  # fmt: skip


def _bad(file: Path, zh: str, en: str) -> DrgpayError:
    return DrgpayError(
        Kind.DATA, zh=zh, en=en, file=file.name, fix_zh="直接上传里面的文件", fix_en="send the file itself",
    )  # fmt: skip
