.PHONY: qa format test

qa: ## the checks that take seconds
	ruff check .
	ruff format --check .
	mypy
	snakefmt --check Snakefile rules
	snakemake --lint
	codespell
	python -m daymelt.settings.schema

format: ## what tools can mend
	ruff check --fix .
	ruff format .
	snakefmt Snakefile rules
	python -m daymelt.settings.schema --write

test: ## the whole test suite
	pytest
