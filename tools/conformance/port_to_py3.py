"""Ports an *installed* autobahntestsuite 25.10.1 (Python 2 only) and one line of autobahn 0.10.9 to Python 3.

Run by install.py with the virtual environment's own python.  Only edits live
here: nothing of either package is copied into this file.  Every edit states
how often it has to apply, so an unexpected upstream file stops the port
instead of silently changing a verdict.

What changes, and why it does not change verdicts:
  * native string literals that are wire payloads become bytes literals
    (Python 2 `str` was bytes); the literals are found by syntactic position;
  * `compare()` used pickle equality, which also looks at object identity;
    plain equality of the same event lists is what it stands for;
  * print / has_key / xrange / `/` / implicit relative imports / class bases;
  * report writing: text mode utf-8, hex as text.
"""

import io
import os
import re
import sys
import tokenize
from importlib.util import find_spec

SUITE_VERSION = '25.10.1'
AUTOBAHN_VERSION = '0.10.9'

# ---------------------------------------------------------------- bytes pass

PAYLOAD_NAMES = {'payload', 'PAYLOAD', 'PAYLOAD1', 'PAYLOAD2', 'PAYLOAD3',
                 'ping_payload', 'reasonUtf8', 'vss', 's'}
PAYLOAD_LISTS = {'fragments', 'pings', 'k', 'in'}
EVENT_TAGS = {'message', 'ping', 'pong'}
OPEN, CLOSE = '([{', ')]}'
SKIP = (tokenize.NL, tokenize.COMMENT, tokenize.NEWLINE, tokenize.INDENT,
        tokenize.DEDENT, tokenize.ENCODING)


def is_payload_literal(toks, i, stack):
    """Is the string token toks[i] a wire payload?  stack: open brackets."""
    prev, prev2 = toks[i - 1].string, toks[i - 2].string
    if prev in ('=', '+=') and prev2 in PAYLOAD_NAMES:
        return True
    if toks[i].string in ("''", '""') and toks[i + 2].string == 'join':
        return True
    if prev in ('+', '==', '!=') and re.fullmatch(r'z\d', prev2):   # case6_x_x
        return True
    if stack:
        j = stack[-1]                                   # innermost open bracket
        if toks[j].string == '[':
            before = toks[j - 1].string
            name = toks[j - 2].string if before == '=' else before
            return name in PAYLOAD_LISTS
        if toks[j].string == '(' and i > j + 1:
            first = toks[j + 1]                         # (True, 'x') / ("pong", 'x')
            return (first.string in ('True', 'False')
                    or first.string.strip('"\'') in EVENT_TAGS)
    return False


def payloads_to_bytes(src):
    toks = [t for t in tokenize.generate_tokens(io.StringIO(src).readline)
            if t.type not in SKIP]
    stack, edits = [], []
    for i, t in enumerate(toks):
        if t.type == tokenize.OP and t.string in OPEN:
            stack.append(i)
        elif t.type == tokenize.OP and t.string in CLOSE:
            stack.pop()
        elif (t.type == tokenize.STRING and t.string[0] in '"\''
              and not t.string.startswith(('"""', "'''"))
              and is_payload_literal(toks, i, stack)):
            text = ''.join(c if ord(c) < 128 else
                           ''.join('\\x%02x' % b for b in c.encode('utf8'))
                           for c in t.string)
            edits.append((t.start, t.end, 'b' + text))
    lines = src.splitlines(True)
    for (row, col), (row2, col2), text in reversed(edits):
        assert row == row2
        line = lines[row - 1]
        lines[row - 1] = line[:col] + text + line[col2:]
    return ''.join(lines), len(edits)


# ------------------------------------------------------------- textual edits

ANY = None      # any number of times


def edit(src, edits, name):
    for pat, repl, count in edits:
        src, n = re.subn(pat, repl, src, flags=re.M)
        if count is not ANY and n != count:
            raise SystemExit('%s: %r applied %d times, expected %d'
                             % (name, pat, n, count))
    return src


COMMON = [
    (r'^(\s*)print[ \t]+(.*)$', r'\1print(\2)', ANY),
    (r'^(\s*)print$', r'\1print()', ANY),
    (r'([\w.\[\]]+)\.has_key\(([^()]*)\)', r'\2 in \1', ANY),
    (r'\bxrange\b', 'range', ANY),
    (r'^from (case\w*|report) import', r'from .\1 import', ANY),
    (r"replace\('\.', '\\\.'\)", r"replace('.', '\\\\.')", ANY),
]

CASES = COMMON + [
    # explicit `object` first is an MRO error now that every class is new-style
    (r'\(object, Case, \)', '(Case, )', ANY),
    (r'binascii\.b2a_hex\(([^()]*)\)', r'(\1).hex()', ANY),
    (r'PAYLOAD\[12\]', 'PAYLOAD[12:13]', ANY),
    (r'% \(PAYLOAD, ', "% (PAYLOAD.decode('utf8'), ", ANY),
    (r'\bchr\(([^()]*)\)', r'bytes((\1,))', ANY),
    (r'^(import .*), pkg_resources\b', r'\1', ANY),
    (r'pkg_resources\.resource_filename\("autobahntestsuite", ("testdata/%s" % [^()]*)\)',
     r'os.path.join(os.path.dirname(os.path.dirname(__file__)), \1)', ANY),
]

# file -> (extra edits, number of payload literals that must be found)
CASE_FILES = {
    '__init__.py': ([(r'^from \.case9_9_1 import \*\n', '', 1)], 0),  # not in Cases
    'case.py': ([(r'pickle\.dumps\(obj1\) == pickle\.dumps\(obj2\)',
                  'obj1 == obj2', 1)], 0),
    'case10_1_1.py': ([(r'len\(self\.payload\) / ', 'len(self.payload) // ', 1)], 1),
    'case6_2_2.py': ([(r'% \(PAYLOAD1, (.*), PAYLOAD2, ',
                       r"% (PAYLOAD1.decode('utf8'), \1, PAYLOAD2.decode('utf8'), ", 1)], 2),
}

FUZZING = COMMON + [
    (r'^(import .*), pkg_resources$', r'\1', 1),
    # TLS is optional: only wss:// needs pyOpenSSL
    (r'^from twisted\.internet import reactor, ssl$',
     'from twisted.internet import reactor\n'
     'try:\n   from twisted.internet import ssl\nexcept ImportError:\n   ssl = None', 1),
    (r'self\.contextFactory = ssl\.ClientContextFactory\(\)',
     'self.contextFactory = ssl.ClientContextFactory() if ssl else None', 1),
    (r'binascii\.b2a_hex\((data\[:maxlen\])\) \+', r'\1.hex() +', 1),
    (r'dd = binascii\.b2a_hex\(data\)', 'dd = data.hex()', 1),
    (r'dd = data\[:maxlen\] \+ ellipses$', 'dd = data[:maxlen] + ellipses.encode()', 1),
    (r"^(\s*)p = ''\.join\(payload\)", r"\1p = b''.join(payload)", 1),
    (r'binascii\.b2a_hex\(frameHeader\.mask\)', 'frameHeader.mask.hex()', 2),
    (r'mmask = binascii\.b2a_hex\(t\[6\]\)', 'mmask = t[6]', 1),
    (r'"localCloseReason": self\.localCloseReason,',
     '"localCloseReason": self.localCloseReason.decode("utf8", "replace")'
     ' if isinstance(self.localCloseReason, bytes) else self.localCloseReason,', 1),
    (r"(self\.http_(?:request|response)_data) if hasattr",
     r"\1.decode('utf8', 'replace') if hasattr", 2),
    (r"open\(os\.path\.join\(outdir, report_filename\), 'w'\)",
     "open(os.path.join(outdir, report_filename), 'w', encoding='utf8')", 4),
    (r'\)\.encode\("utf-8"\)\)$', '))', 1),
    (r"ll\.encode\('utf8'\)", 'll', 1),
]

REPORT = [          # keep the CSS/JS constants only
    (r'^import jinja2\n', '', 1),
    (r'(?s)^REPORT_DIR_PERMISSIONS = .*\Z', '', 1),
    (r',\s*"HtmlReport"\)', ')', 1),
]

CASESET = COMMON + [(r'self\.CasesIndices\.keys\(\)', 'self.CasesIndices', 1)]

AUTOBAHN = [(r'range\(payload_len / len\(payload\)\)',
             'range(payload_len // len(payload))', 1)]


def rewrite(path, edits, payloads=ANY, bytes_pass=False):
    with open(path, encoding='utf8') as f:
        src = f.read()
    n = 0
    if bytes_pass:
        src, n = payloads_to_bytes(src)
        if payloads is not ANY and n != payloads:
            raise SystemExit('%s: %d payload literals, expected %d' % (path, n, payloads))
    src = edit(src, edits, path)
    compile(src, path, 'exec')
    with open(path, 'w', encoding='utf8') as f:
        f.write(src)
    return n


def version_of(path):
    with open(path) as f:
        return re.search(r"__version__ = ['\"]([^'\"]+)", f.read()).group(1)


def main():
    suite = find_spec('autobahntestsuite').submodule_search_locations[0]
    autobahn = find_spec('autobahn').submodule_search_locations[0]
    found = (version_of(os.path.join(suite, '_version.py')),
             version_of(os.path.join(autobahn, '__init__.py')))
    if found != (SUITE_VERSION, AUTOBAHN_VERSION):
        raise SystemExit('unexpected versions %s' % (found,))

    total = 0
    cases = os.path.join(suite, 'case')
    for name in sorted(os.listdir(cases)):
        if not name.endswith('.py') or name == 'case9_9_1.py':
            continue
        extra, payloads = CASE_FILES.get(name, ([], ANY))
        total += rewrite(os.path.join(cases, name), CASES + extra, payloads, True)
    rewrite(os.path.join(suite, 'fuzzing.py'), FUZZING)
    rewrite(os.path.join(suite, 'caseset.py'), CASESET)
    rewrite(os.path.join(suite, 'report.py'), REPORT)
    # the package imports every tool of the suite at start: only need the client
    with open(os.path.join(suite, '__init__.py'), 'w') as f:
        f.write('from ._version import __version__\nversion = __version__\n')
    rewrite(os.path.join(autobahn, 'websocket', 'protocol.py'), AUTOBAHN)
    print('ported: %d payload literals are bytes now' % total)
    if total != PAYLOAD_LITERALS:
        raise SystemExit('expected %d payload literals' % PAYLOAD_LITERALS)


PAYLOAD_LITERALS = 267        # over all case files of SUITE_VERSION

if __name__ == '__main__':
    sys.exit(main())
