"""`converter import`: packs made of networks that others have published."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

from converter.commands import import_keras
from converter.imports.embedder import FAMILIES, EmbedderFile, NetworkSource, Pixels, import_embedder, terms_of
from converter.imports.fetch import CACHE
from converter.imports.packs import SHIPPED, check_packs, import_packs
from edgegate.cli.common import existing
from edgegate.cli.parser import Commands


def add(commands: Commands) -> None:
    parser = commands.add_parser("import", help="make packs of networks that were trained elsewhere")
    parser.show(
        "python -m converter import keras facetracker.h5 --photos photos",
        "python -m converter import table PACK rows.toml",
    )
    sources = parser.commands("SOURCE")
    packs = sources.add_parser("packs", help="the packs that edgegate ships", description=__doc__)
    packs.show("python -m converter import packs", "python -m converter import packs --check")
    packs.add_argument("--out", type=Path, default=SHIPPED, metavar="DIR", help="where to write them (%(default)s)")
    packs.add_argument("--cache", type=Path, default=CACHE, metavar="DIR", help="downloads (%(default)s)")
    packs.add_argument("--check", action="store_true", help="write nothing; compare a rebuild with what is in DIR")
    packs.set_defaults(run=run)
    import_keras.add(sources)
    _add_network(sources, "tflite", ".tflite", run_tflite)
    _add_network(sources, "onnx", ".onnx", run_onnx)
    table = sources.add_parser("table", help="put a measured threshold table into an embedder or a classifier pack")
    table.show(
        "python -m converter import table PACK rows.toml",
        "python -m converter import table PACK people.toml camera.toml",
    )
    table.add_argument("pack", type=Path, metavar="PACK", help="the pack's folder")
    table.add_argument("rows", type=Path, nargs="+", metavar="ROWS", help="what edgegate evaluate --table printed")
    table.set_defaults(run=run_table)


def _add_network(sources: Any, kind: str, suffix: str, command: Callable[[argparse.Namespace], int]) -> None:
    parser = sources.add_parser(kind, help=f"an embedder pack from a 112x112 face network's {suffix} file")
    call = f"python -m converter import {kind} face{suffix} --name face --licence MIT --family arcface"
    parser.show(f"{call} --terms LICENSE", f"{call} --accept-terms --out packs")
    parser.add_argument("file", type=Path, metavar="FILE", help=f"the {suffix} file")
    parser.add_argument("--name", required=True, help="what to call the pack: its folder's name")
    parser.add_argument("--licence", required=True, help="of the weights, for the pack's card, e.g. MIT")
    parser.add_argument("--terms", type=Path, metavar="FILE", help="their text: shown, and kept in the pack")
    parser.add_argument("--accept-terms", action="store_true", help="you have read the terms shown, and keep to them")
    parser.add_argument("--origin", default="", help="where the file is from, for the pack's card")
    parser.add_argument("--family", choices=FAMILIES, required=True, help="how the network wants its pixels")
    parser.add_argument("--mean", type=float, help="of the pixels' levels, instead of the family's")
    parser.add_argument("--scale", type=float, help="to divide by, instead of the family's")
    parser.add_argument("--colour", choices=["rgb", "bgr"], help="order of colours, instead of the family's")
    parser.add_argument("--out", type=Path, default=Path(), metavar="DIR", help="where to write the pack (here)")
    parser.set_defaults(run=command)


def run(args: argparse.Namespace) -> int:
    if args.check:
        for line in check_packs(args.out, args.cache):
            print(line)
    else:
        for pack in import_packs(args.out, args.cache):
            print(f"{pack.folder}: {pack.task}, {pack.licence}, sha256 {pack.sha256[:12]}")
    return 0


def run_tflite(args: argparse.Namespace) -> int:
    from converter.imports.tflite import tflite_network  # noqa: PLC0415 - the schema is slow to import

    return _run_network(args, tflite_network)


def run_onnx(args: argparse.Namespace) -> int:
    from converter.imports.onnx import onnx_network  # noqa: PLC0415 - the schema is slow to import

    return _run_network(args, onnx_network)


def run_table(args: argparse.Namespace) -> int:
    from converter.imports.table import put_table  # noqa: PLC0415 - as the others

    existing(args.pack, "pack")
    for file in args.rows:
        existing(file, "table")
    pack = put_table(args.pack, args.rows)
    data = sorted({str(row["data"]) for row in pack.thresholds})
    print(f"{pack.folder}: {len(pack.thresholds)} thresholds, measured on {'; '.join(data)}")
    return 0


def _run_network(args: argparse.Namespace, read_network: Callable[[Path], EmbedderFile]) -> int:
    existing(args.file, "network")
    if args.terms is not None:
        existing(args.terms, "terms")
    source = NetworkSource(args.file, args.name, args.licence, _pixels(args), args.origin, args.terms)
    print(terms_of(source))
    pack = import_embedder(source, read_network, args.out, accepted=args.accept_terms)
    print(
        f"{pack.folder}: embedder, {pack.outputs['embedding'][1]} numbers a face, cosine to the original "
        f"{pack.report['cosine_mean']:.6f} (mean), {pack.report['cosine_min']:.6f} (least)"
    )
    if not pack.thresholds:
        print(
            "It has no threshold table yet, and opens no door without one: measure it with edgegate evaluate PHOTOS "
            f"--table NAME --set recognition.embedder={pack.folder} > rows.toml, and put that into the pack with "
            f"python -m converter import table {pack.folder} rows.toml"
        )
    return 0


def _pixels(args: argparse.Namespace) -> Pixels:
    family = FAMILIES[args.family]
    return Pixels(
        family.mean if args.mean is None else args.mean,
        family.scale if args.scale is None else args.scale,
        args.colour or family.colour,
    )
