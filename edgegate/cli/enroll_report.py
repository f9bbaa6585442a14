"""The words of `edgegate enroll`: instructions while it looks, and then the outcome of every photo."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from edgegate.enrol import Again, Enrolment, PhotoVerdict, Prompt
from edgegate.enrol.enrolment import ENOUGH
from edgegate.enrol.guidance import WORDS
from edgegate.gallery import MAX_PHOTOS
from edgegate.system.terminal import escaped, print_json, printable

Show = Callable[[Prompt], object]


@contextmanager
def prompts(wanted: int, *, as_json: bool) -> Iterator[Show]:
    """Yields the printer of a guided session: a line that changes on a terminal, lines in a pipe, or JSON lines."""
    if as_json:
        yield lambda prompt: print(json.dumps({"event": "instruction", **_instruction(prompt, wanted)}), flush=True)
    elif not sys.stdout.isatty():
        yield lambda prompt: print(f"{prompt.at:5.1f} s  {_in_words(prompt, wanted)}", flush=True)
    else:
        try:
            yield lambda prompt: print(f"\r\x1b[K{_in_words(prompt, wanted)}", end="", flush=True)
        finally:
            print()


def print_result(args: argparse.Namespace, enrolment: Enrolment) -> None:
    if args.json:
        result = _result(args.name, enrolment)
        if args.camera:  # the last of the session's JSON lines
            print(escaped(json.dumps({"event": "result", **result}, ensure_ascii=False)))
        else:
            print_json(result)
        return
    for verdict in enrolment.verdicts:
        print(printable(f"{verdict.source}: {_verdict(verdict)}"))
    print(printable(f"{args.name}: {_conclusion(enrolment)}"))
    for one in enrolment.likenesses:
        apart = f"{args.name}: told apart from {one.person.name} by a threshold of {one.raised:.4f} for both"
        print(printable(f"{apart}, stricter than usual: the door will miss either of them more often"))


def print_again(args: argparse.Namespace, everybody: Sequence[Again]) -> None:
    coming = [person.name for person in everybody if person.must_come]
    if args.json:
        people = [{"name": p.name, "renewed": p.renewed, "photos": p.usable} for p in everybody]
        print_json({"people": people, "must_come_again": coming})
        return
    if not everybody:
        print("nobody is enrolled")
    for person in everybody:
        renewed = f"{_photos(person.renewed)} made again" if person.renewed else "nothing to do"
        outcome = "must come again: no usable picture was kept" if person.must_come else renewed
        print(printable(f"{person.name}: {outcome}"))
    if coming:
        print(printable(f"{len(coming)} of {len(everybody)} must come again: {', '.join(coming)}"))


def _instruction(prompt: Prompt, wanted: int) -> dict[str, Any]:
    return {
        "at": round(prompt.at, 3),
        "say": prompt.say,
        "text": WORDS[prompt.say],
        "taken": prompt.taken,
        "wanted": wanted,
    }


def _in_words(prompt: Prompt, wanted: int) -> str:
    return f"[{prompt.taken} of {wanted}] {WORDS[prompt.say]}"


def _verdict(verdict: PhotoVerdict) -> str:
    if verdict.photo is None:
        return f"refused: {verdict.fault}: {verdict.advice}"
    return f"accepted, but not kept: {verdict.spare}" if verdict.spare else "accepted"


def _conclusion(enrolment: Enrolment) -> str:
    kept, count = len(enrolment.photos), enrolment.before + len(enrolment.photos)
    if not enrolment.accepted:
        looked_at = (
            f"none of {len(enrolment.verdicts)} photos was accepted" if enrolment.verdicts else "no photo was taken"
        )
        return f"not enrolled, {looked_at}"
    if not kept:
        return (
            "nothing new, and nothing changed: every photo is much the same as one that is enrolled "
            "(`edgegate people change` changes groups, note and validity)"
        )
    said = f"enrolled with {_photos(kept)}" + (f", {count} in all" if enrolment.before else "")
    if count >= ENOUGH:
        return said
    return (
        f"{said}; three to five different photos make recognition surer, and with fewer the door misses people more "
        f"often: add {ENOUGH - count} to {MAX_PHOTOS - count} more"
    )


def _photos(count: int) -> str:
    return f"{count} photo{'s' * (count != 1)}"


def _result(name: str, enrolment: Enrolment) -> dict[str, Any]:
    rows = [
        {
            "photo": v.source,
            "accepted": v.photo is not None,
            "kept": v.kept,
            "reason": v.fault,
            "advice": v.advice or v.spare or None,
        }
        for v in enrolment.verdicts
    ]
    apart = {one.person.name: one.raised for one in enrolment.likenesses}
    return {
        "name": name,
        "accepted": enrolment.accepted,
        "kept": len(enrolment.photos),
        "enrolled": enrolment.before + len(enrolment.photos),
        "told_apart_from": apart,
        "photos": rows,
    }
