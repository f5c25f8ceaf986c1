"""An emulator of AWS whose conditional writes and transactions are atomic under concurrency, as a process of its own.

It pins its own botocore, so it lives in a virtual environment of its own (`make test` makes it from ministack.txt).
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import ssl
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

HOST = "127.0.0.1"
PYTHON = Path(__file__).parents[2] / ".venv-ministack" / "bin" / "python"
START_SECONDS = 20
STOP_SECONDS = 2


def is_installed() -> bool:
    return PYTHON.exists()


@contextmanager
def running(home: Path, environment: Mapping[str, str], *, trusting: Path | None = None) -> Iterator[str]:
    """The emulator on a free port of loopback, with `home` for what it writes; the value is its address.

    `environment` is what it is told beyond that, and what its functions see besides their own. With `trusting`, a
    bundle of certificates, the address is one of HTTPS: `environment` names the certificate to answer with.
    """
    port = _free_port()
    own = {
        "PATH": os.defpath,
        "HOME": str(home),
        "TMPDIR": str(home),
        "S3_DATA_DIR": str(home / "s3"),
        "STATE_DIR": str(home / "state"),
        "GATEWAY_PORT": str(port),
        "BIND_HOST": HOST,
        "MINISTACK_HOST": "localhost",
        "IOT_MTLS_ENABLED": "0",
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
    }
    log = home / "ministack.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [str(PYTHON), "-m", "ministack"],
            cwd=home,
            env={**own, **environment},
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    address = f"{'https' if trusting else 'http'}://{HOST}:{port}"
    try:
        _wait_until_ready(address, process, log, trusting)
        yield address
    finally:
        _stop(process)
        shutil.rmtree(home, ignore_errors=True)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_until_ready(address: str, process: subprocess.Popen[bytes], log: Path, trusting: Path | None) -> None:
    deadline = time.monotonic() + START_SECONDS
    tls = urllib.request.HTTPSHandler(context=ssl.create_default_context(cafile=trusting))
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), tls)
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with opener.open(f"{address}/_ministack/health", timeout=1):
                return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.05)
    raise RuntimeError(f"ministack did not start: {log.read_text()[-2000:]}")


def _stop(process: subprocess.Popen[bytes]) -> None:
    """Asks, then ends it together with the functions it started: it may not stop while something is pending."""
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
