# %% [markdown]
# # What does each tokenizer charge each language?
#
# Three tokenizers, the same sentences in many languages: one file a language, line n of each a translation of line n of
# the others (NTREX-128 and FLORES-200 come like that). Run the cells in a notebook (Jupytext, VS Code, Spyder), or all:
#
#     python compare_tokenizers.py FOLDER TOKENIZER TOKENIZER TOKENIZER

# %%
import sys
from pathlib import Path

import polars as pl

from glotgap import tokens

folder, *paths = map(Path, sys.argv[1:])
sources = sorted(folder.glob("*.txt"))
tokenizers = [tokens.Tokenizer.load(path, name=path.stem) for path in paths]

# %% [markdown]
# ## First the text
#
# A figure about a language is one about its text. What a check finds may be harmless (zero-width spaces are ordinary in
# Lao), or the end of the comparison (Burmese in the Zawgyi encoding is not Unicode).

# %%
checks = tokens.check(sources, lang_from="filename")
found = checks.filter(~pl.col("check").is_in(["documents", "script"])).sort("documents", descending=True)
print("What was found in the text:", found.select("group", "check", "documents", "document_share"))

# %% [markdown]
# ## One scan for all three
#
# Each text is read once; a thousand documents are also counted by the `tokenizers` crate, and one difference ends the
# scan.

# %%
counts = tokens.scan(sources, tokenizers, lang_from="filename")
table = tokens.metrics(counts, reference="eng")
print(table.select("tokenizer", "group", "fertility", "premium", "bytes_per_token", "unk_rate"))

# %% [markdown]
# ## Who pays most
#
# The premium: tokens for the same content, as a multiple of English. Where many tokens are unknown a low premium is
# worth nothing: the text was not encoded.

# %%
worst = table.sort("premium", descending=True, nulls_last=True).group_by("tokenizer", maintain_order=True).head(3)
print("The highest premiums:", worst.select("tokenizer", "group", "premium", "unk_rate"))

# %% [markdown]
# ## One figure a tokenizer
#
# Gini's coefficient of what the languages pay: 0 where all pay the same.

# %%
fairness = tokens.disparity(counts, reference="eng")
print(fairness.select("tokenizer", "languages", "gini", "worst", "premium_max").sort("gini"))
