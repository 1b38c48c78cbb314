"""Text for quantized evaluation: does quantization hurt some languages more?

Parallel text, and what is wrong with it before a model is run.

Example:
    >>> from glotgap import quant
    >>> text = quant.parallel(languages=["eng", "deu"], limit=2)
    >>> text.texts["deu"][1]
    'Der Wind ist heute in Küstennähe stark.'
"""

from glotgap.quant.faults import Fault, faults
from glotgap.quant.parallel import Parallel, parallel

__all__ = ["Fault", "Parallel", "faults", "parallel"]
