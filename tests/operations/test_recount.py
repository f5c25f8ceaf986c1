"""`engage-sms recount`: everybody is counted where they are now."""

from __future__ import annotations

import json
from collections.abc import Iterator

import boto3
import pytest
from moto import mock_aws

from engage_sms import topology
from engage_sms.adapters.dynamodb import DynamoTable
from engage_sms.adapters.store import TableStore
from engage_sms.ports import Create
from infra.local.command import main
from infra.local.resources import create_table
from tests.contracts.entities import NOW, contact, organization


@pytest.fixture
def store(environment: None) -> Iterator[TableStore]:
    """The state of the stage `dev`: two organizations, contacts that nobody has counted, one of them twice as old."""
    with mock_aws():
        create_table(boto3.client("dynamodb"), topology.STATE, "engage-sms-dev-state")
        store = TableStore(DynamoTable("engage-sms-dev-state"), now=lambda: NOW)
        for org_id in ("acme", "other"):
            store.commit(Create(organization(org_id)), Create(contact("a", org_id=org_id)))
        store.commit(Create(contact("b", cell_phone="+13035550101")), Create(contact("c", cell_phone=None)))
        store.count_contact("acme", "b", version=1, audience="America/Chicago|IL")
        yield store


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as end:
        main(["recount", *arguments])
    assert isinstance(end.value.code, int)
    return end.value.code


def test_all_contacts_are_counted_again(store: TableStore, capsys: pytest.CaptureFixture[str]) -> None:
    """Of every organization, any number of times; it says how many, in words or as JSON."""
    codes = (run(), run("--json"))
    words, answer = capsys.readouterr().out.splitlines()

    assert codes == (0, 0)
    assert words == "Counted 4 contacts of 2 organizations."
    assert json.loads(answer) == {"organizations": 2, "contacts": 4}
    assert store.headcounts("acme") == {"America/Chicago|IL": 1, "America/Denver|CO": 1}
    assert store.headcounts("other") == {"America/Chicago|IL": 1}


def test_a_stage_that_is_not_there_is_one_sentence(store: TableStore, capsys: pytest.CaptureFixture[str]) -> None:
    """On standard error, naming the table, with exit code 1."""
    code = run("--stage", "nowhere")
    said = capsys.readouterr().err

    assert code == 1
    assert "engage-sms-nowhere-state" in said
    assert said.count("\n") == 1
