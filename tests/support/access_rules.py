"""A configuration with rules of access, for tests."""

from __future__ import annotations

from tests.support.door_scenes import ENROLLED
from tests.support.keepers import Process

RULES = """
[site]
door = "front"
[mqtt]
enabled = false
[access]
time_zone = "Europe/Berlin"
holidays = ["12-25", "2026-04-03"]
rules = [
    {groups = ["staff"], schedule = "office"},
    {groups = ["cleaners"], schedule = "night", doors = ["back"]},
    {groups = ["guards"]},
]
[access.schedules]
office = ["mon-fri 08:00-18:00", "sun 03:00-04:00"]
night = ["mon-fri 22:00-06:00"]
"""


NAME = ENROLLED.person


def at(keeper: Process) -> tuple[str, str]:
    return "--set", f"door.keeper={keeper.folder / 'keeper.sock'}"
