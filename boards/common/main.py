# Written by `make flash`: starts the application in /app_a or /app_b with this board's profile.
from viperhttp.device import start

start(profile="profile")
