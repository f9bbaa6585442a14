"""The false-accept rate at the default, measured: strangers at random galleries, decided by the daemon's own code.

Every gallery enrols people of the data set from three photos each; everybody else is a stranger who comes once. A
single photo is a visit of one frame. For pooled visits the photos of a person stand in for frames, and the highest of
the sliding pools counts, as at the door. The margin and the deciding frame's own agreement, which the door asks for
as well, are left out: they could only make the rate smaller.

Writes benchmarks/out/promise-PART.json.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from edgegate.app import build_analyzer, table_of
from edgegate.config import Config
from edgegate.errors import EdgegateError, UsageError
from edgegate.evaluation.dataset import Part, photo_visits
from edgegate.evaluation.scores import Looks
from edgegate.evaluation.vision import look_at_photos
from edgegate.gallery import Enrolled, Person, Photo
from edgegate.recognition.identification import Identifier
from edgegate.recognition.thresholds import Table
from edgegate.system.progress import progress
from edgegate.types import Embedding
from edgegate.vision.pooling import pool

OUT = Path(__file__).parent / "out"
RATE = 1e-3
ENROLLED = (5, 20, 100)
POOLED = (1, 3, 5)
PHOTOS = 3
GALLERIES = 200
REPLICATES = 1000

Counts = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Kept:
    """The rate at which strangers' visits were granted, over all galleries."""

    table: str
    enrolled: int
    frames: int
    galleries: int
    people: int
    visits: int
    granted: int
    rate: float
    bound_95: float
    """Upper end of the one-sided interval, by bootstrap over people; by the rule of three where nobody got in."""
    threshold: float
    carried: bool
    genuine: int
    genuine_granted: int

    @property
    def holds(self) -> bool:
        return self.rate <= RATE


@dataclass(frozen=True, slots=True, eq=False)
class Crowd:
    """The people of a data set, and as whom each visit of each stranger may be granted."""

    looks: Sequence[Looks]
    embedder: str

    def person(self, index: int) -> Person:
        look = self.looks[index]
        photos = tuple(Photo(embedding, weight, self.embedder) for embedding, weight in look.evidence[:PHOTOS])
        return Person(str(index), look.person, "", photos)

    def able(self) -> list[int]:
        return [index for index, look in enumerate(self.looks) if len(look.evidence) >= PHOTOS]

    def visits(self, index: int, frames: int) -> list[list[Embedding]]:
        """Each visit as its pools: every photo alone is one, or all photos together are one of sliding pools."""
        return _visits(self.looks[index], 0, frames)

    def further_visits(self, index: int, frames: int) -> list[list[Embedding]]:
        """Visits made of the photos that were not enrolled."""
        return _visits(self.looks[index], PHOTOS, frames)


def _visits(look: Looks, first: int, frames: int) -> list[list[Embedding]]:
    evidence = look.evidence[first:]
    if frames == 1:
        return [[embedding] for embedding, _ in evidence]
    pools = [pool(evidence[start : start + frames]) for start in range(len(evidence) - frames + 1)]
    return [pools] if pools else []


def measure(crowd: Crowd, tables: Mapping[str, Table], seed: int = 0) -> Iterator[Kept]:
    for name, table in tables.items():
        for enrolled in ENROLLED:
            for frames in POOLED:
                yield _kept(crowd, name, table, enrolled, frames, np.random.default_rng(seed))


def _kept(crowd: Crowd, name: str, table: Table, enrolled: int, frames: int, rng: np.random.Generator) -> Kept:
    visits = [crowd.visits(index, frames) for index in range(len(crowd.looks))]
    further = [crowd.further_visits(index, frames) for index in range(len(crowd.looks))]
    trials, hits = np.zeros(len(visits)), np.zeros((len(visits), len(visits)))
    genuine = granted = 0
    threshold, carried = 0.0, True
    for _ in range(GALLERIES):
        chosen = rng.choice(crowd.able(), enrolled, replace=False).tolist()
        people = tuple(crowd.person(index) for index in chosen)
        identifier = Identifier(Enrolled(people), table, crowd.embedder, RATE, frames)
        door_rate = identifier.door_rate()
        threshold, carried = door_rate.threshold, door_rate.carried
        for stranger in set(range(len(visits))).difference(chosen):
            trials[stranger] += len(visits[stranger])
            for visit in visits[stranger]:
                if (opened := _opened(identifier, visit, frames)) is not None:
                    hits[opened, stranger] += 1
        for index in chosen:
            genuine += len(further[index])
            granted += sum(_opened(identifier, visit, frames) == index for visit in further[index])
    return Kept(
        table=name,
        enrolled=enrolled,
        frames=frames,
        galleries=GALLERIES,
        people=int((trials > 0).sum()),
        visits=int(trials.sum()),
        granted=int(hits.sum()),
        rate=float(hits.sum() / trials.sum()),
        bound_95=_bound(hits, trials, rng),
        threshold=threshold,
        carried=carried,
        genuine=genuine,
        genuine_granted=granted,
    )


def _opened(identifier: Identifier, visit: Sequence[Embedding], frames: int) -> int | None:
    """Returns the number of the person as whom a visit would be granted, or None."""
    for embedding in visit:
        match = identifier.match(embedding, frames)
        if match is not None and match.score >= match.threshold:
            return int(match.person)
    return None


def _bound(hits: Counts, trials: Counts, rng: np.random.Generator) -> float:
    """95 % of replicates of the people, as strangers and as enrolled at once, have a rate up to this."""
    people = len(trials)
    if not hits.any():
        return 3 / int((trials > 0).sum())
    weights = rng.multinomial(people, np.full(people, 1 / people), REPLICATES).astype(np.float64)
    rates = np.einsum("re,es,rs->r", weights, hits, weights, optimize=True) / (weights @ trials)
    return float(np.quantile(rates, 0.95))


def tables_of(table: Table) -> dict[str, Table]:
    """The whole table, and each data set's rows alone: what would be in force if there were no other."""
    return {"the shipped table": table} | table.by_data()


def in_words(kept: Kept) -> str:
    verdict = "holds" if kept.holds else "DOES NOT HOLD"
    carried = "" if kept.carried else ", not supported by the data"
    return (
        f"{kept.table}: {kept.enrolled:3} enrolled, {kept.frames} pooled, threshold {kept.threshold:.4f}{carried}: "
        f"{kept.granted} of {kept.visits} strangers' visits ({kept.people} people), {kept.rate:.2e}, "
        f"bound {kept.bound_95:.2e}, {verdict}; genuine {kept.genuine_granted} of {kept.genuine}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("dataset", type=Path, help="a folder a person, photos in it")
    parser.add_argument("--part", choices=["all", "tables", "held-out"], default="tables")
    args = parser.parse_args()
    result = run(args.dataset, args.part)
    OUT.mkdir(exist_ok=True)
    (OUT / f"promise-{args.part}.json").write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")


def run(dataset: Path, part: Part) -> list[dict[str, Any]]:
    """Looks at every photo once, prints a line for each case, and returns them; raises EdgegateError."""
    analyzer = build_analyzer(Config())
    looks = list(look_at_photos(analyzer, progress(photo_visits(dataset, part), "looking", "visit")))
    crowd = Crowd(looks, analyzer.pack.sha256)
    if len(crowd.able()) <= max(ENROLLED):
        raise UsageError(f"{dataset}: more than {max(ENROLLED)} people with {PHOTOS} usable photos each are needed")
    kept = []
    for case in measure(crowd, tables_of(table_of(analyzer.pack))):
        print(in_words(case), flush=True)
        kept.append(asdict(case) | {"holds": case.holds})
    return kept


if __name__ == "__main__":
    try:
        main()
    except EdgegateError as error:
        sys.exit(str(error))
