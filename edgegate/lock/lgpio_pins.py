"""GPIO pins of a real Raspberry Pi: gpiozero's, with two things mended. Importing this imports lgpio."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import lgpio
from gpiozero.pins.lgpio import LGPIOFactory, LGPIOPin


class SteadyPin(LGPIOPin):  # type: ignore[misc]  # gpiozero has no types
    """A pin that becomes an output with its level, and stays one.

    1. gpiozero's own makes it an output first, which is low, and sets the level then: a door with an active-low relay
       would be open for that moment at every start.
    2. Before that, and when it is closed, gpiozero's own makes it an input, which the Pi pulls down: without a resistor
       on the board that door would be open until somebody drives the pin again.
    """

    def __init__(self, factory: Any, info: Any) -> None:
        super(LGPIOPin, self).__init__(factory, info)  # the parent's own constructor claims an input
        self._pwm = self._bounce = self._callback = None
        self._edges = lgpio.BOTH_EDGES

    def close(self) -> None:
        if self.factory._handle is not None and self.function == "output":  # noqa: SLF001  as the parent does
            with suppress(lgpio.error):  # it could not be claimed, and is another program's
                lgpio.gpio_free(self.factory._handle, self._number)  # noqa: SLF001
        else:
            super().close()

    def output_with_state(self, state: bool) -> None:
        lgpio.gpio_claim_output(self.factory._handle, self._number, int(state))  # noqa: SLF001  as the parent does


class PinFactory(LGPIOFactory):  # type: ignore[misc]
    """Serves every model of Raspberry Pi; the kernel lends each pin to one program only."""

    def __init__(self) -> None:
        super().__init__()
        self.pin_class = SteadyPin
