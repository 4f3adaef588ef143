set shell := ["bash", "-euo", "pipefail", "-c"]
set positional-arguments

members := "contracts services/* gateway_agent dal_service entrance secure_runtime client infra model_tools models/*"
python := env("FEDPACT_PYTHON", "python3")
bin := justfile_directory() / ".venv/bin"
export PYTHONDONTWRITEBYTECODE := "" # hundreds of processes are started here: each would compile everything anew

# List the recipes
default:
    @just --list --unsorted

# Install every package of the workspace, editable, at the pinned versions
[group("develop")]
sync:
    @just _sync

# Rewrite constraints.txt from what is installed now
[group("develop")]
lock:
    uv pip freeze --python {{ bin }}/python --exclude-editable | grep -v -i '^fedpact' > constraints.txt

# Start the embedded federation and stay in the foreground
[group("use")]
up *options: _ready
    {{ bin }}/fedpact up "$@"

# Two custodians, one scientist, one real federated training
[group("use")]
demo *options: _ready
    {{ bin }}/fedpact demo "$@"

# Everything a change has to pass: lint, types, imports, unit, contract, integration, the story
[group("check")]
test: _ready lint types imports docs
    {{ bin }}/pytest -q -n 2 tests/unit tests/contract
    {{ bin }}/pytest -q -n 2 tests/integration
    {{ bin }}/pytest -q tests/e2e

# The same, without tests
[group("check")]
check: _ready lint types imports docs

[group("check")]
lint: _ready
    {{ bin }}/ruff check .
    {{ bin }}/ruff format --check .

[group("check")]
types: _ready
    {{ bin }}/mypy

[group("check")]
imports: _ready
    {{ bin }}/lint-imports --no-cache

# One service at a time on real servers
[group("check")]
integration *options: _ready
    {{ bin }}/pytest tests/integration "$@"

# What needs a Docker engine or a Kubernetes API server; a test that finds none says so and is skipped
[group("check")]
containers *options: _ready
    {{ bin }}/pytest -q -n 2 -m "containers and not long" tests/integration/gateway_agent tests/integration/infra "$@"

# What needs a whole cluster, and mostly waits for it; without one it says so and is skipped
[group("check")]
pods *options: _ready
    {{ bin }}/pytest -q -n 6 -m "pods and not long" tests/integration/gateway_agent "$@"

# The whole story with its kills
[group("check")]
e2e *options: _ready
    {{ bin }}/pytest tests/e2e "$@"

# Hub and gateways with one proxy between them: a link that is cut, an entrance that is killed (needs root and ip)
[group("check")]
two-sites *options: _ready
    {{ bin }}/pytest -q -m long tests/e2e/test_two_sites.py tests/integration/entrance "$@"

# Try with credentials of each kind what is not theirs, also from inside a workload; the threat model with what it met
[group("check")]
attack *options: _ready
    PYTHONPATH=tests/attack:tests/support {{ bin }}/python -m attack "$@"

# Every distribution builds, installs and imports alone
[group("check")]
isolated *options: _ready
    {{ bin }}/python tests/support/isolated.py "$@"

# Measure one thing beside its reference: activation, job, messages, portal, launchers
[group("check")]
bench name *options: _ready
    PYTHONPATH=tests/bench:tests/support {{ bin }}/python -m "bench_{{ name }}" "${@:2}"

# Generated documents are current
[group("check")]
docs: _ready
    {{ bin }}/python tests/support/generated.py --check

# Write the AsyncAPI document, the message schemas and the diagrams anew
[group("develop")]
asyncapi: _ready
    {{ bin }}/python tests/support/generated.py

# Write the OpenAPI document anew
[group("develop")]
openapi: _ready
    {{ bin }}/python tests/support/generated.py openapi

# Build the container images and their bills of materials, all or the named ones (needs a Docker engine)
[group("deploy")]
images *options: _ready
    {{ bin }}/python infra/docker/images.py "$@"

# Hub and two gateways as containers of this machine (needs the images: `just images`)
[group("deploy")]
compose-up *options: _ready
    {{ bin }}/python infra/compose/one_machine.py up "$@"

# The story of `demo`, told to what `compose-up` started
[group("deploy")]
compose-demo *options: _ready
    {{ bin }}/python infra/compose/one_machine.py demo "$@"

# The same story while every kind of container is killed once, as `docker kill` does
[group("deploy")]
compose-chaos *options: _ready
    {{ bin }}/python infra/compose/one_machine.py chaos "$@"

# Take the containers down; what the federation keeps stays
[group("deploy")]
compose-down *options: _ready
    {{ bin }}/python infra/compose/one_machine.py down "$@"

# Both charts on a Kubernetes cluster, the story told there, everything taken away: --kubeconfig F --repository R
[group("deploy")]
k8s-demo *options: _ready
    {{ bin }}/python -m fedpact.infra.k8s "$@"

_ready:
    @test -f .venv/.synced -a .venv/.synced -nt constraints.txt || just _sync

_sync:
    test -x .venv/bin/python || uv venv --quiet --python {{ python }} .venv
    uv pip install --quiet --compile-bytecode --python .venv/bin/python -c constraints.txt --group dev $(printf -- '-e ./%s ' {{ members }}) -e './infra[embedded]'
    touch .venv/.synced
