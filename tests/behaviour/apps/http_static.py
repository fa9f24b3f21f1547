"""Static files below a folder. Arguments: PORT, config as JSON, in which "root" is the folder."""

import json
import sys

import viperhttp

config = json.loads(sys.argv[2])
root = config.pop("root")
app = viperhttp.ViperHTTP(config=config)


@app.get("/hello")
async def hello():
    return "hello"


@app.get("/download")
async def download():
    return viperhttp.FileResponse(root + "/page.html", headers={"X-Mine": "1"})


@app.get("/download-missing")
async def download_missing():
    return viperhttp.FileResponse(root + "/none.html")


app.mount("/plain", root)
app.mount("/site", root, html=True)
app.mount("/", root, html=True)
app.run(int(sys.argv[1]), host="127.0.0.1")
