"""`edgegate evaluate`: what the installed pack, the gallery's rules and the config do on labelled people."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from edgegate import app
from edgegate.cli import evaluate_site
from edgegate.cli.common import Commands, existing, load_config, print_json, progress
from edgegate.config import Config
from edgegate.errors import UsageError
from edgegate.evaluation import clips, dataset, scores, tables
from edgegate.evaluation.vision import look_at_clip, look_at_photos
from edgegate.thresholds import Table, per_person, rate_bound


def add(commands: Commands, parent: argparse.ArgumentParser) -> None:
    parser = commands.add_parser(
        "evaluate", parents=[parent], help="error rates on labelled people", description=__doc__
    )
    parser.add_argument(
        "dataset", nargs="?", type=Path, metavar="DATASET", help="a folder a person, photos or clips in it"
    )
    evaluate_site.add_options(parser)
    parser.add_argument("--enrol", type=int, default=3, metavar="K", help="photos to enrol each from (default: 3)")
    parser.add_argument("--clips", action="store_true", help="the data set is video clips: replay each as a visit")
    parser.add_argument(
        "--identity",
        default=r"(.+)-",
        metavar="REGEX",
        help="which part of a clip's file name is the person (default: all up to the last hyphen)",
    )
    parser.add_argument(
        "--part",
        choices=["all", "tables", "held-out"],
        default="all",
        help="two thirds of the people by a hash of their names, for tables, or the other third, for reporting",
    )
    parser.add_argument("--table", metavar="NAME", help="print threshold rows for a pack's card, naming the data NAME")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    config = load_config(args)
    if args.site:
        return evaluate_site.run(args, config)
    if args.dataset is None:
        raise UsageError("name a DATASET, or ask for --site, which measures this door's own visits")
    existing(args.dataset, "data set")
    if not 1 <= args.enrol <= 50:
        raise UsageError(f"--enrol {args.enrol}: must be 1 to 50")
    result = _clips(args, config) if args.clips else _photos(args, config)
    if isinstance(result, str):
        print(result, end="")
    elif args.json:
        print_json(result)
    else:
        print(_in_words(result))
    return 0


def _photos(args: argparse.Namespace, config: Config) -> dict[str, Any] | str:
    analyzer = app.build_analyzer(config)
    visits = dataset.photo_visits(args.dataset, args.part)
    looks = list(look_at_photos(analyzer, progress(visits, "looking", "visit")))
    if args.table:
        return tables.to_toml(tables.table(args.table, looks))
    table = app.table_of(analyzer.pack)
    frames = config.recognition.decide_after_frames
    result = _rates(config, table, looks, args.enrol, frames)
    while frames > 1 and not (result["genuine"]["trials"] and result["strangers"]["trials"]):  # few photos: pool fewer
        frames -= 1
        result = _rates(config, table, looks, args.enrol, frames)
    return result


def _rates(config: Config, table: Table, looks: Sequence[scores.Looks], photos: int, frames: int) -> dict[str, Any]:
    measured = scores.measure(looks, photos, frames)
    threshold = table.threshold(photos, frames, per_person(config.recognition.false_accept_rate, 1))
    granted = int((measured.genuine >= threshold.value).sum())
    accepted = int((measured.strangers >= threshold.value).sum())
    return {
        "people": measured.people,
        "photos": photos,
        "frames": frames,
        "threshold": threshold.value,
        "promise_carried": threshold.carried,
        "genuine": _count(granted, len(measured.genuine), errors=len(measured.genuine) - granted),
        "strangers": _count(accepted, len(measured.strangers), errors=accepted),
    }


def _clips(args: argparse.Namespace, config: Config) -> dict[str, Any] | str:
    analyzer = app.build_analyzer(config)
    visits = dataset.clip_visits(args.dataset, args.identity, args.part)
    seen = [
        clips.Clip(visit.person, visit.name, look_at_clip(analyzer, visit))
        for visit in progress(visits, "looking", "clip")
    ]
    if args.table:
        return tables.to_toml(tables.table(args.table, [clips.looks_of(clip) for clip in seen]))
    table = app.table_of(analyzer.pack)
    settings = config.recognition
    threshold = table.threshold(args.enrol, settings.decide_after_frames, settings.false_accept_rate)
    trials = list(clips.trials(config, analyzer.pack, table, seen, args.enrol))
    genuine = [trial for trial in trials if trial.genuine]
    strangers = [trial for trial in trials if not trial.genuine]
    refused = [trial for trial in genuine if not trial.granted]
    accepted = [trial for trial in strangers if trial.granted]
    return {
        "people": len({visit.person for visit in visits}),
        "photos": args.enrol,
        "frames": settings.decide_after_frames,
        "threshold": threshold.value,
        "promise_carried": threshold.carried,
        "genuine": _count(len(genuine) - len(refused), len(genuine), errors=len(refused))
        | {"refused": _pairs(refused)},
        "strangers": _count(len(accepted), len(strangers), errors=len(accepted))
        | {"accepted_pairs": _pairs(accepted), "highest": max((t.score for t in strangers), default=None)},
    }


def _count(granted: int, trials: int, errors: int) -> dict[str, Any]:
    return {
        "trials": trials,
        "granted": granted,
        "error_rate": errors / trials if trials else None,
        "error_rate_bound_95": rate_bound(errors, trials),
    }


def _pairs(trials: Sequence[clips.Trial]) -> list[dict[str, Any]]:
    return [{"enrolled": t.enrolled.name, "visitor": t.visitor.name, "score": round(t.score, 4)} for t in trials]


def _in_words(result: dict[str, Any]) -> str:
    genuine, strangers = result["genuine"], result["strangers"]
    carried = "carried" if result["promise_carried"] else "NOT carried by the pack's measurements"
    lines = [
        (
            f"{result['people']} people, enrolled from {result['photos']}, {result['frames']} frames pooled, "
            f"threshold {result['threshold']:.4f} (promise {carried})"
        ),
        (
            f"genuine    {genuine['granted']} of {genuine['trials']} visits let in; false rejects at most "
            f"{genuine['error_rate_bound_95']:.2%} (95 % bound)"
        ),
        (
            f"strangers  {strangers['granted']} of {strangers['trials']} visits let in; false accepts at most "
            f"{strangers['error_rate_bound_95']:.2g} (95 % bound, were all trials independent)"
        ),
    ]
    for title, pairs in (("refused", genuine.get("refused")), ("accepted", strangers.get("accepted_pairs"))):
        lines += [f"  {title}: {p['visitor']} at {p['enrolled']}, score {p['score']}" for p in pairs or ()]
    return "\n".join(lines)
