"""The command line.

`engage-sms local` runs the whole system on this machine until it is told to stop, `engage-sms smoke` asks a running one
over HTTP, and the others act on a deployed one with the caller's AWS credentials.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import signal
import sys
import threading
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from types import FrameType
from typing import NoReturn
from urllib.parse import urlsplit

from engage_sms import topology
from engage_sms.domain.phone import parse
from infra.operations.rates import DEFAULT_RATE, HIGHEST_RATE
from infra.operations.summaries import SUMMARIES

DEFAULT_PORT = 8000
INTERRUPTED = 130


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one sentence, without the usage."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{message[0].upper()}{message[1:]}. Try {self.prog} --help.\n")


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Exits with 0 after SIGTERM, 130 after Ctrl-C, 2 for wrong arguments, 1 when it cannot start."""
    signal.signal(signal.SIGTERM, _terminated)
    # A shell starts its background jobs with SIGINT ignored.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        options = _options(arguments)
        if options.command == "redrive":
            sys.exit(_redrive(options.queue, stage=options.stage, rate=options.rate, as_json=options.json))
        if options.command == "recount":
            sys.exit(_recount(stage=options.stage, as_json=options.json))
        if options.command == "smoke":
            sys.exit(_smoke(options))
        if options.command in SUMMARIES:
            sys.exit(_operate(options))
        sys.exit(_run(options.port, at=options.at, empty=options.empty))
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)


def _terminated(_signal: int, _frame: FrameType | None) -> NoReturn:
    sys.exit(0)


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = _Parser(prog="engage-sms", description="Two-way SMS for organizations.", allow_abbrev=False)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND", parser_class=_Parser)
    local = commands.add_parser("local", help="run the whole system on this machine", allow_abbrev=False)
    local.add_argument("--port", type=_port, default=DEFAULT_PORT, help="where to listen (8000); 0 takes a free port")
    local.add_argument("--empty", action="store_true", help="start without the demonstration organization")
    local.add_argument("--at", type=_instant, metavar="INSTANT", help="start the clock there: 2026-07-15T15:00:00Z")
    redrive = commands.add_parser("redrive", help="move a queue's dead letters back to it", allow_abbrev=False)
    redrive.add_argument("queue", choices=[queue.name for queue in topology.QUEUES], metavar="QUEUE")
    redrive.add_argument("--stage", default="dev", help="which deployment (dev)")
    redrive.add_argument("--rate", type=_rate, default=DEFAULT_RATE, help="messages a second, 1 to 500 (3)")
    redrive.add_argument("--json", action="store_true", help="answer with one line of JSON")
    recount = commands.add_parser("recount", help="count contacts again for the advice", allow_abbrev=False)
    recount.add_argument("--stage", default="dev", help="which deployment (dev)")
    recount.add_argument("--json", action="store_true", help="answer with one line of JSON")
    smoke = commands.add_parser("smoke", help="try a running system over HTTP", allow_abbrev=False)
    smoke.add_argument("url", type=_address, metavar="URL", help="where its API is, such as http://localhost:8000")
    smoke.add_argument("--token", default=os.environ.get("ENGAGE_SMS_TOKEN"), help="a bearer token (ENGAGE_SMS_TOKEN)")
    smoke.add_argument("--token-command", metavar="COMMAND", help="a command that prints the token")
    smoke.add_argument("--phone", type=_phone, help="drive the core loop too, with this phone in your hand")
    smoke.add_argument("--user", metavar="ID", help="who is calling, when that is not the token's `sub`")
    smoke.add_argument("--json", action="store_true", help="answer with one line of JSON")
    for name, (summary, add_arguments) in SUMMARIES.items():
        command = commands.add_parser(name, help=summary, description=f"{summary.capitalize()}.", allow_abbrev=False)
        add_arguments(command)
        command.add_argument("--stage", default="dev", help="which deployment (dev)")
        command.add_argument("--json", action="store_true", help="answer with one line of JSON")
    return parser.parse_args(arguments)


def _address(text: str) -> str:
    """A token never travels in the clear, except on this machine."""
    parts = urlsplit(text)
    if parts.scheme != "https" and (parts.scheme, parts.hostname) not in {("http", "localhost"), ("http", "127.0.0.1")}:
        raise argparse.ArgumentTypeError(f'"{text}" is not an address with https:// (http:// is for this machine)')
    return text.rstrip("/")


def _phone(text: str) -> str:
    try:
        return parse(text)
    except ValueError as wrong:
        raise argparse.ArgumentTypeError(str(wrong)) from wrong


def _smoke(options: argparse.Namespace) -> int:
    """What it gives is the exit code."""
    from infra.operations.answer import CannotDo
    from infra.operations.smoke import smoke, token_from

    try:
        token = options.token or (token_from(options.token_command) if options.token_command else None)
        answer, passed = smoke(options.url, token=token, phone=options.phone, user_id=options.user)
    except CannotDo as reason:
        print(reason, file=sys.stderr)
        return 1
    answer.show(as_json=options.json)
    return 0 if passed else 1


def _operate(options: argparse.Namespace) -> int:
    """What it gives is the exit code."""
    from infra.operations import commands

    return commands.run(options)


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > 65_535:
        raise argparse.ArgumentTypeError(f'"{text}" is not a port, which is a number from 0 to 65535')
    return int(text)


def _rate(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= HIGHEST_RATE:
        raise argparse.ArgumentTypeError(f'"{text}" is not a rate, which is a number from 1 to {HIGHEST_RATE}')
    return int(text)


def _instant(text: str) -> datetime:
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        instant = None
    if instant is None or instant.tzinfo is None or not 2000 <= instant.year < 2100:
        raise argparse.ArgumentTypeError(f'"{text}" is not a time with its zone, such as 2026-07-15T15:00:00Z')
    return instant.astimezone(UTC)


def _run(port: int, *, at: datetime | None, empty: bool) -> int:
    """Serves until a signal comes; what it gives is the exit code."""
    # Imported here, so that wrong arguments are answered, and a signal obeyed, at once.
    from engage_sms.adapters.rule_data import check_rule_data
    from engage_sms.adapters.zones import use_pinned_zones
    from engage_sms.errors import Permanent
    from infra.local import server
    from infra.local.demonstration import populate
    from infra.local.local_api import LocalApi
    from infra.local.system import System

    logging.basicConfig(format="%(message)s", stream=sys.stderr)
    logging.getLogger("engage_sms.local.access").setLevel(logging.INFO)
    try:
        use_pinned_zones()
        check_rule_data()
        listener = server.listen(port)
    except (Permanent, server.PortTaken) as reason:
        print(reason, file=sys.stderr)
        return 1
    url = f"http://localhost:{listener.getsockname()[1]}"
    system = System(public_url=url, at=at)
    system.start()
    if not empty:
        populate(system)
    system.functions.load()
    system.begin()
    front = server.Server(server.make_application(system.gateway, LocalApi(system)), listener)
    system.engine.start()
    front.start()
    print(_banner(url, empty=empty), flush=True)
    threading.Event().wait()
    return 0


def _redrive(queue: str, *, stage: str, rate: int, as_json: bool) -> int:
    """Begins it with the caller's AWS credentials; what it gives is the exit code."""
    import boto3
    from botocore.exceptions import BotoCoreError

    from infra.operations.redrive import CannotRedrive, redrive

    try:
        begun = redrive(queue, stage=stage, rate=rate, sqs=boto3.client("sqs"))
    except (CannotRedrive, BotoCoreError) as reason:
        print(reason, file=sys.stderr)
        return 1
    print(json.dumps(asdict(begun)) if as_json else begun.sentence)
    return 0


def _recount(*, stage: str, as_json: bool) -> int:
    """Does it with the caller's AWS credentials; what it gives is the exit code."""
    from botocore.exceptions import BotoCoreError
    from pynamodb.exceptions import PynamoDBException

    from engage_sms.adapters.dynamodb import DynamoTable
    from engage_sms.adapters.store import TableStore
    from engage_sms.adapters.system import utc_now
    from engage_sms.adapters.zones import use_pinned_zones
    from engage_sms.errors import EngageError
    from infra.operations.recount import recount

    use_pinned_zones()
    table = f"{topology.SERVICE}-{stage}-{topology.STATE.name}"
    try:
        counted = recount(TableStore(DynamoTable(table), now=utc_now))
    except (PynamoDBException, BotoCoreError, EngageError) as reason:
        print(f"{table} cannot be read or written: {' '.join(str(reason).split())}", file=sys.stderr)
        return 1
    print(json.dumps(asdict(counted)) if as_json else counted.sentence)
    return 0


def _banner(url: str, *, empty: bool) -> str:
    user, organization = ("boss", "acme") if empty else ("u-001", "demo")
    claims = f'{{"user_id": "{user}", "org_id": "{organization}", "roles": ["user", "admin"]}}'
    return f"Engage SMS is ready: {url} (API: {url}/docs)\nA token: curl -s {url}/local/token -d '{claims}'"
