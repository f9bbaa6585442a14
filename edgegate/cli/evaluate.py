"""`edgegate evaluate`: error rates of the installed pack, the gallery's rules and the config on labelled people."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any

from edgegate import app
from edgegate.cli import evaluate_site
from edgegate.cli.common import existing, load_config
from edgegate.config import Config
from edgegate.errors import UsageError
from edgegate.evaluation import clip_results, clips, dataset, page, photo_results, tables, words
from edgegate.evaluation.comparisons import compare, people_of
from edgegate.evaluation.pooled import pooled
from edgegate.evaluation.split import check_counts, split
from edgegate.evaluation.vision import Judged, judge_photos, look_at_clip, looks_of_photos
from edgegate.recognition.thresholds import per_person
from edgegate.system import output_files
from edgegate.system.progress import progress
from edgegate.system.terminal import print_json
from edgegate.vision.analyzer import Analyzer
from edgegate.vision.packs import Pack

MAX_ENROLLED = 50
NOT_ASKED = "configured, and not asked: photos are measured by the embedder alone"


def run(args: argparse.Namespace) -> int:
    config = load_config(args)
    if args.site:
        return evaluate_site.run(args, config)
    _check(args)
    if args.report is None:
        return _tell(args, _evaluate(args, config))
    with output_files.text(args.report) as file:  # before the work, so that a wrong path is an error at once
        result = _evaluate(args, config)
        file.write(page.render(result))
    return _tell(args, result)


def _check(args: argparse.Namespace) -> None:
    if args.dataset is None:
        raise UsageError("name a DATASET, or ask for --site, which measures this door's own visits")
    existing(args.dataset, "data set")
    for path, what in ((args.strangers, "folder of strangers"), (args.labels, "file of labels")):
        if path is not None:
            existing(path, what)
    if not 1 <= args.enrol <= MAX_ENROLLED:
        raise UsageError(f"--enrol {args.enrol}: must be 1 to {MAX_ENROLLED}")
    if args.clips and args.strangers is not None:
        raise UsageError("--strangers: goes with photos; every clip of others is a stranger's visit already")
    if args.table and (args.report is not None or args.strangers is not None):
        raise UsageError("--table: prints a pack's rows and nothing else; leave --report and --strangers out")


def _tell(args: argparse.Namespace, result: dict[str, Any] | str) -> int:
    if isinstance(result, str):
        print(result, end="")
    elif args.json:
        print_json(result)
    else:
        print("\n".join(words.of_clips(result) if args.clips else words.of_photos(result)))
    return 0


def _evaluate(args: argparse.Namespace, config: Config) -> Any:
    """Returns the results; where a table is asked for, its text."""
    return _clips(args, config) if args.clips else _photos(args, config)


def _photos(args: argparse.Namespace, config: Config) -> dict[str, Any] | str:
    photos = dataset.photos_in(args.dataset, args.part, args.labels)
    apart = [] if args.strangers is None else dataset.photos_in(args.strangers)
    if not args.table:
        check_counts(photos, args.enrol)
    analyzer = app.build_analyzer(config)
    judged = _judge(analyzer, photos)
    if args.table:
        return tables.to_toml(tables.table(args.table, looks_of_photos(judged)), analyzer.pack.sha256)
    subject = _subject(args, config, analyzer.pack)
    strangers = _judge(analyzer, apart)
    return {"subject": subject, **_scored(config, analyzer.pack, judged, strangers, args.enrol)}


def _judge(analyzer: Analyzer, photos: Sequence[dataset.Labelled]) -> list[Judged]:
    return list(progress(judge_photos(analyzer, photos), "looking", "photo", total=len(photos)))


def _scored(
    config: Config, embedder: Pack, judged: Sequence[Judged], strangers: Sequence[Judged], photos: int
) -> dict[str, Any]:
    table, rate = app.table_of(embedder), config.recognition.false_accept_rate
    divided = split(judged, photos, strangers)
    alone, everybody = (
        table.threshold(photos, 1, per_person(rate, people)) for people in (1, people_of(divided.templates))
    )
    found = compare(divided, alone.value, partial(_bar, "comparing", "block"))
    door = photo_results.RatesInForce(rate, alone, everybody)
    visits = pooled(looks_of_photos(judged), table, photos, config.recognition.decide_after_frames, rate)
    old = {key: visits[key] for key in ("photos", "frames", "threshold", "promise_carried", "strangers")}
    result = photo_results.results(found, door, partial(_bar, "resampling", "draw"))
    return {**result, **old, "visits": visits}


def _clips(args: argparse.Namespace, config: Config) -> dict[str, Any] | str:
    visits = dataset.clip_visits(args.dataset, args.identity, args.part, args.labels)
    analyzer = app.build_analyzer(config)
    identity_network = None if args.table else app.build_identity_network(config)
    seen = [
        clips.Clip(visit.person, visit.name, look_at_clip(analyzer, visit, identity_network), visit.condition)
        for visit in progress(visits, "looking", "clip")
    ]
    if args.table:
        return tables.to_toml(tables.table(args.table, [clips.looks_of(clip) for clip in seen]), analyzer.pack.sha256)
    table, settings = app.table_of(analyzer.pack), config.recognition
    door = table.threshold(args.enrol, settings.decide_after_frames, settings.false_accept_rate)
    replayer = clips.Replayer(config, analyzer.pack, table, identity_network)
    pairs = len(seen) * (len(seen) - 1)
    trials = list(progress(replayer.trials(seen, args.enrol), "replaying", "visit", total=pairs))
    return {
        "subject": _subject(args, config, analyzer.pack, identity_network.pack if identity_network else None),
        **clip_results.results(seen, trials, args.enrol, settings.decide_after_frames, door),
    }


def _subject(
    args: argparse.Namespace, config: Config, embedder: Pack, identity_network: Pack | None = None
) -> dict[str, Any]:
    """Returns the pack, the data and the settings of a measurement."""
    settings = config.recognition
    asked = "none" if not settings.model else identity_network.name if identity_network else NOT_ASKED
    return {
        "dataset": args.dataset.resolve().name,
        "part": args.part,
        "strangers": None if args.strangers is None else args.strangers.resolve().name,
        "pack": app.model_names(config, embedder, identity_network),
        "pack_sha256": embedder.sha256,
        "network": asked,
        "false_accept_rate": settings.false_accept_rate,
        "decide_after_frames": settings.decide_after_frames,
        "min_face_pixels": settings.min_face_pixels,
    }


def _bar(doing: str, unit: str, items: Iterable[Any]) -> Iterable[Any]:
    return progress(items, doing, unit)
