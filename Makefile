# make course   build the book, rehearse the assignment on a made-up class, say where everything lies
# make test     lint, types, tests; builds the book from nothing with warnings as errors
# make book     the book alone; EDITION=student hides the code of the exercises
# Every target sets up what is missing, and does only what is needed.

PYTHON  ?= python3.11
EDITION ?= full
BIN     := .venv/bin
COURSE  ?= momentum

SOLUTIONS := $(shell find solutions -name '*.py' -o -name '*.md')
GRADER    := $(shell find autograder -name '*.py')
PAGES     := $(shell find chapters _config.yml _toc.yml -type f -not -path '*/__pycache__/*' 2>/dev/null)

.PHONY: course test book lint clean
.DELETE_ON_ERROR:

course: build/book-$(EDITION).done classroom/$(COURSE).done
	@$(BIN)/autograder scores $(COURSE)
	@echo
	@echo "The book:      $(CURDIR)/build/book/$(EDITION)/html/index.html"
	@echo "The gradebook: $(CURDIR)/classroom/gradebook.db (look at it with: cd $(CURDIR) && $(BIN)/jupyter lab)"
	@echo "The feedback:  $(CURDIR)/classroom/feedback/<student>/$(COURSE)/$(COURSE).html"

book: build/book-$(EDITION).done

test: .venv/ready
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/pytest

.venv/ready: pyproject.toml constraints.txt
	@echo "== setting up .venv (some minutes the first time)"
	@command -v $(PYTHON) >/dev/null || { echo "$(PYTHON) is not installed: install it, or name one with PYTHON=…" >&2; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[book,test]'
	@touch $@

build/book-$(EDITION).done: .venv/ready $(PAGES) $(SOLUTIONS)
	@echo "== building the book ($(EDITION) edition), every cell executed"
	EDITION=$(EDITION) $(BIN)/python -m chapters._ext.build
	@mkdir -p $(@D) && touch $@

classroom/$(COURSE).done: .venv/ready $(SOLUTIONS) $(GRADER) nbgrader_config.py
	@echo "== rehearsing the assignment $(COURSE): release, a class of 12, grading, feedback"
	$(BIN)/autograder rehearse $(COURSE) --students 12
	@touch $@

clean:
	rm -rf build classroom
