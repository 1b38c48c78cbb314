"""Other forms of a tokenizer, turned into the text of a Hugging Face `tokenizer.json`.

`to_json` tells by its content what a source is and calls the module that knows it: `tiktoken` (also tekken.json),
`sentencepiece` or `gguf`. Each writes the chain that counts as the source's own program does and returns, beside it,
notes on where the two differ. Nothing here imports transformers, tiktoken, sentencepiece or protobuf.
"""

from glotgap.tokens.convert.document import Converted
from glotgap.tokens.convert.loading import to_json

__all__ = ["Converted", "to_json"]
