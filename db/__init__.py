"""SQL and nothing else: models, one file per aggregate, journal, migrations."""
