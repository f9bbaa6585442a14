"""GPIO pins of a real Raspberry Pi: gpiozero's, with one thing mended. Importing this imports lgpio."""

from __future__ import annotations

import lgpio
from gpiozero.pins.lgpio import LGPIOFactory, LGPIOPin


class SteadyPin(LGPIOPin):  # type: ignore[misc]  # gpiozero has no types
    """A pin that becomes an output with its level.

    gpiozero's own makes it an output first, which is low, and sets the level then: a door with an active-low relay
    would be open for that moment at every start.
    """

    def output_with_state(self, state: bool) -> None:
        lgpio.gpio_claim_output(self.factory._handle, self._number, int(state))  # noqa: SLF001  as the parent does


class PinFactory(LGPIOFactory):  # type: ignore[misc]
    """Serves every model of Raspberry Pi; the kernel lends each pin to one program only."""

    def __init__(self) -> None:
        super().__init__()
        self.pin_class = SteadyPin
