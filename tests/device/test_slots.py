"""Two folders for the application: a new version has to prove itself, and no power cut leaves nothing to start."""

import asyncio
import hashlib
from binascii import hexlify

from device_support import Flash, Folder, PowerCut, raises, read, silent, tar

from viperhttp import ViperHTTP, exceptions
from viperhttp.auth import BasicAuth
from viperhttp.device import ota, settings, slots, untar
from viperhttp.device.slots import TRIES, Slots
from viperhttp.device.untar import Unpacker
from viperhttp.testing import TestClient

OLD = {"main.py": b"print('old')\n", "www/index.html": b"<p>old</p>" * 30}
NEW = {"main.py": b"print('new')\n", "lib/helper.py": b"x = 1\n", "www/a/deep.txt": b"", "www/index.html": b"n" * 1500}

said = silent(slots, ota)


def board(root, files=OLD, name="app_a"):
    """A board with a version in app_a."""
    unpack(tar(files), root, name)
    return Slots(root)


def unpack(archive, root, name):
    slots.remove(root + "/" + name)
    slots.os.mkdir(root + "/" + name)
    unpacker = Unpacker(root + "/" + name)
    unpacker.feed(archive)
    unpacker.end()


def content(root, name, files):
    """Whether a folder has just these files."""
    return all(read("%s/%s/%s" % (root, name, path)) == data for path, data in files.items())


# ---- the archive ------------------------------------------------------------------


def test_an_archive_is_unpacked_however_it_is_cut():
    archive = tar(dict(NEW, folder=None))
    for size in (1, 7, 511, 512, 513, 100000):
        with Folder() as folder:
            unpacker = Unpacker(folder)
            for at in range(0, len(archive), size):
                unpacker.feed(archive[at : at + size])
            unpacker.end()
            assert (unpacker.files, unpacker.size) == (4, 13 + 6 + 0 + 1500)
            assert content(folder, ".", NEW)
            slots.os.listdir(folder + "/folder")


def test_an_archive_that_stops_is_not_complete():
    archive = tar(NEW)
    for n in range(0, len(archive) - 1023, 256):
        with Folder() as folder:
            unpacker = Unpacker(folder)
            unpacker.feed(archive[:n])
            unpacker.abort()
            assert "cut off" in str(raises(ValueError, unpacker.end)), n


def test_names_that_lead_out_of_the_folder_are_refused():
    for name in ("../x", "/etc/x", "a/../../x", "a//x", "./../x", "a\\x", ".."):
        with Folder() as folder:
            assert "leads out" in str(raises(ValueError, Unpacker(folder).feed, tar({name: b"x"}))), name
    with Folder() as folder:
        Unpacker(folder).feed(tar({"./main.py": b"x"}))
        assert read(folder + "/main.py") == b"x"


def test_what_is_no_archive_is_refused():
    with Folder() as folder:
        good = bytearray(tar({"main.py": b"x"}))
        for bad in (b"\x01" * 512, b"x" * 5000, bytes(1024) + bytes(good)):
            raises(ValueError, Unpacker(folder).feed, bad)
        link = bytearray(good)
        link[156:157] = b"2"
        link[148:155] = b"%06o\x00" % (sum(link[:512]) - sum(link[148:156]) + 256)
        assert "neither" in str(raises(ValueError, Unpacker(folder).feed, link))
        good[3] ^= 1
        assert "damaged" in str(raises(ValueError, Unpacker(folder).feed, good))
        raises(ValueError, Unpacker(folder).feed, tar({"f%d" % n: b"" for n in range(201)}))


# ---- which version starts ----------------------------------------------------------


def test_a_board_without_folders_starts_what_lies_in_the_root():
    with Folder() as root:
        assert Slots(root).boot() == ""
        assert Slots(root).spare() == "app_a"


def test_a_version_is_confirmed_by_what_it_does():
    with Folder() as root:
        first = board(root)
        assert first.boot() == "app_a" and not first.on_trial() and first.confirm() is False
        unpack(tar(NEW), root, first.spare())
        assert first.put_on_trial("2") == "app_b"
        second = Slots(root)
        assert second.boot() == "app_b" and second.on_trial()
        assert second.status()["trial"] == "app_b" and second.status()["version"] == "2"
        assert second.confirm() is True
        third = Slots(root)
        assert third.boot() == "app_b" and not third.on_trial()
        assert third.spare() == "app_a"


def test_a_version_that_is_never_confirmed_is_given_up():
    with Folder() as root:
        first = board(root)
        first.boot()
        unpack(tar(NEW), root, first.spare())
        first.put_on_trial("2")
        started = [Slots(root).boot() for _ in range(TRIES + 2)]
        assert started == ["app_b"] * TRIES + ["app_a"] * 2
        status = Slots(root).status()
        assert (status["failed"], status["trial"], status["good"]) == ("2", None, "app_a")
        assert "version 2 has failed 3 times" in said[-1]


def test_a_trial_that_cannot_be_counted_does_not_start():
    class Full(Flash):
        def spend(self, n):
            raise OSError(28)

    with Folder() as root:
        first = board(root)
        unpack(tar(NEW), root, "app_b")
        first.put_on_trial("2")
        again = Slots(root)
        with Full(0).under(settings):
            assert again.boot() == "app_a" and not again.on_trial()


def test_a_version_without_a_main_is_refused():
    with Folder() as root:
        first = board(root)
        unpack(tar({"other.py": b""}), root, "app_b")
        assert "no main.py" in str(raises(ValueError, first.put_on_trial, "2"))
        assert Slots(root).boot() == "app_a"


def test_a_folder_that_has_gone_gives_way_to_the_other():
    with Folder() as root:
        first = board(root)
        unpack(tar(NEW), root, "app_b")
        first.put_on_trial("2")
        second = Slots(root)
        second.boot()
        second.confirm()
        slots.remove(root + "/app_b")
        assert Slots(root).boot() == "app_a"


# ---- power cuts ---------------------------------------------------------------------


class Request:
    """What Updates._install() needs of a request."""

    def __init__(self, archive, version):
        self.connection = self
        self.pieces = [archive[at : at + 700] for at in range(0, len(archive), 700)]
        self.fields = {
            "content-type": "application/x-tar",
            "content-length": str(len(archive)),
            "x-sha256": hexlify(hashlib.sha256(archive).digest()).decode(),
            "x-version": version,
        }

    def header(self, name):
        return self.fields.get(name)

    async def read_some(self):
        return self.pieces.pop(0) if self.pieces else b""


class Anybody:
    def check(self, request):
        return "admin"


def install(root, archive, version, budget):
    """An update with a power cut; True when it came to its end."""
    updates = ota.Updates(Slots(root), Anybody())
    request = Request(archive, version)
    before = ota.current_request
    ota.current_request = lambda: request
    try:
        with Flash(budget).under(settings, slots, untar, ota):
            asyncio.run(updates.install())
        return True
    except PowerCut:
        return False
    finally:
        ota.current_request = before


def test_a_power_cut_at_every_step_of_an_update_leaves_a_version_to_start():
    small = {"main.py": b"new", "www/i": b"n" * 90}
    archive = tar(small)
    budget = kept = new = 0
    while True:
        with Folder() as root:
            board(root, {"main.py": b"old"})
            board(root, {"main.py": b"older", "www/x": b"-", "lib/y": b"-"}, "app_b")
            whole = install(root, archive, "2", budget)
            after = Slots(root)
            name = after.boot()
            if after.on_trial():
                new += 1
                assert name == "app_b" and content(root, name, small), budget
            else:
                kept += 1
                assert name == "app_a" and content(root, name, {"main.py": b"old"}), budget
            if budget % 9 == 0:  # and the update can be sent again
                assert install(root, archive, "3", 1 << 20)
                assert Slots(root).boot() == "app_b"
        if whole:
            break
        budget += 1 if budget < 40 else 5
    assert kept > 20 and new >= 1


def test_a_power_cut_while_a_boot_is_counted_or_confirmed_leaves_a_version_to_start():
    for budget in range(0, 400, 3):
        with Folder() as root:
            first = board(root)
            unpack(tar(NEW), root, "app_b")
            first.put_on_trial("2")
            try:
                with Flash(budget).under(settings, slots):
                    again = Slots(root)
                    again.boot()
                    again.confirm()
            except PowerCut:
                pass
            after = Slots(root)
            assert after.boot() == "app_b", budget
            assert after.state.get("tries", 0) <= 2


# ---- over HTTP ----------------------------------------------------------------------


def served(root, restart=None):
    app = ViperHTTP(docs=False)
    updates = ota.Updates(Slots(root), BasicAuth(username="admin", password="swordfish"), restart)
    updates.slots.boot()
    updates.mount(app)
    return app, updates


GOOD = {"Authorization": "Basic YWRtaW46c3dvcmRmaXNo"}


def send(client, archive, version="2", **changes):
    headers = dict(GOOD)
    headers["Content-Type"] = "application/x-tar"
    headers["X-SHA256"] = hexlify(hashlib.sha256(archive).digest()).decode()
    headers["X-Version"] = version
    headers.update(changes)
    return client.post("/ota", content=archive, headers=headers)


def test_an_update_is_installed_and_restarts():
    restarted = []

    async def restart():
        restarted.append(1)

    with Folder() as root:
        board(root)
        app, updates = served(root, restart)
        with TestClient(app) as client:
            answer = send(client, tar(NEW))
            assert (answer.status_code, answer.json()["folder"], answer.json()["files"]) == (200, "app_b", 4)
            assert send(client, tar(NEW)).status_code == 409, "it restarts"
        assert restarted == [1]
        after = Slots(root)
        assert after.boot() == "app_b" and after.version("app_b") == "2" and content(root, "app_b", NEW)


def test_who_may_not_gets_401_and_nothing_changes():
    with Folder() as root:
        board(root)
        app, _ = served(root)
        with TestClient(app) as client:
            assert client.get("/ota").status_code == 401
            assert send(client, tar(NEW), Authorization="Basic YWRtaW46d3Jvbmc=").status_code == 401
            assert client.get("/ota", headers=GOOD).json()["good"] == "app_a"
        assert slots.os.listdir(root) == ["app_a"]
    assert "own" in str(raises(ValueError, ota.Updates, None, None))


def test_a_damaged_update_is_refused_and_cleaned_up():
    with Folder() as root:
        board(root)
        app, _ = served(root)
        with TestClient(app) as client:
            answer = send(client, tar(NEW), **{"X-SHA256": "0" * 64})
            assert (answer.status_code, "SHA-256" in answer.json()["detail"]) == (422, True)
            for archive, why in ((tar({"a": b"x"}), "main.py"), (b"no archive" * 100, "tar"), (tar(NEW)[:600], "cut")):
                answer = send(client, archive)
                assert (answer.status_code, why in answer.json()["detail"]) == (422, True), answer.text
            assert send(client, tar(NEW), **{"X-SHA256": ""}).status_code == 400
            assert send(client, tar(NEW), **{"Content-Type": "text/plain"}).status_code == 415
            assert slots.os.listdir(root) == ["app_a"]
            assert send(client, tar(NEW)).status_code == 200, "and then it works"


def test_an_update_that_does_not_fit_says_so():
    with Folder() as root:
        board(root)
        app, _ = served(root)
        before = ota.free_bytes
        ota.free_bytes = lambda path: 20000
        try:
            with TestClient(app) as client:
                answer = send(client, tar({"main.py": b"x" * 9000}))
                assert answer.status_code == 507 and "3616 are free" in answer.json()["detail"], answer.text
        finally:
            ota.free_bytes = before
        assert Slots(root).boot() == "app_a"


def test_an_update_is_never_held_in_memory():
    with Folder() as root:
        board(root)
        app, _ = served(root)
        largest = []
        feed = Unpacker.feed

        def measured(self, data):
            largest.append(len(data))
            feed(self, data)

        Unpacker.feed = measured
        try:
            with TestClient(app) as client:
                assert send(client, tar({"main.py": b"x" * 60000})).status_code == 200
        finally:
            Unpacker.feed = feed
        # A receive buffer, and what came while the one before was being written.
        assert max(largest) <= 2 * app.config.rx_buffer, max(largest)
        assert len(read(root + "/app_b/main.py")) == 60000


def test_an_http_exception_is_not_hidden():
    assert not issubclass(exceptions.HTTPException, (ValueError, OSError))
