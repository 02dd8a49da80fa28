"""SQLite through peewee: connections, transactions, migrations and named queries."""
