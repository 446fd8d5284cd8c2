"""The embedded sample: scenes drawn by the workflow itself, with exact masks."""
