"""Fails when pytest's JUnit report has a skipped test, or no test at all: no_skips.py REPORT"""

import sys
import xml.etree.ElementTree as ElementTree


def main(path):
    try:
        cases = list(ElementTree.parse(path).iter("testcase"))
    except (OSError, ElementTree.ParseError) as error:
        print(f"no report of the tests: {error}")
        return 1
    # An expected failure is in the report as a skip of its own type; it did run.
    skipped = [(case, skip) for case in cases for skip in case.iter("skipped")
               if skip.get("type") != "pytest.xfail"]
    for case, skip in skipped:
        print(f"skipped: {case.get('classname')}::{case.get('name')}: {skip.get('message')}")
    print(f"{len(cases)} tests, {len(skipped)} skipped")
    return 1 if skipped or not cases else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
