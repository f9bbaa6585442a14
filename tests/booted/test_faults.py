"""Clock, disk, camera and broker fail at a door in service, while somebody presses the exit button all the time."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from itertools import pairwise
from typing import Any

import pytest

from tests.booted.conftest import SLACK, Figures
from tests.booted.door import DAEMON, PYTHON, Door, number
from tests.booted.pressing import pressing

LATE_SECONDS = 30.0
NOTICED_SECONDS, BACK_SECONDS = 2.0 + SLACK, 5.0 + SLACK
DAY = 86_400

CONFIG = "/etc/edgegate/config.toml"
BY_DAY = r's/^rules = .*/rules = [{schedule = "most"}]/; s/^\[access.schedules\]/&\nmost = ["daily 00:00-23:59"]/'
"""A script for sed: people may enter at nearly all hours, so that it depends on the time."""

LISTEN = f"systemd-run --quiet --unit=test-listener -p Restart=always -p RestartSec=1 {PYTHON} /host/inside/listener.py"


def last(door: Door) -> int:
    return max(map(number, door.events()), default=0)


def let_in(door: Door) -> None:
    """Lets an enrolled person come, enter and leave."""
    known = last(door)
    door.show("nobody")
    door.guest.run("sleep 2.5")  # access.rearm_seconds, and some
    door.show("enrolled")
    door.wait_for_event("access.granted", after=known)
    door.show("nobody")


def wait_for_fault(door: Door, part: str, *, after: int, over: bool = False, timeout: float = 60.0) -> dict[str, Any]:
    """Waits until this part is reported as degraded, or recovered if `over`; returns the event."""
    kind = "service.recovered" if over else "service.degraded"
    program = (
        "import rig\n"
        "found = lambda: [e for e in rig.events(kind, after=after) if e['data']['part'] == part]\n"
        "try: rig.wait_for(lambda: bool(found()), limit, every=0.1)\n"
        "except TimeoutError: pass\n"
        "give(found() or rig.events(after=after))"
    )
    found = door.guest.python(program, kind=kind, after=after, part=part, limit=timeout, timeout=timeout + 20)
    assert found, f"no {kind} of {part}: nothing happened"
    assert found[0]["type"].endswith(kind), f"no {kind} of {part}: {[event['type'] for event in found]}"
    event: dict[str, Any] = found[0]
    return event


@contextmanager
def by_day(door: Door) -> Iterator[None]:
    """Makes entry depend on the time while the block runs."""
    door.guest.run(f"cp -p {CONFIG} {CONFIG}.before; sed -i '{BY_DAY}' {CONFIG}; systemctl reload {DAEMON}")
    try:
        yield
    finally:
        door.show("nobody")
        door.guest.run(f"mv {CONFIG}.before {CONFIG}; systemctl reload {DAEMON}")


def wait_for_refusal(door: Door, reason: str, *, after: int) -> None:
    """Waits for a refusal for this reason; a busy machine may refuse before it for frames that came too late."""
    door.guest.python(
        "import rig\n"
        "reasons = lambda: {e['data']['reason'] for e in rig.events('access.denied', after=after)}\n"
        "try: rig.wait_for(lambda: reason in reasons(), 30.0, every=0.1)\n"
        "except TimeoutError: raise SystemExit(f'refused for {reasons() or None}, not for {reason}')",
        reason=reason, after=after,
    )  # fmt: skip


def assert_journal_whole(door: Door, known: list[dict[str, Any]]) -> None:
    """Nothing that was in it is gone or changed, no number is missing, and time never runs back.

    By seconds it may: an event of the keeper or of a frame has its own time, and is written a little later.
    """
    events = door.events()
    assert events[: len(known)] == known
    assert [number(event) for event in events] == list(range(1, len(events) + 1))
    times = [datetime.fromisoformat(event["time"]).timestamp() for event in events]
    back = [before - after for before, after in pairwise(times)]
    assert max(back, default=0.0) < LATE_SECONDS
    assert ": intact, " in door.guest.run("edgegate journal verify", 60)


def test_a_full_disk_lets_nobody_in_and_everybody_out_and_is_over_by_itself(door: Door) -> None:
    known, after = door.events(), last(door)
    with pressing(door) as seen:
        door.guest.run("fallocate -l $(df --output=avail -B1 / | tail -1) /var/fill")
        door.guest.ask("runuser -u nobody -- dd if=/dev/zero of=/var/tmp/fill bs=4k")
        door.guest.python(
            "import rig, subprocess\n"
            "log = lambda: subprocess.check_output(['journalctl', '-b', '-u', unit], text=True)\n"
            "rig.wait_for(lambda: 'nobody is let in until' in log(), 90.0, every=0.5)",
            unit=DAEMON,
            timeout=110,
        )
        full = door.guest.trace.now
        door.show("enrolled")
        door.guest.run("sleep 3")
        door.show("nobody")
        door.guest.run("sleep 2.5")
        emptied = door.guest.python("import rig; give(rig.now())")
        door.guest.run("rm /var/fill /var/tmp/fill")
        wait_for_fault(door, "journal", after=after, over=True)
        let_in(door)
    during = [span for span in seen.without_a_press if full <= span.start < emptied]
    assert during == [], "somebody was let in that nothing could be written down of"
    seen.check_record()
    assert_journal_whole(door, known)


def test_without_a_clock_people_who_depend_on_the_time_are_refused(door: Door) -> None:
    known, after = door.events(), last(door)
    assert any(event["data"].get("part") == "clock" for event in door.events("service.degraded")), "from the start"
    with pressing(door) as seen, by_day(door):
        door.wait_for_event("service.reloaded", after=after)
        door.show("enrolled")
        wait_for_refusal(door, "clock_unsynchronized", after=after)
        assert door.events("access.granted", after=after) == []
        door.show("nobody")
        door.guest.python("import machine_clock; machine_clock.synchronize()")
        wait_for_fault(door, "clock", after=after, over=True)
        let_in(door)
    seen.check_record()
    assert_journal_whole(door, known)


@pytest.mark.full
@pytest.mark.parametrize("days", [1, -1])
def test_a_clock_set_by_hand_by_a_day_is_not_followed(door: Door, days: int) -> None:
    door.guest.python("import machine_clock; machine_clock.synchronize()")
    known, after = door.events(), last(door)
    with pressing(door) as seen:
        door.guest.python("import machine_clock as clock; clock.set_by_hand(step)", step=days * DAY)
        fault = wait_for_fault(door, "clock", after=after)
        assert "not followed" in fault["data"]["reason"]
        let_in(door)
        door.guest.python("import machine_clock as clock; clock.synchronize(step)", step=-days * DAY)
        wait_for_fault(door, "clock", after=after, over=True)
    seen.check_record()
    assert_journal_whole(door, known)


@pytest.mark.full
def test_a_clock_set_ahead_by_its_time_service_is_followed(door: Door) -> None:
    door.guest.python("import machine_clock; machine_clock.synchronize()")
    known, after = door.events(), last(door)
    with pressing(door) as seen:
        door.guest.python("import machine_clock as clock; clock.synchronize(step)", step=DAY)
        wait_for_fault(door, "clock", after=after)
        wait_for_fault(door, "clock", after=after, over=True)
        let_in(door)
    now = door.guest.run("date -u -d '-1 minute' +%FT%T").strip()
    assert door.events()[-1]["time"] > now
    seen.check_record()
    assert_journal_whole(door, known)


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        pytest.param("frozen", "frozen", marks=pytest.mark.full),
        pytest.param("dropping", "no_frames", marks=pytest.mark.full),
        ("unplugged", "unplugged"),
    ],
)
def test_a_camera_that_fails_is_noticed_and_is_back_soon(
    door: Door, fault: str, reason: str, times: int, figures: Figures
) -> None:
    times = times if times > 3 else 1
    with pressing(door) as seen:
        measured = door.guest.python(
            "import camera_faults; give(camera_faults.measure(fault, times))",
            fault=fault, times=times, timeout=60 + 30 * times,
        )  # fmt: skip
        let_in(door)
    noticed, back = [noticed for _, noticed, _ in measured], [back for *_, back in measured]
    figures.add(f"camera {fault}: noticed after", noticed)
    figures.add(f"camera {fault}: working again after its return", back)
    assert {reported for reported, *_ in measured} == {reason}
    assert max(noticed) <= NOTICED_SECONDS
    assert max(back) <= BACK_SECONDS
    seen.check_record()


def heard(door: Door) -> list[str]:
    """Ids of the events that a listener of the staff has heard, in order."""
    messages = [json.loads(line) for line in door.guest.run("cat /run/heard").splitlines()]
    return [json.loads(payload)["id"] for topic, payload in messages if topic.endswith("/event")]


def wait_until_all_is_heard(door: Door, after: int) -> None:
    """Everything in the journal after number `after`, exactly once, in order."""
    wanted = [event["id"] for event in door.events(after=after)]
    door.guest.python(
        "import rig, pathlib\n"
        "try: rig.wait_for(lambda: wanted in pathlib.Path('/run/heard').read_text(), 90.0, every=0.2)\n"
        "except TimeoutError: pass",
        wanted=wanted[-1], timeout=110,
    )  # fmt: skip
    published = heard(door)
    first = published.index(wanted[0])
    assert published[first : first + len(wanted)] == wanted


@pytest.mark.full
def test_a_broker_that_was_away_hears_everything_once_and_in_order(door: Door) -> None:
    door.guest.run(f"rm -f /run/heard; touch /run/heard; {LISTEN}")
    door.guest.python("import rig; rig.wait_for(lambda: bool(open('/run/heard').read()), 30.0)")
    after = last(door)  # what came before may have been published before anybody listened
    with pressing(door) as seen:
        door.guest.run("systemctl stop mosquitto")
        wait_for_fault(door, "broker", after=after)
        let_in(door)
        door.guest.run("systemctl start mosquitto")
        wait_for_fault(door, "broker", after=after, over=True)
    seen.check_record()
    wait_until_all_is_heard(door, after)
    door.guest.run("systemctl stop test-listener")


ASKS_FOR_PASSWORDS = "listener 1883 127.0.0.1\\nallow_anonymous false\\npassword_file /etc/mosquitto/passwords\\n"


@pytest.mark.full
def test_a_changed_password_is_told_and_the_new_one_is_taken_from_its_file(door: Door) -> None:
    guest = door.guest
    guest.run(f"printf '{ASKS_FOR_PASSWORDS}' > /etc/mosquitto/conf.d/test.conf")
    guest.run(
        "cd /etc/mosquitto; mosquitto_passwd -b -c passwords door old; mosquitto_passwd -b passwords staff theirs"
    )
    guest.run("chown mosquitto: /etc/mosquitto/passwords")
    guest.run("echo old > /etc/edgegate/mqtt-password; chown edgegate: /etc/edgegate/mqtt-password")
    door.configure("mqtt.username", "door")
    door.configure("mqtt.password_file", "/etc/edgegate/mqtt-password")
    guest.run(f"systemctl restart mosquitto; rm -f /run/heard; touch /run/heard; {LISTEN} staff theirs")
    guest.run(f"systemctl restart {DAEMON}", timeout=120)
    guest.python("import rig; rig.wait_for(lambda: 'service.started' in open('/run/heard').read(), 60.0)", timeout=80)
    after = last(door)
    with pressing(door) as seen:
        guest.run("mosquitto_passwd -b /etc/mosquitto/passwords door new; systemctl restart mosquitto")
        fault = wait_for_fault(door, "broker", after=after)
        assert "password" in fault["data"]["reason"]
        let_in(door)
        guest.run("echo new > /etc/edgegate/mqtt-password")
        wait_for_fault(door, "broker", after=after, over=True, timeout=120)
    seen.check_record()
    wait_until_all_is_heard(door, after)
    door.configure("mqtt.username", "")
    door.configure("mqtt.password_file", "")
    guest.run("systemctl stop test-listener; rm /etc/mosquitto/conf.d/test.conf; systemctl restart mosquitto")
    guest.run(f"systemctl restart {DAEMON}", timeout=120)
