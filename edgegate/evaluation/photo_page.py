"""The page's part about photos."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from edgegate.evaluation import rates, words
from edgegate.evaluation.sections import one_in, plain, plot, section, span, table
from edgegate.evaluation.words import percent
from edgegate.pages import charts

Results = dict[str, Any]


def title(result: Results) -> str:
    at = words.reference(result["rates"])
    if at is None:
        return "too few comparisons for a rate"
    return f"{percent(at['true_accept_rate'])} recognised, letting in one stranger's comparison in {one_in(at)}"


def body(result: Results) -> Iterator[str]:
    yield section("In plain words", plain(_sentences(result)))
    if len(result["curve"]) > 1:
        hint = "The band holds the curve in 95 % of the resamples of the people; the dots are the rows below."
        yield section(
            "How many are recognised, at what risk", plot(charts.curve(result["curve"], result["rates"]), hint)
        )
    if result["rates"]:
        yield section("Rates", _rates(result))
    yield section("Scores", plot(_histogram(result), _KEY))
    yield section("At a door with this config", _door(result))
    if result["conditions"]:
        yield section("By condition", _photo_conditions(result))
    yield section("Photos", table(("What became of them", "Photos"), _photos(result)))


def _sentences(result: Results) -> Iterator[str]:
    enrolled, door = result["people_enrolled"], result["door"]["everybody_enrolled"]
    yield (
        f"{enrolled} people were enrolled from {result['photos_enrolled']} photos each; {result['genuine']} other "
        f"photos of them came to the door, and so did {result['people_strangers']} people who were not enrolled. "
        f"That makes {result['impostors']:,} comparisons of different people."
    )
    if at := words.reference(result["rates"]):
        yield (
            f"With a threshold that lets in one stranger's comparison in {one_in(at)}, {at['false_rejects']} of "
            f"{result['genuine']} photos of enrolled people were refused. With 95 % certainty at least "
            f"{percent(at['bound_95'])} are recognised, for people such as these."
        )
        yield (
            f"{result['unusable_probes']} more of their photos showed no face that was good enough. Counted as "
            f"refused, {percent(at['true_accept_rate_of_all_probes'])} are recognised."
        )
    strictest = result["rates"][-1]["false_accept_rate"] if result["rates"] else None
    if strictest is None:
        yield "There are too few comparisons of different people to show any rate."
    elif strictest > rates.DECADES[-1]:
        yield f"Rates rarer than one in {one_in(result['rates'][-1])} cannot be shown with so few comparisons."
    yield (
        f"With all {door['people']} enrolled and this config, {door['strangers_let_in']} of {door['strangers']} photos "
        "of strangers would have opened the door, one photo at a time."
    )
    if not door["promise_carried"]:
        yield (
            "The pack's own measurements do not carry the promised rate for so many people; the strictest threshold "
            "that they have is used."
        )


def _rates(result: Results) -> str:
    head = (
        "Strangers let in",
        "here",
        "bound",
        "Recognised",
        "interval",
        "at least",
        "refused",
        "Of all photos",
        "Threshold",
    )
    rows = (
        (
            f"1 in {one_in(row)}",
            f"{row['false_accepts']:,}",
            f"{row['false_accepts_bound_95']:.2g}",
            percent(row["true_accept_rate"]),
            span(row["interval_95"], percent),
            percent(row["bound_95"]),
            str(row["false_rejects"]),
            percent(row["true_accept_rate_of_all_probes"]),
            f"{row['threshold']:.4f}",
        )
        for row in result["rates"]
    )
    hint = (
        f"Of {result['impostors']:,} comparisons of different people and {result['genuine']} photos of enrolled "
        f"people; “of all photos” counts {result['unusable_probes']} more, without a usable face, as refused. Bounds "
        f"and intervals come from {result['resamples']} resamples of the people, the threshold found again in each; "
        "where nothing went wrong, from the rule of three over the people. Where few comparisons of strangers are let "
        "in, a line is uncertain."
    )
    return table(head, rows) + f'<p class="hint">{hint}</p>'


_KEY = (
    '<span class="key genuine"></span>enrolled people, against their own template '
    '<span class="key impostors"></span>strangers. Each is drawn to its own height.'
)


def _histogram(result: Results) -> str:
    counts = result["histograms"]
    marks = {"this config": result["door"]["one_enrolled"]["threshold"]}
    if at := words.reference(result["rates"]):
        marks[f"1 in {one_in(at)}"] = at["threshold"]
    return charts.scores(counts["genuine"], counts["impostors"], marks)


def _door(result: Results) -> str:
    one, every, visits = result["door"]["one_enrolled"], result["door"]["everybody_enrolled"], result["visits"]
    head = ("What is decided on", "Threshold", "Promise carried", "Recognised", "Strangers let in", "95 % bound")
    genuine, strangers = visits["genuine"], visits["strangers"]
    rows = (
        (
            "one photo, one person enrolled",
            f"{one['threshold']:.4f}",
            "yes" if one["promise_carried"] else "no",
            f"{one['true_accepts']} of {result['genuine']}",
            f"{one['false_accepts']:,} of {one['impostors']:,} comparisons",
            f"{one['false_accepts_bound_95']:.2g}",
        ),
        (
            f"one photo, all {every['people']} enrolled",
            f"{every['threshold']:.4f}",
            "yes" if every["promise_carried"] else "no",
            f"{every['true_accepts']} of {result['genuine']}",
            f"{every['strangers_let_in']} of {every['strangers']} photos",
            f"{every['strangers_let_in_bound_95']:.2g}",
        ),
        (
            f"{visits['frames']} photos a visit pooled, one person enrolled",
            f"{visits['threshold']:.4f}",
            "yes" if visits["promise_carried"] else "no",
            f"{genuine['granted']} of {genuine['trials']} visits",
            f"{strangers['granted']} of {strangers['trials']:,} visits",
            f"{strangers['error_rate_bound_95']:.2g}",
        ),
    )
    return table(head, rows)


def _photo_conditions(result: Results) -> str:
    head = (
        "Condition",
        "People",
        "Recognised",
        "At least",
        "Strangers let in",
        "of the same condition",
        "Unusable",
        "This config",
    )
    rows = []
    for row in result["conditions"]:
        at, door = words.reference(row["rates"]) or row["door"], row["door"]
        rows.append(
            (
                row["condition"] or "(none)",
                str(row["people"]),
                f"{at['true_accepts']} of {row['genuine']} ({percent(at['true_accept_rate'])})",
                percent(at["true_accept_rate_bound_95"]),
                f"{at['false_accepts']:,} of {row['impostors']:,}",
                f"{at['false_accepts_within']:,} of {row['impostors_within']:,}",
                str(row["unusable_probes"]),
                f"{door['true_accepts']} of {row['genuine']}",
            )
        )
    reference = words.reference(result["rates"])
    at_what = f"the threshold of 1 in {one_in(reference)} over everybody" if reference else "this config's threshold"
    return table(head, rows) + (
        f'<p class="hint">The condition is that of the photo at the door, the threshold {at_what}. “Of the same '
        "condition” compares only with people who were enrolled under it: where it is a group of people, this is the "
        "rate that differs between groups.</p>"
    )


def _photos(result: Results) -> Iterator[Sequence[str]]:
    yield "looked at", str(result["photos_seen"])
    for fault, count in result["faults"].items():
        yield fault.replace("_", " "), str(count)
    yield (
        "detected, of all",
        f"{percent(result['detection_rate'])} (at least {percent(result['detection_rate_bound_95'])})",
    )
    yield "refused while enrolling", str(result["refused_at_enrolment"])
