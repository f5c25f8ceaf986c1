"""`make bench`: what the READMEs' tables say, measured here and now. Compare ratios and counts, not machines.

make bench                                  every section, about a quarter of an hour
make bench ARGS="figures starts"            only these
make bench ARGS="--readme"                  and into the READMEs
make bench ARGS="releases --held 1000 1000000"
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence

from engage_sms.adapters.zones import use_pinned_zones
from tests.benchmarks import cold_start, figures, load, release
from tests.benchmarks.tables import Table, put_into_pages

HELD = (1_000, 10_000, 100_000)
SECTIONS: Mapping[str, Callable[[Sequence[int]], Iterable[Table]]] = {
    "figures": lambda _: [figures.table()],
    "load": lambda _: [load.table()],
    "releases": lambda held: [release.table(held)],
    "starts": lambda _: cold_start.tables(),
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="make bench", description="Measures what the READMEs say.")
    parser.add_argument("sections", nargs="*", metavar="SECTION", help=f"{', '.join(SECTIONS)}; all when left out")
    parser.add_argument("--readme", action="store_true", help="put the tables into the READMEs")
    parser.add_argument("--held", nargs="+", type=int, default=HELD, metavar="N", help="how many held messages leave")
    options = parser.parse_args()
    for unknown in set(options.sections) - SECTIONS.keys():
        parser.error(f'"{unknown}" is not a section, which are {", ".join(SECTIONS)}')
    use_pinned_zones()
    for name in options.sections or SECTIONS:
        for table in SECTIONS[name](options.held):
            sys.stdout.write(f"{table.text}\n")
            sys.stdout.flush()
            if options.readme:
                put_into_pages(table)


if __name__ == "__main__":
    main()
