"""What all tests share."""

import numpy as np
import pytest


@pytest.fixture(autouse=True)
def same_numbers_whatever_the_order(request):
    """Tests come in random order: where a module has a generator `RNG`, each test finds it in the same state."""
    generator = getattr(getattr(request.node, "module", None), "RNG", None)
    if generator is not None:
        generator.bit_generator.state = np.random.default_rng(1).bit_generator.state


@pytest.fixture
def glotgap(capfd, tmp_path, monkeypatch):
    """Run `glotgap quant` in an own directory: (exit code, standard output, standard error)."""
    from glotgap.cli import main

    monkeypatch.chdir(tmp_path)

    def run(*arguments):
        with pytest.raises(SystemExit) as ended:
            main(["quant", *arguments])
        streams = capfd.readouterr()
        return ended.value.code, streams.out, streams.err

    return run
