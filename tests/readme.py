"""The two READMEs' tables as the code has them, and the walk as a shell can run it."""

from __future__ import annotations

import json
import re
from dataclasses import MISSING, dataclass, fields
from fnmatch import fnmatchcase
from inspect import cleandoc, getsource
from pathlib import Path
from typing import Any

from engage_sms.config import Config
from engage_sms.domain.settings import SETTINGS
from engage_sms.metrics import METRICS
from engage_sms.topology import FUNCTIONS, ROUTES, Auth, Function
from infra.aws.deployment import CONTEXT, STAGES, Deployment
from infra.aws.watches import watches
from infra.operations.summaries import SUMMARIES
from tests.benchmarks.costs import table

ROOT = Path(__file__).parent.parent
PAGES = {ROOT / name: (ROOT / name).read_text() for name in ("README.md", "infra/README.md")}
README = "\n".join([*PAGES.values(), ""])
"""What is said on either page."""


def function_rows() -> list[str]:
    return [f"| `{f.name}` | {_starts(f)} | {f.summary} |" for f in FUNCTIONS]


def _starts(function: Function) -> str:
    if function.routes:
        return "HTTP" if function.routes[0].auth is not Auth.TWILIO else "Twilio's webhooks"
    if function.consumes:
        return ", ".join(f"queue `{queue.name}`" for queue in function.consumes)
    if function.stream_of:
        return f"stream of table `{function.stream_of.name}`"
    if function.schedule:
        return f"schedule `{function.schedule.expression}`"
    assert function.rule is not None
    return f"event `{function.rule.detail_type}`"


def api_rows() -> list[str]:
    return [
        f"| `{route.method} {route.path}` | {route.role or {'twilio': 'signature', 'none': 'anybody'}[route.auth]} |"
        for _, route in ROUTES
    ]


def setting_rows() -> list[str]:
    return [f"| `{setting.name}` | {_default(setting.default)} | {setting.accepts} |" for setting in SETTINGS.values()]


def _default(value: Any) -> str:
    if value is None:
        return "not set"
    text = value if isinstance(value, str) else json.dumps(value)
    return f"`{text}`" if len(text) < 40 else "its default text"


def metric_rows() -> list[str]:
    return [f"| `{metric.name}` | {metric.unit.lower()} | {metric.meaning} |" for metric in METRICS]


def alarm_rows() -> list[str]:
    found = watches(Deployment(stage=STAGES["dev"]), api_id="")
    return list(dict.fromkeys(watch.row for watch in found))


def cost_rows() -> list[str]:
    return table()


def context_rows() -> list[str]:
    return [f"| `{name}` | {default or '—'} | {meaning} |" for name, (default, meaning) in CONTEXT.items()]


def environment_rows() -> list[str]:
    source = getsource(Config)
    rows = []
    for item in fields(Config):
        said = re.search(rf'^    {item.name}: .*\n    """(.+?)"""', source, re.MULTILINE)
        default = "required" if item.default is MISSING else f"`{item.default}`" if item.default else "none"
        meaning = (
            said[1]
            if said
            else {"table": "a table", "url": "a queue", "name": "the bus", "claim": "a claim of the token"}[
                item.name.rsplit("_", 1)[-1]
            ]
        )
        rows.append(f"| `{item.name.upper()}` | {default} | {cleandoc(meaning)} |")
    return rows


def command_rows() -> list[str]:
    return [f"| `engage-sms {name}` | {summary} |" for name, (summary, _) in SUMMARIES.items()]


@dataclass(frozen=True)
class Step:
    """A command of the walk, and the answer README shows; None when it shows none."""

    command: str
    shown: Any


def preparation() -> str:
    """The shell functions that the walk uses."""
    return re.search(r"```sh\n(BASE=.*?)```", README, re.DOTALL)[1]  # type: ignore[index]


def walk() -> list[Step]:
    steps = []
    for block in re.findall(r"```console\n(.*?)```", README, re.DOTALL):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, answer = part.partition("\n")
            steps.append(Step(command, _parsed(answer.strip()) if answer.strip() else None))
    return steps


def _parsed(answer: str) -> Any:
    """`…` alone in an object means that more is there."""
    plain = re.sub(r",\s*…\s*([}\]])", r"\1", answer).replace("{…}", "{}")
    return json.loads(plain)


def fits(shown: Any, real: Any) -> bool:
    """Whether the answer has all that is shown; `…` in a string stands for anything."""
    if isinstance(shown, dict):
        return isinstance(real, dict) and all(key in real and fits(value, real[key]) for key, value in shown.items())
    if isinstance(shown, list):
        return isinstance(real, list) and len(shown) == len(real) and all(map(fits, shown, real))
    if isinstance(shown, str) and "…" in shown:
        return isinstance(real, str) and fnmatchcase(real, re.sub(r"([\[\]*?])", r"[\1]", shown).replace("…", "*"))
    return bool(shown == real)
