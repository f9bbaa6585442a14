"""The rules of who may enter when, and of when the door stands open. Pure: no I/O, no clock; the gate asks.

Rules
-----
1. Where no rule is written, everybody enrolled may enter at any time. Where there are rules, one of them must let
   the person in: it is for this door, for one of their groups, and its schedule holds now. A rule without groups is
   for everybody enrolled, one without doors for every door, one without a schedule for all hours.
2. Who is let in by no rule at this door is refused as `not_permitted_here`; who is, but at other hours, as
   `not_permitted_now`, and as `clock_unsynchronized` while it depends on a clock that is not trusted. Somebody's own
   dates, `since` and `until`, hold besides.
3. A schedule is a list of hours by day, read as on a clock on the door's wall: in the spring an hour that the clock
   skips does not come, in the autumn an hour that it shows twice counts twice. Hours across midnight belong to the
   day on which they begin. They hold from their first minute until before their last.
4. On a holiday the hours of its day of the week do not hold, only those for `holiday` and `daily`.
5. Hold-open hours (`hold_open`): the door stands open while a schedule holds, as a rule from the first person who is
   let in; in short holds, renewed for as long as everything is in order.
6. Lock-out (`lockout`): after so many refused visits within so much time, no face opens the door for a while.

Rules to come about one person (a second factor, duress) are further questions of `Permissions.ask`; those about who
came before (two persons, anti-passback) are a further value that the gate keeps, as it keeps the lock-out.
"""

from edgegate.access.calendar import Calendar, Holiday
from edgegate.access.hold_open import HoldOpen, HoldOpenHours
from edgegate.access.lockout import NO_LOCKOUT, LockOut, LockOutRules
from edgegate.access.permissions import ANYBODY, Permissions, PermissionVerdict, Rule
from edgegate.access.rule_warnings import rule_warnings
from edgegate.access.schedule import Schedule

__all__ = [
    "ANYBODY",
    "NO_LOCKOUT",
    "Calendar",
    "HoldOpen",
    "HoldOpenHours",
    "Holiday",
    "LockOut",
    "LockOutRules",
    "PermissionVerdict",
    "Permissions",
    "Rule",
    "Schedule",
    "rule_warnings",
]
