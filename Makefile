# Thin names over cargo and scripts/. `make` alone lists them.
.DEFAULT_GOAL := help
.PHONY: help tools build demo test lint test-aws bench completions clean

help: ## List these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

tools: ## Fetch ffmpeg, clips and the tests' S3 server and trace collector into .tools/
	@scripts/tools.sh

build: ## Build ffbatch, ffbatch-worker and ffbatch-traces-export (development profile)
	cargo build --workspace --bins

demo: ## Encode a real clip with x264 and SVT-AV1, score both, show the reports
	@scripts/demo.sh

test: ## Run every test, against a real ffmpeg and a real S3 API
	@scripts/test.sh

lint: ## rustfmt, clippy and rustdoc, none with a warning
	cargo fmt --all --check
	cargo clippy --workspace --all-targets -- -D warnings
	RUSTDOCFLAGS='-D warnings -A rustdoc::private-intra-doc-links' cargo doc --workspace --no-deps --document-private-items --quiet

test-aws: build ## Use a real AWS account in every way, and remove everything: make test-aws ACCOUNT=ID [ARGS="--compute arm ..."]
	@scripts/tools.sh clips moto
	@.tools/venv/bin/python scripts/test_aws.py --account "$(ACCOUNT)" $(ARGS)

bench: ## Measure what a job costs beside bare ffmpeg: time and memory
	@scripts/bench.sh

completions: build ## Write shell completions into out/completions/
	@mkdir -p out/completions
	@for shell in bash zsh fish; do target/debug/ffbatch completions $$shell > out/completions/ffbatch.$$shell; done
	@echo "out/completions/: $$(ls out/completions | tr '\n' ' ')"

clean: ## Remove everything that was built or fetched
	rm -rf target out .tools
