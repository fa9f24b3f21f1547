# viperhttp: the commands. Needs Python 3.10+, make and git; everything else goes to .venv at first use.

PYTHON  ?= python3
PORT    ?= 8080
HEAP    ?=
RUNTIME ?= micropython
APP     ?= examples/dashboard
ARGS    ?=
export PORT HEAP RUNTIME APP

ENSURE := $(PYTHON) tools/env/ensure.py
VENV_PYTHON := .venv/bin/python

.DEFAULT_GOAL := help
.PHONY: help run test lint types size conformance bench bench-check clean

help:
	@echo 'viperhttp: a WebSocket and HTTP server for MicroPython boards, and for CPython'
	@echo
	@echo '  make run          the dashboard on a real MicroPython; prints the URL to open'
	@echo '                      PORT=8080            another port'
	@echo '                      HEAP=256K            heap of MicroPython (256K in 64-bit words = 128K on a board)'
	@echo '                      RUNTIME=cpython      on CPython instead'
	@echo '                      APP=examples/echo    another example'
	@echo '  make test         the whole suite, on MicroPython and CPython  (ARGS="-k frames" to choose)'
	@echo
	@echo '  make lint         ruff'
	@echo '  make types        mypy on CPython, and against what ESP32 and Pico firmware offer'
	@echo '  make size         bytes of each module, as source and compiled for each board'
	@echo '  make conformance  the Autobahn suite against examples/echo  (ARGS="--quick" or "--groups 1-7,10")'
	@echo '  make bench        speed beside other servers, measured in one run'
	@echo '  make clean        removes .venv and what tools have made'
	@echo
	@echo 'The first run of each installs what it needs in .venv (network, no root); later runs start at once.'
	@echo 'MICROPYTHON=/path/to/micropython uses your own build. PYTHON=/path/to/python3 another Python.'

run:
	@$(PYTHON) tools/env/serve.py

test:
	@$(ENSURE) micropython test size
	@$(PYTHON) tools/conformance/install.py
	@$(VENV_PYTHON) -m pytest $(ARGS)

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
