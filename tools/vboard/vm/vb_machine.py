"""Stand-in for `machine`: pins and ADC without wires, resets, a watchdog that the host minds, an RTC with memory."""

import sys
import time

import vb_world

PWRON, HARD, WDT_CAUSE, SOFT = 1, 2, 3, 5
CAUSES = {"power": PWRON, "hard": HARD, "watchdog": WDT_CAUSE, "soft": SOFT}
FREQUENCY = {"esp32": 160000000, "rp2": 125000000, "esp8266": 80000000}
UNIQUE_ID = b"\xde\xad\xbe\xef\x00\x01"


class Pin:
    """A pin with nothing on it: an output is read back, an input is low, or high by its pull-up."""

    IN, OUT, OPEN_DRAIN = 1, 3, 7
    PULL_UP, PULL_DOWN = 2, 1
    IRQ_RISING, IRQ_FALLING = 1, 2

    def __init__(self, id, mode=-1, pull=-1, value=None):  # noqa: A002  the board's own names
        self.id = id
        self._value = int(bool(value)) if value is not None else int(pull == Pin.PULL_UP)

    def init(self, mode=-1, pull=-1, value=None):
        if value is not None:
            self._value = int(bool(value))

    def value(self, *level):
        if level:
            self._value = int(bool(level[0]))
            return None
        return self._value

    __call__ = value

    def on(self):
        self._value = 1

    def off(self):
        self._value = 0

    def toggle(self):
        self._value ^= 1

    def irq(self, handler=None, trigger=3, **options):
        return None


class ADC:
    """An input that reads half of its range."""

    ATTN_11DB = 3
    CORE_TEMP = 4

    def __init__(self, pin, **options):
        self.pin = pin

    def read_u16(self):
        return 14070 if self.pin == ADC.CORE_TEMP else 32768  # 14070 is 27 degrees on an RP2040


class PWM:
    """Remembers what it was set to."""

    def __init__(self, pin, freq=1000, duty_u16=0, **options):
        self.pin, self._freq, self._duty = pin, freq, duty_u16

    def init(self, freq=None, duty_u16=None, **options):
        self._freq = self._freq if freq is None else freq
        self._duty = self._duty if duty_u16 is None else duty_u16

    def freq(self, *value):
        if not value:
            return self._freq
        self._freq = value[0]

    def duty_u16(self, *value):
        if not value:
            return self._duty
        self._duty = value[0]

    def deinit(self):
        self._duty = 0


def install(world):
    """Put the stand-in where `import machine` finds it."""
    import machine as real

    module = vb_world.Over(real)
    module.Pin, module.ADC, module.PWM = Pin, ADC, PWM
    module.PWRON_RESET, module.WDT_RESET = PWRON, WDT_CAUSE
    if world.platform != "rp2":
        module.HARD_RESET, module.SOFT_RESET = HARD, SOFT
    module.reset_cause = lambda: CAUSES[world.cause]
    module.unique_id = lambda: UNIQUE_ID
    module.freq = lambda *hertz: None if hertz else FREQUENCY[world.platform]
    _install_resets(module, world)
    _install_clock(module, world)
    sys.modules["machine"] = module


def _install_resets(module, world):
    def reset():
        end("hard")

    def soft_reset():
        end("soft")

    def end(cause):
        # Not SystemExit: raised in main.py, the unix port answers it with its REPL.
        world.tell("reset " + cause)
        while True:  # until the host ends it
            time.sleep(1)

    class WDT:
        """The host resets the board when it has not been fed for so many milliseconds."""

        def __init__(self, id=0, timeout=5000):  # noqa: A002
            self._timeout = timeout
            self.feed()

        def feed(self):
            world.tell("watchdog %d" % self._timeout)

    module.reset, module.soft_reset, module.WDT = reset, soft_reset, WDT


def _install_clock(module, world):
    class RTC:
        """The host's time; memory() outlives a reset, and on an ESP not a power cut."""

        def datetime(self, *value):
            if value:
                return None
            now = time.gmtime()
            return (now[0], now[1], now[2], now[6], now[3], now[4], now[5], 0)

        def memory(self, *value):
            if not value:
                return world.load("rtc")
            world.keep("rtc", value[0])

    if world.platform == "rp2":
        del RTC.memory
    if world.cause == "power":
        world.forget("rtc")
    module.RTC = RTC
