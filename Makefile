# Everything a person types. `make help` lists it. Another Python: make test PYTHON=python3.13
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
DATA ?= $(or $(EDGEGATE_DATA),../shared/data)
FULL ?=
export EDGEGATE_DATA := $(DATA)
CONVERTED := $(abspath $(VENV)-train/converted)
export EDGEGATE_CONVERTED := $(if $(FULL),$(CONVERTED))
DESIGNS := tests/converter/architectures/test_every_design.py -m 'full or not full'
NEWER ?= $(shell for python in python3.13 "$$HOME"/.pyenv/versions/3.13*/bin/python; do \
  "$$python" -c '' 2> /dev/null && echo "$$python" && break; done)

.DEFAULT_GOAL := help
.PHONY: help demo test test-tflite-runtime test-newer test-converter test-recipes test-import test-aarch64 soak smoke
.PHONY: check bench
.PHONY: models tracker config door mosquitto systemd-analyze rtsp-server install uninstall system-test kernel
.PHONY: guest-tools clean
.DELETE_ON_ERROR:

help:  ## this list
	@grep -E '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 22

demo: $(VENV)/.demo  ## see a door recognise one person and refuse another; results in demo-out/
	@$(BIN)/edgegate demo --out demo-out

# Most tests wait most of the time: three files beside each other take half as long.
BESIDE := -n 3 --dist loadfile
test: $(VENV)/.test mosquitto systemd-analyze rtsp-server test-tflite-runtime $(if $(FULL),test-newer test-converter test-recipes test-import)  ## the test suite; FULL=1 adds the long figures, and every design
	@PATH="$$PATH:/usr/sbin" $(BIN)/python -m pytest $(if $(FULL),-m 'full or not full') $(or $(TESTS),$(BESIDE))

# Every design of the converter in every variant, made once for all runtimes and Pythons.
test test-tflite-runtime test-newer: $(if $(FULL),$(CONVERTED)/.made)
$(CONVERTED)/.made: $(VENV)-train/.train $(wildcard converter/architectures/*.py converter/architectures/*/*.py converter/tflite/*.py) tests/support/converter/convert_all.py tests/support/converter/untaught.py
	@$(VENV)-train/bin/python -m tests.support.converter.convert_all $(@D)
	@touch $@

# The same vision tests on the other TFLite runtime, which exists for Python 3.11 and needs NumPy 1.
test-tflite-runtime:
	@if $(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))'; then \
	  $(MAKE) --no-print-directory VENV=.venv-tflite-runtime .venv-tflite-runtime/.vision && \
	  EDGEGATE_RUNTIME=tflite-runtime .venv-tflite-runtime/bin/python -m pytest tests/vision $(if $(FULL),$(DESIGNS)); \
	else echo "tflite-runtime 2.14 has no wheels for this Python (3.11 only): its vision tests are not run"; fi

test-newer:
	@if test "$(NEWER)"; then \
	  $(MAKE) --no-print-directory VENV=.venv-3.13 PYTHON="$(NEWER)" .venv-3.13/.test && \
	  .venv-3.13/bin/python -m pytest $(DESIGNS); \
	else echo "there is no Python 3.13 here: the converted designs are not run on it"; fi

test-converter: $(VENV)-train/.train  ## the converter's tests, which need TensorFlow
	@$(VENV)-train/bin/python -m pytest -n 2 --dist loadfile tests/converter

# It takes 10 GB of memory. malloc's settings keep TensorFlow from giving memory back all the time.
test-recipes: $(VENV)-train/.train  ## every recipe from photos to a pack, small, and the real sizes: 10 minutes
	@MALLOC_MMAP_MAX_=0 MALLOC_TRIM_THRESHOLD_=4294967296 MALLOC_ARENA_MAX=2 \
	  $(VENV)-train/bin/python -m pytest -n 2 --dist loadfile -m 'train and full' --durations 12 tests/converter

test-import: $(VENV)-import/.import  ## imports of ONNX face networks, which need onnx2tf
	@$(VENV)-import/bin/python -m pytest tests/converter/imports/test_import_onnx.py

test-aarch64: $(VENV)/.test  ## a Raspberry Pi's wheels and three seconds at a door, under qemu: 5 minutes, as root
	@$(BIN)/python -m tests.aarch64 $(abspath $(VENV)-aarch64)

soak: $(VENV)/.test mosquitto  ## a day of visits in five to ten minutes: files, threads and memory of both processes
	@PYTHONPATH=. PATH="$$PATH:/usr/sbin" $(BIN)/python benchmarks/soak.py

smoke: $(VENV)/.test  ## the golden replays and the command line, quickly; for a second Python
	@$(BIN)/python -m pytest tests/service/test_replays.py tests/cli/test_cli.py tests/config/test_config.py

check: $(VENV)/.check  ## linter and strict types, over everything
	@$(BIN)/ruff format --check --quiet . || { echo "run: $(BIN)/ruff format ."; exit 1; }
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy edgegate converter tests benchmarks

bench: $(VENV)/.test  ## how fast this machine is; figures in benchmarks/out/
	@$(BIN)/python benchmarks/pipeline.py

models: $(VENV)-train/.train  ## rebuild the shipped model packs and compare
	@$(VENV)-train/bin/python -m converter import packs --check

tracker: $(VENV)-train/.train  ## train the tracker that ships again (20 minutes), and its report in docs/
	@rm -rf edgegate/models/face-tracker
	@$(VENV)-train/bin/python -m converter build converter/recipes/face-tracker.toml
	@mv edgegate/models/face-tracker/report.html docs/face-tracker-report.html

config: $(VENV)/.demo  ## render config.toml from edgegate/config
	@$(BIN)/python -m edgegate.config > config.toml.new && mv config.toml.new config.toml

door: $(VENV)/.demo  ## draw docs/door.md from edgegate/door/table.py
	@$(BIN)/python -m edgegate.door.diagram docs/door.md

mosquitto systemd-analyze guest-tools:
	@scripts/provision $@

rtsp-server:
	@PYTHON=$(BIN)/python scripts/provision $@

# A booted Debian with GPIO lines and a camera (tests/booted/README.md). CASES chooses files or tests.
CASES ?= tests/booted
system-test: $(VENV)/.test guest-tools  ## boot the door as a service on simulated hardware; FULL=1 for the published figures
	@$(BIN)/python -m tests.booted.kernel > /dev/null
	@FULL=$(FULL) $(BIN)/python -m pytest $(if $(FULL),-m 'full or not full') --timeout $(if $(FULL),7200,600) $(CASES)

kernel: $(VENV)/.test guest-tools  ## build the kernel that system-test boots, where none is at hand (15 minutes)
	@tests/booted/recipe/kernel/build.sh "$$($(BIN)/python -m tests.booted.kernel --folder)"

install:  ## sudo make install: the door as a service, or its upgrade (docs/install.md)
	@PYTHON="$(PYTHON)" systemd/install install

uninstall:  ## sudo make uninstall; PURGE=1: people, keys, credentials, journal and configuration too
	@PYTHON="$(PYTHON)" systemd/install uninstall

clean:  ## remove what the targets above made
	rm -rf .venv .venv-* demo-out benchmarks/out .mypy_cache .ruff_cache .pytest_cache

# A stamp an environment, so that the second run takes no time; a change of pyproject.toml installs anew.
$(VENV)/.demo: EXTRAS := demo
$(VENV)/.test: EXTRAS := test
$(VENV)/.check: EXTRAS := test,check
$(VENV)/.vision: EXTRAS := test,tflite-runtime
$(VENV)/.demo $(VENV)/.test $(VENV)/.check $(VENV)/.vision: pyproject.toml
	@$(call install,$(VENV),$(EXTRAS))
	@touch $@
$(VENV)-train/.train: pyproject.toml
	@$(call install,$(VENV)-train,train$(,)test)
	@touch $@
$(VENV)-import/.import: pyproject.toml
	@$(call install,$(VENV)-import,import$(,)test)
	@touch $@

, := ,
define install
$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2> /dev/null || \
  { echo "edgegate needs Python 3.11 or newer, and $(PYTHON) is not: try PYTHON=python3.13"; exit 1; }; \
test -x $(1)/bin/python || { echo "making $(1)"; $(PYTHON) -m venv $(1) || \
  { echo "venv failed: on Debian and Raspberry Pi OS, sudo apt install python3-venv"; exit 1; }; }; \
echo "installing edgegate[$(2)] into $(1)"; \
$(1)/bin/python -m pip --disable-pip-version-check --quiet install -e '.[$(2)]'
endef
