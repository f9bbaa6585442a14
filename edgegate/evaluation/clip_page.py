"""The page's part about clips."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from edgegate.evaluation import words
from edgegate.evaluation.sections import plain, plot, section, table
from edgegate.evaluation.words import percent
from edgegate.pages import charts

Results = dict[str, Any]


def title(result: Results) -> str:
    return f"{result['false_grants']} false grants, {result['missed_grants']} missed"


def body(result: Results) -> Iterator[str]:
    genuine, strangers = result["genuine"], result["strangers"]
    yield section("In plain words", plain(_sentences(result)))
    rows = [
        _clip_row("all visits", result),
        *(_clip_row(row["condition"] or "(none)", row) for row in result["conditions"]),
    ]
    head = ("Visits", "Let in", "False rejects at most", "Strangers let in", "False accepts at most", "Median", "p95")
    hint = (
        '<p class="hint">95 % bounds that count the people who come, not the visits: visits of one person resemble one '
        "another, so that few people show little however often they came.</p>"
    )
    yield section("Counts", table(head, rows) + hint)
    if seconds := result["seconds_to_grant"]["each"]:
        yield section("How long people wait", plot(charts.seconds(seconds), "Genuine visits that were let in."))
    for title, pairs in (("Missed grants", genuine["refused"]), ("False grants", strangers["accepted_pairs"])):
        if pairs:
            lines = ((p["visitor"], p["enrolled"], f"{p['score']:.4f}") for p in pairs)
            yield section(title, table(("Visitor", "Enrolled from", "Highest score"), lines))


def _sentences(result: Results) -> Iterator[str]:
    genuine, strangers = result["genuine"], result["strangers"]
    yield (
        f"{result['people']} people came in {result['clips']} clips. One at a time was enrolled, from "
        f"{result['photos_enrolled']} frames of one clip, and every other clip was played before that door: detection, "
        "tracking, recognition and the gate's rules, as it would have been live."
    )
    yield (
        f"Of {genuine['trials']} visits of the person enrolled, {genuine['granted']} were let in and "
        f"{result['missed_grants']} were not; of {strangers['trials']} visits of others, {strangers['granted']} were "
        f"let in. The threshold is {result['threshold']:.4f}, its promise {words.carried(result)}."
    )
    if result["seconds_to_grant"]["visits"]:
        seconds = result["seconds_to_grant"]
        yield (
            f"From the first usable face to the grant it took {seconds['median']:.2f} s of video or less in half of "
            f"the visits, and {seconds['p95']:.2f} s or less in nineteen of twenty."
        )
    if missing := result["clips_without_usable_face"]:
        yield (
            f"Nobody could be seen well enough in {', '.join(missing)}: these visits count as missed, and nobody was "
            "enrolled from them."
        )


def _clip_row(name: str, row: Results) -> Sequence[str]:
    genuine, strangers, seconds = row["genuine"], row["strangers"], row["seconds_to_grant"]
    return (
        name,
        f"{genuine['granted']} of {genuine['trials']}",
        percent(genuine["by_person_bound_95"]),
        f"{strangers['granted']} of {strangers['trials']}",
        percent(strangers["by_person_bound_95"]),
        "—" if seconds["median"] is None else f"{seconds['median']:.2f} s",
        "—" if seconds["p95"] is None else f"{seconds['p95']:.2f} s",
    )
