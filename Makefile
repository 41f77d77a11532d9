# What a developer runs; each target makes what it needs. `make help` lists them.

PYTHON ?= python3
BIN := .venv/bin
TOOLS := tests/tools
# Compiled code is kept, also where the environment forbids it: hundreds of daemons start, which else compile all each time.
PYTEST := PYTHONDONTWRITEBYTECODE= PYTHONPYCACHEPREFIX="$(CURDIR)/build/pycache" $(BIN)/python -m pytest

.DEFAULT_GOAL := help

.PHONY: help
help:  ## list the targets
	@sed -n 's/^\([a-z0-9-]*\):.*## /  make \1 \t/p' $(MAKEFILE_LIST) | expand -t 24

.PHONY: demo
demo: run-time  ## a press, a frame, a streamed answer: no glasses, no network, no key (ONCE=1: one answer; CLIP=FOLDER: your pictures)
	@$(BIN)/glassd demo $(if $(ONCE),--once) $(if $(CLIP),--clip "$$CLIP")
# `$$CLIP` is the environment's, where make puts what its command line sets: the shell never sees a folder's name as code.

.PHONY: test
test: tools curl compiler systemd-tools fonts speaker  ## the tests that need no root, no network and no minutes
	HYPOTHESIS_PROFILE=quick $(PYTEST) -n auto --dist worksteal -m "not soak and not foreign and not rig and not netns and not browser and not openapi" $(TESTS)

.PHONY: lint
lint: tools  ## style, types, layers, unfinished words, licences
	$(BIN)/ruff check --no-cache daemon drivers systemd tests
	$(BIN)/ruff format --check daemon drivers systemd tests
	$(BIN)/mypy
	$(BIN)/lint-imports
	sh $(TOOLS)/leftovers.sh
	$(BIN)/python $(TOOLS)/licences.py

.PHONY: check
check: lint fresh-clone curl compiler systemd-tools fonts speaker foreign browser openapi  ## what CI runs: lint, a fresh clone's demo, the servers of others, the pages in a browser, the API as it is documented, the tests with the soaks in short, the virtual board
	SOAK=short HYPOTHESIS_PROFILE=quick $(PYTEST) -n auto --dist worksteal --hypothesis-seed=0 -m "not foreign and not rig and not browser and not openapi"
	$(MAKE) --no-print-directory rig

.PHONY: fresh-clone
fresh-clone:
	sh $(TOOLS)/fresh-clone.sh

.PHONY: foreign
foreign: tools  ## the client against model servers that others wrote, from PyPI and npm (800 MB the first time)
	@sh $(TOOLS)/foreign.sh
	$(PYTEST) -m foreign tests/foreign

.PHONY: openapi
openapi: tools  ## every answer of the API beside its OpenAPI document, by schemathesis from PyPI (OPENAPI_EXAMPLES=: so many of each request)
	@sh $(TOOLS)/openapi.sh
	$(PYTEST) -m openapi tests/openapi

.PHONY: browser
browser: tools fonts chromium  ## the pages in Debian's Chromium, judged by axe from npm (TESTS=: a part)
	@sh $(TOOLS)/browser.sh
	$(PYTEST) -n logical --dist worksteal -m browser $(or $(TESTS),tests/web)

# One board keeps a core and a third busy.
BOARDS ?= 2

.PHONY: rig
rig: board  ## the service on a virtual board with Debian's kernel and its drivers (2 GB of disk; minutes the first time)
	$(PYTEST) -n $(BOARDS) --dist loadfile -m rig $(or $(TESTS),tests/rig)

.PHONY: board
board: ARCH = amd64
board: DEB_RELEASE = bookworm
board: tools compiler deb
	@sh $(TOOLS)/rig.sh
	@$(BIN)/python tests/rig build

.PHONY: fuzz
fuzz: tools compiler fonts  ## the property tests, with thousands of examples each; the bridge's C code under sanitizers, for ten minutes
	FUZZ=full HYPOTHESIS_PROFILE=fuzz $(PYTEST) -m "hypothesis or fuzz" --timeout=0 $(TESTS)

.PHONY: soak
soak: tools compiler  ## long runs, with the full counts
	SOAK=full $(PYTEST) -m soak --timeout=0 $(TESTS)

.PHONY: bench
bench: board fonts  ## ratios beside the alternatives, in one run (CHECK=1: fail where one that must hold does not; ROWS=: a part)
	$(BIN)/python tests/bench $(if $(CHECK),--check) $(ROWS)

# --- the bridge's emulator
FIRMWARE := drivers/bridge_firmware
EMULATOR := build/bridge-emulator
# As much as a device may have: the emulator's options make it smaller.
EMULATOR_SIZES := -DGL_PACKET_MAX=4102 -DGL_ROOM=8192 -DGL_CHUNK_MAX=4096 -DGL_EDGES=32 -DGL_ROWS=32 -DGL_ROW_BYTES=255

.PHONY: bridge-emulator
bridge-emulator: compiler $(EMULATOR)  ## the bridge without the hardware, in build/bridge-emulator: docs/bridge-emulator.md

$(EMULATOR): $(wildcard $(FIRMWARE)/*.[ch] $(FIRMWARE)/emulator/*.[ch])
	@mkdir -p $(@D)
	$(CC) -std=c99 -D_XOPEN_SOURCE=700 -Wall -Wextra -Werror -pedantic -O2 $(EMULATOR_FLAGS) $(EMULATOR_SIZES) -I$(FIRMWARE) -o $@ $(filter %.c,$^) -lm

# --- the Debian package
ARCH ?= $(shell dpkg --print-architecture)
DEB_RELEASE ?= bookworm
VERSION ?=

.PHONY: deb
deb: run-time  ## the Debian package, in build/deb (DEB_RELEASE=bookworm|trixie, ARCH=amd64|arm64, VERSION=: another than the tree's)
	@sh systemd/deb/build.sh $(DEB_RELEASE) $(ARCH) $(VERSION)

.PHONY: release
release: run-time  ## the packages for every release and architecture, checksums, and tars that install offline, in build/release (VERSION=)
	@sh systemd/deb/release.sh $(VERSION)

.PHONY: arm64
arm64: tools  ## the arm64 package, started under QEMU's user emulation (DEB_RELEASE=)
	@sh systemd/deb/arm64.sh $(DEB_RELEASE)
	$(PYTEST) tests/package/arm64.py

.PHONY: deb-lock
deb-lock: tools
	sh systemd/deb/lock.sh

.PHONY: clean
clean:  ## remove what was made
	rm -rf .venv build dist *.egg-info .mypy_cache .ruff_cache .hypothesis .import_linter_cache .coverage*
	find daemon drivers tests -name __pycache__ -prune -exec rm -rf {} +

.PHONY: run-time
run-time:
	@sh $(TOOLS)/venv.sh $(PYTHON)

.PHONY: tools
tools:
	@sh $(TOOLS)/venv.sh $(PYTHON) test,lint

.PHONY: curl
curl:
	@command -v curl >/dev/null || sh $(TOOLS)/apt-ensure.sh "Some tests call curl, as the manual's examples do, and this system lacks it." curl

.PHONY: compiler
compiler:
	@command -v $(CC) >/dev/null || sh $(TOOLS)/apt-ensure.sh "The bridge's device end is C, and this system has no C compiler." gcc libc6-dev

.PHONY: systemd-tools
systemd-tools:
	@command -v systemd-analyze >/dev/null || sh $(TOOLS)/apt-ensure.sh "Some tests read the units with systemd's own tools, and this system lacks them." systemd

.PHONY: fonts
fonts:  # those of systemd/deb/control, and the one that lets lines run from right to left
	@ls /usr/share/fonts/truetype/wqy/wqy-microhei.ttc /usr/share/fonts/truetype/dejavu/DejaVuSans.ttf \
	    /usr/share/fonts/truetype/tlwg/Loma.ttf /usr/share/fonts/truetype/ancient-scripts/Symbola_hint.ttf >/dev/null 2>&1 \
	    || sh $(TOOLS)/apt-ensure.sh "Some tests draw screens, and this system lacks the fonts for it." \
	    fonts-wqy-microhei fonts-dejavu-core fonts-tlwg-loma-ttf fonts-symbola libfribidi0

.PHONY: speaker
speaker:
	@command -v espeak-ng >/dev/null || sh $(TOOLS)/apt-ensure.sh "Some tests have answers spoken, and this system lacks espeak-ng." espeak-ng

.PHONY: chromium
chromium:
	@command -v chromium >/dev/null || sh $(TOOLS)/apt-ensure.sh "Some tests open the pages in a browser, and this system lacks Chromium." chromium
