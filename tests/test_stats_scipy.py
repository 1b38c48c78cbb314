"""The installed scipy's own tests of resampling, with our functions in the place of theirs (see scipy_swap.py)."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).parent

OURS = "TestBootstrap or TestPermutationTest or test_parameter_vectorized"

NOT_OURS = {
    "test_bootstrap_iv_other": "array libraries other than numpy; scipy skips it too for numpy",
    "test_jackknife_resample": "a private function of scipy",
    "test_bootstrap_resample": "a private function of scipy",
    "test_percentile_of_score": "a private function of scipy",
    "test_vectorize_statistic": "a private function of scipy",
    "test_batch_generator": "a private function of scipy",
    "test_batch_generator_iv": "a private function of scipy",
    "test_parameter_vectorized[monte_carlo_test]": "monte_carlo_test is scipy's",
}

HARD_CODED = {
    "test_multisample_BCa_against_R": "asks how one stream's endpoints compare to within their Monte Carlo error",
    "test_bootstrap_against_itself_1samp": "counts how many of 2000 intervals hold the mean in scipy's stream",
    "test_bootstrap_against_itself_2samp": "counts how many of 1000 intervals hold the mean in scipy's stream",
    "test_re_bootstrap[numpy-1000]": "two runs with one generator equal one longer run; ours take a key from it each",
    "test_vector_valued_statistic_gh17715": "the same: one generator for two runs, whose endpoints are compared",
}


def run(stream, *arguments):
    """What scipy's tests say; `-c` keeps our own configuration out."""
    environment = os.environ | {"GLOTGAP_STREAM": stream, "PYTHONPATH": os.pathsep.join([str(TESTS), *sys.path])}
    options = [
        "-c",
        os.devnull,
        f"--rootdir={TESTS}",
        "-p",
        "scipy_swap",
        "-p",
        "no:cacheprovider",
        "-p",
        "no:randomly",
        "-q",
        "-k",
        OURS,
    ]
    command = [sys.executable, "-m", "pytest", *options, "--pyargs", "scipy.stats.tests.test_resampling", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment, cwd=TESTS.parent)


def outcomes(done):
    """How many tests passed, failed and so on."""
    return {word: int(number) for number, word in re.findall(r"(\d+) (passed|failed|skipped|deselected)", done.stdout)}


def without(names):
    return [
        f"--deselect=::{holder}{name}" for name in names for holder in ("TestBootstrap::", "TestPermutationTest::", "")
    ]


@pytest.mark.slow
def test_all_pass_with_the_stream_of_numpy():
    done = run("numpy", *without(NOT_OURS))
    assert done.returncode == 0, done.stdout[-4000:]
    assert outcomes(done)["passed"] >= 100


@pytest.mark.slow
def test_all_but_those_that_hard_code_a_stream_pass_with_ours():
    done = run("native", *without({**NOT_OURS, **HARD_CODED}))
    assert done.returncode == 0, done.stdout[-4000:]
    assert outcomes(done)["passed"] >= 100


@pytest.mark.slow
def test_each_that_hard_codes_a_stream_does():
    """So that the list holds no test that ours could pass; each fails for one parameter at least."""
    done = run("native", *without(NOT_OURS))
    failed = set(re.findall(r"^FAILED \S*::(test_\w+)", done.stdout, re.MULTILINE))
    assert failed == {name.split("[")[0] for name in HARD_CODED}
