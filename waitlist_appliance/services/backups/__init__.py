"""Backups: made (`make_backup`), opened and judged (`open_backup`), tried out (`drill`), put back (`restore`), cleared
away (`prune`). docs/backups.md."""
