"""A driver whose module imports a device library when it should not."""

from __future__ import annotations

import numpy as np
from faulty_drivers import GoodCamera


class Heavy(GoodCamera):
    """Imports NumPy at once."""

    zero = np.zeros(1)
