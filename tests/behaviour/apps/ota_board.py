"""A board that takes updates, with resets inside one process. Arguments: PORT, config as JSON with root.

What a version holds is not run; one with a file "crash" never serves.
"""

import asyncio
import json
import os
import sys

from viperhttp import ViperHTTP
from viperhttp.auth import BasicAuth
from viperhttp.device.ota import Updates
from viperhttp.device.slots import Slots

port = int(sys.argv[1])
root = json.loads(sys.argv[2])["root"]


def boot():
    """Until the next reset; False at Ctrl-C."""
    slots = Slots(root)
    folder = slots.boot()
    print("boots", folder)
    if slots.on_trial():
        if "crash" in os.listdir(slots.path(folder)):
            return True
    again = []
    app = ViperHTTP(docs=False)

    async def restart():
        await asyncio.sleep(0.3)
        again.append(True)
        await app.shutdown()

    async def prove():
        await asyncio.sleep(1)
        slots.confirm()

    @app.on_event("startup")
    def startup():
        app.task = asyncio.create_task(prove())

    Updates(slots, BasicAuth(username="admin", password="swordfish"), restart).mount(app)
    app.run(port=port)
    return bool(again)


while boot():
    pass
