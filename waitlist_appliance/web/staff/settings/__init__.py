"""Settings: how the box should behave, one page per question."""
