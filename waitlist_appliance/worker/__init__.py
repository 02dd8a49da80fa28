"""The clock of the box: Huey rings the services; the database says what is due."""
