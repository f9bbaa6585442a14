"""The results in words, for a terminal and for the page."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

Results = dict[str, Any]


def of_photos(result: Results) -> Iterator[str]:
    """Lines about photos."""
    yield (
        f"{result['people']} people: {result['people_enrolled']} enrolled from {result['photos_enrolled']}, "
        f"{result['people_strangers']} strangers; {result['genuine']} genuine and {result['impostors']:,} strangers' "
        "comparisons, one photo each"
    )
    yield photos_seen(result)
    yield ""
    yield "strangers at most   let in   enrolled recognised   95 % bound   with unusable photos   threshold"
    for row in result["rates"]:
        yield (
            f"{row['false_accept_rate']:>17.0e}   {row['false_accepts']:>6}   {percent(row['true_accept_rate']):>19}   "
            f"{'≥ ' + percent(row['bound_95']):>10}   {percent(row['true_accept_rate_of_all_probes']):>20}   "
            f"{row['threshold']:>9.4f}"
        )
    if not result["rates"]:
        yield "  there are too few strangers' comparisons for any rate"
    yield ""
    yield from door(result)
    yield visits(result["visits"])
    yield from (condition(row) for row in result["conditions"])


def photos_seen(result: Results) -> str:
    """Returns how many photos, and why some could not be used."""
    faults = ", ".join(f"{count} {fault.replace('_', ' ')}" for fault, count in result["faults"].items())
    return f"{result['photos_seen']} photos, {result['undetected']} without a face found" + (
        f"; not used: {faults}" if faults else "; all could be used"
    )


def door(result: Results) -> Iterator[str]:
    """Returns what the config's thresholds make of the photos."""
    one, every = result["door"]["one_enrolled"], result["door"]["everybody_enrolled"]
    yield (
        f"this config, one enrolled:        threshold {one['threshold']:.4f} (promise {carried(one)}); "
        f"{one['true_accepts']} of {result['genuine']} recognised, {one['false_accepts']} of {one['impostors']:,} "
        f"strangers' comparisons let in (at most {one['false_accepts_bound_95']:.2g})"
    )
    yield (
        f"this config, all {every['people']:>4} enrolled:    threshold {every['threshold']:.4f} (promise "
        f"{carried(every)}); {every['true_accepts']} of {result['genuine']} recognised, {every['strangers_let_in']} of "
        f"{every['strangers']} photos of strangers let in (at most {every['strangers_let_in_bound_95']:.2g})"
    )


def visits(row: Results) -> str:
    """Returns what pooling the frames of a visit makes of it."""
    genuine, strangers = row["genuine"], row["strangers"]
    return (
        f"this config, {row['frames']} frames pooled:     threshold {row['threshold']:.4f} (promise {carried(row)}); "
        f"{genuine['granted']} of {genuine['trials']} visits let in, strangers {strangers['granted']} of "
        f"{strangers['trials']:,} visits let in (at most {strangers['error_rate_bound_95']:.2g})"
    )


def condition(row: Results) -> str:
    """One condition, at the strictest rate that is listed up to 1e-3."""
    at = reference(row["rates"]) or row["door"]
    name = row["condition"] or "(none)"
    return (
        f"  {name}: {at['true_accepts']} of {row['genuine']} recognised, {at['false_accepts']} of {row['impostors']:,} "
        f"strangers' comparisons let in, {row['unusable_probes']} unusable, at threshold {at['threshold']:.4f}"
    )


def reference(rows: list[Results]) -> Results | None:
    """The row of 1e-3, or else the strictest that there is."""
    return next((row for row in rows if row["false_accept_rate"] == 1e-3), rows[-1] if rows else None)


def of_clips(result: Results) -> Iterator[str]:
    """Lines about clips."""
    genuine, strangers = result["genuine"], result["strangers"]
    yield (
        f"{result['people']} people, enrolled from {result['photos']}, {result['frames']} frames pooled, "
        f"threshold {result['threshold']:.4f} (promise {carried(result)})"
    )
    yield (
        f"genuine    {genuine['granted']} of {genuine['trials']} visits let in; false rejects at most "
        f"{genuine['error_rate_bound_95']:.2%} (95 % bound; {genuine['by_person_bound_95']:.2%} if people are counted)"
    )
    yield (
        f"strangers  {strangers['granted']} of {strangers['trials']} visits let in; false accepts at most "
        f"{strangers['error_rate_bound_95']:.2g} (95 % bound, were all trials independent)"
    )
    seconds = result["seconds_to_grant"]
    if seconds["visits"]:
        yield (
            f"to grant   median {seconds['median']:.2f} s of video from the first usable face, "
            f"p95 {seconds['p95']:.2f} s"
        )
    if missing := result["clips_without_usable_face"]:
        yield f"no usable face in {', '.join(missing)}: missed at every door, and nobody could be enrolled from it"
    for title, pairs in (("refused", genuine["refused"]), ("accepted", strangers["accepted_pairs"])):
        yield from (f"  {title}: {p['visitor']} at {p['enrolled']}, score {p['score']}" for p in pairs)
    for row in result["conditions"]:
        yield (
            f"  {row['condition'] or '(none)'}: {row['genuine']['granted']} of {row['genuine']['trials']} visits let "
            f"in, strangers {row['strangers']['granted']} of {row['strangers']['trials']}"
        )


def carried(row: Results) -> str:
    return "carried" if row["promise_carried"] else "NOT carried by the pack's measurements"


def percent(share: float | None) -> str:
    """With as many decimals as a bound near 100 % needs."""
    return "—" if share is None else f"{share:.1%}" if share < 0.995 else f"{share:.2%}"
