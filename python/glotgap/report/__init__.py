"""From tables to what people look at: terminal views, pictures and self-contained pages. Reads tables, nothing else."""
