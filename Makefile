SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= python3
PROFILE ?= offline
PY := .venv/bin/python
READY := .venv/.ready

# What is not set is not passed on. Values reach the shell by the environment, so spaces in a path survive.
export PROFILE
COURSE_OPTIONS = --profile "$$PROFILE" $(if $(DATA),--data "$$DATA") $(if $(WEIGHTS),--weights "$$WEIGHTS") \
	$(if $(SEED),--seed "$$SEED") $(if $(OUT),--out "$$OUT") $(if $(LESSONS),--lessons "$$LESSONS")

.PHONY: help setup course sweep reference docs test test-full lab outputs exercises slides site standalone publish matrix grade serve bench pretrain weights-report fetch cache soak constraints

help: ## Show what can be made
	@echo "make TARGET [PROFILE=offline|laptop|gpu|auto] [DATA=…] [WEIGHTS=…] [SEED=…] [OUT=…] [LESSONS=\"01 03\"]"
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  %-12s %s\n", $$1, $$2}' Makefile

setup: $(READY) ## Set up .venv with everything that the other targets need
	@echo "Ready: $$($(PY) --version) in .venv"
	@command -v bwrap >/dev/null || { echo "Grading needs a sandbox, which is not installed; its tests are skipped."; \
	  echo "Next: on Linux, sudo apt-get install bubblewrap (or dnf, pacman); without grading, nothing."; }

course: $(READY) ## Run the lessons; executed lessons, figures, records and report.html go to build/course
	@$(PY) -m course_utils.runner $(COURSE_OPTIONS)

sweep: $(READY) ## Run lessons over a grid: GRID=grid.yaml [OUT=…] [WORKERS=n] [SCHEDULER=tcp://…] [ARGS=--quick]
	@$(if $(GRID),,echo "Next: name the grid, for example: make sweep GRID=docs/examples/grid.yaml"; exit 1;) \
	  $(PY) -m course_utils.sweep "$$GRID" $(if $(OUT),--out "$$OUT") $(if $(WORKERS),--workers "$$WORKERS") \
	  $(if $(SCHEDULER),--scheduler "$$SCHEDULER") $(ARGS)

test: $(READY) ## Lint, and run all checks but the slow ones
	@$(PY) -m ruff check --quiet . && $(PY) -m ruff format --quiet --check . && echo "ruff: nothing to correct"
	@$(PY) -m pytest -m "not full" -n 3 --dist loadfile --no-loadscope-reorder

test-full: $(READY) ## Lint, and run all checks
	@$(PY) -m ruff check --quiet . && $(PY) -m ruff format --quiet --check . && echo "ruff: nothing to correct"
	@$(PY) -m pytest -m "not alone" -n 2 --dist loadfile --no-loadscope-reorder
	@$(PY) -m pytest -m alone

lab: $(READY) ## Open the lessons in JupyterLab
	@$(PY) -m jupyterlab.labextensions disable --level=sys_prefix @jupyter/nbgrader 2>/dev/null
	@$(PY) -m jupyterlab --ServerApp.contents_manager_class=tools.lessons.lab.Contents notebooks

outputs: $(READY) ## Run the lessons offline and store their outputs in notebooks/
	@$(PY) -m tools.lessons.outputs $(LESSONS)

exercises: $(READY) ## Build the editions of the exercises, student and instructor, in build/exercises [PRIVATE=…]
	@$(PY) -m tools.lessons.editions $(if $(OUT),--out "$$OUT") $(if $(LESSONS),--lessons "$$LESSONS") \
	  $(if $(PRIVATE),--private "$$PRIVATE")

standalone: $(READY) ## Write each lesson and exercise notebook as one file that runs alone [OUT=…] [LESSONS=…] [WITH_WEIGHTS=1]
	@$(PY) -m tools.lessons.standalone $(if $(OUT),--out "$$OUT") $(if $(LESSONS),--lessons "$$LESSONS") \
	  $(if $(WITH_WEIGHTS),--with-weights)

publish: $(READY) ## Stamp badges and first cells for a public place, check links: [REPOSITORY=owner/name] [TAG=…]
	@$(PY) -m tools.lessons.publish $(if $(REPOSITORY),--repository "$$REPOSITORY") $(if $(TAG),--tag "$$TAG")

matrix: $(READY) ## Try other Pythons, versions and backends, write docs/SUPPORT.md [COLAB=file] [ARGS='--only "3.13 lowest"']
	@$(PY) -m tools.support $(if $(COLAB),--colab "$$COLAB") $(ARGS)

slides: $(READY) ## Make slides of the lessons from their stored outputs, a file each, in build/slides [LESSONS=…] [OUT=…]
	@$(PY) -m tools.lessons.slides $(if $(OUT),--out "$$OUT") $(if $(LESSONS),--lessons "$$LESSONS")

site: $(READY) ## Make a web site of lessons, exercises, results and modules, with search, in build/site [OUT=…]
	@$(PY) -m tools.site $(if $(OUT),--out "$$OUT")

grade: $(READY) ## Grade notebooks: SUBMISSIONS=folder [ASSIGNMENT=03] [OUT=…] [CLASS_WORD=…] [ROSTER=file] [POINTS=file] [WORKERS=n] [PRIVATE=…]
	@$(if $(SUBMISSIONS),,echo "Next: name the folder, for example: make grade SUBMISSIONS=handed-in"; exit 1;) \
	  $(PY) -m tools.grading "$$SUBMISSIONS" $(if $(ASSIGNMENT),--assignment "$$ASSIGNMENT") \
	  $(if $(OUT),--out "$$OUT") $(if $(CLASS_WORD),--class-word "$$CLASS_WORD") \
	  $(if $(WORKERS),--workers "$$WORKERS") $(if $(PRIVATE),--private "$$PRIVATE") \
	  $(if $(ROSTER),--roster "$$ROSTER") $(if $(POINTS),--points "$$POINTS")

serve: $(READY) ## Serve a model on this computer, as a page and an API: [MODEL=file.keras] [PORT=7860]
	@$(PY) -m course_utils.running.serve $(if $(MODEL),"$$MODEL") $(if $(PORT),--port "$$PORT")

bench: $(READY) ## Measure cached features against fitting through the base, and rates of loading
	@$(PY) -m tools.bench

fetch: $(READY) ## Get all that a class needs into a folder, verified: OUT=folder
	@$(if $(OUT),,echo "Next: name the folder, for example: make fetch OUT=class-files"; exit 1;) \
	  $(PY) -m tools.fetch "$$OUT"

cache: $(READY) ## Show the cache, or clear a kind of it: CLEAR=downloads|unfinished|arrays|weights|features|checkpoints|kaggle|all
	@$(PY) -m course_utils.system.cache $(if $(CLEAR),--clear "$$CLEAR")

soak: $(READY) ## Download with faults, and kill trainings, by chance, over and over: [RUNS=1000] [KILLS=200]
	@$(PY) tests/soak/soak.py $(if $(RUNS),--runs "$$RUNS")
	@$(PY) tests/soak/kills.py $(if $(KILLS),--kills "$$KILLS")

pretrain: $(READY) ## Train a network for data/weights: NET=MobileNetV2|ResNet50 DATA=… [OUT=…] [ARGS="--minutes 90"]
	@$(PY) -m tools.weights.pretrain $(if $(NET),--net "$$NET") $(if $(DATA),--data "$$DATA") $(if $(OUT),--out "$$OUT") $(ARGS)

weights-report: $(READY) ## Measure the bundled weights on DATA, write docs/WEIGHTS.md [REPORT_ONLY=1] [ARGS=…]
	@$(PY) -m tools.weights.report $(if $(DATA),--data "$$DATA") $(if $(REPORT_ONLY),--report-only) $(ARGS)

reference: $(READY) ## Repeat the reference results on photographs, and compare: DATA=… [IMAGENET=file] [WORKERS=n] [ARGS=--store]
	@$(PY) -m tools.results.reference $(if $(DATA),--data "$$DATA") $(if $(OUT),--out "$$OUT") \
	  $(if $(IMAGENET),--imagenet "$$IMAGENET") $(if $(WORKERS),--workers "$$WORKERS") $(ARGS)

docs: $(READY) ## Write docs/RESULTS.md, its figures and the table in README from results/reference
	@$(PY) -m tools.results.documents

constraints: $(READY) ## Write the versions in .venv to constraints.txt
	@{ echo "# Exact versions for CI and for make setup. To renew, with Python 3.11:"; \
	  echo "#   .venv/bin/python -m pip install --upgrade -r requirements-dev.txt && make constraints && make test"; \
	  $(PY) -m pip freeze --exclude transfer-learning-course 2>/dev/null | grep -v -e file:// -e '^-e '; \
	} > constraints.part
	@mv constraints.part constraints.txt && touch $(READY)

# A path file makes course_utils importable from everywhere, and needs no build.
$(READY): requirements.txt requirements-extra.txt requirements-dev.txt constraints.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' || { \
	  echo "The course needs Python 3.11, 3.12 or 3.13, and $(PYTHON) is $$($(PYTHON) --version 2>&1)."; \
	  echo "Next: name another one, for example: make setup PYTHON=python3.12"; exit 1; }
	@$(PY) -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear .venv
	@echo "Setting up .venv: some minutes the first time."
	@$(PY) -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt -c constraints.txt
	@$(PY) -c 'import pathlib, sysconfig; \
	  pathlib.Path(sysconfig.get_path("purelib"), "course.pth").write_text(str(pathlib.Path.cwd()) + "\n")'
	@touch $(READY)
