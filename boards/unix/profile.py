"""What differs from viperhttp's defaults on: MicroPython's unix port. Use it as ViperHTTP(config=CONFIG)."""

# A host's network with a board's interpreter: the defaults.
CONFIG: dict = {}
