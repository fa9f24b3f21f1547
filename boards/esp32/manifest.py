# Freezes viperhttp and the profile of this board (ESP32) into a firmware; see README.md beside it.
include("$(PORT_DIR)/boards/manifest.py")  # what the firmware has anyway
package("viperhttp", base_path="../..")
module("profile.py")
