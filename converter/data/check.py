"""Looks at every picture of a dataset: can it be read, and is it in one split only?"""

from __future__ import annotations

from collections.abc import Iterator

from converter.data.dataset import SPLITS, Dataset, Sample, Split
from converter.data.groups import Fingerprint, fingerprint, near_duplicates
from converter.data.problems import Problem
from edgegate.enrol import read_picture
from edgegate.system.progress import progress


def faults(dataset: Dataset) -> Iterator[Problem]:
    """Unreadable pictures, and pictures that are in two splits, or look as if they were."""
    rows = [(split, sample) for split in SPLITS for sample in dataset.splits[split]]
    seen: list[tuple[Split, Sample]] = []
    prints: list[Fingerprint] = []
    for split, sample in progress(rows, "looking at pictures", "picture"):
        image = read_picture(sample.image)
        if image is None:
            yield Problem(sample.image, "it cannot be read as a picture", "put it back, or make the dataset again")
        else:
            seen.append((split, sample))
            prints.append(fingerprint(image, sample.box))
    for i, j in near_duplicates(prints):
        (one_split, one), (other_split, other) = seen[i], seen[j]
        if one_split != other_split:
            reason = f"it looks like {one.image}, which is in {one_split}: {other_split} would measure what was learnt"
            yield Problem(other.image, reason, "make the dataset again with: python -m converter prepare")
