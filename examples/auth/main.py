"""Auth: people log in once and a session guards the rest; programs bring a token. Routes and WebSockets alike."""

import asyncio
import sys
import time

from viperhttp import Depends, HTTPException, ViperHTTP, current_request
from viperhttp.auth import BasicAuth, BearerAuth
from viperhttp.sessions import SessionMiddleware

PEOPLE = {"ada": "change-me"}  # name: password. Yours, before the board is on any network
TOKENS = {"change-me-too": "logger"}  # token of a program: its name
POLICY_VIOLATION = 1008  # RFC 6455 section 7.4.1

app = ViperHTTP()
# The cookie is HttpOnly and SameSite=Lax: no script reads it, and a form on another site does not send it.
app.add_middleware(SessionMiddleware(max_sessions=16))
passwords = BasicAuth(PEOPLE)  # compares in constant time; its limiter shuts out an address that guesses
programs = BearerAuth(tokens=TOKENS)
started = time.time()


def who(request):
    """The name behind a request or WebSocket, by session or token; 401 for anybody else."""
    return request.session.get("user") or programs.check(request)


@app.post("/login")
async def login():
    request = current_request()
    limiter = passwords.limiter
    address = request.client[0] if request.client else None
    seconds = limiter.wait(address)
    if seconds:
        raise HTTPException(429, "too many failures", {"Retry-After": str(seconds)})
    form = await request.form()
    name = passwords.identify((form.get("name", ""), form.get("password", "")))
    if name is None:
        limiter.failed(address)
        raise HTTPException(401, "wrong name or password")
    limiter.succeeded(address)
    request.session["user"] = name
    request.session.regenerate()  # an id that somebody knew before the login is worth nothing
    return {"user": name}


@app.post("/logout")
async def logout():
    current_request().session.invalidate()


@app.get("/me", deps={"user": Depends(who, ws=True)})
async def me(user):
    return {"user": user}


@app.websocket("/live", deps={"user": Depends(who, ws=True)})
async def live(ws, user):
    await ws.accept()
    by_session = "user" in ws.session
    while not ws.closed:
        # The session is the one that requests see: a logout anywhere ends this socket, too.
        if by_session and ws.session.get("user") != user:
            await ws.close(POLICY_VIOLATION, "logged out")
            break
        await ws.send_json({"user": user, "up": int(time.time() - started)})
        await asyncio.sleep(1)


def page_folder():
    """The www folder beside this file, wherever that is: on a board there may be no __file__."""
    here = globals().get("__file__", "main.py").replace("\\", "/")
    return (here.rsplit("/", 1)[0] + "/" if "/" in here else "") + "www"


app.mount("/", page_folder(), html=True)  # open to all: it holds the login form and no secret

if __name__ == "__main__":
    app.run(port=int(sys.argv[1]) if len(sys.argv) > 1 else 8080)
