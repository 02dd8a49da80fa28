"""The demo: a believable full restaurant on a temporary box, and the main job played on it through plain HTTP."""
