"""A board's set-up page, then its health page, on stand-ins for the firmware's modules: board.py PORT FOLDER."""

import asyncio
import sys
import time

from device_support import Air, install

port = int(sys.argv[1])
air = Air("esp32", home={"key": "correct horse", "rssi": -48}, cafe={"rssi": -71}, far={"key": "x", "rssi": -88})
air.settings["mac"] = b"\x01\x02\x03\x04\xab\xcd"
wifi = install(air)

from viperhttp import ViperHTTP  # noqa: E402  the stand-ins come first
from viperhttp.device.errors import Errors  # noqa: E402
from viperhttp.device.health import Health  # noqa: E402
from viperhttp.device.portal import Portal  # noqa: E402
from viperhttp.device.settings import Settings  # noqa: E402

folder = sys.argv[2]
settings = Settings(folder + "/settings.json", folder + "/secrets.json")
station = wifi.Wifi(wifi.networks_of(settings), "viper")
asyncio.run(Portal(settings, station, port, 0).run())
print("set up")

app = ViperHTTP(docs=False)
errors = Errors(folder + "/errors.json")
errors.listen()
Health(app, station, errors=errors).mount()


@app.get("/slow")
def slow():
    time.sleep(0.5)
    return "slow"


app.run(port=port)
