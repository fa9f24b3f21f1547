# viperhttp: the commands. Needs Python 3.10+, make and git; everything else goes to .venv at first use.

PYTHON  ?= python3
PORT    ?= 8080
HEAP    ?=
RUNTIME ?= micropython
APP     ?= examples/dashboard
ARGS    ?=
BOARD   ?=
SSID    ?=
# PORT is a board's serial port for these, and only where it was given: `make run` has another meaning and a default.
SERIAL  := $(if $(filter file,$(origin PORT)),,$(PORT))
export PORT HEAP RUNTIME APP

ENSURE := $(PYTHON) tools/env/ensure.py
VENV_PYTHON := .venv/bin/python

.DEFAULT_GOAL := help
FLASH := $(VENV_PYTHON) tools/flash/flash.py
.PHONY: help run flash ota monitor backup erase-app verify test test-boards lint types size conformance bench bench-check clean

help:
	@echo 'viperhttp: a WebSocket and HTTP server for MicroPython boards, and for CPython'
	@echo
	@echo '  make run          the dashboard on a real MicroPython; prints the URL to open'
	@echo '                      PORT=8080            another port'
	@echo '                      HEAP=384K            heap of MicroPython (384K in 64-bit words = 192K on a board)'
	@echo '                      RUNTIME=cpython      on CPython instead'
	@echo '                      APP=examples/echo    another example'
	@echo '  make flash        puts viperhttp and an application on a board, starts it, prints its URL'
	@echo '                      BOARD=esp32          or esp32s3 esp32c3 pico_w pico2_w; without it the board is asked'
	@echo '                      PORT=/dev/ttyUSB0    its serial port, where there are several'
	@echo '                      APP=examples/echo    what to run; the dashboard without it'
	@echo '                      SSID=NAME            the Wi-Fi network; asks for its password'
	@echo '  make ota          sends a new version of the application over Wi-Fi'
	@echo '                      HOST=viper.local     the board; APP= as above'
	@echo '  make monitor      shows what the board prints'
	@echo '  make backup       copies all files of the board to this computer'
	@echo '  make erase-app    removes from the board what make flash has put there'
	@echo '  make verify       measures a board: conformance, throughput, memory, a soak; the report is a file'
	@echo
	@echo '  make test         the whole suite, on MicroPython and CPython  (ARGS="-k frames" to choose)'
	@echo
	@echo '  make test-boards  the part of it that puts programs on virtual boards and runs them there'
	@echo '  make lint         ruff'
	@echo '  make types        mypy on CPython, and against what ESP32 and Pico firmware offer'
	@echo '  make size         bytes of each module, as source and compiled for each board'
	@echo '  make conformance  the Autobahn suite against examples/echo  (ARGS="--quick" or "--groups 1-7,10")'
	@echo '  make bench        speed and memory beside other servers  (ARGS="--quick" or "--only echo,get")'
	@echo '  make bench-check  instructions and bytes against the committed figures; a loss over 5 % fails'
	@echo '  make clean        removes .venv and what tools have made'
	@echo
	@echo 'The first run of each installs what it needs in .venv (network, no root); later runs start at once.'
	@echo 'MICROPYTHON=/path/to/micropython uses your own build. PYTHON=/path/to/python3 another Python.'

run:
	@$(PYTHON) tools/env/serve.py

flash:
	@$(ENSURE) flash size
	@$(if $(filter examples/dashboard,$(APP)),$(VENV_PYTHON) tools/assets/fetch.py)
	@$(FLASH) flash --board "$(BOARD)" --port "$(SERIAL)" --app "$(APP)" --ssid "$(SSID)" $(ARGS)

ota:
	@$(ENSURE) size
	@$(if $(HOST),,echo 'which board? make ota HOST=viper.local [APP=$(APP)]'; exit 2)
	@$(if $(filter examples/dashboard,$(APP)),$(VENV_PYTHON) tools/assets/fetch.py)
	@$(VENV_PYTHON) tools/ota/send.py "$(HOST)" "$(APP)" $(if $(VERSION),--version "$(VERSION)") $(ARGS)

verify:
	@$(ENSURE) flash size test
	@$(FLASH) verify --board "$(BOARD)" --port "$(SERIAL)" --ssid "$(SSID)" $(ARGS)

monitor backup erase-app:
	@$(ENSURE) flash size
	@$(FLASH) $@ --port "$(SERIAL)" $(ARGS)

test:
	@$(ENSURE) micropython test size flash
	@$(PYTHON) tools/conformance/install.py
	@$(VENV_PYTHON) -m pytest $(ARGS)

test-boards:
	@$(ENSURE) micropython test size flash
	@$(VENV_PYTHON) -m pytest tests/boards $(ARGS)

lint:
	@$(ENSURE) lint
	@$(VENV_PYTHON) -m ruff check . $(ARGS)

types:
	@$(ENSURE) types stubs-esp32 stubs-rp2 stubs-esp8266
	@$(VENV_PYTHON) tools/static/check_types.py $(ARGS)

size:
	@$(ENSURE) size
	@$(VENV_PYTHON) tools/static/sizes.py $(ARGS)

conformance:
	@$(ENSURE) micropython
	@$(PYTHON) tools/conformance/install.py
	@$(VENV_PYTHON) tools/conformance/run.py $(ARGS)

bench:
	@$(ENSURE) micropython test size
	@$(VENV_PYTHON) tools/bench/run.py $(ARGS)

bench-check:
	@$(ENSURE) micropython test size
	@$(VENV_PYTHON) tools/bench/check.py $(ARGS)

clean:
	rm -rf .venv .venv.lock .venv-autobahn .venv-autobahn.lock tools/*/.build examples/dashboard/www
	rm -rf build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -prune -exec rm -rf {} +
