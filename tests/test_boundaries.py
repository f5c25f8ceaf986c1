"""Dependencies point inward, and clock, ids and environment enter at the edges only."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PRODUCT = ROOT / "layers" / "core" / "python" / "engage_sms"
OUTSIDE = {"boto3", "botocore", "pynamodb", "twilio"}
EDGES = (PRODUCT / "bootstrap.py", PRODUCT / "config.py", PRODUCT / "adapters", ROOT / "infra")
IMPURE = {
    "datetime.now",
    "datetime.utcnow",
    "datetime.today",
    "date.today",
    "time.time",
    "time.time_ns",
    "uuid4",
    "uuid.uuid4",
    "ULID",
    "os.environ",
    "os.getenv",
    "getenv",
    "environ",
}


def modules(*folders: Path) -> list[Path]:
    found = [path for folder in folders for path in ([folder] if folder.is_file() else sorted(folder.rglob("*.py")))]
    assert found, "no modules found: the layout has changed"
    return found


def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def imports(path: Path) -> Iterator[str]:
    """Full names of all that a module imports, wherever in it; `from a import b` gives a.b."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: write imports in full"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def imports_for_types(path: Path) -> Iterator[str]:
    """What a module imports under `if TYPE_CHECKING:` only."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.If) and name_of(node.test) == "TYPE_CHECKING":
            for inner in ast.walk(ast.Module(node.body, [])):
                if isinstance(inner, ast.ImportFrom):
                    yield from (f"{inner.module}.{alias.name}" for alias in inner.names)


def strangers(path: Path, *allowed: str) -> list[str]:
    """Imports beyond the standard library and the allowed packages."""
    return [
        name
        for name in imports(path)
        if name.split(".")[0] not in sys.stdlib_module_names
        and not any(f"{name}.".startswith(f"{package}.") for package in allowed)
    ]


def name_of(node: ast.AST) -> str:
    """Dotted name of an expression, or nothing."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return f"{name_of(node.value)}.{node.attr}"
    return ""


def readable(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("path", modules(PRODUCT / "domain"), ids=readable)
def test_the_domain_imports_the_standard_library_only(path: Path) -> None:
    """Rules know nothing of AWS, Twilio or any package; only each other and the errors."""
    assert strangers(path, "engage_sms.domain", "engage_sms.errors") == []


@pytest.mark.parametrize("path", modules(PRODUCT / "usecases"), ids=readable)
def test_use_cases_know_rules_ports_and_errors(path: Path) -> None:
    """A use case is told its adapters; it never picks them."""
    allowed = ("engage_sms.domain", "engage_sms.usecases", "engage_sms.ports", "engage_sms.errors")

    assert strangers(path, *allowed) == []


@pytest.mark.parametrize(
    "path",
    modules(PRODUCT / "topology.py", PRODUCT / "metrics.py", PRODUCT / "errors.py", PRODUCT / "config.py"),
    ids=readable,
)
def test_plain_descriptions_stay_plain(path: Path) -> None:
    """Topology, metrics, errors and configuration can be read by anybody, without installing anything."""
    assert strangers(path, "engage_sms.errors") == []


@pytest.mark.parametrize("path", modules(PRODUCT, ROOT / "functions"), ids=readable)
def test_only_adapters_reach_outside(path: Path) -> None:
    """boto3, pynamodb and Twilio's SDK are imported by adapters alone; the composition root may name their types."""
    reached = {name for name in imports(path) if name.split(".")[0] in OUTSIDE}
    if path == PRODUCT / "bootstrap.py":
        reached -= set(imports_for_types(path))

    assert reached == set() or path.is_relative_to(PRODUCT / "adapters")


@pytest.mark.parametrize("path", modules(PRODUCT, ROOT / "functions"), ids=readable)
def test_the_product_does_not_know_how_it_is_run(path: Path) -> None:
    """Neither the stack nor the local system is imported by what they run."""
    assert [name for name in imports(path) if name.split(".")[0] in {"infra", "tests"}] == []


@pytest.mark.parametrize("path", modules(PRODUCT, ROOT / "functions"), ids=readable)
def test_clock_ids_and_environment_enter_at_the_edges(path: Path) -> None:
    """`now`, new ids and settings of the environment are arguments everywhere else."""
    if any(path == edge or path.is_relative_to(edge) for edge in EDGES):
        return
    used = {name_of(node) for node in ast.walk(tree(path)) if isinstance(node, ast.Attribute | ast.Name)}
    impure = {name for name in used if any(name == each or name.endswith(f".{each}") for each in IMPURE)}

    assert impure == set()
