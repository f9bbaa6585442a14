"""Brokers that run for one test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.brokers import EmbeddedBroker, Mosquitto, needs_mosquitto


@pytest.fixture(params=[pytest.param("mosquitto", marks=needs_mosquitto), "embedded"])
def broker(request: pytest.FixtureRequest) -> Iterator[Mosquitto | EmbeddedBroker]:
    with Mosquitto() if request.param == "mosquitto" else EmbeddedBroker() as running:
        yield running


@pytest.fixture
def mosquitto() -> Iterator[Mosquitto]:
    with Mosquitto() as running:
        yield running
