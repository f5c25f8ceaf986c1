"""The emulator's clock, and with it that of every function: ahead of the machine's by the seconds in a file.

Python runs this at its start because its directory is on PYTHONPATH; nothing of the product knows of it. The file is
read again all the time, so that one write moves the processes that run already.
"""

import os
import threading
import time

READ_EVERY = 0.02
_file = os.environ.get("CLOCK_AHEAD_FILE")


def _ahead(path: str) -> float:
    with open(path) as file:  # noqa: PTH123  pathlib is slow to import, and this runs at every cold start
        return float(file.read())


def _follow(path: str) -> None:
    import time_machine

    ahead = _ahead(path)
    travelling = time_machine.travel(time.time() + ahead, tick=True).start()

    def keep_up() -> None:
        known = ahead
        while True:
            time.sleep(READ_EVERY)
            try:
                wanted = _ahead(path)
            except (OSError, ValueError):  # gone, or being written
                continue
            if wanted != known:
                travelling.shift(wanted - known)
                known = wanted

    threading.Thread(target=keep_up, name="clock", daemon=True).start()


if _file:
    _follow(_file)
