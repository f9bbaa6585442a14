"""Draws train, valid and test, each group for one of them: 70, 15 and 15 % of every class, as near as can be."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

from converter.data.dataset import SPLITS, Split

SHARES: Mapping[Split, float] = {"train": 0.70, "valid": 0.15, "test": 0.15}
_TRIES = 20

Contents: TypeAlias = Mapping[str, Counter[int]]
"""For each group, how many pictures of each class it has."""


def contents(groups: Sequence[str], labels: Sequence[int]) -> Contents:
    counts: defaultdict[str, Counter[int]] = defaultdict(Counter)
    for group, label in zip(groups, labels, strict=True):
        counts[group][label] += 1
    return counts


def split_groups(groups: Contents, seed: int, shares: Mapping[Split, float] = SHARES) -> dict[str, Split]:
    """A split for every group, the same for the same seed. Every class is in every split if any of the tries finds it.

    A class of one group alone cannot be: look at `missing`.
    """
    rng = random.Random(seed)
    tries = [_draw(groups, rng, shares) for _ in range(_TRIES)]
    return min(tries, key=lambda homes: (len(missing(groups, homes)), _error(groups, homes, shares)))


def split_people(groups: Contents, seed: int, shares: Mapping[Split, float] = SHARES) -> dict[str, Split]:
    """A split for every group, where a group is all there is of its class: no class is in two splits.

    Two groups at least are in every split, where there are six.
    """
    order = sorted(groups)
    random.Random(seed).shuffle(order)
    tested = max(2, round(shares["test"] * len(order)))
    valid = max(2, round(shares["valid"] * len(order)))
    homes: dict[str, Split] = dict.fromkeys(order, "train")
    homes |= dict.fromkeys(order[:tested], "test")
    homes |= dict.fromkeys(order[tested : tested + valid], "valid")
    return homes


def missing(groups: Contents, homes: Mapping[str, Split]) -> list[tuple[int, Split]]:
    """The classes that are not in a split, and that split."""
    there = {(label, homes[group]) for group, counts in groups.items() for label in counts}
    labels = sorted({label for counts in groups.values() for label in counts})
    return [(label, split) for label in labels for split in SPLITS if (label, split) not in there]


def _draw(groups: Contents, rng: random.Random, shares: Mapping[Split, float]) -> dict[str, Split]:
    order = sorted(groups)
    rng.shuffle(order)
    order.sort(key=lambda group: -groups[group].total())  # large ones first, so that small ones even it out
    homes = _one_of_each(groups, order)
    totals = _totals(groups)
    have = {split: _sum(groups[group] for group, home in homes.items() if home == split) for split in SPLITS}
    for group in order:
        if group not in homes:
            homes[group] = max(SPLITS, key=lambda split: _want(groups[group], have[split], totals, shares[split]))
            have[homes[group]] += groups[group]
    return homes


def _one_of_each(groups: Contents, order: Sequence[str]) -> dict[str, Split]:
    """Homes so that every class is everywhere: the rarest class chooses first, its largest group for train."""
    homes: dict[str, Split] = {}
    of_class = {label: [group for group in order if label in groups[group]] for label in _totals(groups)}
    for label in sorted(of_class, key=lambda label: (len(of_class[label]), label)):
        for split in SPLITS:
            free = [group for group in of_class[label] if group not in homes]
            if free and not any(homes.get(group) == split for group in of_class[label]):
                homes[free[0] if split == "train" else free[-1]] = split
    return homes


def _want(group: Counter[int], have: Counter[int], totals: Counter[int], share: float) -> float:
    """Returns how much a split lacks of what this group has, in shares of the class; below 0 it would overflow."""
    return sum(share - (have[label] + count) / totals[label] for label, count in group.items()) / len(group)


def _error(groups: Contents, homes: Mapping[str, Split], shares: Mapping[Split, float]) -> float:
    totals = _totals(groups)
    have = {split: _sum(groups[group] for group, home in homes.items() if home == split) for split in SPLITS}
    return sum((have[split][label] / totals[label] - shares[split]) ** 2 for split in SPLITS for label in totals)


def _totals(groups: Contents) -> Counter[int]:
    return _sum(groups.values())


def _sum(counts: Iterable[Counter[int]]) -> Counter[int]:
    total: Counter[int] = Counter()
    for count in counts:
        total.update(count)
    return total
