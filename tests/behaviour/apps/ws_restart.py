"""Calls run() twice, with shutdown() in between, and says so. Arguments: PORT, config as JSON."""

import asyncio
import json
import sys

import viperhttp

app = viperhttp.ViperHTTP(config=json.loads(sys.argv[2]))
runs = 0


@app.on_event("startup")
async def started():
    print("startup", runs)


@app.on_event("shutdown")
async def stopped():
    await asyncio.sleep(0.05)
    print("shutdown", runs)


@app.get("/run")
async def which():
    return {"run": runs}


@app.get("/stop")
async def stop():
    await app.shutdown()
    return "stopped"


@app.get("/stop-soon")
async def stop_soon():
    asyncio.create_task(app.shutdown())
    return "stopping"


@app.get("/slow")
async def slow():
    print("slow: started")
    await asyncio.sleep(0.3)
    return "slow but sure"


@app.get("/stuck")
async def stuck():
    print("stuck: started")
    try:
        await asyncio.sleep(60)
    finally:
        print("stuck: finally")


@app.websocket("/wait")
async def wait(ws):
    await ws.accept()
    try:
        await ws.receive()
    finally:
        await asyncio.sleep(0.01)
        print("wait: finally", ws.close_code)


@app.websocket("/sleep")
async def sleep(ws):
    await ws.accept()
    await ws.send_text("asleep")
    try:
        await asyncio.sleep(60)
    finally:
        await asyncio.sleep(0.01)
        print("sleep: finally", ws.close_code)


@app.websocket("/late")
async def late(ws):
    print("late: started")
    await asyncio.sleep(0.2)
    await ws.accept()
    try:
        await ws.receive_text()
    finally:
        print("late: finally", ws.close_code)


@app.websocket("/spin")
async def spin(ws):
    # Never gives control back: Ctrl-C strikes here.
    await ws.accept()
    await ws.send_text("spinning")
    await asyncio.sleep(0)
    try:
        n = 0
        while True:
            n += 1
    finally:
        print("spin: finally")


@app.websocket("/stop")
async def stop_ws(ws):
    await ws.accept()
    await app.shutdown()
    print("stop: done", ws.close_code)


while runs < 2:
    runs += 1
    app.run(int(sys.argv[1]))
    print("run", runs, "returned")
print("the end")
