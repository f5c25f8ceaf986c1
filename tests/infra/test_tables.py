"""Data outlives mistakes: a deploy that would put an empty table in the place of a full one stops."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

import app
from engage_sms import topology
from infra.aws import recorded
from infra.aws.recorded import TableWouldBeReplaced, check_tables
from tests.infra.synthesized import Template


def test_the_topology_has_the_tables_as_they_were_first_deployed() -> None:
    """Every table is on record, and nothing changed that CloudFormation could only replace."""
    check_tables(topology.TABLES)

    assert {each.name for each in recorded.TABLES} == {table.name for table in topology.TABLES}


@pytest.mark.parametrize(
    ("tables", "sentence"),
    [
        (
            (replace(topology.STATE, partition_key="org"), topology.IDEMPOTENCY),
            "Keep pk, sk, or add a table of another",
        ),
        (
            (replace(topology.STATE, sort_key=None), topology.IDEMPOTENCY),
            "became pk: a deploy would put an empty table",
        ),
        ((topology.STATE,), "The table idempotency is gone from the topology"),
        ((replace(topology.STATE, name="states"), topology.IDEMPOTENCY), "The table state is gone from the topology"),
    ],
)
def test_other_keys_or_a_missing_table_stop_the_synth(tables: tuple[topology.Table, ...], sentence: str) -> None:
    """One sentence says what to do, before AWS is asked for anything."""
    with pytest.raises(TableWouldBeReplaced) as stopped:
        check_tables(tables)

    assert sentence in str(stopped.value)


def test_a_new_table_beside_the_recorded_ones_is_no_replacement() -> None:
    """The record is asked what must stay, not what may come."""
    check_tables((*topology.TABLES, topology.Table(name="archive", partition_key="id")))


def test_the_entry_makes_no_template_then(synthesize: object, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """`make synth` and `make deploy` end with that sentence."""
    monkeypatch.setenv("CDK_OUTDIR", str(tmp_path))
    monkeypatch.setattr(topology, "TABLES", (topology.STATE,))

    with pytest.raises(SystemExit) as stopped:
        app.main([])

    assert "idempotency is gone" in str(stopped.value.code)
    assert list(tmp_path.iterdir()) == []


def test_the_templates_mean_the_recorded_tables(template: Template, production: Template) -> None:
    """Same logical ids, so it is the same table; names of their own, so CloudFormation refuses to replace it."""
    for of in (template, production):
        made = {
            logical: (of.short(each["TableName"]), tuple(key["AttributeName"] for key in each["KeySchema"]))
            for logical, each in of.of("DynamoDB::GlobalTable").items()
        }

        assert made == {each.logical_id: (each.name, each.keys) for each in recorded.TABLES}


def test_production_keeps_its_data_when_the_stack_goes(production: Template) -> None:
    """No table of production, nor its key, is deleted by accident, neither by itself nor with the stack."""
    kept = {"AWS::DynamoDB::GlobalTable", "AWS::KMS::Key"}
    resources = [each for each in production.body["Resources"].values() if each["Type"] in kept]
    tables = production.of("DynamoDB::GlobalTable").values()

    assert len(resources) == len(topology.TABLES) + 1
    assert {each["DeletionPolicy"] for each in resources} == {"Retain"}
    assert {each["UpdateReplacePolicy"] for each in resources} == {"Retain"}
    assert all(each["Replicas"][0]["DeletionProtectionEnabled"] for each in tables)


def test_production_encrypts_its_tables_with_a_key_that_is_renewed(production: Template, template: Template) -> None:
    """Development pays for no key: AWS's own encrypt it."""
    [(key, made)] = production.of("KMS::Key").items()
    tables = production.of("DynamoDB::GlobalTable").values()

    assert made["EnableKeyRotation"] is True
    assert all(each["SSESpecification"] == {"SSEEnabled": True, "SSEType": "KMS"} for each in tables)
    assert {production.text(each["Replicas"][0]["SSESpecification"]["KMSMasterKeyId"]) for each in tables} == {key}
    assert template.of("KMS::Key") == {}
