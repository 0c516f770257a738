"""What is said of a connection that failed."""

import pytest
import requests

from daymelt.archives.access import anonymous
from daymelt.archives.retry import Policy, TransientError
from daymelt.archives.web import follow
from daymelt.core.errors import RetrievalError

FAILURES = [
    ("http://127.0.0.1:9/a", "the connection failed or was cut"),
    ("http://no-such-host.invalid/a", "its host was not found"),
]


@pytest.mark.parametrize(("url", "told"), FAILURES)
def test_a_search_that_finds_no_server_does_not_speak_of_time(url, told):
    policy = Policy(attempts=1, timeout_s=5)
    with anonymous().session(policy) as session, pytest.raises(RetrievalError) as raised:
        session.get(url)
    assert str(raised.value).startswith(f"{url}: {told}, 1 attempts")


@pytest.mark.parametrize(("url", "told"), FAILURES)
def test_a_file_whose_server_is_not_found_does_not_speak_of_time(url, told):
    with requests.Session() as session, pytest.raises(TransientError) as raised:
        follow(session, url, {}, 5)
    assert raised.value.problem == told
