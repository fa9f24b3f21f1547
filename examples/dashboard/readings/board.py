"""Readings of a board: chip temperature, Wi-Fi signal, one analogue pin. Untested on hardware."""

import os
import sys

from . import Reading

EVERY_SECOND = 4  # samples; these change slowly and take time
ADC_STEPS = 65535
ADC_VOLTS = 3.3
# First pin of the list that the chip takes as an analogue input: 26 is ADC0 of the Pico boards,
# 34 is ADC1 channel 6 of the ESP32, 1 is on ADC1 of the newer ESP32 chips.
ADC_PINS = {"rp2": (26,), "esp32": (34, 1)}


def candidates(adc_pin=None):
    """What this board offers; a part that is missing from its firmware gives no candidate."""
    found = []
    read = chip_temperature()
    if read:
        found.append(Reading("chip", "Chip temperature", "°C", read, every=EVERY_SECOND))
    read = wifi_signal()
    if read:
        found.append(Reading("rssi", "Wi-Fi signal", "dBm", read, None, -100, -30, 0, EVERY_SECOND))
    pin, read = analogue_pin(adc_pin)
    if read:
        found.append(Reading("adc", "ADC pin %d" % pin, "V", read, low=0, high=ADC_VOLTS, digits=2))
    return found


def name():
    try:
        return os.uname().machine
    except AttributeError:
        return getattr(sys.implementation, "_machine", sys.platform)


def chip_temperature():
    """A function that reads the chip's own temperature in °C, or None."""
    try:
        import esp32

        if hasattr(esp32, "mcu_temperature"):  # C3, S2, S3, C6: degrees Celsius
            return esp32.mcu_temperature
        if hasattr(esp32, "raw_temperature"):  # the first ESP32: degrees Fahrenheit
            return lambda: (esp32.raw_temperature() - 32) / 1.8
        return None
    except ImportError:
        pass
    if sys.platform != "rp2":
        return None
    from machine import ADC

    sensor = ADC(getattr(ADC, "CORE_TEMP", 4))
    # RP2040 datasheet 4.9.5: 0.706 V at 27 °C, falling by 1.721 mV per degree.
    return lambda: 27 - (sensor.read_u16() * ADC_VOLTS / ADC_STEPS - 0.706) / 0.001721


def wifi_signal():
    """A function that reads the signal strength in dBm, or None where there is no Wi-Fi."""
    try:
        import network

        wlan = network.WLAN(network.STA_IF)
        return lambda: wlan.status("rssi")
    except (ImportError, AttributeError, OSError):
        return None


def analogue_pin(wanted=None):
    """(pin, function that reads its volts), or (None, None) where no such pin exists."""
    try:
        from machine import ADC, Pin
    except ImportError:
        return None, None
    for pin in (wanted,) if wanted is not None else ADC_PINS.get(sys.platform, ()):
        try:
            adc = ADC(Pin(pin))
        except (ValueError, OSError, TypeError):
            continue
        return pin, volts(adc)
    return None, None


def volts(adc):
    """A function that reads an analogue input's volts."""
    if hasattr(adc, "read_uv"):  # calibrated, in microvolts
        return lambda: adc.read_uv() / 1000000
    return lambda: adc.read_u16() * ADC_VOLTS / ADC_STEPS
