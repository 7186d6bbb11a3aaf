# Everything a contributor needs: make help lists it.

SHELL := /bin/bash
.DEFAULT_GOAL := help

# The engine reads and writes Arrow, which the DuckDB driver keeps behind a build tag; the other tag spares a JSON library
# that takes longer to compile than the rest of Arrow.
export GOFLAGS := -tags=duckdb_arrow,arrow_json_stdlib $(filter-out -tags=%,$(shell go env GOFLAGS))
export CGO_ENABLED := 1

# Packages that link DuckDB take seconds to link; the rest of the tests run without it, with the race detector.
CGO_PACKAGES := ./cmd/... ./internal/engine/duckdb/... ./internal/workspace/... ./internal/investigate/... ./internal/server/...
# One goroutine that formats a great deal of text: the race detector has nothing to find there and takes minutes.
UNRACED_PACKAGES := ./internal/scenario/...
PURE_PACKAGES := . ./internal/kql/... ./internal/engine ./internal/engine/lower/... ./internal/engine/scalar/... ./internal/engine/geo/... ./internal/tables/... ./internal/ingest/...

STATICCHECK := go run honnef.co/go/tools/cmd/staticcheck@v0.8.2
DEMO := demo-case
FUZZTIME ?= 20s

.PHONY: help build demo test test-long lint fmt generate fuzz bench clean deps

help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 18

deps: ## what a fresh Debian needs beside Go: a C compiler and the C++ library that DuckDB links
	@f=$$(mktemp) && { echo 'int main(void){return 0;}' | gcc -x c -o $$f - -lstdc++ -lm 2>/dev/null; ok=$$?; rm -f $$f; [ $$ok = 0 ]; } || { \
	  echo "installing gcc and g++"; apt-get update -q >/dev/null && apt-get install -qy gcc g++ libc6-dev >/dev/null; }

build: deps ## bin/nordlys
	@mkdir -p bin
	go build -o bin/nordlys ./cmd/nordlys

demo: build ## write the demo case, import it, tell the story of the attack
	@./demo.sh $(DEMO)

test: deps lint ## every test and check
	go test -race -shuffle=on -short $(PURE_PACKAGES)
	go test -shuffle=on -timeout 15m $(UNRACED_PACKAGES) $(CGO_PACKAGES)

test-long: test ## test, and the long checks: samples, memory, fuzzing
	NORDLYS_LONG=1 go test -shuffle=on -timeout 60m -count=1 $(PURE_PACKAGES) $(UNRACED_PACKAGES) $(CGO_PACKAGES)
	$(MAKE) fuzz

lint: deps ## gofmt, go vet, staticcheck
	@out=$$(gofmt -l cmd internal *.go); if [ -n "$$out" ]; then echo "gofmt -w these:"; echo "$$out"; exit 1; fi
	go vet ./...
	$(STATICCHECK) ./...

generate: ## files made from data: docs/kql-coverage.md (make test fails where it is out of date)
	go test ./internal/kql/catalog -run TestCoverage -update

fmt: ## gofmt -w
	gofmt -w cmd internal *.go

fuzz: deps ## each fuzz target for FUZZTIME (20s)
	@set -e; for p in $$(grep -rlE '^func Fuzz' --include='*_test.go' internal | xargs -n1 dirname | sort -u); do \
	  for f in $$(grep -rhoE '^func Fuzz[A-Za-z0-9_]+' $$p/*_test.go | sed 's/func //'); do \
	    echo "fuzz $$p $$f"; go test -run '^$$' -fuzz "^$$f$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 1x ./$$p; done; done

bench: deps ## every figure against its baseline in the same run
	go test -run '^$$' -bench . -benchtime 3x -timeout 60m ./internal/bench/ ./internal/ingest/ ./internal/enrich/

clean: ## remove what was built
	rm -rf bin $(DEMO) nordlys-workspace
