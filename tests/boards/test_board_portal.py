"""Setting a virtual board up from a phone: its own network, the captive page, a wrong password, then the right one."""

import http.client
import json

import pytest
from running import PATIENCE, eventually
from served import Served

PROBES = {"/generate_204": "connectivitycheck.gstatic.com", "/hotspot-detect.html": "captive.apple.com",
          "/connecttest.txt": "www.msftconnecttest.com"}


class Phone:
    """What a phone asks of the set-up page."""

    def __init__(self, port):
        self.port = port

    def ask(self, method, path, host="192.168.4.1", body=None):
        """(status, headers, body)."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            headers = {"Host": host, "Connection": "close"}
            if body is not None:
                body, headers["Content-Type"] = json.dumps(body), "application/json"
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()
        finally:
            connection.close()

    def state(self):
        return json.loads(self.ask("GET", "/state")[2])


@pytest.mark.parametrize("name, heap", [("esp32", "112K"), ("pico_w", "199K")])
def test_a_board_without_a_network_is_set_up_by_its_own(make_board, tmp_path, name, heap):
    board = make_board(name, heap=heap)
    board.set(networks={"home": "correct horse", "cafe": ""})
    served = Served(board, tmp_path)
    at = served.command.index("--ssid")
    del served.command[at : at + 2]
    said = served.flashed(status=1)
    print(said)
    assert "no Wi-Fi network yet" in said and "SSID=NAME" in said
    since = board.mark()
    board.restart()
    board.wait_for("to set this board up, join the Wi-Fi", since)
    assert "wifi ap on" in board.events()

    phone = Phone(board.port(80))
    for path, host in PROBES.items():
        status, headers, _ = phone.ask("GET", path, host)
        assert (status, headers["Location"]) == (302, "http://192.168.4.1/"), path
    status, headers, page = phone.ask("GET", "/")
    assert status == 200 and headers["Content-Encoding"] == "gzip" and len(page) > 1000
    assert {one["ssid"] for one in json.loads(phone.ask("GET", "/networks")[2])} == {"home", "cafe"}

    wrong = {"ssid": "home", "password": "battery staple", "hostname": "kitchen"}
    assert phone.ask("POST", "/join", body=wrong)[0] == 202
    eventually(lambda: phone.state()["state"] == "failed", "the password is wrong")
    assert phone.state()["reason"] == "wrong password"
    assert phone.ask("POST", "/join", body=dict(wrong, password="correct horse"))[0] == 202
    eventually(lambda: phone.state()["state"] == "joined", "it joins")
    assert phone.ask("GET", "/generate_204", "a")[0] == 204  # the phone's window may close

    board.wait_for("serves http", since)
    eventually(served.serves, "the application runs, on its own port")
    served.restarts(board.restart)  # what was given is kept
    assert "kitchen.local" in board.printed(since)
    for secret in ("correct horse", "battery staple"):
        assert secret not in board.printed()
    assert "MemoryError" not in board.printed(since)
