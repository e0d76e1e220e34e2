.DEFAULT_GOAL := help
.PHONY: help setup build demo dev test test-faults bench bench-gateway lint metadata weights fuzz

CARGO_FLAGS := --release --locked --workspace
# The pallets whose benchmarks the tests run once. Their feature changes the SDK's crates below them, hence the extra
# pass: were it on in the other one, the node would be built with it.
BENCHMARKED := -p pallet-models -p pallet-miners -p pallet-jobs -p pallet-parameters -p pallet-channels

help: ## Lists the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 12

setup:
	@scripts/setup.sh

build: setup ## Builds everything
	@cargo build $(CARGO_FLAGS)

demo: build ## One paid inference on a chain of its own, explained as it happens
	@scripts/demo.sh

dev: build ## A chain and a miner that stay up until Ctrl-C
	@scripts/demo.sh --stay

test: build ## All tests, end to end ones included
	@cargo test $(CARGO_FLAGS)
	@cargo test --release --locked --features runtime-benchmarks --lib $(BENCHMARKED) benchmarking

test-faults: build ## The faults that last for minutes, on real processes
	@cargo test $(CARGO_FLAGS) --test e2e -- --ignored faults

lint: setup ## rustfmt and clippy, warnings denied
	@cargo fmt --all --check
	@cargo clippy $(CARGO_FLAGS) --all-targets -- -D warnings

bench: build ## What a block holds beside a stock chain's, and how long a job takes beside its inference
	@cargo build $(CARGO_FLAGS) --examples
	@scripts/bench.sh

bench-gateway: build ## What the gateway, a channel and a miner add to an engine that is asked directly
	@cargo build $(CARGO_FLAGS) --examples
	@scripts/bench.sh gateway

weights: setup ## Measures the weights of the runtime on this machine
	@scripts/weights.sh

metadata: setup ## Regenerates the metadata that the client is tested against
	@MILLRACE_WRITE_METADATA=1 cargo test $(CARGO_FLAGS) --test metadata

fuzz: setup ## Feeds broken bytes to everything that decodes bytes from outside; needs a nightly compiler
	@scripts/fuzz.sh
