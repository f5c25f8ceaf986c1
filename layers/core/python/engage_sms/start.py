"""What Lambda loads of a function that has ports: its handler, and in the same breath its ports.

INIT has a full processor whatever the function's memory, and with SnapStart it is over before the snapshot; left to the
first request, the same work would take several times as long. What the environment lacks stops the function here.
"""

from __future__ import annotations

from importlib import import_module

from engage_sms.bootstrap import real_ports

handler = import_module("handler").handler
"""Of the function's own folder, which Lambda puts on the path."""
real_ports()
