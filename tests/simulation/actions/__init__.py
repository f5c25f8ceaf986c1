"""What people, journeys and operators do.

A later capability adds a class here, and a check where it promises something.
"""

from __future__ import annotations

from tests.simulation.actions.action import Action
from tests.simulation.actions.automation import (
    AskForStep,
    CancelMessage,
    DeliverAgain,
    Pause,
    Redrive,
    RepeatStep,
    Resume,
    TwilioRefuses,
)
from tests.simulation.actions.conversation import (
    AskForOptIn,
    ChangePhone,
    Intrude,
    SendText,
    TextFromPhone,
)
from tests.simulation.actions.numbers import Deprovision, Provision, ProvisionAccount, Sweep
from tests.simulation.actions.settings import ChangeWindow, CloseDate, ConfigureOptOut, ConfigurePace

ACTIONS: tuple[tuple[type[Action], int], ...] = (
    (SendText, 14),
    (TextFromPhone, 16),
    (AskForOptIn, 8),
    (ChangePhone, 2),
    (Intrude, 2),
    (AskForStep, 22),
    (RepeatStep, 4),
    (CancelMessage, 4),
    (Pause, 2),
    (Resume, 3),
    (TwilioRefuses, 2),
    (Redrive, 2),
    (DeliverAgain, 6),
    (ChangeWindow, 6),
    (CloseDate, 2),
    (ConfigureOptOut, 2),
    (ConfigurePace, 2),
    (Provision, 3),
    (Deprovision, 3),
    (ProvisionAccount, 1),
    (Sweep, 2),
)
"""Each kind of action, and how often it is drawn beside the others."""
