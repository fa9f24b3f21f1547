"""The program around an application: on a board Wi-Fi, health and updates; crashes, trials and what is printed."""

import asyncio
import os
import sys

from device_support import Air, Folder, Names, fetch, install, raises, silent, tar, until, write

import viperhttp.log as log
from viperhttp import ViperHTTP, device
from viperhttp.config import Config
from viperhttp.device import errors, program, slots, untar
from viperhttp.device.settings import Settings
from viperhttp.device.slots import Slots

ADMIN = "Authorization: Basic YWRtaW46c3dvcmRmaXNo\r\n"


class Reset(BaseException):
    """machine.reset()"""


class Machine(Names):
    def __init__(self):
        self.resets = 0

    def reset(self):
        self.resets += 1


class Place:
    """Settings, a radio and a machine for a `with` block."""

    def __init__(self, **networks):
        self.air = Air("esp32", **networks)
        self.machine = Machine()

    def __enter__(self):
        self.folder = Folder()
        self.path = self.folder.__enter__()
        self.cwd = os.getcwd()
        self.argv = list(sys.path)
        self.before = sys.modules.get("machine")
        install(self.air)
        sys.modules["machine"] = self.machine
        self.settings = Settings(self.path + "/settings.json", self.path + "/secrets.json")
        self.settings["networks"] = [{"ssid": "home"}]
        self.settings.secrets["networks"] = {"home": "correct horse"}
        self.settings["port"] = 20000 + int.from_bytes(os.urandom(2), "big") % 8000
        errors._keeper = errors.Errors(self.path + "/errors.json")
        errors._keeper.listen()
        program._slots = None
        return self

    def __exit__(self, *_):
        os.chdir(self.cwd)
        sys.path[:] = self.argv
        sys.modules.pop("network", None)
        sys.modules.pop("machine", None)
        if self.before is not None:
            sys.modules["machine"] = self.before
        errors._keeper = None
        log.listen(None)
        program._slots = None
        self.folder.__exit__()

    def run(self, app, body):
        """device.run(app), with body(port) in it, after which the application is shut down."""
        result = []

        async def beside():
            try:
                await until(lambda: app.server is not None, "it serves")
                result.append(await body(self.settings["port"]))
            except BaseException as error:
                result.append(error)
            await app.shutdown()

        def startup():
            result.append(asyncio.create_task(beside()))

        app.on_event("startup")(startup)
        device.run(app, settings=self.settings)
        if isinstance(result[-1], Exception):  # not CancelledError: the application has stopped by itself
            raise result[-1]
        return result[-1]


def application():
    app = ViperHTTP(docs=False)

    @app.get("/")
    def index():
        return "hello"

    return app


def test_a_board_joins_its_network_and_serves():
    with Place(home={"key": "correct horse"}) as place:

        async def body(port):
            assert (await fetch(port, "/"))[2] == b"hello"
            status, _, text = await fetch(port, "/health")
            assert status == 200 and b'"ssid": "home"' in text and b"horse" not in text
            assert (await fetch(port, "/ota"))[0] == 404, "without a password there are no updates"

        place.run(application(), body)
        assert ("connect", "home") in place.air.calls


def test_updates_and_the_whole_of_health_need_the_password():
    with Place(home={"key": "correct horse"}) as place:
        place.settings.secrets["admin"] = "swordfish"
        program._slots = Slots(place.path)
        program._slots.boot()

        async def body(port):
            assert (await fetch(port, "/ota"))[0] == 401
            assert (await fetch(port, "/ota", ADMIN))[0] == 200
            assert (await fetch(port, "/health"))[2] == b'{"status": "ok"}'
            assert b'"wifi"' in (await fetch(port, "/health", ADMIN))[2]

        place.run(application(), body)


def test_a_lost_network_is_mended_while_it_serves():
    with Place(home={"key": "correct horse"}) as place:

        async def body(port):
            wifi = sys.modules["viperhttp.device.wifi"]
            assert wifi is not None
            there = place.air.networks.pop("home")
            await until(lambda: place.air.calls.count(("connect", "home")) >= 2, "it tries again")
            place.air.networks["home"] = there
            assert (await fetch(port, "/"))[2] == b"hello"

        app = application()
        place.run(app, body)


def test_on_a_host_it_is_the_application_alone():
    app = application()
    asked = []
    app.run = lambda port: asked.append(port)
    sys.modules.pop("network", None)
    device.run(app)
    device.run(app, port=9000)
    assert asked == [8080, 9000]


# ---- start() -------------------------------------------------------------------------


WORKS = b"""
import viperhttp
from viperhttp import ViperHTTP
app = ViperHTTP(docs=False)
"""
CRASHES = b"raise ValueError('boom')\n"


def put(place, name, source):
    if name not in os.listdir(place.path):
        os.mkdir(place.path + "/" + name)
    write(place.path + "/" + name + "/main.py", source)


def start(place, **options):
    """device.start() as main.py has it; run() only notes the application."""
    ran = []
    before = program.run, program.CRASH_PAUSE
    program.run = ran.append
    program.CRASH_PAUSE = 0
    try:
        device.start(root=place.path, **options)
    finally:
        program.run, program.CRASH_PAUSE = before
        sys.modules.pop("main", None)
        os.chdir(place.cwd)
        sys.path[:] = place.argv
    return ran


def test_a_boards_profile_is_in_force_before_the_application_is_loaded():
    with Place() as place:
        write(place.path + "/board_profile.py", b"CONFIG = {'max_clients': 3}\n")
        put(place, "app_a", WORKS + b"from viperhttp.config import Config\napp.title = Config.max_clients\n")
        sys.path.insert(0, place.path)
        before = Config.max_clients
        try:
            assert [app.title for app in start(place, profile="board_profile")] == [3]
        finally:
            Config.max_clients = before
        assert hasattr(sys.implementation, "cache_tag") or "board_profile" not in sys.modules  # MicroPython


def test_the_good_version_is_started_from_its_own_folder():
    with Place() as place:
        put(place, "app_a", b"import os\nhere = os.getcwd()\n" + WORKS + b"app.title = 'A'\n")
        ran = start(place)
        assert [app.title for app in ran] == ["A"] and place.machine.resets == 0


def test_a_crash_is_noted_and_resets_the_board():
    silent(program)
    with Place() as place:
        program.report = log.report
        put(place, "app_a", CRASHES)
        assert start(place) == [] and place.machine.resets == 1
        kept = errors.Errors(place.path + "/errors.json").entries
        assert "crashed: ValueError: boom" in kept[-1]["text"]


def test_a_new_version_that_crashes_three_times_is_given_up():
    with Place() as place:
        put(place, "app_a", WORKS + b"app.title = 'A'\n")
        put(place, "app_b", CRASHES)
        Slots(place.path).put_on_trial("2")
        titles = [[app.title for app in start(place)] for _ in range(4)]
        assert titles == [[], [], [], ["A"]] and place.machine.resets == 3
        assert Slots(place.path).status()["failed"] == "2"


def test_a_new_version_that_serves_is_confirmed():
    with Place(home={"key": "correct horse"}) as place:
        put(place, "app_a", WORKS)
        put(place, "app_b", WORKS)
        Slots(place.path).put_on_trial("2")
        program._slots = Slots(place.path)
        program._slots.boot()
        before = program.CONFIRM
        program.CONFIRM = 1

        async def body(port):
            await until(lambda: not program._slots.on_trial(), "it is confirmed")

        try:
            place.run(application(), body)
        finally:
            program.CONFIRM = before
        assert Slots(place.path).status()["good"] == "app_b"


def test_a_new_version_that_finds_no_network_is_reset_and_given_up():
    with Place() as place:
        put(place, "app_a", WORKS)
        put(place, "app_b", WORKS)
        Slots(place.path).put_on_trial("2")
        before = program.TRIAL, place.machine.reset
        program.TRIAL = 0.3

        def reset():
            raise Reset()

        place.machine.reset = reset
        try:
            program._slots = Slots(place.path)
            assert program._slots.boot() == "app_b"
            raises(Reset, device.run, application(), None, place.settings)
        finally:
            program.TRIAL, place.machine.reset = before
            asyncio.new_event_loop()


def test_an_update_is_sent_tried_and_confirmed_or_given_up():
    """All of it in one go: upload over HTTP, restart, trial, and back."""
    with Place(home={"key": "correct horse"}) as place:
        place.settings.secrets["admin"] = "swordfish"
        put(place, "app_a", WORKS)
        place.settings.save()
        for source, good in ((WORKS, "app_b"), (CRASHES, "app_b")):
            program._slots = Slots(place.path)
            program._slots.boot()
            archive = tar({"main.py": source})

            app = application()

            async def body(port, archive=archive, app=app):
                await upload(port, archive)
                await until(lambda: app.server is None, "it stops by itself")

            place.machine.resets = 0
            place.run(app, body)
            assert place.machine.resets == 1
            boots = 0
            while Slots(place.path).status()["trial"] is not None and boots < 5:
                boots += 1
                if start(place):
                    again = Slots(place.path)
                    again.running = again.state["trial"]
                    again.confirm()
            assert Slots(place.path).status()["good"] == good, source
        assert slots.NAMES == ("app_a", "app_b") and untar is not None


async def upload(port, archive):
    import hashlib
    from binascii import hexlify

    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    digest = hexlify(hashlib.sha256(archive).digest()).decode()
    head = (
        "POST /ota HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/x-tar\r\nContent-Length: %d\r\n"
        "X-SHA256: %s\r\n%s\r\n" % (len(archive), digest, ADMIN)
    )
    writer.write(head.encode() + archive)
    await writer.drain()
    line = await reader.readline()
    assert b" 200 " in line, line
    writer.close()


def test_the_set_up_page_comes_before_the_application_where_no_network_is_known():
    with Place(home={"key": "correct horse"}) as place:
        place.settings["networks"] = []
        import viperhttp.device.portal as portal

        class Portal:
            def __init__(self, settings, wifi):
                self.wifi = wifi

            async def run(self):
                self.wifi.networks = [{"ssid": "home", "password": "correct horse"}]
                await self.wifi.connect()

        portal.Portal = Portal
        del portal

        async def body(port):
            return await fetch(port, "/")

        assert place.run(application(), body)[2] == b"hello"
        assert "viperhttp.device.portal" not in sys.modules, "it is forgotten when it has done its work"
