"""Runs each test of tests/protocol on four runtimes and each of tests/device on two, and turns skips into failures
where none is allowed.

Their files are never imported here: protocol/runner.py runs one in a process of its own for each runtime, and each
of its functions appears once per runtime, as test_x[micropython-viper].
"""

import ast
import os
import pathlib
import sys

import pytest

HERE = pathlib.Path(__file__).parent
PROTOCOL = HERE / "protocol"
DEVICE = HERE / "device"
ROOT = HERE.parent
sys.path[:0] = [str(ROOT), str(HERE), str(PROTOCOL)]

import runtimes  # noqa: E402

RUNNER = PROTOCOL / "runner.py"
# In which folder tests run on which runtimes; the device's code has nothing to do with byte loops.
ON = {PROTOCOL: runtimes.RUNTIMES, DEVICE: runtimes.RUNTIMES[::2]}
MARK = "\x1e"  # starts each line that the runner means for us
NO_SKIP = os.environ.get("VIPERHTTP_NO_SKIP", "") not in ("", "0")


def pytest_pycollect_makemodule(module_path, parent):
    if module_path.parent in ON:
        return ProtocolModule.from_parent(parent, path=module_path)
    return None


class ProtocolModule(pytest.File):
    """A file of tests/protocol or tests/device: one test per function and runtime."""

    def collect(self):
        names = {}
        for node in ast.parse(self.path.read_text(encoding="utf-8"), str(self.path)).body:
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                if node.name in names:
                    raise self.CollectError(f"{self.path}:{node.lineno}: another {node.name} hides the first")
                names[node.name] = node.lineno
        self.runs = {}
        for runtime in ON[self.path.parent]:
            for name, line in names.items():
                yield RuntimeTest.from_parent(self, name=f"{name}[{runtime.name}]", target=name,
                                              runtime=runtime, line=line)

    def outcome(self, item):
        """(outcome, text) of a test. All those of its runtime run when the first is asked for."""
        runtime = item.runtime
        if runtime.name not in self.runs:
            wanted = [other.target for other in item.session.items
                      if isinstance(other, RuntimeTest) and other.parent is self and other.runtime is runtime]
            self.runs[runtime.name] = run_module(self.path, runtime, wanted)
        return self.runs[runtime.name].get(item.target) or ("fail", "it was not run")


class RuntimeTest(pytest.Item):
    """One function on one runtime."""

    def __init__(self, target, runtime, line, **others):
        super().__init__(**others)
        self.target = target  # the name of the function
        self.runtime = runtime
        self.line = line

    def runtest(self):
        missing = self.runtime.missing()
        if missing:
            pytest.skip(missing)
        outcome, text = self.parent.outcome(self)
        if outcome == "skip":
            pytest.skip(text.strip())
        if outcome != "pass":
            raise RuntimeFailure(text)

    def repr_failure(self, excinfo, style=None):
        if isinstance(excinfo.value, RuntimeFailure):
            return f"On {self.runtime.name}:\n{excinfo.value}"
        return super().repr_failure(excinfo, style)

    def reportinfo(self):
        return self.path, self.line - 1, self.name


class RuntimeFailure(Exception):
    """A test failed in its own process; the text is what that printed."""


def run_module(path, runtime, names):
    """Run functions of one file on one runtime: {name: (outcome, text)}."""
    output, status = runtime.run(str(RUNNER), path.stem, *names, folders=[str(path.parent), str(PROTOCOL)])
    results, kernels, under_way = read_outcomes(output)
    if kernels not in (None, runtime.kernels):
        reason = ("skip", f"this interpreter has no {runtime.kernels} byte loops (it took {kernels}); "
                          "MICROPYTHON=/path/to/micropython names another")
        return dict.fromkeys(names, reason)
    how = "stopped for taking too long" if status is None else f"exit status {status}"
    for name in names:
        if name not in results and under_way in (name, None):
            results[name] = ("fail", f"The process ended before the test did ({how}):\n{output[-4000:]}")
        elif name not in results:
            results[name] = ("fail", f"The process ended in {under_way} ({how}), before this test.")
    return results


def read_outcomes(output):
    """What runner.py printed: ({name: (outcome, text)}, name of the kernels, the test that has not ended)."""
    results, kernels, under_way, text = {}, None, None, []
    for line in output.split("\n"):  # splitlines() would split at the mark too
        if not line.startswith(MARK):
            text.append(line + "\n")
            continue
        word, name = line[1:].split()
        if word == "kernels":
            kernels = name
        elif word == "start":
            under_way = name
        else:
            results[name] = (word, "".join(text))
            under_way = None
        text = []
    return results, kernels, under_way


def forbid_skip(report):
    """Make a skipped report a failed one."""
    if NO_SKIP and report.skipped and not hasattr(report, "wasxfail"):
        reason = report.longrepr[-1] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        report.outcome = "failed"
        report.longrepr = f"Nothing may be skipped here (VIPERHTTP_NO_SKIP). {reason}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport():
    return forbid_skip((yield))


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report():
    return forbid_skip((yield))
