.DEFAULT_GOAL := help
.PHONY: help setup build demo dev test bench lint metadata

CARGO_FLAGS := --release --locked --workspace

help: ## Lists the targets
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 12

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

lint: setup ## rustfmt and clippy, warnings denied
	@cargo fmt --all --check
	@cargo clippy $(CARGO_FLAGS) --all-targets -- -D warnings

bench: build ## How long a job takes beside its inference, and what memory it needs
	@cargo build $(CARGO_FLAGS) --examples
	@target/release/examples/latency

metadata: setup ## Regenerates the metadata that the client is tested against
	@MILLRACE_WRITE_METADATA=1 cargo test $(CARGO_FLAGS) --test metadata
