"""What test processes start with."""

import sentrep.encoders.build
import sentrep.methods.quick_thought
import sentrep.training.trainer  # noqa: F401
import tests.toy  # noqa: F401
