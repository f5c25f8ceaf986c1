"""What Lambda loads of a function that has ports: its handler, and in the same breath its ports.

INIT has a full processor whatever the function's memory, and with SnapStart it is over before the snapshot; left to the
first request, the same work would take several times as long. What the environment lacks stops the function here.

Before a snapshot nothing is called and no secret read, so there is no connection and no token in it. Ids take their
randomness from the operating system, whose source Lambda renews, and the clock is read each time.

Garbage is not looked for while modules are loaded: nearly all of what they make stays, and looking through it again and
again takes a tenth of the start.
"""

from __future__ import annotations

import gc
import random
from contextlib import suppress
from importlib import import_module

gc.disable()

from engage_sms.bootstrap import real_ports  # noqa: E402  after gc.disable

# What is restored from one snapshot would otherwise wait the same "random" times before it tries again. Emulators of
# Lambda know no snapshots, and lack the module.
with suppress(ModuleNotFoundError):
    import_module("snapshot_restore_py").register_after_restore(random.seed)
handler = import_module("handler").handler
"""Of the function's own folder, which Lambda puts on the path."""
real_ports()
gc.freeze()
gc.enable()
