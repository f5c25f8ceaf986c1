"""`make simulate`: many histories on all cores; or one, told as a story: `python -m tests.simulation --seed N`."""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
import time

QUIET = {
    "AWS_REGION": "us-east-1",
    "AWS_DEFAULT_REGION": "us-east-1",
    "POWERTOOLS_LOG_LEVEL": "CRITICAL",
    "POWERTOOLS_METRICS_DISABLED": "true",
    "POWERTOOLS_METRICS_NAMESPACE": "simulation",
    "POWERTOOLS_SERVICE_NAME": "simulation",
    "POWERTOOLS_TRACE_DISABLED": "true",
}
CHUNK = 25


def simulate(first: int, histories: int) -> int:
    """Plays them on all cores, with a line of progress. The exit status: 1 when something was found."""
    from tests.simulation.tally import Tally, tally

    began, total = time.monotonic(), Tally()
    chunks = [range(seed, min(seed + CHUNK, first + histories)) for seed in range(first, first + histories, CHUNK)]
    with multiprocessing.get_context("spawn").Pool() as pool:
        for part in pool.imap_unordered(tally, chunks):
            total.add(part)
            speed = total.histories / (time.monotonic() - began)
            line = f"{total.histories} of {histories} histories, {speed:.0f} a second, {len(total.findings)} findings"
            print(f"\r{line}", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    print(f"{total.histories} histories, {total.actions.total()} actions, {total.sends} calls to send")
    print(f"{total.faults.total()} faults: " + ", ".join(f"{kind} {n}" for kind, n in total.faults.most_common()))
    print(f"{len(total.findings)} findings")
    for seed, finding in sorted(total.findings)[:20]:
        print(f"  python -m tests.simulation --seed {seed}\n  {finding}")
    return 1 if total.findings else 0


def replay(seed: int, *, shrunk: bool) -> int:
    """Tells the seed's story; of one that breaks a promise, by default, only the actions that it takes."""
    from tests.simulation.checks import check
    from tests.simulation.play import draw_plan, play, shrink
    from tests.simulation.story import tell

    plan = draw_plan(seed)
    if shrunk and check(play(seed, plan)):
        plan = shrink(seed, plan)
    history = play(seed, plan)
    found = check(history)
    print(tell(history, found))
    return 1 if found else 0


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--histories", type=int, default=100_000)
    parser.add_argument("--first", type=int, default=0, metavar="SEED", help="the first seed")
    parser.add_argument("--seed", type=int, help="tell this one history")
    parser.add_argument("--whole", action="store_true", help="with --seed: leave no action out")
    given = parser.parse_args()
    os.environ.update(QUIET)
    if given.seed is not None:
        return replay(given.seed, shrunk=not given.whole)
    return simulate(given.first, given.histories)


if __name__ == "__main__":
    sys.exit(main())
