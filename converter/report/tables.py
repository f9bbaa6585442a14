"""The report's tables as HTML."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Any

Row = Mapping[str, Any]


def table(heads: Sequence[str], rows: Sequence[str]) -> str:
    """The first column is text, the others are numbers; `rows` are ready."""
    cells = "".join(f"<th{' class=n' if index else ''}>{escape(head)}</th>" for index, head in enumerate(heads))
    return (
        f'<div class="card scroll"><table><thead><tr>{cells}</tr></thead><tbody>{"".join(rows)}</tbody></table></div>'
    )


def variants(document: Row) -> str:
    """Float and each variant side by side, what misses its budget in red."""
    heads = (
        "",
        "Accuracy",
        "Box IoU",
        "Class as float",
        "Box as float",
        "Strangers let in, at most",
        "MB",
        "ms",
        "RAM MB",
    )
    return table(heads, [*map(_variant(document), document["variants"]), *_refused(document)])


def _variant(document: Row) -> Any:
    def row(figures: Row) -> str:
        name = figures["variant"]
        missed = {line.split(" ", 1)[0] for line in document["misses"].get(name, ())}
        columns = (
            ("accuracy", percent(figures["accuracy"])),
            ("mean_iou", number(figures["mean_iou"], 3)),
            ("class_agreement", percent(figures["class_agreement"])),
            ("box_agreement", number(figures["box_agreement"], 3)),
            ("false_accept_bound", percent(figures["false_accept_bound"])),
            ("size_mb", number(figures["size_mb"], 2)),
            ("latency_ms", number(figures["latency_ms"], 2)),
            ("memory_mb", number(figures["memory_mb"], 0)),
        )
        cells = "".join(f'<td class="n{" miss" if key in missed else ""}">{value}</td>' for key, value in columns)
        chosen = document["grade"] == "passed" and name == document["variant"]
        title = escape("Keras, float" if name == "keras" else name)
        return (
            f"<tr class=chosen><td>{title} (chosen)</td>{cells}</tr>" if chosen else f"<tr><td>{title}</td>{cells}</tr>"
        )

    return row


def _refused(document: Row) -> Iterator[str]:
    ran = {row["variant"] for row in document["variants"]}
    for name, misses in document["misses"].items():
        if name not in ran:
            yield f'<tr><td>{escape(name)}</td><td colspan="8" class="miss">{escape("; ".join(misses))}</td></tr>'


def classes(document: Row) -> str:
    heads = ("Class", "Images", "Recall", "Precision", "F1", "Taken for itself", "Refused", "Taken for another")
    rows = [
        f"<tr><td>{escape(row['name'])}</td>"
        + "".join(
            f'<td class="n">{value}</td>'
            for value in (row["images"], *(percent(row[key]) for key in ("recall", "precision", "f1")))
        )
        + f'<td class="n">{_of(row["accepted"], row["images"])}</td>'
        + f'<td class="n">{_of(row["refused"], row["images"]) if index else "—"}</td>'
        + f'<td class="n{" miss" if row["mistaken"] else ""}">{_of(row["mistaken"], row["images"])}</td></tr>'
        for index, row in enumerate(document["by_class"])
    ]
    return table(heads, rows)


def cameras(document: Row) -> str:
    heads = ("Camera", "Images", "Accuracy", "Box IoU", "Strangers", "Let in", "At most")
    rows = [
        f"<tr><td>{escape(row['camera'] or 'not known')}</td>"
        + "".join(
            f'<td class="n">{value}</td>'
            for value in (
                row["images"],
                percent(row["accuracy"]),
                number(row["mean_iou"], 3),
                row["strangers"],
                row["false_accepts"],
                percent(row["false_accept_bound"]),
            )
        )
        + "</tr>"
        for row in document["by_camera"]
    ]
    return table(heads, rows)


def percent(share: float | None) -> str:
    return "—" if share is None else f"{100 * share:.1f} %"


def number(value: float | None, digits: int) -> str:
    return "—" if value is None else f"{value:.{digits}f}"


def _of(count: int, whole: int) -> str:
    return f"{count} ({percent(count / whole)})" if whole else "0"
