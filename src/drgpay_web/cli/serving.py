"""``serve``: one command that owns the server and the worker, and stops both; ``worker`` is what it starts."""

from __future__ import annotations

import ipaddress
import os
import signal
import socket
import subprocess
import sys
import threading
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

import typer

from drgpay.errors import DrgpayError, Kind
from drgpay_web.cli.care import sweep
from drgpay_web.cli.office import existing
from drgpay_web.project.places import uploads
from drgpay_web.project.rooms import with_part
from drgpay_web.sending.switches import switches

SERVER = "DRGPAY_SERVER"
"""environment: the number of this process, with which what it starts ends"""
AGAIN = 3.0
"""seconds until a worker that ended by itself is started again"""


def add_to(app: typer.Typer) -> None:
    app.command()(serve)
    app.command()(worker)


def serve(
    host: Annotated[str, typer.Option("--host", help="监听地址 address to listen on")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=1, max=65535, help="端口 port")] = 8000,
    certificate: Annotated[
        Path | None, typer.Option("--tls-certificate", help="TLS 证书文件 certificate (PEM)", metavar="FILE")
    ] = None,
    key: Annotated[Path | None, typer.Option("--tls-key", help="TLS 私钥文件 its key (PEM)", metavar="FILE")] = None,
    behind_proxy: Annotated[
        bool, typer.Option("--behind-proxy", help="前面有做 TLS 的代理 a proxy before it does TLS")
    ] = False,
    names: Annotated[
        str, typer.Option("--names", help="浏览器所用的主机名，逗号分隔 host names browsers use, by commas")
    ] = "",
    processes: Annotated[
        int, typer.Option("--processes", min=1, max=16, help="网页进程数 processes that answer pages")
    ] = min(2, os.cpu_count() or 1),
    webhooks: Annotated[
        bool, typer.Option("--webhooks", help="允许向登记的地址推送消息 let messages go to the addresses entered")
    ] = False,
) -> None:
    """启动工作台(网页服务与任务进程);Ctrl-C 停止全部。 Serve the office with its worker; Ctrl-C stops all."""
    secure = bool(certificate and key) or behind_proxy
    _hold(host, certificate, key, secure)
    _engine()
    os.environ[SERVER] = str(os.getpid())
    os.environ["DRGPAY_HOSTS"] = ",".join(dict.fromkeys(["127.0.0.1", "localhost", "[::1]", host, *names.split(",")]))
    os.environ["DRGPAY_SECURE"] = "1" if secure else ""
    os.environ["DRGPAY_BEHIND_PROXY"] = "1" if behind_proxy else ""
    os.environ["DRGPAY_WEBHOOKS"] = "1" if webhooks else os.environ.get("DRGPAY_WEBHOOKS", "")
    os.environ.setdefault("POLARS_MAX_THREADS", "1")  # pages are many and small; long work is in children
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")  # pools of their own hold a fifth more
    os.environ.setdefault("MALLOC_ARENA_MAX", "2")
    folder = existing()
    switches()
    _not_a_demo_outside(host)
    _free(host, port)
    _collect()
    _nothing_half_received(folder)
    with _Worker():
        _server(host, port, certificate, key, processes)


def worker() -> None:
    """处理后台任务；由 serve 启动。 Do the jobs; serve starts it."""
    existing()
    from drgpay_web import jobs, store

    parent = os.getppid()
    store.reconcile()
    for module in with_part("begins"):
        import_module(module).begin()
    try:
        jobs.worker(regular=_every_minute, tidy=sweep, until=lambda: os.getppid() != parent)
    except jobs.AlreadyWorking:
        raise DrgpayError(
            Kind.ENGINE, zh="已有任务进程在运行", en="a worker is at work already",
            fix_zh="等它结束", fix_en="wait until it has ended",
        ) from None  # fmt: skip


def _every_minute() -> None:
    """Deadlines, and what rooms do regularly."""
    from drgpay_web import flow

    flow.sweep()
    for module in with_part("minutes"):
        import_module(module).every_minute()


class _Worker:
    """The worker's process: started, started again where it ended by itself, ended with the server."""

    def __init__(self) -> None:
        self._ends = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None
        self._thread = threading.Thread(target=self._keep, daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._ends.set()
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
        self._thread.join(timeout=30)
        if self._process is not None and self._process.poll() is None:
            self._process.kill()

    def _keep(self) -> None:
        while not self._ends.is_set():
            self._process = subprocess.Popen([sys.executable, "-m", "drgpay_web.cli", "worker"])
            self._process.wait()
            self._ends.wait(AGAIN)


def _server(host: str, port: int, certificate: Path | None, key: Path | None, processes: int) -> None:
    from granian import Granian
    from granian.constants import Interfaces
    from granian.log import LogLevels

    from drgpay_web import clock
    from drgpay_web.project.receiving import THREADS

    scheme = "https" if certificate else "http"
    server: Any = Granian(
        "drgpay_web.project.wsgi:application",
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        workers=processes,
        blocking_threads=THREADS,
        websockets=False,
        log_level=LogLevels.warning,
        ssl_cert=certificate,
        ssl_key=key,
        respawn_failed_workers=True,
    )
    place = f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}/"
    typer.echo(f"工作台已启动 the office is up: {place}  (Ctrl-C 停止 to stop)")
    if clock.is_demo():
        typer.echo(f"试用 try it: {place}try")
    server.serve()


def _hold(host: str, certificate: Path | None, key: Path | None, secure: bool) -> None:
    """Refuse an address beyond this machine without TLS; half a pair of TLS files; files that are not there."""
    if bool(certificate) != bool(key):
        raise DrgpayError(
            Kind.USAGE, zh="证书与私钥须同时给出", en="certificate and key are given together",
            fix_zh="补上 --tls-certificate 或 --tls-key", fix_en="add --tls-certificate or --tls-key",
        )  # fmt: skip
    for path in (certificate, key):
        if path is not None and not path.is_file():
            raise DrgpayError(
                Kind.USAGE, zh="没有这个文件", en="no such file", file=path.name,
                fix_zh="检查文件名", fix_en="check its name",
            )  # fmt: skip
    if not _loopback(host) and not secure:
        raise DrgpayError(
            Kind.USAGE, zh="本机以外的地址须使用 TLS", en="an address beyond this machine needs TLS", value=host,
            fix_zh="给出 --tls-certificate 与 --tls-key,或在代理之后加 --behind-proxy",
            fix_en="give --tls-certificate and --tls-key, or --behind-proxy behind a proxy",
        )  # fmt: skip


def _engine() -> None:
    """Refuse a setting with which no job could compute."""
    from drgpay_web import jobs

    jobs.check_engine()


def _not_a_demo_outside(host: str) -> None:
    from drgpay_web import clock

    if clock.is_demo() and not _loopback(host):
        raise DrgpayError(
            Kind.USAGE, zh="演示环境只能在本机使用", en="a demonstration is served to this machine only", value=host,
            fix_zh="使用 --host 127.0.0.1", fix_en="use --host 127.0.0.1",
        )  # fmt: skip


def _loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _free(host: str, port: int) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise DrgpayError(
                Kind.USAGE, zh="端口不能使用", en="the port cannot be used", value=f"{host}:{port}",
                fix_zh="换一个 --port,或停止占用它的程序", fix_en="choose another --port, or stop what uses it",
            ) from error  # fmt: skip


def _nothing_half_received(folder: Path) -> None:
    """Remove what a server before was receiving when it was killed: nobody was told that it was taken."""
    place = uploads(folder)
    place.mkdir(mode=0o700, exist_ok=True)
    for path in (*place.iterdir(), *(folder / "inbox").glob(".*.partial")):
        path.unlink()


def _collect() -> None:
    """Collect the static files of this version, once."""
    from django.conf import settings
    from django.core.management import call_command

    if not (settings.STATIC_ROOT / "staticfiles.json").is_file():
        call_command("collectstatic", verbosity=0, interactive=False)
