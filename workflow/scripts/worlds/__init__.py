"""The embedded sample: scenes drawn by the workflow, with exact masks."""
