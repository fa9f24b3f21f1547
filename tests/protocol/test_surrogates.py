"""Escaped surrogates in JSON: pairs become the character, and nothing else changes."""

from viperhttp.protocol.surrogates import joined


def test_a_pair_becomes_its_character():
    assert joined('"\\ud83d\\udc0d"') == '"\U0001f40d"'
    assert joined('"\\uD83D\\uDC0D"') == '"\U0001f40d"'
    assert joined('["a\\ud83d\\udc0db", "\\ud800\\udc00\\udbff\\udfff"]') == '["a\U0001f40db", "\U00010000\U0010ffff"]'
    assert joined(b'"\xc3\xa9\\ud83d\\udc0d"') == '"\xe9\U0001f40d"'


def test_a_lone_surrogate_becomes_the_replacement_character():
    for text in ("\\ud83d", "\\udc0d", "\\ud83dx", "\\ud83d\\n", "\\ud83d\\u0041", "\\ud83d\\ud83d\\udc0d"):
        assert joined(text).startswith("\ufffd"), text
    assert joined("\\ud83d\\ud83d\\udc0d") == "\ufffd\U0001f40d"
    assert joined("\\ud83d\\u0041") == "\ufffd\\u0041"
    assert joined("\\udc0d\\ud83d") == "\ufffd\ufffd"


def test_an_escaped_backslash_is_no_escape_of_what_follows():
    for text in ("\\\\ud83d\\\\udc0d", "\\\\\\\\ud83d", '"\\\\" "\\\\ud83d"'):
        assert joined(text) == text, text
    assert joined("\\\\\\ud83d\\udc0d") == "\\\\\U0001f40d"


def test_other_escapes_and_broken_ones_stay():
    for text in ("", "plain", "\\u0041\\n\\t", "\\ud7ff", "\\ue000", "\\ud8", "\\ud83", "\\udxyz", "\\", "\\u", "x\\"):
        assert joined(text) == text, text
