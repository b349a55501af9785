# Thin: CMake builds (CMakePresets.json), scripts do the rest.
FUZZ_SECONDS ?= 20

.PHONY: help run demo build asan test bench lint format fuzz image image-test clean

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /  make \1\t/p' Makefile | expand -t 16

run: build ## install what is missing, build, start the server
	exec build/release/manycast $(ARGS)

demo: build ## the same, with a test-pattern broadcaster: open /watch/demo
	exec deploy/demo.sh $(ARGS)

build: ## build/release/manycast and the bench programs beside it
	deploy/install-deps.sh
	cmake --preset release
	cmake --build --preset release

asan: ## the same under the address and undefined behaviour sanitizers, in build/asan
	deploy/install-deps.sh
	cmake --preset asan
	cmake --build --preset asan

test: ## everything that is tested, browsers included
	deploy/install-deps.sh --test --lint
	tests/run.sh

bench: build ## the benchmarks
	deploy/install-deps.sh --bench
	bench/run.sh
	bench/rooms/run.sh

lint: ## formatter, clang-tidy, cppcheck
	deploy/install-deps.sh --lint
	tests/lint.sh

format: ## reformat every C file
	git ls-files -z '*.c' '*.h' | xargs -0 clang-format -i

fuzz: ## every fuzz target for FUZZ_SECONDS (20)
	deploy/install-deps.sh --test
	tests/fuzz/run.sh $(FUZZ_SECONDS)

image: ## the container image, by docker
	docker build -f deploy/Dockerfile -t manycast .

image-test: build ## the image built without docker, run and watched across two network namespaces (root, minutes)
	deploy/install-deps.sh --image
	deploy/image_test.sh

clean: ## remove build/
	rm -rf build
