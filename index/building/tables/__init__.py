"""Rows of JSONL, CSV and Parquet files, which list items or describe them."""
