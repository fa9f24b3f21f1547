"""The plain byte loops as MicroPython compiles them: a frame over 11 words goes on the heap at each call."""

import pathlib
import re
import subprocess

import pytest
import runtimes

PURE = pathlib.Path(runtimes.ROOT) / "viperhttp" / "protocol" / "_pure.py"
WORDS_ON_STACK = 11  # VM_MAX_STATE_ON_STACK of py/vm.c, in words
WORDS_PER_TRY = 3
PACKAGE = pathlib.Path(runtimes.ROOT) / "viperhttp"
# Every bytecode function that an ordinary text message enters, from the poller to the handler and back.
MESSAGE_WAY = {
    "endpoints/fast.py": ("feed_first", "wake", "receive_text", "send_text", "_write", "_gathered"),
    "connection/sender.py": ("send_frame", "_emit"),
    "endpoints/direct/path.py": ("echo_first", "relay_first", "each_first", "view_first"),
    "endpoints/trysend.py": ("try_send",),
    "transport/channel.py": ("park", "wake", "put"),
    "protocol/_viper.py": ("text",),
    # and what a message to a room enters, whatever its members
    "rooms/group.py": ("publish", "deliver"),
    "endpoints/fan.py": ("send_text", "send_frame", "_send", "_sort"),
    "endpoints/_pure.py": ("run", "_run"),
    "endpoints/direct/_pure.py": ("relay",),
}
ON_MESSAGE_PATH = ("scan", "unmask", "utf8", "visible", "xor_loop", "xor_int", "xor_ahead", "_lead",
                   "pack", "_decode", "text")


def frame_sizes(path):
    """{function: words of its frame} as the compiler prints them."""
    program = runtimes.micropython()
    if not program:
        pytest.skip(runtimes.no_micropython())
    done = subprocess.run([program, "-v", "-v", "-v", str(path)], capture_output=True, text=True, timeout=30)
    found = re.findall(r"code block '(\S+)'.*?\(N_STATE (\d+)\)\s*\(N_EXC_STACK (\d+)\)", done.stdout, re.S)
    if not found:
        pytest.skip("this MicroPython prints no bytecode (-v -v -v); the one that `make test` installs does")
    return {name: int(state) + WORDS_PER_TRY * int(tries) for name, state, tries in found}


def test_the_plain_loops_keep_their_frames_on_the_stack():
    sizes = frame_sizes(PURE)
    for name in ON_MESSAGE_PATH:
        assert sizes[name] <= WORDS_ON_STACK, sizes


@pytest.mark.parametrize("module", MESSAGE_WAY)
def test_a_message_meets_no_function_whose_frame_is_on_the_heap(module):
    sizes = frame_sizes(PACKAGE / module)
    for name in MESSAGE_WAY[module]:
        assert sizes[name] <= WORDS_ON_STACK, (name, sizes[name])


def test_the_measure_tells_a_large_frame_from_a_small_one(tmp_path):
    script = tmp_path / "frames.py"
    script.write_text("def small(a):\n    return a\n"
                      "def large(a, b, c, d, e, f, g, h, i, j, k, l):\n    return a\n"
                      "def tries(a):\n    try:\n        a()\n    except ValueError:\n        pass\n")
    sizes = frame_sizes(script)
    assert sizes["small"] <= 3
    assert sizes["large"] > WORDS_ON_STACK
    assert sizes["tries"] >= sizes["small"] + WORDS_PER_TRY
