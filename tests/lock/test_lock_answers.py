"""No answer of the lock contradicts its pin, whatever its driver refuses and whatever reading it back says.

Asked in process, and through the real keeper's server, socket and client, on a virtual clock.
"""

from __future__ import annotations

import pytest
from hypothesis import settings

from tests.support.lock_answers import Answers, AnswersOverTheSocket

TestAnswers = Answers.TestCase


TestAnswersOverTheSocket = AnswersOverTheSocket.TestCase


class ThousandsOfAnswers(Answers):
    """The same, for longer."""


TestThousandsOfAnswers = pytest.mark.full(pytest.mark.timeout(3600)(ThousandsOfAnswers.TestCase))


TestThousandsOfAnswers.settings = settings(max_examples=5000, stateful_step_count=60, deadline=None)
