# Everything a contributor needs; `make help` lists it. Plain go commands do the same where one is enough.

GO ?= go

.DEFAULT_GOAL := help

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z][a-z-]*:.*## / { printf "  %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: build
build: ## build the binary into bin/segue
	$(GO) build -o bin/segue ./cmd/segue

.PHONY: run
run: ## run the example pipeline
	$(GO) run ./cmd/segue run examples/pipeline.yaml

.PHONY: test
test: ## all tests, as the README says
	$(GO) test ./...

.PHONY: race
race: ## all tests with the race detector
	$(GO) test -race ./...

.PHONY: lint
lint: ## formatting, vet, and the rules of ARCHITECTURE.md
	@unformatted=$$(gofmt -l $$(git ls-files '*.go')); if [ -n "$$unformatted" ]; then echo "not gofmt-ed:"; echo "$$unformatted"; exit 1; fi
	$(GO) vet ./...
	$(GO) test ./internal/archtest

.PHONY: sim
sim: ## 10,000 seeds of the simulation
	$(GO) test ./sim -run TestSeeds -seeds=10000 -timeout 2h

.PHONY: mutants
mutants: ## check that the simulation catches every deliberate bug
	$(GO) run ./sim/mutants

.PHONY: torture
torture: ## kill -9 a real server 100 times under load and check the history; cut its WAL at every frame
	$(GO) run ./internal/torture -kills 100
	$(GO) test ./server -run TestCutLog -cuts -v

.PHONY: bench
bench: ## every benchmark scenario, medians of five
	$(GO) run ./cmd/segue bench
