"""The Store port: Azure Table Storage in production, SQLite where there is none."""
