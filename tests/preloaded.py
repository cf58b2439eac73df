"""What test processes start with."""

import sentrep.encoders.factory
import sentrep.methods.quick_thought.method
import sentrep.training.trainer  # noqa: F401
import tests.toy  # noqa: F401
