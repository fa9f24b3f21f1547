"""Every board's profile names settings that exist, with values of their kind."""

import ast
import pathlib

import pytest
import runtimes

from viperhttp.config import Config

PROFILES = sorted(pathlib.Path(runtimes.ROOT, "boards").glob("*/profile.py"))


def config_of(path):
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        target = node.targets[0] if isinstance(node, ast.Assign) else getattr(node, "target", None)
        if getattr(target, "id", None) == "CONFIG":
            return ast.literal_eval(node.value)
    raise AssertionError(f"{path}: no CONFIG")


def test_there_is_a_profile_for_each_board_of_the_readme():
    text = pathlib.Path(runtimes.ROOT, "boards", "README.md").read_text(encoding="utf-8")
    assert PROFILES
    for path in PROFILES:
        assert f"`{path.parent.name}/`" in text


@pytest.mark.parametrize("path", PROFILES, ids=lambda path: path.parent.name)
def test_a_profile_states_only_what_differs(path):
    config = config_of(path)
    assert Config(config)  # an unknown key is a TypeError
    for key, value in config.items():
        assert isinstance(value, type(getattr(Config, key))) or isinstance(value, (int, float)), key


@pytest.mark.parametrize("path", PROFILES, ids=lambda path: path.parent.name)
def test_a_pico_leaves_room_in_its_five_control_blocks(path):
    clients = config_of(path).get("max_clients", 8)
    sockets = 5 if path.parent.name.startswith("pico") else 10
    assert clients + 1 < sockets, "the listener, and one to refuse a client with"
