"""Profiles in files: one safetensors file holds the sums, so that profiles can be merged later, on another machine.

Moments stand in its metadata as JSON. For people and other tools, `Profile.inputs_table` and `outputs_table` are
frames.
"""

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import safetensors
from safetensors.numpy import save

from glotgap._atomic import replacing
from glotgap._errors import BadFileError
from glotgap.quant.profiles import OUTPUTS, Profile, Site
from glotgap.weights import Moments

__all__ = ["load_profile", "save_profile"]

_FORMAT = "glotgap profile 2"


def save_profile(profile: Profile, path: str | os.PathLike[str]) -> None:
    """Write a profile to a .safetensors file, which appears whole or not at all.

    Example:
        >>> import tempfile
        >>> from glotgap.quant import profile, tiny
        >>> found = profile(tiny.model(steps=2), languages=["eng"], limit=2)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     save_profile(found, Path(folder, "a.safetensors"))
        ...     load_profile(Path(folder, "a.safetensors")).languages
        ('eng',)
    """
    arrays = {"tokens": profile.tokens} | {f"output.{kind}": profile.outputs[kind] for kind in OUTPUTS}
    for name, site in profile.sites.items():
        arrays |= {f"second.{name}": site.second, f"absmax.{name}": site.absmax, f"start.{name}": site.start}
        if site.whole is not None:
            arrays[f"whole.{name}"] = site.whole
    told = {
        "model": profile.model,
        "name": profile.name,
        "languages": profile.languages,
        "starts": profile.starts,
        "site_of": dict(profile.site_of),
        "moments": {
            name: [[_state(part) for part in row] for row in site.moments] for name, site in profile.sites.items()
        },
    }
    with replacing(path) as file:
        file.write(save(arrays, {"format": _FORMAT, "profile": json.dumps(told)}))


def load_profile(path: str | os.PathLike[str]) -> Profile:
    """Return the profile that is in a file.

    Raises:
        BadFileError: there is none.
    """
    try:
        with safetensors.safe_open(Path(path), "numpy") as file:
            metadata = file.metadata() or {}
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  # no mapping
    except (OSError, safetensors.SafetensorError) as error:
        raise BadFileError(f"{path} is no profile: {error}; give a file that save_profile wrote") from error
    if metadata.get("format") != _FORMAT:
        raise BadFileError(f"{path} is no profile, or of another version: give a file that save_profile wrote")
    told = json.loads(metadata["profile"])
    sites = {name: _site(name, arrays, states) for name, states in told["moments"].items()}
    outputs = {kind: arrays[f"output.{kind}"] for kind in OUTPUTS}
    languages = tuple(told["languages"])
    of = (told["model"], told["name"], languages, arrays["tokens"], told["starts"])
    return Profile(*of, sites, told["site_of"], outputs)


def _site(name: str, arrays: dict[str, np.ndarray[Any, Any]], states: list[list[Any]]) -> Site:
    moments = tuple(tuple(_moments(state) for state in row) for row in states)
    second, absmax, start = (arrays[f"{kind}.{name}"] for kind in ("second", "absmax", "start"))
    return Site(second, absmax, moments, start, arrays.get(f"whole.{name}"))


def _state(moments: Moments) -> Any:
    _, (state,) = moments.__reduce__()
    return state


def _moments(state: Any) -> Moments:
    function, _ = Moments().__reduce__()
    found: Moments = function(tuple(state))
    return found
