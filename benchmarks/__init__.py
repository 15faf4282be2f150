"""Programs that measure, with their last printed results beside them."""
