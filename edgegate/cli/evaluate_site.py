"""`edgegate evaluate --site`: the false-accept rate on this door's own visits, and a tighter threshold if exceeded."""

from __future__ import annotations

import argparse

from edgegate import app
from edgegate.config import Config
from edgegate.errors import UsageError
from edgegate.evaluation.site import SiteCheck, check
from edgegate.recognition import site_calibration
from edgegate.system.terminal import print_json


def run(args: argparse.Namespace, config: Config) -> int:
    """Returns exit status 1 if the false-accept rate is exceeded and no threshold was applied."""
    result = _check(config)
    applied = args.apply and result.tightened is not None
    if applied and result.tightened is not None:
        path, embedder = app.site_path(config), app.load_embedder(config).sha256
        site_calibration.write_threshold(path, embedder, result.tightened, result.basis())
    if args.json:
        print_json(result.as_dict() | {"applied": applied})
    else:
        print(result.in_words())
        if applied:
            print(f"applied    written to {app.site_path(config)}; a running door takes it up within two seconds")
    return 1 if result.verdict == "broken" and not applied else 0


def _check(config: Config) -> SiteCheck:
    identifier = app.build_identifier(config, app.open_gallery(config))
    visits = app.open_scores(config).visits(app.load_embedder(config).sha256)
    if not visits:
        raise UsageError("no scores of this door's visits: set privacy.keep_scores = true, and ask again after a week")
    frames = config.recognition.decide_after_frames
    comparable = [visit for visit in visits if visit.frames == frames]
    return check(comparable, identifier.loosest(), config.recognition.false_accept_rate)
