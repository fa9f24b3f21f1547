# Freezes viperhttp and the profile of this board (MicroPython's unix port) into a firmware; see README.md beside it.
include("$(PORT_DIR)/variants/manifest.py")  # what the port has anyway
package("viperhttp", base_path="../..")
module("profile.py")
