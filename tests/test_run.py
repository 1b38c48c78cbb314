"""Threads, Ctrl-C, progress, fork, and memory of a running scan."""

import os
import signal
import statistics
import subprocess
import sys
import textwrap
import time

import numpy as np
import pytest
from polars.testing import assert_frame_equal

import glotgap
from glotgap.weights import inspect, scan, tensor_histogram
from writers import safetensors, sparse

needs_posix = pytest.mark.skipif(os.name != "posix", reason="POSIX signals and fork")
needs_proc = pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="reads /proc")  # noqa: PTH110
GIB = 1 << 30


@pytest.fixture(scope="module")
def long_scan(tmp_path_factory):
    """A file that takes seconds: 6 GiB of zeros that take no room."""
    folder = tmp_path_factory.mktemp("long")
    return sparse(folder / "model.safetensors", {f"layers.{i}.w": ("bf16", (1024, 1024, 512)) for i in range(6)})


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    x = np.random.default_rng(0).normal(size=(500, 300)).astype(np.float32)
    return safetensors(tmp_path_factory.mktemp("small") / "model.safetensors", {"w": x, "b": x[0]})


def program(code, *arguments):
    command = [sys.executable, "-c", textwrap.dedent(code), *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


INTERRUPTED = """
    import sys, time, glotgap.weights
    def started(done, total):
        if done:
            print("running", flush=True)
    try:
        glotgap.weights.scan(sys.argv[1], io=sys.argv[2], progress=started)
    except KeyboardInterrupt:
        print("stopped", time.monotonic())
"""


@needs_posix
@pytest.mark.parametrize("io", ["mmap", "pread"])
def test_ctrl_c_ends_a_scan_within_a_fifth_of_a_second(long_scan, io):
    waits = []
    for _ in range(3):
        child = program(INTERRUPTED, long_scan, io)
        assert child.stdout.readline() == "running\n"
        time.sleep(0.05)
        sent = time.monotonic()
        child.send_signal(signal.SIGINT)
        out, error = child.communicate(timeout=30)
        stopped = [line for line in out.splitlines() if line.startswith("stopped")]
        assert stopped, error
        waits.append(float(stopped[0].split()[1]) - sent)
    # Looked for every 50 ms, then a step of 4 MiB is finished. The least of three: other work only adds time.
    assert min(waits) < 0.2
    assert statistics.median(waits) < 1.0


@needs_posix
def test_ctrl_c_is_heard_while_a_zip_is_inflated(tmp_path):
    path = tmp_path / "x.npz"
    np.savez_compressed(path, **{f"w{i}": np.zeros(1 << 28, np.int8) for i in range(8)})
    code = """
        import sys, time, glotgap.weights
        print("running", flush=True)
        try:
            glotgap.weights.scan(sys.argv[1])
        except KeyboardInterrupt:
            print("stopped", time.monotonic())
    """
    child = program(code, path)
    assert child.stdout.readline() == "running\n"
    time.sleep(0.3)
    sent = time.monotonic()
    child.send_signal(signal.SIGINT)
    out, error = child.communicate(timeout=60)
    assert out.startswith("stopped"), error
    assert float(out.split()[1]) - sent < 1  # a MiB is inflated in milliseconds; slack for a busy machine


@needs_posix
def test_a_signal_handler_that_raises_stops_a_scan(long_scan):
    code = """
        import signal, sys, glotgap.weights
        class Enough(Exception): pass
        def enough(*_): raise Enough
        signal.signal(signal.SIGALRM, enough)
        signal.setitimer(signal.ITIMER_REAL, 0.2)
        try:
            glotgap.weights.scan(sys.argv[1])
        except Enough:
            print("enough")
    """
    out, error = program(code, long_scan).communicate(timeout=30)
    assert out == "enough\n", error


class Stop(Exception):  # noqa: N818
    pass


@pytest.mark.parametrize(
    "run",
    [scan, inspect, lambda p, **o: scan(p, per="row", **o), lambda p, **o: tensor_histogram(p, "layers.0.w", **o)],
)
@pytest.mark.parametrize("threads", [1, 3])
def test_what_progress_raises_stops_the_scan_and_comes_out(long_scan, run, threads):
    calls = []

    def progress(done, total):
        calls.append((done, total))
        raise Stop

    started = time.monotonic()
    with pytest.raises(Stop):
        run(long_scan, progress=progress, threads=threads)
    assert len(calls) == 1
    assert time.monotonic() - started < 2  # a tenth to the first call, a step to stop; slack for a busy machine


def passes(calls):
    """Calls split where `done` starts anew."""
    found = [[]]
    for call in calls:
        if found[-1] and (call[1] != found[-1][-1][1] or call[0] < found[-1][-1][0]):
            found.append([])
        found[-1].append(call)
    return found


@pytest.mark.parametrize("dtype", [np.float32, np.float16])
@pytest.mark.parametrize("per", ["tensor", "row", "column"])
@pytest.mark.parametrize("options", [{}, {"threads": 1}, {"threads": 7, "io": "pread"}])
def test_progress_never_falls_and_ends_at_the_total(tmp_path, dtype, per, options):
    x = np.random.default_rng(0).normal(size=(500, 300)).astype(dtype)
    calls = []
    scan(
        safetensors(tmp_path / "x", {"w": x, "b": x[0]}), per=per, progress=lambda *call: calls.append(call), **options
    )
    assert calls
    assert all(0 <= done <= total for done, total in calls)
    assert all(total > 0 for _, total in calls)  # a caller divides by it
    for one in passes(calls):
        assert [done for done, _ in one] == sorted(done for done, _ in one)
        assert one[-1][0] == one[-1][1]


def test_progress_comes_ten_times_a_second(tmp_path):
    path = sparse(tmp_path / "x", {"w": ("bf16", (1024, 1024, 2048))})
    times = []
    scan(path, clip=False, progress=lambda *_: times.append(time.monotonic()))
    gaps = np.diff(times)
    if len(gaps) < 5:
        pytest.skip("this machine is too fast to count")
    # Every second or third look, 50 ms apart; calls at the end of a pass come sooner, those of a busy machine later.
    assert 0.09 <= np.median(gaps) < 0.2
    assert np.mean(gaps > 0.09) >= 1 - 2 / len(gaps)


def test_a_scan_without_values_has_progress_or_none(tmp_path):
    calls = []
    scan(safetensors(tmp_path / "x", {"w": np.zeros((0, 3), np.float32)}), progress=lambda *c: calls.append(c))
    assert all(done <= total for done, total in calls)


@needs_posix
@pytest.mark.filterwarnings("ignore:This process.*is multi-threaded:DeprecationWarning")
def test_a_child_of_fork_can_scan(small):
    before = scan(small, threads=4)
    child = os.fork()
    if child == 0:
        try:
            same = scan(small, threads=4).equals(before)
        finally:
            os._exit(0 if same else 1)
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            assert os.waitstatus_to_exitcode(status) == 0
            return
        time.sleep(0.02)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    pytest.fail("the child hangs")


def test_scans_may_run_side_by_side(small):
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(4) as pool:
        first, *others = pool.map(lambda _: scan(small, threads=2), range(8))
    for other in others:
        assert_frame_equal(other, first, check_exact=True)


@pytest.mark.parametrize("threads", [0, -1, -(10**30), 4_097, 10**30])
@pytest.mark.parametrize("per", ["tensor", "row"])
def test_a_wrong_number_of_threads_is_refused(small, threads, per):
    with pytest.raises(glotgap.BadArgumentError, match="threads"):
        scan(small, threads=threads, per=per)


@pytest.mark.parametrize("threads", ["2", 1.5, [1]])
def test_threads_that_are_no_number_are_a_type_error(small, threads):
    with pytest.raises((TypeError, glotgap.BadArgumentError)):
        scan(small, threads=threads)


def test_the_largest_number_of_threads_works(small):
    assert_frame_equal(scan(small, threads=4_096), scan(small, threads=1), check_exact=True)


MEMORY = """
    import sys, threading, time, glotgap.weights
    def anonymous():
        with open("/proc/self/status") as status:
            return next(int(line.split()[1]) for line in status if line.startswith("RssAnon"))
    import polars
    glotgap.weights.inspect(sys.argv[1])   # polars and the allocator are warm
    before = peak = anonymous()
    def watch(*_):
        global peak
        peak = max(peak, anonymous())
    glotgap.weights.inspect(sys.argv[2], io=sys.argv[3], per=sys.argv[4], progress=watch)
    print((max(peak, anonymous()) - before) / 1024)
"""


def growth(small, path, io="mmap", per="tensor"):
    """MiB of anonymous memory that a scan adds."""
    out, error = program(MEMORY, small, path, io, per).communicate(timeout=500)
    assert out, error
    return float(out)


@needs_proc
@pytest.mark.slow
@pytest.mark.parametrize("io", ["mmap", "pread"])
@pytest.mark.parametrize("dtype", ["bf16", "f32"])
def test_a_file_of_any_size_takes_64_mib(small, tmp_path, dtype, io):
    size = 2 if dtype == "bf16" else 4
    path = sparse(tmp_path / "x", {f"w{i}": (dtype, (GIB // size // 1024, 1024)) for i in range(5)})
    assert growth(small, path, io) < 64


@needs_proc
def test_many_wide_tensors_take_64_mib(small, tmp_path):
    """Each needs a second pass, whose counts must not pile up."""
    x = np.random.default_rng(0).normal(size=(300, 200_000)).astype(np.float32)
    path = safetensors(tmp_path / "x", {f"w{i}": row for i, row in enumerate(x)})
    assert growth(small, path) < 64
