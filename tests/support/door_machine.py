"""A door on made-up times."""

from __future__ import annotations

from edgegate.door import Input, State, StepResult, Times, advance, step

TIMES = Times(exit_seconds=5.0, open_seconds=20.0, warning_seconds=10.0, stuck_seconds=30.0, shunt_seconds=4.0)


class Door:
    """A door in a hand, with everything it told."""

    def __init__(self, *, contact: bool = True) -> None:
        self.state = State(0.0, contact=contact)
        self.told: list[str] = []

    def __call__(self, what: Input, at: float, seconds: float = 3.0) -> StepResult:
        result = step(self.state, what, at, TIMES, seconds)
        return self._take(result)

    def wait(self, until: float) -> StepResult:
        return self._take(advance(self.state, until, TIMES))

    def _take(self, result: StepResult) -> StepResult:
        self.state = result.state
        self.told += [told.type.value for told in result.told]
        return result

    @property
    def places(self) -> tuple[str, str]:
        return self.state.latch.place.value, self.state.leaf.place.value
