# The commands of the README. Each installs what it needs into $(VENV), once.
VENV ?= .venv
BIN := $(VENV)/bin
WORKERS ?= 7
SECONDS ?= 60
DAYS ?= 7
SEEDS ?= 50

# With compiled modules kept, test workers and the processes that they start begin sooner.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo pictures local tools test check lint chaos fuzz mutants bench hostile scale soak model clean

demo: $(VENV)/.ready ## play the story on an emulated tenant; OPEN=1 keeps its pages open
	$(BIN)/python -m emulator.demo $(if $(OPEN),--open)

pictures: $(VENV)/.ready ## the pictures of the pages in docs/pictures, from the demo
	$(BIN)/python -m scripts.screenshots

local: $(VENV)/.ready ## run the emulated tenant and Hasten until Ctrl-C
	$(BIN)/python -m emulator --targets examples/targets.yaml

tools: $(VENV)/.ready ## what the tests need from npm
	$(BIN)/python -m tests.support.npm

test: tools ## all tests, or those that TESTS names
	@$(BIN)/python -m tests.support.browser
	$(BIN)/python -m pytest -n $(WORKERS) $(TESTS)

lint: $(VENV)/.ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

check: lint test ## what CI runs

chaos: $(VENV)/.ready ## storms of every fault, 50 or SEEDS=1000, and a wave of 1,000 events
	HASTEN_WAVE=1000 HASTEN_STORM=1 $(BIN)/python -m pytest tests/simulation -o junit_family=xunit1 --junitxml=var/measured.xml
	$(BIN)/python -m tests.chaos --seeds $(SEEDS) --write --measured var/measured.xml

fuzz: $(VENV)/.ready ## hostile inputs to every decoder, guided by coverage; DECODER=name for one
	$(BIN)/python -m tests.fuzz --seconds $(SECONDS) $(if $(DECODER),--decoder $(DECODER))

hostile: $(VENV)/.ready ## 7,200 hostile and odd events, each carried out in a directory; make test takes 600
	HASTEN_EVENT_SEEDS=12 $(BIN)/python -m pytest -n $(WORKERS) tests/unit/events_contract/test_hostile_events.py

mutants: $(VENV)/.ready ## do the tests notice changed code? MODULE=part of a path, SAMPLE=number, SEED=number
	$(BIN)/python -m tests.mutants $(if $(MODULE),--module $(MODULE)) $(if $(SAMPLE),--sample $(SAMPLE)) $(if $(SEED),--seed $(SEED))

bench: $(VENV)/.ready
	$(BIN)/python -m benchmarks

scale: $(VENV)/.ready ## what a minute and a change cost as the tenant grows
	$(BIN)/python -m benchmarks.scale

soak: $(VENV)/.ready ## a week of an ordinary company on simulated time; DAYS=1 for a day
	$(BIN)/python -m tests.soak --days $(DAYS) --write

model: $(VENV)/.ready ## every state of larger instances of the protocol, and long random runs
	$(BIN)/python -m tests.model

clean:
	rm -rf $(VENV) .tools var

$(VENV)/.ready: requirements-common.txt requirements-cli.txt requirements-dev.txt scripts/venv.sh
	scripts/venv.sh $(VENV)
