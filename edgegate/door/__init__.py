"""The rules of the door: one table of what follows from what. Pure: no I/O, no clock, no pins; time is an input.

A door has six parts, each in one place at a time: the latch, the leaf, the exit button, the mechanical handle, the
fire input and the tamper loop. `TABLE` says for each place and input where a part goes, what is told, and which timer
starts. Of the rows of a part the first that fits counts; an input no row fits changes nothing. An input moves every
part that has a row for it, and all of them look at the door as it was before. docs/door.md draws the table.

What the table promises, and the tests hold it to:

1. The lock is unlocked only by a grant, an exit, a hold or a fire; all but fire end by their own timer.
2. An exit request always unlocks, whatever else holds; so does fire, for as long as it lasts.
3. Lockdown refuses entry and cuts one short, and ends a hold; an exit under way goes on.
4. A door that opens without a cause is forced; a door that stays open warns, then alarms. Both end when it closes.
5. Time does not run back: an earlier moment counts as the latest one known.
"""

from edgegate.door.machine import MAX_HOLD_SECONDS, DoorEvent, StepResult, Times, advance, is_news, step
from edgegate.door.parts import Button, Fire, Handle, Input, Latch, Leaf, Part, Place, State
from edgegate.door.table import TABLE

__all__ = [
    "MAX_HOLD_SECONDS", "TABLE", "Button", "DoorEvent", "Fire", "Handle", "Input", "Latch", "Leaf", "Part", "Place",
    "State", "StepResult", "Times", "advance", "is_news", "step",
]  # fmt: skip
