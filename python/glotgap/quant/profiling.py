"""How a profile is made: hooks on the matrices and blocks of a model while it reads."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray

from glotgap._errors import BadArgumentError
from glotgap.quant.batches import batches, in_halves, padded
from glotgap.quant.items import Item, items
from glotgap.quant.models import Subject, subject
from glotgap.quant.parallel import parallel
from glotgap.quant.profiles import OUTPUTS, Profile, Site
from glotgap.quant.readings import Reading
from glotgap.quant.rewriting import Target
from glotgap.quant.scheme import Scheme
from glotgap.quant.scoring import Scorer
from glotgap.quant.targets import weights
from glotgap.weights import Moments

__all__ = ["profile", "profiled"]

FOLDS: Final = 4


def profile(
    model: Any,
    tokenizer: Any = None,
    corpus: Any = None,
    *,
    languages: Iterable[str] | None = None,
    limit: int | None = None,
    matched: bool = False,
    folds: int = FOLDS,
    whole: bool = False,
    batch_tokens: int = 2048,
    dtype: str = "float32",
    device: str = "auto",
    name: str | None = None,
    progress: Callable[[int, int], object] | None = None,
) -> Profile:
    """Return the activations of a model on parallel text, language by language.

    Args:
        model: what `evaluation` takes.
        tokenizer: the same.
        corpus: what `parallel` takes; None for the package's own sentences.
        languages: these only; all by default.
        limit: the first so many items.
        matched: read as many bytes in each language, by leaving out the last items of those that have more.
        folds: parts that the items of a language are kept in, for nulls.
        whole: keep E[x xᵀ] of each input, not its diagonal alone: 8 bytes × channels² × languages a site.
        batch_tokens: tokens, padding included, that the model reads at once; halved where memory does not hold them.
        dtype: type that a model from a path is loaded in.
        device: "auto", or as torch names it.
        name: how tables call the model.
        progress: called with texts read and texts in all.

    Raises:
        BadArgumentError: an argument is wrong, or model and tokenizer do not belong together.
        BadFileError: a file cannot be read.
        UnsupportedError: memory does not hold one text.

    Example:
        >>> from glotgap.quant import tiny
        >>> found = profile(tiny.model(steps=2), languages=["eng", "heb"], limit=4)
        >>> found.languages, found.mean_outputs("mlp").shape[0]
        (('eng', 'heb'), 2)
    """
    if folds < 1 or batch_tokens < 1:
        raise BadArgumentError(f"folds is {folds} and batch_tokens {batch_tokens}: give at least 1")
    whole_text = parallel(corpus, languages=languages, limit=limit)
    text = whole_text.matched() if matched else whole_text
    of = subject(model, tokenizer, name=name, dtype=dtype, device=device)
    scorer = Scorer(of.model, of.tokenizer, batch_tokens=batch_tokens)
    place_of = {id_: at for at, id_ in enumerate(text.ids)}
    read = items(scorer, text, has_gaps=matched)
    return profiled(of, scorer, read, place_of, folds=folds, whole=whole, progress=progress)


def profiled(
    of: Subject,
    scorer: Scorer,
    read: Sequence[Item],
    place_of: dict[str, int],
    *,
    folds: int = FOLDS,
    whole: bool = False,
    progress: Callable[[int, int], object] | None = None,
) -> Profile:
    """Return the profile of items; `place_of` numbers them, the same in all languages."""
    languages = tuple(sorted({item.language for item in read}))
    found = _Recorder(of.model, len(languages), folds, whole=whole)
    done = 0
    with found.listening(), torch.inference_mode():
        for at, language in enumerate(languages):
            for fold in range(folds):
                part = [i for i in read if i.language == language and place_of[i.id] % folds == fold]
                for batch in batches(_readings(part, scorer), scorer.batch_tokens):
                    in_halves(partial(found.read, scorer=scorer, language=at, fold=fold), batch)
                done += len(part)
                if progress is not None:
                    progress(done, len(read))
    return found.profile(of, languages)


def _readings(part: Sequence[Item], scorer: Scorer) -> Iterator[Reading]:
    """Return texts, in pieces that the model can see, between their special tokens."""
    begin = len(scorer.before)
    size = scorer.length - begin - len(scorer.after)
    for at, item in enumerate(part):
        for start in range(0, len(item.encoded.ids), size):
            piece = item.encoded.ids[start : start + size]
            yield Reading(at, (*scorer.before, *piece, *scorer.after), range(begin, begin + len(piece)), ())


class _Sums:
    """What is summed at one site."""

    def __init__(self, languages: int, folds: int, channels: int, *, whole: bool) -> None:
        self.second = np.zeros((languages, folds, channels))
        self.absmax = np.zeros((languages, folds))
        self.moments = [[Moments() for _ in range(folds)] for _ in range(languages)]
        self.start = np.zeros(channels)
        self.whole = np.zeros((languages, channels, channels)) if whole else None

    def measured(self, language: int, fold: int, values: torch.Tensor, before: torch.Tensor) -> Callable[[], None]:
        """Measure inputs, tokens × channels in float32, and those of the special tokens before texts.

        Return what adds the measures to the sums.
        """
        second, start = (part.square().sum(0, dtype=torch.float64).numpy() for part in (values, before))
        absmax = float(values.abs().max())
        whole = None if self.whole is None else (values.double().T @ values.double()).numpy()
        moments = Moments()
        moments.update(values)

        def add() -> None:
            self.second[language, fold] += second
            self.absmax[language, fold] = max(self.absmax[language, fold], absmax)
            self.moments[language][fold] = self.moments[language][fold].merge(moments)
            self.start += start
            if self.whole is not None:
                self.whole[language] += whole

        return add

    def is_whole(self, tokens: NDArray[np.int64]) -> bool:
        """Whether each token was added once; `tokens` are languages × folds."""
        added = [[part.n for part in parts] for parts in self.moments]
        return bool((np.array(added) == tokens * self.second.shape[2]).all())

    def site(self) -> Site:
        return Site(self.second, self.absmax, tuple(map(tuple, self.moments)), self.start, self.whole)


def _refuse_nonfinite(name: str, sums: _Sums, languages: Sequence[str]) -> None:
    parts = zip([*languages, "the start of texts"], [*sums.second, sums.start], strict=True)
    bad = [name for name, part in parts if not np.isfinite(part).all()]
    if bad:
        raise BadArgumentError(
            f"inputs of {name} are NaN or infinite for {', '.join(bad)}: no clip can be fitted to them; load the "
            "model in float32"
        )


def _values(given: torch.Tensor, kept: torch.Tensor) -> torch.Tensor:
    """Return the values at some tokens: tokens × channels, float32. Some models lay batches end to end."""
    return given.reshape(-1, given.shape[-1])[kept.flatten().to(given.device)].float().cpu()


class _Recorder:
    """Sums of what hooks measure while the model reads; a batch counts once it was read whole."""

    def __init__(self, model: Any, languages: int, folds: int, *, whole: bool) -> None:
        self._model, self._languages, self._folds, self._whole = model, languages, folds, whole
        found = weights(model, Scheme.parse("rtn8")).targets
        self._targets = [target for target in found if target.stack == 1]
        self._layers = 1 + max((target.layer for target in found if target.layer is not None), default=-1)
        self._sites: dict[str, _Sums] = {}
        self._site_of: dict[str, str] = {}
        self._outputs = {kind: np.zeros((languages, folds, self._layers)) for kind in OUTPUTS}
        self._heard = {kind: np.zeros((languages, folds, self._layers), np.int64) for kind in OUTPUTS}
        self._tokens, self._starts = np.zeros((languages, folds), np.int64), 0
        self._at = (0, 0)
        self._kept = self._before = torch.zeros(0, dtype=torch.bool)
        self._last: tuple[torch.Tensor | None, str] = (None, "")
        self._measured: list[Callable[[], None]] = []

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Hook all targets and blocks for as long as the block lasts."""
        hooks = [target.module.register_forward_pre_hook(self._hears(target)) for target in self._targets]
        for kind, layer, module in self._emitters():
            hooks.append(module.register_forward_hook(self._sees(kind, layer)))
        try:
            yield
        finally:
            for hook in hooks:
                hook.remove()

    def read(self, batch: Sequence[Reading], scorer: Scorer, language: int, fold: int) -> None:
        """Let the model read texts of one language and fold."""
        inputs, mask = padded(batch, batch[0].inputs[0])
        self._kept, self._before = torch.zeros(2, *mask.shape, dtype=torch.bool)
        for at, row in enumerate(batch):
            self._kept[at, row.places.start : row.places.stop] = True
            self._before[at, : row.places.start] = True
        self._at, self._measured, self._last = (language, fold), [], (None, "")
        device = self._model.device
        self._model.base_model(input_ids=inputs.to(device), attention_mask=mask.to(device), **scorer.extra)
        self._last = (None, "")
        for add in self._measured:
            add()
        self._tokens[language, fold] += int(self._kept.sum())
        self._starts += int(self._before.sum())

    def profile(self, of: Subject, languages: tuple[str, ...]) -> Profile:
        """Return what was heard.

        Sites and outputs that did not hear each token once (layers used several times, experts) are left out.

        Raises:
            BadArgumentError: activations are NaN or infinite.
        """
        for name, sums in self._sites.items():
            _refuse_nonfinite(name, sums, languages)
        sites = {name: sums.site() for name, sums in self._sites.items() if sums.is_whole(self._tokens)}
        site_of = {name: site for name, site in self._site_of.items() if site in sites}
        outputs = {
            kind: np.where(self._heard[kind] == self._tokens[:, :, None], sums, np.nan)
            for kind, sums in self._outputs.items()
        }
        return Profile(of.digest, of.name, languages, self._tokens, self._starts, sites, site_of, outputs)

    def _hears(self, target: Target) -> Callable[[torch.nn.Module, tuple[Any, ...]], None]:
        def hear(_: torch.nn.Module, args: tuple[Any, ...]) -> None:
            given: torch.Tensor = args[0]
            if given.shape[:-1].numel() != self._kept.numel():
                return
            if self._last[0] is not given:
                self._last = (given, target.name)
                sums = self._sums(target.name, given.shape[-1])
                values, before = (_values(given, of) for of in (self._kept, self._before))
                self._measured.append(sums.measured(*self._at, values, before))
            self._site_of[target.name] = self._last[1]

        return hear

    def _sums(self, name: str, channels: int) -> _Sums:
        if name not in self._sites:
            self._sites[name] = _Sums(self._languages, self._folds, channels, whole=self._whole)
        return self._sites[name]

    def _sees(self, kind: str, layer: int) -> Callable[[torch.nn.Module, tuple[Any, ...], Any], None]:
        def see(_: torch.nn.Module, _args: tuple[Any, ...], output: Any) -> None:
            emitted: torch.Tensor = output[0] if isinstance(output, tuple) else output
            if emitted.shape[:-1].numel() != self._kept.numel():
                return
            means = _values(emitted, self._kept).abs().mean(1, dtype=torch.float64)
            self._measured.append(partial(self._count, (*self._at, layer), kind, float(means.sum()), len(means)))

        return see

    def _count(self, place: tuple[int, int, int], kind: str, total: float, tokens: int) -> None:
        self._outputs[kind][place] += total
        self._heard[kind][place] += tokens

    def _emitters(self) -> Iterator[tuple[str, int, torch.nn.Module]]:
        """Return what of each block has an output: the matrices at the ends of its two branches, and the block."""
        ends = {"attn.out": "attention", "mlp.down": "mlp"}
        for target in self._targets:
            if target.component in ends and target.layer is not None:
                yield ends[target.component], target.layer, target.module
        for layer, block in self._blocks().items():
            yield "residual", layer, block

    def _blocks(self) -> dict[int, torch.nn.Module]:
        """Return the modules in lists that hold the targets of a layer, by layer."""
        modules = dict(self._model.named_modules())
        found = {}
        for target in self._targets:
            parts = target.name.split(".")
            if target.layer is not None and str(target.layer) in parts:
                found[target.layer] = modules[".".join(parts[: parts.index(str(target.layer)) + 1])]
        return found
