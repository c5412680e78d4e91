# Thin names over cargo and scripts/. `make` alone lists them.
.DEFAULT_GOAL := help
.PHONY: help tools build demo test test-images lint test-aws bench completions clean static

help: ## List these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

tools: ## Fetch ffmpeg, clips and the tests' S3 server and trace collector into .tools/
	@scripts/tools.sh

build: ## Build ffbatch, ffbatch-worker and ffbatch-traces-export (development profile)
	cargo build --workspace --bins

static: ## Build all programs without any library, for other machines and images of your own: out/static/
	RUSTFLAGS='-C target-feature=+crt-static' cargo build --release --target $(shell rustc -vV | sed -n 's/^host: //p') --target-dir target/static --workspace --bins
	@mkdir -p out/static
	@cd target/static/*/release && cp ffbatch ffbatch-worker ffbatch-traces-export $(CURDIR)/out/static/
	@ls -l out/static/

demo: ## Encode a real clip with x264 and SVT-AV1, score both, show the reports
	@scripts/demo.sh

test: ## Run every test, against a real ffmpeg and a real S3 API
	@scripts/test.sh

test-images: ## Check the flake and its images in Nix's sandbox, without a network, with a stand-in for nixpkgs
	@scripts/test-images.sh

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
