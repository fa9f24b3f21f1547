# viperhttp: a small JSON GET on a kept-alive connection.
#   viper_get.py PORT
# Runs on MicroPython and on CPython until it is interrupted.
import sys

from viperhttp import ViperHTTP

app = ViperHTTP(config={"max_clients": 1024})


@app.get("/get")
async def get():
    return {"ok": True, "value": 42}


app.run(host="127.0.0.1", port=int(sys.argv[1]))
