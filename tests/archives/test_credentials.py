"""Credentials in texts of others are hidden in every form that an answer may give them."""

import base64
import json
from urllib.parse import quote, quote_plus

import pytest

from daymelt.archives.credentials import HIDDEN, hide, secrets
from daymelt.archives.said import read_said

TOKEN, PASSWORD = "canary+token/of=one", "p&ss wörd/canary"


@pytest.fixture
def told(monkeypatch, tmp_path):
    """The credentials of an environment with a token and a netrc."""
    (tmp_path / "netrc").write_text(f'machine a.org login me-myself password "{PASSWORD}"\n')
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    monkeypatch.setenv("EARTHDATA_TOKEN", f"Bearer {TOKEN}")
    return [secret.reveal() for secret in secrets()]


@pytest.mark.parametrize("word", [TOKEN, PASSWORD, f"me-myself:{PASSWORD}"])
def test_every_spelling_of_a_credential_is_hidden(told, word):
    code = base64.b64encode(word.encode()).decode()
    for text in (word, quote(word, safe=""), quote_plus(word), code, code.rstrip("=")):
        assert hide(f"Basic {text}", told).rstrip("=") == f"Basic {HIDDEN}"
        assert text not in hide(f"x%3D{text}%26y", told)  # within an address


def test_a_short_word_is_hidden_alone_and_left_within_others():
    assert hide("ann and channel, /ann/", ["ann1", "ann"]) == "ann and channel, /ann/"
    assert hide("mary and marymount", ["mary"]) == f"{HIDDEN} and marymount"


def test_an_answer_that_quotes_a_credential_is_told_without_it(told):
    body = {"error": f"bad {TOKEN}", "error_description": 110 * "x" + f" {TOKEN}"}
    said = read_said(json.dumps(body).encode())
    assert said.code == f"bad {HIDDEN}" and "canary" not in said.text
    azure = f"<Error><Code>No</Code><Message>key {quote(TOKEN, safe='')}</Message></Error>"
    assert read_said(azure.encode()).text == f"key {HIDDEN}"


def test_the_mark_of_the_byte_order_hides_no_body():
    body = json.dumps({"error": "no", "resolution_url": "https://a.org/b"})
    assert read_said(body.encode("utf-8-sig")).link == "https://a.org/b"
