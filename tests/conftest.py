"""What all tests share."""

from functools import partial

import numpy as np
import pytest


@pytest.fixture(autouse=True)
def same_numbers_whatever_the_order(request):
    """Tests come in random order: where a module has a generator `RNG`, each test finds it in the same state."""
    generator = getattr(getattr(request.node, "module", None), "RNG", None)
    if generator is not None:
        generator.bit_generator.state = np.random.default_rng(1).bit_generator.state


@pytest.fixture
def command_line(capfd):
    """Run the command line in this process: (exit code, standard output, standard error)."""
    from glotgap.cli import main

    def run(*arguments):
        with pytest.raises(SystemExit) as ended:
            main(list(arguments))
        streams = capfd.readouterr()
        return ended.value.code, streams.out, streams.err

    return run


@pytest.fixture
def glotgap(command_line, tmp_path, monkeypatch):
    """Run `glotgap quant` in an own directory."""
    monkeypatch.chdir(tmp_path)
    return partial(command_line, "quant")
