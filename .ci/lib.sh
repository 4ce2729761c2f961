# Sourced by run and full: where to stand, headlines, and the steps both have.

cd "$(dirname "${BASH_SOURCE[0]}")/.."
exec </dev/null
export CI=true GOWORK=off

out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT

# step prints the headline of a step, with the seconds since the start.
step() { printf '\n=== %s (%d s)\n' "$*" "$SECONDS"; }

# fail ends the run with a message.
fail() { printf '\nFAIL: %s\n' "$*" >&2; exit 1; }

# modules runs a command in the root of each module: of this one, and of examples/downstream, which is one like a user's.
modules() {
	local dir
	for dir in . examples/downstream; do (cd "$dir" && "$@"); done
}

# compiler makes sure that there is a C compiler, which the race detector needs.
compiler() {
	if echo '#include <stdlib.h>' | "$(go env CC)" -E - >/dev/null 2>&1; then return; fi
	command -v apt-get >/dev/null || fail "the race detector needs a C compiler"
	local sudo=()
	if ((EUID != 0)); then sudo=(sudo); fi
	"${sudo[@]}" apt-get update -qq
	"${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends gcc libc6-dev >/dev/null
}

# race runs every test under the race detector in a random order, which it prints.
race() { modules env CGO_ENABLED=1 go test -race -shuffle=on -count=1 -timeout=5m ./...; }

# seeds simulates as many schedules of faults as $1 says, which nobody has tried before. A failure names its seed.
seeds() {
	local base=$((EPOCHSECONDS * 100000))
	echo "seeds from $base on"
	GOGC=800 go test -count=1 -v -timeout=1h -run='^TestSeeds$' ./gossiptest/sim/search -base="$base" -seeds="$1"
}

# fuzz runs each fuzz target for a time, $1. It minimises next to nothing: that may take all of the time, and is for
# who looks into a failure.
fuzz() {
	go test -list '^Fuzz' ./... >"$out/targets"
	local package target
	while read -r package target; do
		echo "--- $package $target"
		# go.dev/issue/75804: before Go 1.27 the end of -fuzztime may be reported as a failure of the target.
		if ! go test -run='^$' -fuzz="^$target\$" -fuzztime="$1" -fuzzminimizetime=1x "$package" </dev/null >"$out/fuzz" 2>&1; then
			if grep -q 'Failing input written' "$out/fuzz" || ! grep -q 'context deadline exceeded' "$out/fuzz"; then
				cat "$out/fuzz"
				fail "$package $target"
			fi
		fi
		grep '^fuzz: elapsed' "$out/fuzz" | tail -n 1
	done < <(awk '/^Fuzz/ { targets[++n] = $1 } /^ok/ { for (i = 1; i <= n; i++) print $2, targets[i]; n = 0 }' "$out/targets")
}

# example runs a program of the examples, $1, with the arguments behind it. Its exit status is the verdict; of what it
# prints, the last line is shown, and all of it if it fails.
example() {
	echo "--- go run ./examples/$*"
	if ! go run "./examples/$@" >"$out/example" 2>&1; then
		cat "$out/example"
		fail "examples/$*"
	fi
	tail -n 1 "$out/example"
}
