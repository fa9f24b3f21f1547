"""Two folders for the application, and which of them a board starts: a new version has to prove itself.

A boot with a version on trial is counted before it runs. A version that has not been confirmed after TRIES boots is
given up, and the last good one runs again, whatever the reason was: a crash, a watchdog, a power cut, no network.
"""

import os

from ..log import report
from .settings import Store

NAMES = ("app_a", "app_b")
TRIES = 3
_STARTS = ("main.py", "main.mpy")  # what a folder needs to be started


class Slots:
    """The state of both folders, in ROOT/slots.json.

    root   where the folders are; default the root of the file system

    good     key of the state: the folder whose version has been confirmed
    trial    the folder on trial, or none
    tries    boots that the version on trial has had
    failed   the version that was given up last
    """

    def __init__(self, root: str = ""):
        self.root = root
        self.state = Store(root + "/slots.json")
        self.running: "str | None" = None  # the folder that boot() has chosen; "" is the root itself

    def path(self, name: str) -> str:
        """The path of a folder."""
        return self.root + "/" + name

    def good(self) -> str:
        """The folder of the last good version; "" where the application lies in the root."""
        good = self.state.get("good")
        for name in (good,) + NAMES:
            if name and name != self.state.get("trial") and self.is_runnable(name):
                return name
        return ""

    def spare(self) -> str:
        """The folder that a new version goes to."""
        return NAMES[1] if self.good() == NAMES[0] else NAMES[0]

    def is_runnable(self, name: str) -> bool:
        """Whether the folder has a main.py or main.mpy."""
        try:
            names = os.listdir(self.path(name))
        except OSError:
            return False
        return any(start in names for start in _STARTS)

    def boot(self) -> str:
        """Choose the folder to start, once at each boot; counts and ends trials."""
        self.running = self.good()
        trial = self.state.get("trial")
        if trial is None:
            return self.running
        tries = self.state.get("tries", 0)
        if tries < TRIES and self.is_runnable(trial):
            self.state["tries"] = tries + 1
        else:
            self._give_up(trial)
            trial = None
        try:
            self.state.save()
        except OSError as error:
            # What cannot be counted cannot be on trial: it might crash for ever.
            report("slots", error)
            return self.running
        if trial is not None:
            self.running = trial
        return self.running

    def _give_up(self, trial: str) -> None:
        version = self.version(trial)
        self.state.update({"failed": version, "trial": None, "tries": 0})
        report("version %s has failed %d times: back to %s" % (version, TRIES, self.version(self.good())))

    def version(self, name: str) -> str:
        """The version in a folder, as it was uploaded; "?" where nobody has said it."""
        return (self.state.get("versions") or {}).get(name, "?")

    def on_trial(self) -> bool:
        """Whether what runs has yet to be confirmed."""
        return self.running is not None and self.running == self.state.get("trial")

    def prepare(self) -> str:
        """Empty the spare folder for a new version and return its path. A version on trial there is given up first."""
        name = self.spare()
        if self.state.get("trial") is not None:
            self.state.update({"trial": None, "tries": 0})
            self.state.save()  # before anything of it is deleted
        remove(self.path(name))
        os.mkdir(self.path(name))
        return self.path(name)

    def put_on_trial(self, version: str) -> str:
        """The spare folder is complete: the next boot starts it. Returns its name; this write is what counts."""
        name = self.spare()
        if not self.is_runnable(name):
            raise ValueError("the new version has no main.py")
        versions = dict(self.state.get("versions") or {})
        versions[name] = version
        self.state.update({"good": self.good(), "trial": name, "tries": 0, "versions": versions})
        self.state.save()
        return name

    def confirm(self) -> bool:
        """What runs works: it is the good version from now on. False when nothing is on trial."""
        if not self.on_trial():
            return False
        self.state.update({"good": self.running, "trial": None, "tries": 0, "failed": None})
        self.state.save()
        return True

    def status(self) -> dict:
        """For /ota and /health."""
        good = self.good()
        return {
            "running": self.running,
            "version": self.version(self.running or ""),
            "good": good,
            "trial": self.state.get("trial"),
            "tries": self.state.get("tries", 0),
            "failed": self.state.get("failed"),
        }


def remove(path: str) -> None:
    """Delete a file, or a folder and all that is in it; nothing where it is not there."""
    try:
        names = os.listdir(path)
    except OSError:
        try:
            os.remove(path)
        except OSError:
            pass  # it is not there
        return
    for name in names:
        remove(path + "/" + name)
    os.rmdir(path)
