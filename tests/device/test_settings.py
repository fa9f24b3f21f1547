"""Settings on flash: whatever is cut or damaged, the values before or after a save are there."""

import gc
import io
import os
import sys

from device_support import Flash, Folder, PowerCut, raises

from viperhttp.device import settings
from viperhttp.device.settings import Settings, Store, checksum, parse

BEFORE = {"hostname": "kitchen", "networks": [{"ssid": "home"}], "text": "a \u00e4 \"quoted\" line\n#"}
AFTER = {"hostname": "cellar", "networks": [{"ssid": "home"}, {"ssid": "shed"}], "text": ""}


def cut_save(store, budget):
    """store.save() with a power cut; True when it came to its end."""
    try:
        with Flash(budget).under(settings):
            store.save()
        return True
    except PowerCut:
        return False


def test_what_is_saved_is_there_again():
    with Folder() as folder:
        store = Store(folder + "/s.json")
        assert store.values == {} and store.get("hostname") is None
        store.update(BEFORE)
        assert store.save() is True
        again = Store(folder + "/s.json")
        assert again.values == BEFORE
        again["hostname"] = "attic"
        again.save()
        assert Store(folder + "/s.json")["hostname"] == "attic"


def test_values_that_have_not_changed_are_not_written():
    with Folder() as folder:
        store = Store(folder + "/s.json")
        store["a"] = 1
        assert store.save() is True
        assert store.save() is False
        again = Store(folder + "/s.json")
        again["a"] = 1
        assert cut_save(again, 0), "it has written"


def test_a_cut_at_every_byte_and_step_leaves_the_old_values_or_the_new():
    kept = new = 0
    budget = 0
    while True:
        with Folder() as folder:
            path = folder + "/s.json"
            store = Store(path)
            store.update(BEFORE)
            store.save()
            store.update({"hostname": "second"})
            store.save()
            before = dict(store.values)
            store.values = dict(AFTER)
            whole = cut_save(store, budget)
            found = Store(path)
            assert found.values in (before, AFTER), (budget, found.values)
            if found.values == AFTER:
                new += 1
            else:
                kept += 1
            # And it can be saved again, and is there after that.
            found["again"] = budget
            found.save()
            assert Store(path)["again"] == budget
        if whole:
            break
        budget += 1
    assert kept > 50 and new >= 2 and found.values["hostname"] == "cellar"


def test_a_cut_in_the_first_save_leaves_nothing_or_all():
    budget = 0
    while True:
        with Folder() as folder:
            store = Store(folder + "/s.json")
            store.update(BEFORE)
            whole = cut_save(store, budget)
            assert Store(folder + "/s.json").values in ({}, BEFORE), budget
        if whole:
            return
        budget += 1


def test_a_cut_while_recovering_is_recovered_from():
    with Folder() as folder:
        path = folder + "/s.json"
        store = Store(path)
        store.update(BEFORE)
        store.save()
        os.rename(path, path + ".old")
        store.update(AFTER)
        with open(path + ".new", "w") as file:
            file.write(settings._signed(AFTER))
        with Flash(0).under(settings):
            raises(PowerCut, Store, path)
        assert Store(path).values == AFTER
        assert Store(path).values == AFTER


def test_a_damaged_file_gives_way_to_the_one_before_it():
    with Folder() as folder:
        path = folder + "/s.json"
        store = Store(path)
        store.update(BEFORE)
        store.save()
        store.update(AFTER)
        store.save()
        with open(path, "rb") as file:
            data = file.read()
        for at in range(0, len(data), 7):
            with open(path, "wb") as file:
                file.write(data[:at] + bytes([data[at] ^ 4]) + data[at + 1 :])
            assert Store(path).values == BEFORE, at


def test_a_file_written_by_hand_is_taken():
    with Folder() as folder:
        path = folder + "/s.json"
        with open(path, "w") as file:
            file.write('{\n  "hostname": "by-hand"\n}\n')
        assert Store(path)["hostname"] == "by-hand"


def test_what_is_no_settings_file_is_said_and_left():
    for text, why in (("[1]", "no JSON object"), ("{}\n#0123", "checksum")):
        assert why in str(raises(ValueError, parse, text))
    raises(ValueError, parse, "{")
    assert parse("{}\n#" + checksum("{}") + "\n") == {}
    with Folder() as folder:
        path = folder + "/s.json"
        with open(path, "wb") as file:
            file.write(b"\xff" * 20000)
        assert Store(path, {"a": 1}).get("a") == 1


def test_a_full_flash_leaves_the_old_values():
    class Full(Flash):
        def spend(self, n):
            if self.budget < n:
                raise OSError(28)
            self.budget -= n
            return n

    with Folder() as folder:
        path = folder + "/s.json"
        store = Store(path)
        store.update(BEFORE)
        store.save()
        store.update(AFTER)
        with Full(20).under(settings):
            assert raises(OSError, store.save).args[0] == 28
        assert Store(path).values == BEFORE
        names = os.listdir(folder)
        assert "s.json.new" not in names, names


def test_secrets_are_kept_apart_and_never_shown():
    with Folder() as folder:
        one = Settings(folder + "/settings.json", folder + "/secrets.json", {"port": 80})
        one["hostname"] = "kitchen"
        one.secrets["networks"] = {"home": "correct horse"}
        one.secrets["admin"] = "swordfish"
        assert one.save() is True
        assert one.save() is False
        shown = repr(one) + repr(one.secrets) + str(one) + "%s" % one.secrets
        assert "horse" not in shown and "swordfish" not in shown and "kitchen" in shown and "admin=***" in shown
        with open(folder + "/settings.json") as file:
            assert "horse" not in file.read()
        again = Settings(folder + "/settings.json", folder + "/secrets.json", {"port": 80})
        assert again.secrets["networks"]["home"] == "correct horse"
        assert again["port"] == 80 and "port" in again and again.get("other", 7) == 7
        again.erase()
        assert os.listdir(folder) == []


def test_defaults_are_not_saved():
    with Folder() as folder:
        store = Store(folder + "/s.json", {"port": 80})
        store["a"] = 1
        store.save()
        with open(folder + "/s.json") as file:
            assert "port" not in file.read()


def test_a_cut_at_every_block_of_a_real_littlefs():
    if sys.implementation.name != "micropython":
        return
    import vfs

    class Ram:
        """A flash whose content stays as it is from the moment the power goes."""

        def __init__(self, data=None):
            self.data = data or bytearray(b"\xff" * 256 * 64)
            self.left = 1 << 20
            self.done = 0

        def readblocks(self, n, buf, off=0):
            at = n * 256 + off
            buf[:] = self.data[at : at + len(buf)]

        def writeblocks(self, n, buf, off=0):
            self.done += 1
            if self.left <= 0:
                return
            self.left -= 1
            at = n * 256 + off
            self.data[at : at + len(buf)] = buf

        def ioctl(self, op, arg):
            if op == 4:
                return 64
            if op == 5:
                return 256
            if op == 6:
                self.writeblocks(arg, b"\xff" * 256)
            return 0

    first = Ram()
    vfs.VfsLfs2.mkfs(first)
    vfs.mount(vfs.VfsLfs2(first), "/cut")
    store = Store("/cut/s.json")
    store.update(BEFORE)
    store.save()
    vfs.umount("/cut")
    left = kept = 0
    while True:
        ram = Ram(bytearray(first.data))
        vfs.mount(vfs.VfsLfs2(ram), "/cut")
        store = Store("/cut/s.json")
        store.update(AFTER)
        ram.left = left
        ram.done = 0
        try:
            store.save()
        except OSError:
            pass  # littlefs reads back what it wrote
        whole = ram.done <= left
        vfs.umount("/cut")
        again = Ram(ram.data)
        vfs.mount(vfs.VfsLfs2(again), "/cut")
        values = Store("/cut/s.json").values
        vfs.umount("/cut")
        assert values in (BEFORE, AFTER), (left, values)
        kept += values == BEFORE
        if whole:
            assert values == AFTER
            break
        left += 1
    assert kept > 3, kept


def test_a_report_names_the_file_and_no_content():
    with Folder() as folder:
        path = folder + "/secrets.json"
        with open(path, "w") as file:
            file.write('{"admin": "swordfish')
        log = io.StringIO()
        before = settings.report
        settings.report = lambda where, error: log.write("%s: %s" % (where, error))
        try:
            Store(path)
        finally:
            settings.report = before
        assert path in log.getvalue() and "swordfish" not in log.getvalue()


def test_a_small_file_is_read_where_the_heap_has_small_pieces_only():
    # What a board keeps of its errors is read and written when its heap is full.
    with Folder() as folder:
        path = folder + "/s.json"
        store = Store(path)
        store.update(BEFORE)
        store.save()
        if not hasattr(gc, "mem_alloc"):
            return  # CPython: its heap is never full
        taken = [None] * 4096
        try:
            for n in range(4096):
                taken[n] = bytearray(2048)
        except MemoryError:
            pass
        for at in range(0, n, 3):
            taken[at] = None
        gc.collect()
        assert Store(path).values == BEFORE
