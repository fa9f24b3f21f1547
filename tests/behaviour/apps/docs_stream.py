"""app.stream() for the documents. Arguments: PORT, config as JSON."""

import json
import sys

import viperhttp

app = viperhttp.ViperHTTP(config=json.loads(sys.argv[2]))
rooms = viperhttp.ConnectionManager()
app.stream("/live", room=rooms.room("sensors"))
app.run(port=int(sys.argv[1]), host="127.0.0.1")
