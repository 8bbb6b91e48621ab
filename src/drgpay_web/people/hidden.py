"""Secrets that must be read again: encrypted with the office's own secret, a key for each purpose."""

from __future__ import annotations

import base64
import hashlib

from cryptography.fernet import Fernet
from django.conf import settings


def hide(purpose: str, text: str) -> str:
    """A secret as it is kept."""
    return str(_cipher(purpose).encrypt(text.encode()).decode())


def shown(purpose: str, hidden: str) -> str:
    """The secret again."""
    return str(_cipher(purpose).decrypt(hidden.encode()).decode())


def _cipher(purpose: str) -> Fernet:
    key = hashlib.sha256(f"{purpose}\n{settings.SECRET_KEY}".encode()).digest()
    return Fernet(base64.urlsafe_b64encode(key))
