# make course   build the book, rehearse every assignment on a made-up class, say where everything lies
# make test     lint, layout, types, tests; builds the book from nothing with warnings as errors
# make quick    what a developer of one topic wants to know in a minute: TOPIC=momentum
# make book     the book alone; EDITION=student hides the code of the exercises
# make hub      the classroom: JupyterHub with made-up accounts, until Ctrl-C (PORT=8000 HUB=/srv/deep-training PREFIX=demo)
# make hub-remove  remove those accounts, their homes and the hub's folder
# make bench    measure grading against nbgrader as it comes; write benchmarks/results
# make bench-layers  time optimizers, activations and layers, on the CPU and on a GPU where there is one
# Every target sets up what is missing, and does only what is needed.

PYTHON  ?= python3.11
EDITION ?= full
TEST_WORKERS ?= 2
BIN     := .venv/bin
SITE    := build/book$(if $(filter student,$(EDITION)),-student)

ASSIGNMENTS := $(patsubst solutions/%/assignment.md,%,$(wildcard solutions/*/assignment.md))
REHEARSALS  := $(ASSIGNMENTS:%=build/rehearsal/%.done)
SOLUTIONS := $(shell find solutions -name '*.py' -o -name '*.md')
GRADER    := $(shell find autograder -name '*.py')
PAGES     := $(shell find chapters _config.yml _toc.yml genindex.md benchmarks/results -type f -not -path '*/__pycache__/*')

.PHONY: course test quick book hub hub-remove bench bench-layers clean
.DELETE_ON_ERROR:

course: $(SITE).done build/classroom.done $(REHEARSALS)
	@echo
	@cat $(ASSIGNMENTS:%=build/rehearsal/%/summary.txt)
	@echo
	@echo "The book:       $(CURDIR)/$(SITE)/index.html"
	@echo "The course:     $(CURDIR)/classroom, with nobody in it yet"
	@echo "The rehearsals: $(CURDIR)/build/rehearsal/<assignment>, each a course of its own with a made-up class"
	@echo "                (its table: $(BIN)/autograder --course build/rehearsal/<assignment> scores <assignment>;"
	@echo "                what its students read: feedback/<student>/<assignment>/<assignment>.html)"

book: $(SITE).done

test: .venv/ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pytest -rs --durations=15 --durations-min=20 --numprocesses $(TEST_WORKERS) --dist loadgroup

TOPIC ?= momentum
quick: .venv/ready
	$(BIN)/ruff check solutions/$(TOPIC) tests/solutions/$(TOPIC)
	$(BIN)/autograder prove --no-mutants --sets 1 --answers tests/solutions \
		$$($(BIN)/autograder list | awk '/^[^ ]/ {here = ($$1 == "$(TOPIC):")} /^ / && here {print $$1}')
	$(BIN)/pytest tests/solutions/$(TOPIC)

.venv/ready: pyproject.toml constraints.txt
	@echo "== setting up .venv (some minutes the first time)"
	@command -v $(PYTHON) >/dev/null || { echo "$(PYTHON) is not installed: install it, or name one with PYTHON=…" >&2; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[book,test]'
	@touch $@

$(SITE).done: .venv/ready $(PAGES) $(SOLUTIONS) $(wildcard autograder/student/*.py)
	@echo "== building the book ($(EDITION) edition), every cell executed"
	$(BIN)/python -m chapters._ext.build --edition $(EDITION)
	@touch $@

build/classroom.done: .venv/ready $(SOLUTIONS) $(GRADER) nbgrader_config.py
	@echo "== building the source notebooks of every assignment"
	$(BIN)/autograder build
	@mkdir -p $(@D)
	@touch $@

COMMON := $(shell find solutions/common -name '*.py')
.SECONDEXPANSION:
build/rehearsal/%.done: .venv/ready $$(shell find solutions/$$* -name '*.py' -o -name '*.md') $(COMMON) $(GRADER) nbgrader_config.py
	@echo "== rehearsing the assignment $*: release, a class, grading, feedback"
	$(BIN)/autograder rehearse $*
	@touch $@

HUB_FLAGS = $(if $(HUB),--folder $(HUB))
START_FLAGS = $(if $(PORT),--port $(PORT)) $(if $(PREFIX),--prefix $(PREFIX))

hub: .venv/ready
	@$(BIN)/python -m deploy.hub $(HUB_FLAGS) start $(START_FLAGS)

hub-remove: .venv/ready
	@$(BIN)/python -m deploy.hub $(HUB_FLAGS) remove

bench-layers: .venv/ready
	$(BIN)/python -m benchmarks.optimizers
	$(BIN)/python -m benchmarks.activations
	$(BIN)/python -m benchmarks.layers

bench: .venv/ready
	$(BIN)/python -m benchmarks.grading
	$(BIN)/python -m benchmarks.watch
	$(BIN)/python -m benchmarks.similar

clean:
	rm -rf build classroom
