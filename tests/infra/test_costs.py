"""The cost table is arithmetic over what was counted, and the date of the prices."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engage_sms.topology import FUNCTION, FUNCTIONS
from infra.costs import PRICED, PRICES, added, cost, lambda_usage, rows, runs_a_month, times
from tests.benchmarks.costs import idle_month, one_message

usages = st.dictionaries(st.sampled_from(sorted(PRICES)), st.integers(0, 10**9).map(float))


@given(usages, usages)
def test_costs_add_up(one: dict[str, float], other: dict[str, float]) -> None:
    """What two things cost together is what each costs."""
    together = sum(cost(added(one, other)).values())

    assert together == pytest.approx(sum(cost(one).values()) + sum(cost(other).values()))


@given(usages, st.integers(0, 1000))
def test_a_message_costs_the_same_however_many_there_are(usage: dict[str, float], factor: int) -> None:
    """No price here has steps."""
    assert sum(cost(times(usage, factor)).values()) == pytest.approx(factor * sum(cost(usage).values()))


@pytest.mark.parametrize(
    ("expression", "runs"),
    [("rate(1 minute)", 43_800), ("rate(5 minutes)", 8_760), ("rate(1 hour)", 730), ("cron(30 5 * * ? *)", 730 / 24)],
)
def test_a_schedule_is_counted_by_its_expression(expression: str, runs: float) -> None:
    """Of a month of 730 hours."""
    assert runs_a_month(expression) == pytest.approx(runs)


def test_every_schedule_of_the_topology_can_be_counted() -> None:
    """A schedule of another form stops the table instead of being left out of it."""
    assert all(runs_a_month(function.schedule.expression) > 0 for function in FUNCTIONS if function.schedule)
    with pytest.raises(ValueError, match="neither a rate nor once a day"):
        runs_a_month("cron(0 9 ? * MON-FRI *)")


def test_a_function_costs_its_starts_and_its_memory_for_their_time() -> None:
    """Half a GB for two seconds is one GB-second."""
    relay = FUNCTION["relay"]
    usage = lambda_usage(relay, starts=1000, seconds=2)

    assert usage == {"Lambda requests": 1000, "Lambda GB-seconds (arm64)": 2000 * relay.memory / 1024}


def test_something_without_a_price_is_not_free() -> None:
    """It stops the table."""
    with pytest.raises(KeyError):
        cost({"Carrier pigeons": 1})


def test_the_table_shows_amounts_dollars_and_totals() -> None:
    """One column for each usage, in the order of the prices, and nothing where there is nothing."""
    table = rows([{"CloudWatch alarms": 20}, {"DynamoDB write units": 8_000_000, "CloudWatch alarms": 10}])

    assert table == [
        "| DynamoDB write units |  | 8,000,000: $5.00 |",
        "| CloudWatch alarms | 20: $2.00 | 10: $1.00 |",
        "| together | **$2.00** | **$6.00** |",
    ]
    assert PRICED


def test_what_is_counted_is_the_system_s_own() -> None:
    """A message passes the API, relay, dispatch and Twilio's callbacks; production alone has a key."""
    message, dev, prod = one_message(), idle_month("dev"), idle_month("prod")

    assert 0 < message["DynamoDB write units"] <= 9
    assert message["API Gateway requests"] > 1
    assert (dev["KMS keys"], prod["KMS keys"]) == (0, 1)
    assert dev["Scheduler starts"] > 43_800
