"""The words of messages: one line, printable, with the cause."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daymelt.core import errors

KINDS = [
    errors.ConfigError,
    errors.MissingInputError,
    errors.StorageError,
    errors.MissingCredentialError,
    errors.RetrievalError,
]


@given(text=st.text(), kind=st.sampled_from(KINDS))
def test_an_error_is_one_printable_line(text, kind):
    assert str(kind(text)).isprintable()
    assert str(kind(text)) == errors.one_line(text, None)


def test_what_is_too_long_ends_in_an_ellipsis():
    assert errors.one_line("ab\n\tcd", 5) == "ab cd"
    assert errors.one_line("ab\ncdef", 5) == "ab c…"


def test_an_unprintable_letter_of_a_name_is_marked():
    assert errors.printable("a\nb\x00.nc") == "a?b?.nc"


def test_the_cause_is_the_deepest_one():
    with pytest.raises(ValueError, match="outer") as caught:
        try:
            raise KeyError("inner\nword")
        except KeyError as error:
            raise ValueError("outer") from error
    assert errors.cause_of(caught.value) == r"'inner\nword'"
    assert errors.cause_of(MemoryError()) == "MemoryError"


def test_the_nearest_word_is_offered_where_one_is_near():
    assert errors.nearest("opra", ["opera", "twin"]) == ", did you mean opera?"
    assert errors.nearest("xyz", ["opera", "twin"]) == ""
