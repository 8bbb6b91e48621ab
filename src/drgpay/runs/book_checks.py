"""Checks of a book: every link as it was sealed, its ledger, the list of seals, and signatures (design/12 §2)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from drgpay.engine import read_manifest
from drgpay.errors import DrgpayError, Kind
from drgpay.ledger import Ledger, Whole
from drgpay.places import MANIFEST, MARK, SEAL, files_below, real_path
from drgpay.runs.chain import Chain, Link, read_chain
from drgpay.runs.manifest import LEDGER, folder_digests
from drgpay.runs.seals import SIGNATURE, read_seals, seal_of
from drgpay.runs.signing import signed_by


def in_book(run: Path, manifest: Mapping[str, Any]) -> bool:
    """The run goes on from another, or is sealed."""
    return bool(manifest.get("after")) or (run / SEAL).exists() or seal_of(run) is not None


def whole_book(run: Path) -> Whole:
    """The ledger of a run with the entries of the book it goes on from."""
    last = Ledger.read(run / LEDGER)
    if not read_manifest(run).get("after"):
        return Whole((), last)
    chain = read_chain(run, sealed=False)
    return Whole(tuple(entry for link in chain.links[:-1] for entry in link.ledger), last)


def check_book(run: Path, head: str = "", key: Path | None = None) -> None:
    """Every link of the book that ends with a run. Raises BROKEN naming the link and the file: a changed, missing or
    further file, a ledger that does not go on, a seal that is not of this run, a list of seals that was changed, cut
    short (``head``: as it was noted) or lacks it, a signature that is not of the owner of ``key``."""
    seals = read_seals(real_path(run).parent)
    if head and all(seal.hash != head.strip().lower() for seal in seals):
        raise DrgpayError(
            Kind.BROKEN, zh="封账记录中没有纸上所记的封账号:末尾被截去或整体被替换",
            en="the head on paper is not in the list of seals: its tail was cut off, or all of it replaced",
            file=real_path(run).parent.name, value=head,
        )  # fmt: skip
    chain = read_chain(run, sealed=False)
    for link in chain.links[:-1]:
        if link.seal is None:
            raise _broken(link, "没有封账", "is not sealed", MANIFEST)
    for link in chain.links:
        _files(link)
        _seal(link)
        if key is not None and link.seal is not None:
            _signature(link, key)


def _files(link: Link) -> None:
    """Exactly the files of the manifest, each with its digest."""
    expected, there = link.manifest["outputs"], set(files_below(link.folder)) - {MANIFEST, MARK, SEAL, SIGNATURE}
    found = folder_digests(link.folder)
    for name in sorted(expected.keys() | there):
        if name not in there:
            raise _broken(link, "文件缺失", "a file is missing", name)
        if name not in expected:
            raise _broken(link, "多出文件", "a file that is not in the manifest", name)
        if found[name] != expected[name]:
            raise _broken(link, "文件被改动", "the file was changed", name)


def _seal(link: Link) -> None:
    """The seal in the folder is the one of the list, and of this ledger."""
    path = link.folder / SEAL
    if link.seal is None:
        if path.exists():
            raise _broken(link, "有封账文件却不在封账记录中", "it has a seal that is not in the list", SEAL)
        return
    if not path.exists() and link.folder.name != link.seal.run:
        return  # the same result, made once more beside the sealed one
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        told = None
    if told != asdict(link.seal):
        raise _broken(link, "封账文件与封账记录不符", "its seal is not the one of the list", SEAL)
    if link.seal.ledger_head != link.ledger.head or link.seal.link != link.name:
        raise _broken(link, "封账记录与总账不符", "the seal is of another ledger or link", LEDGER)


def _signature(link: Link, key: Path) -> None:
    assert link.seal is not None
    path = link.folder / SIGNATURE
    if not link.seal.signed or not path.is_file():
        raise _broken(link, "没有签名", "is not signed", SIGNATURE)
    if not signed_by(key)(path.read_bytes(), link.seal.hash.encode()):
        raise _broken(link, "签名不是该公钥所有者的", "the signature is not of the owner of this key", SIGNATURE)


def _broken(link: Link, zh: str, en: str, file: str) -> DrgpayError:
    return DrgpayError(
        Kind.BROKEN, zh=zh, en=en, file=f"{link.folder.name}/{file}", field=link.name,
        fix_zh="从备份恢复;封账的结果从不修改", fix_en="restore it from a backup; what is sealed is never changed",
    )  # fmt: skip


def book_in_words(run: Path) -> tuple[str, str]:
    """The links of the book and how each is closed, in Chinese and English."""
    chain: Chain = read_chain(run, sealed=False)
    zh, en = [], []
    for link in chain.links:
        if link.seal is None:
            zh.append(f"{link.name} 未封账")
            en.append(f"{link.name} unsealed")
        else:
            more_zh, more_en = (",已签名", ", signed") if link.seal.signed else ("", "")
            zh.append(f"{link.name} 已封账 {link.seal.on}{more_zh}")
            en.append(f"{link.name} sealed {link.seal.on}{more_en}")
    return ";".join(zh), "; ".join(en)
