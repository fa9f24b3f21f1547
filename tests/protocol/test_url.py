"""Percent-decoding: of pieces that are split already, strictly, to strict UTF-8."""

from support import raises

from viperhttp.protocol.url import parse_query, unquote


def test_text_without_escapes_stays_as_it_is():
    for text in ("", "a", "a/b", "~user", "a+b", "a=b&c", "\xe9"):
        assert unquote(text) == text


def test_escapes_are_decoded_in_either_case():
    assert unquote("%41%42%43") == "ABC"
    assert unquote("a%2Fb%2fc") == "a/b/c"
    assert unquote("%20") == " "
    assert unquote("100%25") == "100%"
    assert unquote("%00") == "\0"
    assert unquote("x%7Ey") == "x~y"


def test_escapes_are_decoded_once():
    assert unquote("%2541") == "%41"
    assert unquote("%252e%252e") == "%2e%2e"


def test_utf8_escapes_become_characters():
    assert unquote("caf%C3%A9") == "caf\xe9"
    assert unquote("%E2%82%AC") == "\u20ac"
    assert unquote("%F0%9F%98%80") == "\U0001f600"
    assert unquote("\xe9%C3%A9") == "\xe9\xe9"


def test_every_byte_below_128_can_be_escaped():
    for byte in range(128):
        assert unquote("%%%02x" % byte) == chr(byte)
        assert unquote("%%%02X" % byte) == chr(byte)


def test_broken_escapes_are_refused():
    for text in ("%", "%4", "a%", "%%", "%zz", "%4g", "%g4", "% 1", "%-1", "%+1", "%1 ", "%\xb21", "%C3%",
                 "%u0041", "%4%31"):
        raises(ValueError, unquote, text)
        raises(ValueError, parse_query, "a=" + text.replace("+", "%2b+"))


def test_escapes_that_are_not_utf8_are_refused():
    for text in ("%FF", "%80", "%C3", "%C3A", "%C0%AF", "%C0%80", "%E0%80%AF", "%ED%A0%80", "%F4%90%80%80",
                 "%E2%82", "a%FEb", "%C3\xa9"):
        raises(ValueError, unquote, text)


def test_plus_is_a_space_only_where_forms_are_read():
    assert unquote("a+b") == "a+b"
    assert unquote("a+b", True) == "a b"
    assert unquote("a%2Bb+c", True) == "a+b c"


def test_queries_are_split_before_they_are_decoded():
    assert parse_query("a=1&b=2") == {"a": "1", "b": "2"}
    assert parse_query("a=1%262&b%3Dc=3") == {"a": "1&2", "b=c": "3"}
    assert parse_query("q=a+b%2Bc") == {"q": "a b+c"}
    assert parse_query("a=b=c") == {"a": "b=c"}
    assert parse_query("caf%C3%A9=%E2%82%AC") == {"caf\xe9": "\u20ac"}


def test_queries_may_have_gaps():
    assert parse_query("") == {}
    assert parse_query("&&a=1&") == {"a": "1"}
    assert parse_query("flag") == {"flag": ""}
    assert parse_query("flag=") == {"flag": ""}
    assert parse_query("=v") == {"": "v"}


def test_the_last_of_equal_names_wins():
    assert parse_query("a=1&a=2") == {"a": "2"}


def test_queries_with_broken_escapes_are_refused():
    for text in ("a=%", "%=a", "a=%zz", "a=%FF", "%C3=1"):
        raises(ValueError, parse_query, text)
