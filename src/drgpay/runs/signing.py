"""Signatures of seals (ed25519), where a bureau wants them: the extra ``sign``. The public key is given to whoever
verifies, and never read from the runs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from drgpay.errors import DrgpayError, Kind


def signer(key: Path) -> Callable[[bytes], bytes]:
    """Signs with a private key (PEM, ed25519). DATA when the file is none; USAGE without the extra."""
    private = _load(key, private=True)
    return lambda content: bytes(private.sign(content))


def signed_by(key: Path) -> Callable[[bytes, bytes], bool]:
    """Whether a signature of a content is of the owner of a public key (PEM, ed25519)."""
    public = _load(key, private=False)

    def holds(signature: bytes, content: bytes) -> bool:
        from cryptography.exceptions import InvalidSignature

        try:
            public.verify(signature, content)
        except InvalidSignature:
            return False
        return True

    return holds


def _load(key: Path, *, private: bool) -> Any:
    try:
        from cryptography.hazmat.primitives import serialization
        from cryptography.hazmat.primitives.asymmetric import ed25519
    except ImportError as error:
        raise DrgpayError(
            Kind.USAGE, zh="签名需要附加组件 sign", en="signatures need the extra sign",
            fix_zh="pip install 'drgpay[sign]'", fix_en="pip install 'drgpay[sign]'",
        ) from error  # fmt: skip
    try:
        content = key.read_bytes()
        found: Any = (
            serialization.load_pem_private_key(content, None) if private
            else serialization.load_pem_public_key(content)
        )  # fmt: skip
        wanted = ed25519.Ed25519PrivateKey if private else ed25519.Ed25519PublicKey
        if not isinstance(found, wanted):
            raise TypeError
    except (OSError, ValueError, TypeError) as error:
        kind_zh, kind_en = ("私钥", "private key") if private else ("公钥", "public key")
        raise DrgpayError(
            Kind.DATA, zh=f"读不出 ed25519 {kind_zh}", en=f"no ed25519 {kind_en} can be read here", file=key.name,
            fix_zh="给出 PEM 文件:openssl genpkey -algorithm ed25519",
            fix_en="give a PEM file: openssl genpkey -algorithm ed25519",
        ) from error  # fmt: skip
    return found
