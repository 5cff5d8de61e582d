# SPDX-License-Identifier: BSD-2-Clause
# The commands of the README. The build itself is Meson's: see meson.build.
BUILD ?= build
MESON_OPTIONS ?=
PYTHON ?= /usr/bin/python3
AS_ROOT := $(shell [ "$$(id -u)" -eq 0 ] || echo sudo)

.NOTPARALLEL:
.PHONY: all setup run test test-unit test-live test-vm bench check-format clean install

all: $(BUILD)/build.ninja
	ninja -C $(BUILD)
	@ln -sf src/fathom $(BUILD)/fathom

$(BUILD)/build.ninja:
	meson setup $(BUILD) $(MESON_OPTIONS)

# Installs the Debian packages that are missing; says which when it cannot.
setup:
	./tools/setup.sh build

# Watching takes privileges: as an ordinary user, this one command goes through sudo.
run: setup all
	$(AS_ROOT) $(BUILD)/fathom run -- tar czf $(BUILD)/doc.tgz /usr/share/doc

test-unit: all
	meson test -C $(BUILD) --print-errorlogs

test-live: all
	./tools/setup.sh test
	$(AS_ROOT) $(PYTHON) tests/live/run_live.py --build $(BUILD)

test-vm: all
	./tools/setup.sh vm
	tests/vm/run.sh $(BUILD)

test:
	./tools/test.sh

bench: setup all
	./tools/setup.sh bench
	$(AS_ROOT) $(BUILD)/bench/fathom-bench

check-format:
	./tools/check-format.sh

install: all
	meson install -C $(BUILD)

clean:
	rm -rf $(BUILD)
