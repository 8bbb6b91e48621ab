"""What switches sending on: the environment, or ``sending.env`` in the office's folder, for its owner alone."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from drgpay.errors import DrgpayError, Kind

FILE = "sending.env"
NAMES = (
    "DRGPAY_ADDRESS", "DRGPAY_MAIL_HOST", "DRGPAY_MAIL_PORT", "DRGPAY_MAIL_TLS", "DRGPAY_MAIL_USER",
    "DRGPAY_MAIL_PASSWORD", "DRGPAY_MAIL_FROM", "DRGPAY_NOTICE_HOSTS",
)  # fmt: skip
TLS = ("starttls", "tls", "none")


@dataclass(frozen=True)
class Switches:
    """``address``: the office's own, before links; ``host`` of mail empty: no mail; ``hosts``: the machines
    (``name`` or ``name:port``) that webhooks may go to, none: no webhooks."""

    address: str
    host: str
    port: int
    tls: str
    user: str
    password: str
    sender: str
    hosts: frozenset[str]

    @property
    def mail(self) -> bool:
        """Mail may leave the machine."""
        return bool(self.host and self.sender)

    @property
    def webhook(self) -> bool:
        """Webhooks may be called."""
        return bool(self.hosts)


def switches() -> Switches:
    """What is switched on now; the environment goes before the file. Raises USAGE for a file that others may read and
    for what is no port or no way of TLS."""
    said = _file(Path(settings.HOME) / FILE) | {name: os.environ[name] for name in NAMES if os.environ.get(name)}
    port, tls = said.get("DRGPAY_MAIL_PORT", "25"), said.get("DRGPAY_MAIL_TLS", "starttls")
    if not port.isdigit() or tls not in TLS:
        raise DrgpayError(
            Kind.USAGE, zh="邮件设置有误", en="the settings of mail are wrong", value=f"{port} {tls}",
            fix_zh="DRGPAY_MAIL_PORT 为端口，DRGPAY_MAIL_TLS 为 starttls、tls 或 none",
            fix_en="DRGPAY_MAIL_PORT is a port, DRGPAY_MAIL_TLS is starttls, tls or none",
        )  # fmt: skip
    hosts = frozenset(one.strip().lower() for one in said.get("DRGPAY_NOTICE_HOSTS", "").split(",") if one.strip())
    return Switches(
        said.get("DRGPAY_ADDRESS", "").rstrip("/"), said.get("DRGPAY_MAIL_HOST", ""), int(port), tls,
        said.get("DRGPAY_MAIL_USER", ""), said.get("DRGPAY_MAIL_PASSWORD", ""), said.get("DRGPAY_MAIL_FROM", ""),
        hosts,
    )  # fmt: skip


def _file(path: Path) -> dict[str, str]:
    if not path.is_file():
        return {}
    if path.stat().st_mode & 0o077:
        raise DrgpayError(
            Kind.USAGE, zh="通知发送设置文件不得让他人读取", en="others may read the settings of sending",
            file=path.name, fix_zh="chmod 600", fix_en="chmod 600",
        )  # fmt: skip
    lines = (line.strip() for line in path.read_text(encoding="utf-8").splitlines())
    pairs = (line.partition("=") for line in lines if line and not line.startswith("#"))
    return {name.strip(): value.strip() for name, _, value in pairs if name.strip() in NAMES}
