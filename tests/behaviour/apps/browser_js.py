"""An application that says nothing of /viper.js, and one that has a file of its own there. Arguments: PORT, config."""

import json
import sys

import viperhttp

config = json.loads(sys.argv[2])
folder = config.pop("folder", None)
app = viperhttp.ViperHTTP(config=config, docs=False)


@app.get("/modules")
async def modules():
    return sorted(name for name in sys.modules if "app.browser" in name)


if folder:
    app.mount("/", folder)
app.run(port=int(sys.argv[1]), host="127.0.0.1")
