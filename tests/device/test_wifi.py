"""Wi-Fi: what is joined, why it is not, and how it heals; on stand-ins for `network` of three ports."""

import asyncio
import os

from device_support import Air, install, raises

from viperhttp.device.dns import CatchAll, ask, reply

PLATFORMS = ("esp32", "rp2", "esp8266")
HOME = {"ssid": "home", "password": "correct horse"}
SHED = {"ssid": "shed", "password": "battery staple"}


def make(air, networks=(HOME,), **options):
    wifi = install(air)
    options.setdefault("timeout", 20)
    options.setdefault("check", 0.005)
    return wifi.Wifi(list(networks), **options), wifi


def connect(station):
    return asyncio.run(station.connect())


def failure(air, networks=(HOME,)):
    station, wifi = make(air, networks, timeout=0.3)
    error = raises(wifi.WifiError, connect, station)
    assert station.state == "down" and station.reasons == error.reasons
    assert "horse" not in str(error) + repr(error) + repr(station.status())
    return error.reasons


def test_it_connects_and_says_where():
    for platform in PLATFORMS:
        air = Air(platform, home={"key": "correct horse", "rssi": -61})
        seen = []
        station, _ = make(air, changed=seen.append, hostname="kitchen", country="DE")
        assert connect(station) == "127.0.0.1"
        assert seen == ["connecting", "up"]
        status = station.status()
        assert (status["ssid"], status["address"], status["rssi"]) == ("home", "127.0.0.1", -61)
        names = [call[0] for call in air.calls]
        assert names.index("country") < names.index("active") < names.index("connect")
        assert names.index("hostname") < names.index("active"), "the name goes out with the first request"
        assert air.hostname == "kitchen" and air.settings[(0, "pm")] == 0
        assert "scan" not in names, "one network needs none"


def test_power_save_stays_on_where_that_is_wanted():
    air = Air("rp2", home={"key": "correct horse"})
    station, _ = make(air, power_save=True)
    connect(station)
    assert (0, "pm") not in air.settings


def test_an_old_pico_gets_the_number_that_had_no_name():
    air = Air("rp2", home={"key": "correct horse"})
    wifi = install(air)
    del wifi.network.WLAN.PM_NONE
    asyncio.run(wifi.Wifi([HOME]).connect())
    assert air.settings[(0, "pm")] == 0xA11140


def test_the_reason_of_a_failure_is_told_apart():
    for platform in PLATFORMS:
        assert failure(Air(platform, home={"key": "other"})) == {"home": "wrong password"}, platform
        assert failure(Air(platform)) == {"home": "network not found"}, platform
        assert failure(Air(platform, home={"key": "correct horse", "silent": True})) == {"home": "no answer in time"}
        why = failure(Air(platform, home={"key": "correct horse", "dhcp": False}))
        assert why == {"home": "no address from DHCP"}, platform
    assert failure(Air(), ()) == {}


def test_no_configured_network_is_said():
    station, wifi = make(Air(), ())
    assert str(raises(wifi.WifiError, connect, station)) == "no Wi-Fi network is configured"


def test_a_static_address_needs_no_dhcp_and_does_not_stay():
    fixed = dict(HOME, static=["10.0.0.9", "255.255.255.0", "10.0.0.1", "10.0.0.1"])
    for platform in PLATFORMS:
        air = Air(platform, home={"key": "correct horse", "dhcp": False})
        station, _ = make(air, [fixed])
        assert connect(station) == "10.0.0.9"
        # The next network has DHCP.
        air.networks = {"shed": {"key": "battery staple"}}
        station.networks = [fixed, SHED]
        air.calls.clear()
        assert connect(station) == "127.0.0.1" or platform == "rp2"
        back = ("active", 0, False) if platform == "rp2" else ("ifconfig", "dhcp")
        assert back in air.calls, platform


def test_several_networks_are_tried_by_signal():
    air = Air("esp32", home={"key": "correct horse", "rssi": -80}, shed={"key": "other", "rssi": -40},
              neighbour={"rssi": -20})
    station, _ = make(air, [HOME, SHED, {"ssid": "attic", "password": "x"}])
    connect(station)
    assert [call[1] for call in air.calls if call[0] == "connect"] == ["shed", "home"]
    assert station.reasons == {"shed": "wrong password"}


def test_hidden_networks_come_last_and_unseen_ones_only_when_nothing_is_seen():
    cellar = {"ssid": "cellar", "password": "c", "hidden": True}
    air = Air("esp32", home={"key": "other"}, cellar={"key": "c", "hidden": True})
    station, _ = make(air, [cellar, SHED, HOME])
    connect(station)
    assert [call[1] for call in air.calls if call[0] == "connect"] == ["home", "cellar"]
    assert failure(Air(), [HOME, SHED]) == {"home": "network not found", "shed": "network not found"}


def test_the_scan_is_by_signal_with_each_name_once():
    air = Air("rp2", a={"rssi": -80, "key": "x"}, b={"rssi": -30}, c={"rssi": -60, "hidden": True})
    station, _ = make(air)
    assert station.scan() == [("b", -30, False), ("a", -80, True)]


async def supervised(station, heard=None):
    await station.connect()
    return asyncio.create_task(station.supervise(heard))


async def until(condition, what):
    for _ in range(4000):
        if condition():
            return
        await asyncio.sleep(0.005)
    raise AssertionError(what)


def test_a_lost_network_is_joined_again_when_it_is_back():
    async def main():
        task = await supervised(station)
        for n in (1, 2, 3):
            there = air.networks.pop("home")
            await until(lambda: station.state != "up", "the loss is seen")
            air.networks["home"] = there
            await until(lambda: station.state == "up", "it is back")
            assert station.losses == n
        task.cancel()

    for platform in PLATFORMS:
        air = Air(platform, home={"key": "correct horse"})
        station, wifi = make(air)
        quick(wifi)
        asyncio.run(main())


def test_the_network_that_was_lost_is_tried_before_the_loop_is_stopped_for_a_scan():
    async def main():
        await station.connect()
        air.calls.clear()
        await station.mend()
        assert ("scan",) not in air.calls
        air.networks.pop("home")
        air.networks["shed"] = {"key": "battery staple"}
        await station.mend()
        assert ("scan",) in air.calls and station.ssid == "shed"

    air = Air("esp32", home={"key": "correct horse"})
    station, wifi = make(air, [HOME, SHED])
    quick(wifi)
    asyncio.run(main())


def quick(wifi):
    """Pauses a thousandth as long; returns the list of those that were asked for."""
    pauses = []

    class Quick:
        create_task = asyncio.create_task

        @staticmethod
        def sleep(seconds):
            if seconds >= 0.5:
                pauses.append(seconds)
            return asyncio.sleep(seconds / 1000 if seconds >= 0.5 else seconds)

    wifi.asyncio = Quick
    return pauses


def test_pauses_grow_to_a_minute_and_differ_from_board_to_board():
    async def main():
        task = asyncio.create_task(station.mend())
        await until(lambda: len(pauses) > 11, "it goes on trying")
        air.networks["home"] = {"key": "correct horse"}
        await until(lambda: station.state == "up", "it connects")
        task.cancel()

    air = Air("esp32")
    station, wifi = make(air)
    pauses = quick(wifi)
    asyncio.run(main())
    for n, pause in enumerate(pauses[:12]):
        whole = min(2**n, 60)
        assert whole * 0.74 < pause < whole * 1.26, pauses
    assert ("active", 0, False) in air.calls, "the radio is switched off and on now and then"


def test_a_link_that_only_says_it_is_up_is_found_out_by_the_gateway():
    async def main():
        gateway = somewhere()
        station.probe_port = gateway.where[1]
        answering = asyncio.create_task(gateway.run())
        task = await supervised(station)
        await until(lambda: gateway.answered >= 2, "the gateway is asked")
        assert station.state == "up" and station.losses == 0
        # The access point forgets the board: nothing comes through, and the interface goes on saying "connected".
        air.frozen = True
        gateway.close()
        await until(lambda: station.losses == 1, "the silence is noticed")
        await until(lambda: station.state == "up", "it is back")
        assert air.calls.count(("connect", "home")) == 2
        task.cancel()
        answering.cancel()

    air = Air("rp2", home={"key": "correct horse"})
    station, wifi = make(air, silence=0.02)
    quick(wifi)
    patience(station)
    asyncio.run(main())


def patience(station):
    """Ask the gateway for a fifth of a second instead of two."""
    ask_gateway = station.gateway_answers
    station.gateway_answers = lambda: ask_gateway(0.2)


def somewhere():
    """An open CatchAll on a free port."""
    for _ in range(100):
        server = CatchAll("127.0.0.1", 20000 + int.from_bytes(os.urandom(2), "big") % 8000)
        try:
            server.open()
            return server
        except OSError:
            pass  # somebody else's
    raise AssertionError("no free port")


def test_a_gateway_that_never_answers_proves_nothing():
    async def main():
        asked = []

        async def silent(patience=2):
            asked.append(1)
            return False

        station.gateway_answers = silent
        task = await supervised(station)
        await until(lambda: len(asked) > 6, "it is asked")
        assert station.losses == 0 and station.state == "up"
        task.cancel()

    station, _ = make(Air("rp2", home={"key": "correct horse"}), silence=0.01)
    asyncio.run(main())


def test_traffic_is_proof_and_spares_the_question():
    async def main():
        count = [0]
        asked = []

        async def note(patience=2):
            asked.append(1)
            return True

        def heard():
            if not asked_for:
                count[0] += 1
            return count[0]

        asked_for = []
        station.gateway_answers = note
        task = await supervised(station, heard)
        await until(lambda: count[0] > 20, "it looks")
        assert not asked
        asked_for.append(1)  # silence
        await until(lambda: asked, "now it asks")
        task.cancel()

    station, _ = make(Air("rp2", home={"key": "correct horse"}), silence=0.02)
    asyncio.run(main())


def test_passwords_come_from_the_secrets():
    wifi = install(Air())

    class Values(dict):
        secrets = {"networks": {"home": "correct horse"}}

    found = wifi.networks_of(Values({"networks": [{"ssid": "home"}, {"ssid": "open"}]}))
    assert found == [{"ssid": "home", "password": "correct horse"}, {"ssid": "open", "password": None}]
    empty = Values()
    empty.secrets = {}
    assert wifi.networks_of(empty) == []


def test_an_access_point_is_open_or_wpa2():
    for platform in PLATFORMS:
        air = Air(platform)
        wifi = install(air)
        interface, address = wifi.access_point("viper-1234")
        assert address == "127.0.0.1" and interface.active()
        assert air.settings[(1, "ssid")] == "viper-1234" and air.settings[(1, "security")] == 0
        wifi.access_point("viper-1234", "longer than 8")
        assert air.settings[(1, "key")] == "longer than 8" and air.settings[(1, "security")] != 0


QUESTION = b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x07captive\x05apple\x03com\x00\x00\x01\x00\x01"


def test_every_name_is_at_the_portal():
    answer = reply(QUESTION, b"\xc0\xa8\x04\x01")
    assert answer[:2] == b"\x12\x34" and answer[2] & 0x80 and answer[3] & 15 == 0
    assert answer[4:12] == b"\x00\x01\x00\x01\x00\x00\x00\x00"
    assert answer[12:] == QUESTION[12:] + b"\xc0\x0c\x00\x01\x00\x01\x00\x00\x00\x05\x00\x04\xc0\xa8\x04\x01"


def test_a_question_for_another_type_gets_no_record_instead_of_silence():
    answer = reply(QUESTION[:-4] + b"\x00\x1c\x00\x01", b"\xc0\xa8\x04\x01")
    assert answer[6:8] == b"\x00\x00" and len(answer) == len(QUESTION)
    with_edns = QUESTION[:10] + b"\x00\x01" + QUESTION[12:] + b"\x00\x00\x29\x10\x00\x00\x00\x00\x00\x00\x00"
    answer = reply(with_edns, b"\xc0\xa8\x04\x01")
    assert answer[4:12] == b"\x00\x01\x00\x01\x00\x00\x00\x00" and len(answer) == len(QUESTION) + 16


def test_what_is_no_question_is_not_answered():
    assert reply(b"", b"1234") is None
    for n in range(len(QUESTION)):
        assert reply(QUESTION[:n], b"1234") is None, n
    assert reply(QUESTION[:2] + b"\x81" + QUESTION[3:], b"1234") is None, "an answer"
    assert reply(QUESTION[:12] + b"\xc0" + QUESTION[13:], b"1234") is None, "a pointer"
    assert reply(QUESTION[:4] + b"\x00\x02" + QUESTION[6:], b"1234") is None, "two questions"
    for n in range(12, len(QUESTION)):
        for byte in (0, 63, 64, 255):
            reply(QUESTION[:n] + bytes([byte]) + QUESTION[n + 1 :], b"1234")


def test_a_flood_of_questions_is_answered_a_few_at_a_time():
    class Flood:
        sent = 0
        asked = 0

        def recvfrom(self, n):
            self.asked += 1
            return QUESTION, ("127.0.0.1", 5)

        def sendto(self, data, peer):
            self.sent += 1

    server = CatchAll("127.0.0.1", 5353)
    server.sock = flood = Flood()
    server.turn()
    assert flood.asked == flood.sent == 8


def test_a_name_server_that_is_not_there_is_no_answer():
    async def main():
        server = somewhere()
        server.close()
        return await ask("127.0.0.1", server.where[1], 0.05)

    assert asyncio.run(main()) is False
