# Every target makes the virtual environment it needs; python3, pip and make are all they expect.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
MINISTACK := .venv-ministack
ARGS ?=
PORT ?= 8000

.PHONY: run test check format synth diff deploy deploy-local-aws bench costs simulate lock clean

$(VENV)/.ready: requirements.txt pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $@

$(MINISTACK)/.ready: tests/contracts/ministack.txt
	$(PYTHON) -m venv $(MINISTACK)
	$(MINISTACK)/bin/pip install --quiet --disable-pip-version-check --require-hashes -r tests/contracts/ministack.txt
	touch $@

run: $(VENV)/.ready        ## the whole system on http://localhost:8000
	@$(BIN)/engage-sms local --port $(PORT) $(ARGS)

test: $(VENV)/.ready $(MINISTACK)/.ready        ## every suite, with coverage
	$(BIN)/pytest -n 2 --dist worksteal --cov --cov-report=term $(ARGS)

check: $(VENV)/.ready        ## format, lint, types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

format: $(VENV)/.ready
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

synth: $(VENV)/.ready        ## the CloudFormation template, in cdk.out (needs Node); ARGS="-c stage=prod"
	$(BIN)/python app.py $(ARGS)

diff: $(VENV)/.ready        ## what a deploy would change (needs Node, and the caller's credentials)
	@command -v npx >/dev/null || { echo "Node is needed to compare: install Node 22 or later (https://nodejs.org)."; exit 1; }
	PATH="$(CURDIR)/$(BIN):$$PATH" npx --yes aws-cdk@2 diff $(ARGS)

deploy: $(VENV)/.ready        ## to the AWS account of the caller's credentials (needs Node); ARGS="-c stage=prod"
	@command -v npx >/dev/null || { echo "Node is needed to deploy: install Node 22 or later (https://nodejs.org)."; exit 1; }
	PATH="$(CURDIR)/$(BIN):$$PATH" npx --yes aws-cdk@2 deploy --all $(ARGS)

deploy-local-aws: $(VENV)/.ready $(MINISTACK)/.ready        ## the stack on an emulator on this machine (needs Node)
	$(BIN)/pytest -q -m emulator tests/emulator $(ARGS)

bench: $(VENV)/.ready        ## measured figures
	$(BIN)/python -m tests.benchmarks $(ARGS)

simulate: $(VENV)/.ready        ## 100,000 histories of crashes, repeats and races; ARGS="--histories N", "--seed N"
	@$(BIN)/python -m tests.simulation $(ARGS)

costs: $(VENV)/.ready        ## what AWS charges, idle and for a million messages, counted
	$(BIN)/python -m tests.benchmarks.costs

lock:        ## pins requirements from pyproject.toml (needs uv)
	UV_CUSTOM_COMPILE_COMMAND="make lock" uv pip compile -q --no-strip-extras pyproject.toml --group dev --universal --python-version 3.11 --generate-hashes -o requirements.txt
	UV_CUSTOM_COMPILE_COMMAND="make lock" uv pip compile -q --no-strip-extras pyproject.toml --python-version 3.13 --python-platform aarch64-manylinux_2_28 --only-binary :all: --generate-hashes -o layers/vendor/requirements.txt
	echo "ministack==1.5.33 boto3==1.43.106 cryptography time-machine" | tr ' ' '\n' | UV_CUSTOM_COMPILE_COMMAND="make lock" uv pip compile -q --no-strip-extras - --universal --python-version 3.11 --generate-hashes -o tests/contracts/ministack.txt

clean:
	rm -rf $(VENV) $(MINISTACK) cdk.out build .coverage* .pytest_cache .mypy_cache .ruff_cache .hypothesis
