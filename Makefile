# `make demo` on a fresh machine shows everything. All targets work without sudo.
SHELL := /bin/bash
.DEFAULT_GOAL := help
# Arguments for a target, such as: make demo ARGS="--users 500 --months 6"
ARGS ?=
CHURN := node bin/churn.mjs
# The Node that set-up found or got, whichever is first on PATH.
NODE := node bin/node.mjs

.PHONY: help setup demo up down status test test-deep setup-deep mutations check audit fix bench docker-up docker-down

help: ## Show the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  \1\t/' | expand -t 16

setup: ## Install what a fresh clone needs, and build it
	@node bin/setup.mjs

demo: setup ## Start everything, load 12 months of synthetic users, train, predict
	@npx churn demo $(ARGS)

up: setup ## Start the services that are not running; restart worker and API if settings or the build have changed
	@$(CHURN) up $(ARGS)

down: ## Stop the services
	@$(CHURN) down $(ARGS)

status: ## Show the services
	@$(CHURN) status $(ARGS)

test: ## Run every test, the long ones with a seeded subset
	@node bin/setup.mjs --tests
	@$(NODE) bin/test.mjs $(ARGS)

test-deep: setup-deep ## Run every test in full, in shards that can be resumed
	@$(NODE) bin/test-deep.mjs $(ARGS)

setup-deep: ## Install what only the tests in full need: tools of Prometheus and Grafana
	@node bin/setup.mjs --tests
	@$(NODE) bin/setup-deep.mjs

mutations: setup ## Break the code in one place after another; name the tests that notice
	@node bin/setup.mjs --tests
	@$(NODE) bin/mutations.mjs $(ARGS)

check: setup ## Check format, lint, architecture, types, dead code and the compose file
	@$(NODE) bin/check.mjs

audit: setup ## Warn of known vulnerabilities in the packages
	@$(NODE) bin/audit.mjs

fix: setup ## Format the code, and correct what the linter can correct
	@$(NODE) node_modules/prettier/bin/prettier.cjs --write --log-level warn .
	@$(NODE) node_modules/oxlint/bin/oxlint --fix

bench: setup ## Measure speed and memory, beside peers and budgets
	@$(NODE) dist/bench/main.js $(ARGS)

docker-up: ## Start the services in Docker Compose (writes missing passwords to .env)
	@node bin/docker-env.mjs
	@docker compose up --build --detach --wait $(ARGS)

docker-down: ## Stop the Docker services; their volumes keep the data
	@docker compose down $(ARGS)
