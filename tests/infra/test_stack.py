"""The stack has what the topology has, and what every function, queue and table must have."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from cfnlint.api import lint  # type: ignore[import-untyped]

from engage_sms import topology
from engage_sms.config import Config
from infra.aws.environment import EXTRAS
from tests.infra.conftest import Synthesize
from tests.infra.synthesized import Template

ROOT = Path(__file__).parents[2]
TOLERATED = {
    "W3005": "CDK writes DependsOn for a role that GetAtt already names; it is redundant, not wrong.",
}

each_function = pytest.mark.parametrize("function", topology.FUNCTIONS, ids=lambda function: function.name)


def test_every_function_of_the_topology_is_in_the_stack_and_no_other(template: Template) -> None:
    """A function exists once it is in the topology, and only then."""
    names = {each["FunctionName"] for each in template.of("Lambda::Function").values()}

    assert names == {f"engage-sms-dev-{function.name}" for function in topology.FUNCTIONS}


def test_every_folder_of_functions_is_in_the_topology_and_has_a_handler() -> None:
    """What the stack uploads is there, and nothing lies there unused."""
    folders = {path.parent.name for path in (ROOT / "functions").glob("*/handler.py")}

    assert folders == set(topology.FUNCTION)


@each_function
def test_a_function_runs_where_its_layers_were_made_for(template: Template, function: topology.Function) -> None:
    """Python version and processor agree between function and layers, and calls are traced."""
    made = template.function(function.name)
    layers = template.of("Lambda::LayerVersion")

    assert made["Runtime"] == f"python{topology.PYTHON}" == "python3.13"
    assert made["Architectures"] == [topology.ARCHITECTURE] == ["arm64"]
    assert {layer["Ref"] for layer in made["Layers"]} == set(layers)
    assert all(layer["CompatibleArchitectures"] == made["Architectures"] for layer in layers.values())
    assert all(layer["CompatibleRuntimes"] == [made["Runtime"]] for layer in layers.values())
    assert made["Handler"] == ("engage_sms.start.handler" if function.services else "handler.handler")
    assert made["TracingConfig"] == {"Mode": "Active"}
    assert (made["Timeout"], made["MemorySize"]) == (function.timeout, function.memory)


def test_another_python_and_processor_change_nothing_else(template: Template, synthesize: Synthesize) -> None:
    """What an emulator is given is what AWS is given: only runtime, architecture and the wheels' layer differ."""
    python, machine = "3.12", "x86_64"
    elsewhere = synthesize(python=python, architecture=machine)
    layer = re.compile(r"LayersVendor\w{16}|[0-9a-f]{64}\.zip")

    def text(of: Template) -> str:
        return layer.sub("the wheels", json.dumps(of.body, indent=1))

    renamed = text(template).replace(f'"python{topology.PYTHON}"', f'"python{python}"')
    assert text(elsewhere) == renamed.replace(f'"{topology.ARCHITECTURE}"', f'"{machine}"')
    assert text(elsewhere).count(f'"{machine}"') == len(topology.FUNCTIONS) + 2


@each_function
def test_a_function_is_told_exactly_its_configuration(template: Template, function: topology.Function) -> None:
    """The environment is Config's fields and the declared extras, each with a value."""
    variables = template.function(function.name)["Environment"]["Variables"]
    values = {name: template.text(value) for name, value in variables.items()}

    assert set(values) == {name.upper() for name in Config.__dataclass_fields__} - {"CLIENTS"} | set(EXTRAS) | {
        "POWERTOOLS_SERVICE_NAME"
    }
    assert values["POWERTOOLS_SERVICE_NAME"] == "engage-sms-dev"
    assert all(values.values())
    assert Config.read(values).state_table == "engage-sms-dev-state"


def test_webhooks_keep_a_bounded_share_of_the_account(production: Template) -> None:
    """A burst of texts cannot take what the send path needs, nor the send path what the webhooks need."""
    webhooks = production.function("webhooks")["ReservedConcurrentExecutions"]
    others = [each for each in topology.FUNCTION if each != "webhooks"]

    assert 0 < webhooks < 1000
    assert all("ReservedConcurrentExecutions" not in production.function(each) for each in others)


@each_function
def test_a_function_logs_to_a_group_of_its_own_that_forgets(template: Template, function: topology.Function) -> None:
    """Logs are kept LOG_RETENTION_DAYS, in a group that only this function may write."""
    name = template.text(template.function(function.name)["LoggingConfig"]["LogGroup"])

    assert name == f"/aws/lambda/engage-sms-dev-{function.name}"
    assert template.allowed(template.role(function.name), "logs:PutLogEvents") == {name}


def test_every_log_group_forgets(template: Template) -> None:
    """No log, the API's included, is kept for ever."""
    kept = {each["LogGroupName"]: each.get("RetentionInDays") for each in template.of("Logs::LogGroup").values()}

    assert set(kept.values()) == {topology.LOG_RETENTION_DAYS}


@pytest.mark.parametrize("table", topology.TABLES, ids=lambda table: table.name)
def test_a_table_has_the_keys_index_stream_and_expiry_of_the_topology(
    template: Template, table: topology.Table
) -> None:
    """The store's adapters and the stack mean the same table."""
    tables = template.of("DynamoDB::GlobalTable").values()
    [made] = [each for each in tables if template.short(each["TableName"]) == table.name]
    keys = [table.partition_key, *([table.sort_key] if table.sort_key else [])]
    [index] = made.get("GlobalSecondaryIndexes", [None])
    [replica] = made["Replicas"]

    assert [key["AttributeName"] for key in made["KeySchema"]] == keys
    assert (index and index["IndexName"]) == table.index
    if index:
        assert [key["AttributeName"] for key in index["KeySchema"]] == ["ipk", "isk"]
        assert index["Projection"] == {"ProjectionType": "KEYS_ONLY"}
    stream = {"StreamViewType": "NEW_AND_OLD_IMAGES"} if table.stream else None
    assert made.get("StreamSpecification") == stream
    assert made["TimeToLiveSpecification"] == {"AttributeName": table.ttl, "Enabled": True}
    assert made["BillingMode"] == "PAY_PER_REQUEST"
    assert replica["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}


def test_every_table_of_the_topology_is_in_the_stack_and_no_other(template: Template) -> None:
    """State is kept in the topology's tables alone."""
    names = {template.short(each["TableName"]) for each in template.of("DynamoDB::GlobalTable").values()}

    assert names == {table.name for table in topology.TABLES}


def test_the_templates_pass_cfn_lint(template: Template, watching: Template) -> None:
    """CloudFormation's own linter finds nothing, but for what is tolerated with a reason."""
    matches = [*lint(json.dumps(template.body)), *lint(json.dumps(watching.body))]

    assert [str(match) for match in matches if match.rule.id not in TOLERATED] == []


def test_the_production_template_passes_cfn_lint(production: Template) -> None:
    """Another stage, an issuer and an address of its own make no worse a template."""
    matches = lint(json.dumps(production.body))

    assert [str(match) for match in matches if match.rule.id not in TOLERATED] == []


def test_stages_differ_in_data_only(template: Template, production: Template) -> None:
    """What was tried in development is what production runs."""

    def functions(of: Template) -> set[str]:
        return {of.short(each["FunctionName"]) for each in of.of("Lambda::Function").values()}

    assert functions(template) == functions(production)
    assert production.stack_name == "engage-sms-prod"


def test_twilio_is_told_the_public_address(template: Template, production: Template) -> None:
    """PUBLIC_URL is that of the context's domain name, else the API's own."""
    own = template.function("dispatch")["Environment"]["Variables"]["PUBLIC_URL"]
    given = production.function("dispatch")["Environment"]["Variables"]["PUBLIC_URL"]

    assert own["Fn::GetAtt"][1] == "ApiEndpoint"
    assert given == "https://sms.example.com"
