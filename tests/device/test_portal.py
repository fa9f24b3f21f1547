"""The set-up page: every system is led to it, a network is joined and saved, mistakes are said."""

import asyncio
import json
import os

from device_support import Air, Folder, install

from viperhttp.device.settings import Settings
from viperhttp.testing import TestClient


class Board:
    """A portal with a radio around it, and its page's client."""

    def __init__(self, folder, secrets=None, **networks):
        self.air = Air("esp32", **networks)
        self.air.settings["mac"] = b"\x01\x02\x03\x04\xab\xcd"
        self.wifi_module = install(self.air)
        import viperhttp.device.portal as portal

        self.module = portal
        self.folder = folder
        self.settings = Settings(folder + "/settings.json", folder + "/secrets.json")
        for key, value in (secrets or {}).items():
            self.settings.secrets[key] = value
        self.wifi = self.wifi_module.Wifi(self.wifi_module.networks_of(self.settings), "viper", timeout=5)
        self.portal = portal.Portal(self.settings, self.wifi)
        self.portal.address = "192.168.4.1"

    def saved(self):
        again = Settings(self.folder + "/settings.json", self.folder + "/secrets.json")
        return again.get("networks"), again.secrets.get("networks"), again.get("hostname")


OWN = {"Host": "192.168.4.1"}


def test_every_system_is_led_to_the_page():
    with Folder() as folder:
        board = Board(folder)
        with TestClient(board.portal.app) as client:
            for path, (host, who, _) in board.module.PROBES.items():
                answer = client.get(path, headers={"Host": host})
                assert answer.status_code == 302, (who, answer.status_code)
                assert answer.headers["location"] == "http://192.168.4.1/", who
                assert answer.headers["cache-control"] == "no-store"
            for host in ("neverssl.com", "captive.apple.com"):
                assert client.get("/", headers={"Host": host}).status_code == 302
            assert client.get("/any/other", headers=OWN).status_code == 302
            assert client.head("/generate_204", headers={"Host": "clients3.google.com"}).status_code == 302
        systems = " ".join([probe[1] for probe in board.module.PROBES.values()])
        for name in ("Android", "iOS", "macOS", "Windows", "Firefox", "GNOME", "Chrome OS"):
            assert name in systems


def test_the_page_comes_compressed_and_from_its_own_address_only():
    with Folder() as folder:
        board = Board(folder)
        with TestClient(board.portal.app) as client:
            answer = client.get("/", headers=OWN)
            assert answer.status_code == 200 and answer.headers["content-encoding"] == "gzip"
            assert answer.content[:2] == b"\x1f\x8b" and len(answer.content) < 4000


def test_the_networks_in_sight_are_listed():
    with Folder() as folder:
        board = Board(folder, home={"key": "x", "rssi": -70}, cafe={"rssi": -50})
        with TestClient(board.portal.app) as client:
            expected = [{"ssid": "cafe", "rssi": -50, "locked": False}, {"ssid": "home", "rssi": -70, "locked": True}]
            assert client.get("/networks", headers=OWN).json() == expected
            board.air.calls.clear()
            client.get("/networks", headers=OWN)
            assert not board.air.calls, "a second look at once does not scan"


def ask(client, **form):
    return client.post("/join", content=json.dumps(form), headers=dict(OWN, **{"Content-Type": "application/json"}))


def state_of(client, wanted):
    for _ in range(4000):
        found = client.get("/state", headers=OWN).json()
        if found["state"] == wanted:
            return found
        client_sleep(client)
    raise AssertionError(found)


def client_sleep(client):
    client.get("/state?again", headers=OWN)  # the in-memory server goes on while a request is served
    import time

    time.sleep(0.01)


def test_a_network_is_joined_and_saved_and_the_page_says_where_the_board_is():
    with Folder() as folder:
        board = Board(folder, home={"key": "correct horse"})
        with TestClient(board.portal.app) as client:
            assert ask(client, ssid="home", password="correct horse", hostname="kitchen").status_code == 202
            found = state_of(client, "joined")
            assert found["name"] == "http://kitchen.local/" and found["address"] == "http://127.0.0.1/"
            assert found["ssid"] == "home"
            # The phone's window may close.
            assert client.get("/generate_204", headers={"Host": "a"}).status_code == 204
            assert "Success" in client.get("/hotspot-detect.html", headers={"Host": "captive.apple.com"}).text
        assert board.saved() == ([{"ssid": "home"}], {"home": "correct horse"}, "kitchen")


def test_a_wrong_password_is_said_and_nothing_is_saved():
    with Folder() as folder:
        board = Board(folder, home={"key": "correct horse"})
        with TestClient(board.portal.app) as client:
            assert ask(client, ssid="home", password="battery staple").status_code == 202
            found = state_of(client, "failed")
            assert found["reason"] == "wrong password"
            assert board.saved() == (None, None, None)
            assert client.get("/generate_204", headers={"Host": "a"}).status_code == 302
            assert ask(client, ssid="home", password="correct horse").status_code == 202, "and once more"
            state_of(client, "joined")


def test_earlier_networks_are_kept():
    with Folder() as folder:
        first = Board(folder)
        first.settings["networks"] = [{"ssid": "shed", "hidden": True}, {"ssid": "home"}]
        first.settings.secrets["networks"] = {"shed": "s" * 8, "home": "old old old"}
        first.settings.save()
        board = Board(folder, home={"key": "correct horse"})
        with TestClient(board.portal.app) as client:
            ask(client, ssid="home", password="correct horse")
            state_of(client, "joined")
        networks, passwords, _ = board.saved()
        assert networks == [{"ssid": "home"}, {"ssid": "shed", "hidden": True}]
        assert passwords == {"shed": "s" * 8, "home": "correct horse"}
        assert [entry["ssid"] for entry in board.wifi.networks] == ["home", "shed"]


def test_what_cannot_be_right_is_refused_at_once():
    with Folder() as folder:
        board = Board(folder)
        with TestClient(board.portal.app) as client:
            for form, why in (
                ({}, "name of the network"),
                ({"ssid": ""}, "name of the network"),
                ({"ssid": "x" * 33}, "name of the network"),
                ({"ssid": 7}, "name of the network"),
                ({"ssid": "home", "password": "short"}, "8 to 63"),
                ({"ssid": "home", "password": "x" * 64}, "8 to 63"),
                ({"ssid": "home", "hostname": "a b"}, "letters"),
                ({"ssid": "home", "hostname": "-a"}, "letters"),
                ({"ssid": "home", "hostname": "a" * 33}, "letters"),
            ):
                answer = ask(client, **form)
                assert (answer.status_code, why in answer.json()["detail"]) == (422, True), form
            assert client.post("/join", content="[1]", headers=OWN).status_code == 422
            assert client.post("/join", content="{", headers=OWN).status_code in (400, 422)
            assert client.get("/state", headers=OWN).json()["state"] == "waiting"


def test_a_page_of_another_site_cannot_set_the_board_up():
    with Folder() as folder:
        board = Board(folder, home={"key": None})
        with TestClient(board.portal.app) as client:
            body = json.dumps({"ssid": "home"})
            answer = client.post("/join", content=body, headers=dict(OWN, Origin="http://evil.example"))
            assert answer.status_code == 403
            answer = client.post("/join", content=body, headers=dict(OWN, Origin="http://192.168.4.1"))
            assert answer.status_code == 202


def run_portal(board, during):
    """The portal as on a board, on free ports, with during() beside it; ends when the portal does, within 20 s."""

    async def main():
        task = asyncio.create_task(board.portal.run())
        other = asyncio.create_task(during(board))
        try:
            await asyncio.wait_for(task, 20)
        finally:
            other.cancel()

    for _ in range(20):
        number = 20000 + int.from_bytes(os.urandom(2), "big") % 8000
        board.portal.port, board.portal.dns_port = number, number + 1
        try:
            return asyncio.run(main())
        except OSError:
            asyncio.new_event_loop()  # the port is somebody else's
    raise AssertionError("no free port")


def test_the_known_network_is_joined_when_it_comes_back_after_a_power_cut():
    async def router_starts(board):
        await asyncio.sleep(0.2)
        board.air.networks["home"] = {"key": "correct horse"}

    with Folder() as folder:
        first = Board(folder)
        first.settings["networks"] = [{"ssid": "home"}]
        first.settings.secrets["networks"] = {"home": "correct horse"}
        first.settings.save()
        board = Board(folder)
        before = board.module._RETRY
        board.module._RETRY = 0.05
        try:
            run_portal(board, router_starts)
        finally:
            board.module._RETRY = before
        assert board.wifi.state == "up"
        assert ("active", 1, True) in board.air.calls and ("active", 1, False) in board.air.calls
        assert board.air.settings[(1, "ssid")] == "viper-abcd" and board.air.settings[(1, "security")] == 0


def test_the_access_point_has_the_name_and_the_password_of_the_settings():
    async def nothing(board):
        board.air.networks["home"] = {"key": "correct horse"}

    with Folder() as folder:
        board = Board(folder, secrets={"ap": "longer than 8", "networks": {"home": "correct horse"}})
        board.settings["ap"] = "my-board"
        board.wifi.networks = [{"ssid": "home", "password": "correct horse"}]
        board.module._RETRY = 0.05
        run_portal(board, nothing)
        board.module._RETRY = 60
        assert board.air.settings[(1, "ssid")] == "my-board" and board.air.settings[(1, "key")] == "longer than 8"
